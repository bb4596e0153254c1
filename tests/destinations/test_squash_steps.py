"""Evidence of steps: on the step of the execution with the same number, once, and told how it ended."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from pytest_attach_evidence.destinations.squash import Squash
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import SpoolDamagedError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import State
from pytest_attach_evidence.settings import Settings

from .conftest import SceneOf
from .scene import Scene
from .squash_runs import Runs
from .squash_runs import in_steps


PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED
STEP_UPLOAD = r"/execution-steps/\d+/attachments$"
EXECUTION_UPLOAD = r"/executions/\d+/attachments$"


def four(scene: Scene) -> list[Delivery]:
    """Return a piece outside of steps, one of each of two steps, and one of a step that is not there."""
    named = [(f"{name}.txt", name.encode()) for name in ("out", "one", "two", "nine")]
    return in_steps(scene.pieces(*named), 0, 1, 2, 9)


def objects(scene: Scene) -> dict[str, str]:
    """Return the object of each stored piece, by the beginning of its name."""
    return {f.name.partition("--")[0]: f.object for f in scene.sandbox.store.ledger()}


def steps_of(scene: Scene, execution: str) -> list[str]:
    """Return the objects of an execution's steps."""
    system: Any = scene.sandbox.systems["squash"]
    return [step.object for step in system.plan.things[execution].steps]


class TestPlaces:
    """Where each piece goes."""

    @pytest.mark.parametrize("step_lists", [True, False])
    @pytest.mark.parametrize("text", ["TC-12", "executions/1042"])
    def test_a_piece_goes_to_the_step_of_its_number(
        self, make_scene: SceneOf, text: str, step_lists: bool
    ) -> None:
        """Outside of steps, and beyond the last, the execution gets it; then its name has the title."""
        scene = make_scene(text, step_lists=step_lists)
        results = scene.deliver(four(scene))

        assert {"Receipt"} == {type(one).__name__ for one in results.values()}
        placed = objects(scene)
        execution = placed["out"]
        first, second = steps_of(scene, execution)
        assert {
            "out": execution,
            "one": first,
            "two": second,
            "step-9-Part-9-nine": execution,
        } == placed

    def test_switched_off_the_execution_gets_all(self, make_scene: SceneOf) -> None:
        """Under the names that pieces have anyway, and without asking for any steps."""
        scene = make_scene("TC-12", options={"evidence_squash_steps": "off"})
        scene.deliver(four(scene))

        assert {"out", "one", "two", "nine"} == objects(scene).keys()
        assert 1 == len(set(objects(scene).values()))
        assert [] == scene.requests("GET", "execution-steps")

    def test_other_owners_have_no_steps(self, make_scene: SceneOf) -> None:
        """An iteration gets every piece itself."""
        scene = make_scene("iterations/4")
        scene.deliver(four(scene))

        assert {"iterations/4"} == set(objects(scene).values())

    def test_pieces_without_steps_cost_no_request(self, scene: Scene) -> None:
        """Nobody asks for the steps of an execution that gets nothing in them."""
        scene.deliver(scene.pieces(("a.txt", b"a")))

        assert [] == scene.requests("GET", "execution-steps")


class TestOnce:
    """Nothing is doubled and nothing is lost."""

    def test_each_piece_is_found_where_it_is(self, scene: Scene) -> None:
        """At steps, at the execution, and under a name with a title."""
        pieces = four(scene)
        scene.deliver(pieces)

        found = scene.destination.find(pieces[0].target, pieces)

        assert {one.key for one in pieces} == found.keys()

    @pytest.mark.parametrize(("before", "after"), [("on", "off"), ("off", "on")])
    def test_it_is_found_though_the_option_was_changed(
        self, make_scene: SceneOf, before: str, after: str
    ) -> None:
        """What was sent to a step is looked for there even if steps get nothing any more."""
        scene = make_scene("TC-12", options={"evidence_squash_steps": before})
        pieces = four(scene)
        scene.deliver(pieces)
        options = {**scene.options, "evidence_squash_steps": after}
        scene.destination.close()
        scene.destination = Squash(Settings(given=options), scene.secrets, scene.budget)
        scene.recall()

        assert {one.key for one in pieces} == scene.destination.find(
            pieces[0].target, pieces
        ).keys()

    def test_another_spelling_is_attached_once(self, runs: Runs) -> None:
        """A piece of a step that is mapped to both names of a test case is there once."""
        results = runs.deliver(runs.stepped("TC-12 #212", PASSED, PASSED, PASSED))

        assert 6 == len(results.receipts)
        assert 3 == len(runs.stored())


