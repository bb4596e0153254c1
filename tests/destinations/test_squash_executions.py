"""In which execution a test case's evidence is looked for, and what is done when that one is gone."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import Any

import pytest

from pytest_attach_evidence import retry
from pytest_attach_evidence.deliveries import is_settled
from pytest_attach_evidence.destinations.base import Recalling
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import State
from pytest_attach_evidence.report.exit_status import ExitStatus
from pytest_attach_evidence.report.exit_status import exit_status

from .conftest import SceneOf
from .scene import MemoryNotes
from .scene import Scene
from .squash_runs import Runs
from .test_squash_plan import executions
from .test_squash_plan import restart


def execute(scene: Scene | Runs, count: int, reference: str = "TC-12") -> list[Any]:
    """Let somebody else execute a test case so often."""
    system: Any = scene.sandbox.systems["squash"]
    [item] = [
        item
        for item in system.plan.items.values()
        if item.iteration.id == 4 and item.test_case and item.test_case.reference == reference
    ]
    return [system.plan.create_execution(item) for _ in range(count)]


def rename(scene: Scene | Runs, old: str, new: str) -> None:
    """Give a test case another reference."""
    system: Any = scene.sandbox.systems["squash"]
    [case] = [case for case in system.plan.of_owner("test-cases") if case.reference == old]
    case.reference = new


def remove(scene: Scene | Runs, execution: Any) -> None:
    """Delete an execution with all it holds."""
    system: Any = scene.sandbox.systems["squash"]
    execution.item.executions.remove(execution)
    del system.plan.things[execution.object]


def sent(scene: Scene, name: str = "a.txt") -> Delivery:
    """Deliver a piece in a process that dies before it hears the answer."""
    [piece] = scene.pieces((name, b"a"))
    scene.deliver([piece])
    restart(scene)
    return piece


def test_it_has_the_protocol(scene: Scene) -> None:
    """The engine lets it have its notes before it looks."""
    assert isinstance(scene.destination, Recalling)


class TestNoted:
    """Where something may have been sent stands in the notes before it is sent."""

    @pytest.mark.parametrize("execution", ["new", "latest"])
    def test_it_is_found_behind_any_number_of_later_executions(
        self, make_scene: SceneOf, execution: str
    ) -> None:
        """A busy pipeline executes the test case more than twenty times before the next push."""
        scene = make_scene("TC-1", options={"evidence_squash_execution": execution})
        piece = sent(scene)
        execute(scene, 21, "TC-1")

        found = scene.destination.find(piece.target, [piece])

        assert [piece.key] == list(found)

    def test_it_is_found_when_the_option_changed(self, make_scene: SceneOf) -> None:
        """New executions, then the latest: what was sent stays where it is."""
        scene = make_scene()
        piece = sent(scene)
        execute(scene, 21)
        scene.options = {**scene.options, "evidence_squash_execution": "latest"}
        restart(scene)

        assert [piece.key] == list(scene.destination.find(piece.target, [piece]))

    def test_nothing_is_asked_of_others_executions(self, scene: Scene) -> None:
        """What is not where it was sent is nowhere."""
        sent(scene)
        [ours] = executions(scene)
        execute(scene, 3)
        [other] = scene.pieces(("b.txt", b"b"), item="j1-2")

        assert {} == scene.destination.find(other.target, [other])
        seen = scene.requests("GET", "/attachments")
        assert {f"/{ours.object}/attachments"} == {
            path.partition("latest")[2].partition("?")[0] for path in seen
        }

    def test_whoever_is_known_to_one_run_is_known_to_all(self, scene: Scene) -> None:
        """A run that joins the group remembers the execution, so that it may be pushed alone."""
        sent(scene)
        scene.notes = MemoryNotes(scene.notes.kept)
        restart(scene)
        [other] = scene.pieces(("b.txt", b"b"), item="j2-1")
        scene.deliver([other])

        known, first = scene.notes.kept.items(), scene.notes.others[0].items()
        assert {(name, value) for name, value in first if value} == set(known)
        assert 1 == len(executions(scene))


class TestLostNotes:
    """Lines of the journals are damaged, so that a note may be lost."""

    def test_in_few_executions_everything_is_seen(self, scene: Scene) -> None:
        """The newest twenty are all there are."""
        piece = sent(scene)
        execute(scene, 19)
        scene.notes.kept.clear()
        scene.notes.whole = False
        [other] = scene.pieces(("b.txt", b"b"), item="j1-2")

        assert [piece.key] == list(scene.destination.find(piece.target, [piece]))
        restart(scene)
        assert {} == scene.destination.find(other.target, [other])

    def test_in_many_it_cannot_be_told(self, scene: Scene) -> None:
        """It may be in one of those that were not looked at."""
        piece = sent(scene)
        execute(scene, 20)
        scene.notes.kept.clear()
        scene.notes.whole = False

        with pytest.raises(UncertainError, match="notes about it are lost"):
            scene.destination.find(piece.target, [piece])

    def test_where_no_note_was_ever_put_nothing_was_sent(self, scene: Scene) -> None:
        """A process that died before it chose an execution leaves nothing to a person."""
        execute(scene, 30)
        [piece] = scene.pieces(("a.txt", b"a"))

        assert {} == scene.destination.find(piece.target, [piece])


class TestRenamed:
    """The test case is called otherwise in Squash TM since something was sent."""

    def test_it_is_found_where_it_was_sent(self, scene: Scene) -> None:
        """The target means nothing any more, and its evidence is still there."""
        piece = sent(scene)
        rename(scene, "TC-12", "TC-12B")
        restart(scene)

        assert [piece.key] == list(scene.destination.find(piece.target, [piece]))

    def test_it_is_found_when_another_has_the_reference_now(self, scene: Scene) -> None:
        """What comes from now on goes to the other; what was sent is not sent again."""
        piece = sent(scene)
        [ours] = executions(scene)
        rename(scene, "TC-12", "TC-12B")
        rename(scene, "TC-13", "TC-12")
        restart(scene)
        [other] = scene.pieces(("b.txt", b"b"), item="j1-2")

        found = scene.destination.find(piece.target, [piece])
        scene.deliver([other])

        assert [piece.key] == list(found)
        [other_execution] = executions(scene)
        objects = [file.object for file in scene.sandbox.store.ledger()]
        assert [ours.object, other_execution.object] == objects

    @pytest.mark.parametrize("text", ["TC-99", "TC-31", "TC-30[opera]"])
    def test_without_a_note_it_cannot_be_told(self, make_scene: SceneOf, text: str) -> None:
        """Nobody knows in which execution it would be; the message says what the plan holds."""
        scene = make_scene(text)
        [piece] = scene.pieces(("a.txt", b"a"))

        with pytest.raises(UncertainError, match="plan of iteration 4"):
            scene.destination.find(piece.target, [piece])


class TestGone:
    """Somebody deleted the execution that got evidence of the run."""

    @pytest.mark.parametrize("opened", [0, 1])
    def test_no_other_execution_is_taken(self, scene: Scene, opened: int) -> None:
        """Neither one that a tester opened nor a new one: the rest is rejected, the execution named."""
        sent(scene)
        [ours] = executions(scene)
        remove(scene, ours)
        execute(scene, opened)
        restart(scene)
        [other] = scene.pieces(("b.txt", b"b"), item="j1-2")

        assert {} == scene.destination.find(other.target, [other])
        with pytest.raises(PermanentError, match=f"no execution {ours.id} any more") as caught:
            scene.deliver([other])
        with pytest.raises(PermanentError, match=f"no execution {ours.id} any more"):
            scene.destination.conclude(other.target, Outcome.PASSED, scene.notes)

        assert caught.value.whole_target
        assert 1 == scene.uploads()
        assert opened == len(executions(scene))
        assert [] == scene.requests("PATCH")

    def test_the_request_that_created_it_is_forgotten(self, scene: Scene) -> None:
        """A note that asks for adoption would outlive what it was put for."""
        sent(scene)
        [creating] = [name for name in scene.notes.kept if name.startswith("creating:")]

        assert "" == scene.notes.kept[creating]

    def test_one_of_two_is_enough(self, scene: Scene) -> None:
        """Shards that were delivered apart had one each; what remains goes to the one that is left."""
        sent(scene)
        first = scene.notes.kept
        scene.notes = MemoryNotes()
        restart(scene)
        sent(scene, "b.txt")
        scene.notes = MemoryNotes(first)
        restart(scene)
        one, two = executions(scene)
        remove(scene, two)
        [other] = scene.pieces(("c.txt", b"c"), item="j1-3")

        scene.deliver([other])
        scene.destination.conclude(other.target, Outcome.PASSED, scene.notes)

        assert one.object == scene.sandbox.store.ledger()[-1].object
        assert "SUCCESS" == one.status


class TestEngine:
    """The same through the engine, with a spool that remembers."""

    def test_a_lost_answer_is_resolved_behind_any_number_of_executions(self, runs: Runs) -> None:
        """A busy pipeline went on; what was stored is not stored again."""
        run = runs.run(("TC-1", Outcome.PASSED))
        runs.lose_the_answer()
        runs.deliver(run)
        execute(runs, 21, "TC-1")

        results = runs.deliver(run)

        assert 1 == results.counts()[State.FOUND]
        assert 1 == len(runs.stored())
        assert ["SUCCESS"] == list(runs.statuses().values())

    @pytest.mark.parametrize("text", ["TC-12B", "TC-13", "#212"])
    def test_a_renamed_reference_doubles_nothing(self, runs: Runs, text: str) -> None:
        """The mark is mended; what turns up in the old execution has arrived there."""
        run = runs.run(("TC-12", Outcome.PASSED))
        runs.lose_the_answer()
        runs.deliver(run)
        rename(runs, "TC-12", "TC-12B")
        runs.remap(run, text)

        runs.deliver(run)

        wanted = 2 if text == "TC-13" else 1
        assert wanted == len(runs.stored()) == len(set(runs.stored()))
        assert {"SUCCESS"} == set(runs.statuses().values())
        assert is_settled(run.read())

    def test_two_spellings_of_one_test_attach_its_piece_once(self, runs: Runs) -> None:
        """Both deliveries have a receipt, and the execution one attachment."""
        run = runs.run(("TC-12 #212", Outcome.PASSED))

        results = runs.deliver(run)

        assert (1, 1) == (results.counts()[State.DELIVERED], results.counts()[State.FOUND])
        assert 1 == len(runs.stored())

    def test_the_rest_of_a_deleted_execution_is_rejected(self, runs: Runs) -> None:
        """A tester's execution gets neither evidence nor a status, in this push or a later one."""
        run = runs.run(("TC-12", Outcome.PASSED), ("#212", Outcome.PASSED))
        runs.break_off("POST", "/attachments$", after=1)
        runs.deliver(run)
        system: Any = runs.sandbox.systems["squash"]
        remove(runs, system.plan.things[runs.stored()[0]])
        [testers] = execute(runs, 1)

        for _ in range(2):
            results = runs.deliver(run)
            assert 1 == results.counts()[State.REJECTED]

        assert 1 == len(runs.stored())
        assert "READY" == testers.status

    def test_shards_that_both_lost_a_creation_share_one(self, runs: Runs) -> None:
        """Pushed apart each lost the answer; pushed together nothing is left to a person."""
        shards = [runs.run(("TC-12", end)) for end in (Outcome.PASSED, Outcome.FAILED)]
        for shard in shards:
            runs.lose_a_creation(shard)

        results = runs.deliver(*shards)

        assert {State.DELIVERED: 2} == {state: n for state, n in results.counts().items() if n}
        assert ["FAILURE"] == list(runs.statuses().values())
        assert all(is_settled(shard.read()) for shard in shards)
        empty, taken = executions(runs)
        [remark] = results.remarks
        assert f"execution {taken.id} was taken" in remark
        assert f"{empty.id} stays empty" in remark

    def test_what_nobody_can_tell_waits_for_a_person(self, runs: Runs) -> None:
        """A tester executed it at the same time: it is uncertain at once, and one line says what to do."""
        run = runs.run(("TC-12", Outcome.PASSED))
        runs.lose_a_creation(run)
        execute(runs, 1)

        results = runs.deliver(run)

        [failure] = results.failures.values()
        assert (State.UNCERTAIN, True) == (failure.state, failure.stuck)
        assert failure.next_step.endswith("then: attach-evidence push")
        assert ExitStatus.PERSON_MUST_ACT is exit_status(results)
        assert {} == results.closed
        assert [] == runs.stored()

    def test_a_plain_push_goes_on_when_a_person_acted(
        self, runs: Runs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Once the tester's execution has a status the other one is ours, and nothing has to be retried."""
        monkeypatch.setattr(retry, "MIN_SETTLE_S", 0.1)
        runs.stall_s = 0.5
        run = runs.run(("TC-12", Outcome.PASSED))
        runs.lose_a_creation(run)
        [ours] = executions(runs)
        [other] = execute(runs, 1)
        stopped = runs.deliver(run)
        other.status = "SUCCESS"

        results = runs.deliver(run)

        assert 1 == stopped.counts()[State.UNCERTAIN]
        assert [ours.object] == runs.stored()
        assert ExitStatus.OK is exit_status(results)
        assert is_settled(run.read())

    @pytest.mark.parametrize("trace", ["attachment", "moment"])
    def test_a_testers_execution_gets_nothing(self, runs: Runs, trace: str) -> None:
        """One lost answer created one, another request nothing, and a tester opened one and used it."""
        shards = [runs.run(("TC-12", end)) for end in (Outcome.PASSED, Outcome.FAILED)]
        runs.lose_a_creation(shards[0])
        runs.lose_a_request(shards[1])
        [ours] = executions(runs)
        [testers] = execute(runs, 1)
        if trace == "moment":
            testers.last_executed_on = datetime.now(UTC)
        else:
            runs.attach(testers.object, "testers.png")
        runs.age(*shards)

        results = runs.deliver(*shards)

        got = [f.object for f in runs.sandbox.store.ledger() if f.name != "testers.png"]
        assert [ours.object, ours.object] == got
        assert ("FAILURE", "READY") == (ours.status, testers.status)
        [remark] = results.remarks
        assert f"execution {ours.id} was taken" in remark

    def test_a_lost_creation_beside_a_delivered_shard_is_told_the_outcome(self, runs: Runs) -> None:
        """It is the newest, so that the plan item would stay READY while all is said to be done."""
        delivered = runs.run(("TC-12", Outcome.FAILED))
        runs.deliver(delivered)
        lost = runs.run(("TC-12", Outcome.PASSED))
        runs.lose_a_creation(lost)

        runs.deliver(delivered, lost)

        first, newest = executions(runs)
        assert [first.object, newest.object] == runs.stored()
        assert ("FAILURE", "FAILURE", "FAILURE") == (
            first.status,
            newest.status,
            newest.item.status,
        )