class TestTrouble:
    """One request per object: what one of them raises concerns its pieces."""

    @pytest.mark.parametrize(
        ("fault", "error"), [("answer-lost", UncertainError), ("status-403", PermanentError)]
    )
    def test_the_others_are_delivered(
        self, scene: Scene, fault: str, error: type[Exception]
    ) -> None:
        """A step whose answer is lost or refused costs no piece of another step."""
        pieces = four(scene)
        scene.sandbox.faults.add(fault, system="squash", method="POST", path=STEP_UPLOAD)

        results = scene.deliver(pieces)

        out, one, two, nine = [results[piece.key] for piece in pieces]
        assert isinstance(one, error)
        assert {Receipt} == {type(out), type(two), type(nine)}

    @pytest.mark.parametrize(
        ("fault", "error"), [("status-429", TemporaryError), ("status-401", DestinationClosedError)]
    )
    def test_nothing_more_is_sent_to_a_server_that_takes_nothing(
        self, scene: Scene, fault: str, error: type[Exception]
    ) -> None:
        """The pieces that were not even sent have the same answer, which is true of them."""
        pieces = four(scene)
        scene.sandbox.faults.add(fault, system="squash", method="POST", path=STEP_UPLOAD)

        results = scene.deliver(pieces)

        assert isinstance(results[pieces[0].key], Receipt)
        assert {error} == {type(results[piece.key]) for piece in pieces[1:3]}
        assert 2 == len(scene.requests("POST", "attachments"))

    def test_one_bad_piece_among_several_of_a_step(self, runs: Runs) -> None:
        """They are sent one by one, after a look, so that the others arrive."""
        run = runs.stepped("TC-12", PASSED, PASSED, PASSED)
        runs.sandbox.faults.add("status-412", system="squash", method="POST", path=STEP_UPLOAD)

        results = runs.deliver(run)

        assert {State.DELIVERED: 2, State.REJECTED: 1} == {
            state: n for state, n in results.counts().items() if n
        }

    @pytest.mark.parametrize("fault", ["status-400", "status-412", "status-413"])
    @pytest.mark.parametrize("may_list", [True, False])
    def test_a_refused_request_costs_no_receipt_of_another(
        self, scene: Scene, fault: str, may_list: bool
    ) -> None:
        """Its pieces are sent one by one; what arrived before is told, though nobody may look."""
        pieces = in_steps(scene.pieces(*((f"{n}.txt", b"%d" % n) for n in range(4))), 0, 1, 1, 2)
        scene.sandbox.faults.add(fault, system="squash", method="POST", path=STEP_UPLOAD, times=2)
        if not may_list:
            where = {"system": "squash", "method": "GET", "path": r"/attachments\?"}
            scene.sandbox.faults.add("status-403", **where, times=99)

        results = scene.deliver(pieces)

        assert ["Receipt", "PermanentError", "Receipt", "Receipt"] == [
            type(results[piece.key]).__name__ for piece in pieces
        ]
        assert 3 == len(scene.sandbox.store.ledger())

    def test_an_unreadable_piece_costs_no_receipt_of_another(self, scene: Scene) -> None:
        """Only the request that broke off is in doubt; the engine looks at its pieces again."""
        pieces = in_steps(scene.pieces(*((f"{n}.txt", b"%d" % n) for n in range(4))), 0, 1, 1, 2)

        def open_content(evidence: Evidence) -> io.BytesIO:
            if evidence == pieces[2].evidence:
                msg = "2.txt is not what was written"
                raise SpoolDamagedError(msg)
            return scene.open_content(evidence)

        results = scene.destination.deliver(pieces[0].target, pieces, open_content, scene.notes)

        assert ["Receipt", "UncertainError", "UncertainError", "Receipt"] == [
            type(results[piece.key]).__name__ for piece in pieces
        ]

    def test_a_look_comes_before_pieces_are_sent_one_by_one(self, scene: Scene) -> None:
        """A gateway may have refused what arrived; where nobody can look now, nothing more is sent."""
        pieces = in_steps(scene.pieces(*((f"{n}.txt", b"%d" % n) for n in range(3))), 0, 1, 1)
        scene.sandbox.faults.add("status-413", system="squash", method="POST", path=STEP_UPLOAD)
        scene.sandbox.faults.add(
            "status-500", system="squash", method="GET", path=r"/attachments\?", times=9
        )

        results = scene.deliver(pieces)

        assert ["Receipt", "TemporaryError", "TemporaryError"] == [
            type(results[piece.key]).__name__ for piece in pieces
        ]
        assert 1 == len(scene.sandbox.store.ledger())

    def test_what_was_refused_for_now_says_nothing_of_other_steps(self, scene: Scene) -> None:
        """A size that is refused for now is that of one request; together once more, then one by one."""
        pieces = in_steps(scene.pieces(*((f"{n}.txt", b"%d" % n) for n in range(4))), 0, 1, 1, 2)
        refused = {"system": "squash", "method": "POST", "path": STEP_UPLOAD, "retry_after": "1"}
        scene.sandbox.faults.add("status-413", **refused)
        once = scene.deliver(pieces)
        scene.sandbox.faults.add("status-413", **refused, times=2)
        last = in_steps(scene.pieces(("5.txt", b"5"), item="j2-1"), 2)

        again = scene.deliver([*pieces[1:3], *last])

        assert ["Receipt", "OnceMoreError", "OnceMoreError", "Receipt"] == [
            type(once[piece.key]).__name__ for piece in pieces
        ]
        assert ["OnceMoreError", "Receipt", "Receipt"] == [
            type(again[piece.key]).__name__ for piece in (*pieces[1:3], *last)
        ]

    def test_a_lost_answer_is_found_on_its_step(self, runs: Runs) -> None:
        """The engine looks, finds the piece there and sends nothing twice."""
        run = runs.stepped("TC-12", PASSED, PASSED, PASSED)
        runs.sandbox.faults.add("answer-lost", system="squash", method="POST", path=STEP_UPLOAD)

        results = runs.deliver(run)

        assert 3 == len(results.receipts) == len(runs.stored())

    def test_steps_that_cannot_be_read_now_are_waited_for(self, scene: Scene) -> None:
        """No piece goes to the execution because its steps are unknown."""
        scene.sandbox.faults.add("status-500", system="squash", path=r"/execution-steps\?", times=9)

        with pytest.raises(TemporaryError):
            scene.deliver(four(scene))

        assert [] == scene.sandbox.store.ledger()


class TestStatuses:
    """What steps and executions are told."""

    def test_steps_are_told_how_they_ended(self, runs: Runs) -> None:
        """The execution's own status stands at the end, whatever the server made of the steps'."""
        results = runs.deliver(runs.stepped("TC-13", SKIPPED, PASSED, FAILED, FAILED, FAILED))

        [execution] = {one for one in runs.stored() if one.startswith("executions/")}
        assert [] == results.unconcluded
        assert ["SUCCESS", "FAILURE", "FAILURE"] == runs.step_statuses(execution)
        assert {"UNTESTABLE"} == {
            status for one, status in runs.statuses().items() if one == execution
        }

    def test_a_test_that_never_ended_failed_in_its_last_step(self, runs: Runs) -> None:
        """Of the steps before nobody knows how they ended, so nothing is told of them."""
        runs.deliver(runs.stepped("TC-12", PASSED, PASSED, PASSED, ended=False))

        [execution] = {one for one in runs.stored() if one.startswith("executions/")}
        assert ["READY", "FAILURE"] == runs.step_statuses(execution)
        assert "FAILURE" == runs.statuses()[execution]

    def test_the_worst_of_all_runs_counts(self, runs: Runs) -> None:
        """Two shards share the execution and its steps; one of them alone later changes nothing."""
        one = runs.stepped("TC-12", FAILED, PASSED, FAILED)
        two = runs.stepped("#212", PASSED, PASSED, PASSED)
        runs.break_off("PATCH", "/execution")
        runs.deliver(one, two)
        runs.deliver(two)

        [execution] = {one for one in runs.stored() if one.startswith("executions/")}
        assert ["SUCCESS", "FAILURE"] == runs.step_statuses(execution)
        assert "FAILURE" == runs.statuses()[execution]

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"evidence_squash_status": "off"}, ["READY", "READY"]),
            ({"evidence_squash_steps": "off"}, ["READY", "READY"]),
            ({}, ["SUCCESS", "FAILURE"]),
        ],
    )
    def test_options_that_keep_statuses_as_they_are(
        self, runs: Runs, options: dict[str, str], told: list[str]
    ) -> None:
        """Steps follow the rule of their execution."""
        runs.options = options
        runs.deliver(runs.stepped("TC-12", FAILED, PASSED, FAILED))

        [execution] = {one for one in runs.stored() if one.startswith("executions/")}
        assert told == runs.step_statuses(execution)

    def test_a_step_that_no_test_reached_keeps_its_status(self, runs: Runs) -> None:
        """In an execution that is used again another shard, or a person, may have set it."""
        runs.options = {"evidence_squash_execution": "latest", "evidence_squash_status": "on"}
        runs.deliver(runs.stepped("executions/1042", PASSED, PASSED, PASSED))

        runs.deliver(runs.stepped("executions/1042", FAILED, FAILED))

        assert ["FAILURE", "SUCCESS"] == runs.step_statuses("executions/1042")
        assert "FAILURE" == runs.statuses()["executions/1042"]

    @pytest.mark.parametrize("number", ["0", "-1", "-9", "99"])
    def test_a_note_about_a_step_that_cannot_be_tells_no_other(
        self, make_scene: SceneOf, number: str
    ) -> None:
        """Steps are counted from 1, whatever the notes of a foreign spool say."""
        scene = make_scene("executions/1042", options={"evidence_squash_status": "on"})
        target = scene.destination.parse(scene.text)
        noted = {"a group": {number: "failed", "1": "passed"}}
        scene.notes.put(f"steps:{scene.destination.origin}:1042", json.dumps(noted))

        scene.destination.conclude(target, PASSED, scene.notes)

        system: Any = scene.sandbox.systems["squash"]
        steps = system.plan.things["executions/1042"].steps
        assert ["SUCCESS", "READY"] == [step.status for step in steps]

    def test_a_refused_step_does_not_keep_the_execution_from_its_status(self, runs: Runs) -> None:
        """A person has to look, and everything else is told."""
        where = {"system": "squash", "method": "PATCH", "path": "/execution-status/"}
        runs.sandbox.faults.add("status-412", **where)

        results = runs.deliver(runs.stepped("TC-12", FAILED, PASSED, FAILED))

        [execution] = {one for one in runs.stored() if one.startswith("executions/")}
        assert ["READY", "FAILURE"] == runs.step_statuses(execution)
        assert "FAILURE" == runs.statuses()[execution]
        [(problem, by_a_person)] = results.unconcluded
        assert by_a_person
        assert "setting step" in problem.seen


class TestComments:
    """`evidence_squash_comment = on`."""

    def comment(self, runs: Runs, execution: str) -> str:
        """Return the comment of an execution."""
        system: Any = runs.sandbox.systems["squash"]
        found: str = system.plan.things[execution].comment
        return found

    def test_run_tests_and_outcomes_are_told(self, runs: Runs) -> None:
        """One line that HTML cannot break."""
        runs.options = {"evidence_squash_comment": "on"}
        run = runs.run(("TC-12", FAILED), ("#212", PASSED))
        runs.deliver(run)

        [execution] = set(runs.stored())
        told = "test_it.py::test_1 failed; test_it.py::test_2 passed"
        assert f"<p>Evidence of run {run.id}: {told}</p>" == self.comment(runs, execution)

    def test_what_people_wrote_stays_and_a_repeat_adds_nothing(self, runs: Runs) -> None:
        """Also where the execution's status is left alone."""
        runs.options = {
            "evidence_squash_comment": "on",
            "evidence_squash_execution": "latest",
        }
        system: Any = runs.sandbox.systems["squash"]
        system.plan.things["executions/1042"].comment = "<p>seen &amp; checked</p>"
        run = runs.run(("executions/1042", PASSED))
        where = {"system": "squash", "method": "PATCH", "path": "/executions/"}
        runs.sandbox.faults.add("answer-lost", **where)
        runs.deliver(run)

        once = self.comment(runs, "executions/1042")
        assert 1 == once.count(run.id)
        assert once.startswith("<p>seen &amp; checked</p><p>Evidence of run ")
        assert "READY" == runs.statuses()["executions/1042"]

    def test_by_default_nothing_is_written(self, runs: Runs) -> None:
        """Neither here nor anywhere is a comment touched."""
        runs.deliver(runs.run(("TC-12", FAILED)))

        [execution] = set(runs.stored())
        assert "" == self.comment(runs, execution)
