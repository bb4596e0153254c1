"""Squash TM's test cases: which line of the plan, and which execution, gets the evidence."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

import pytest

from pytest_attach_evidence.apis.squash_tm_shapes import PlanItem
from pytest_attach_evidence.destinations.squash import Squash
from pytest_attach_evidence.destinations.squash_plan import pick
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.model import utc_text
from pytest_attach_evidence.settings import Settings

from .conftest import SceneOf
from .contract import outcome
from .scene import MemoryNotes
from .scene import Scene
from .squash_runs import Runs


CREATE = r"/executions$"
LATEST = {"evidence_squash_execution": "latest"}


def restart(scene: Scene) -> None:
    """Let a new process go on: another object, the same notes."""
    scene.destination.close()
    scene.destination = Squash(Settings(given=scene.options), scene.secrets, scene.budget)
    scene.recall()


def executions(scene: Scene | Runs, reference: str = "TC-12", iteration: int = 4) -> list[Any]:
    """Return the executions of a test case that the look-alike holds."""
    system: Any = scene.sandbox.systems["squash"]
    return [
        execution
        for item in system.plan.items.values()
        if item.test_case and item.test_case.reference == reference
        if item.iteration.id == iteration
        for execution in item.executions
    ]


def lose_answer_of_creation(scene: Scene) -> None:
    """Let the next creation of an execution succeed without an answer, and the look at it fail."""
    scene.sandbox.faults.add("answer-lost", method="POST", path=CREATE)
    scene.sandbox.faults.add("status-500", method="GET", path=r"/test-plan-items/\d+$", after=1)


def lost_creations(scene: Scene, count: int) -> list[dict[str, str]]:
    """Let so many shards, delivered apart, lose the answer to a creation; return what each remembers."""
    [piece] = scene.pieces(("a.txt", b"a"))
    shards = []
    for _ in range(count):
        scene.notes = MemoryNotes()
        restart(scene)
        lose_answer_of_creation(scene)
        outcome(scene, [piece])
        shards.append(scene.notes.kept)
    return shards


class TestNewExecution:
    """One new execution per delivery group and line of the plan."""

    def test_all_pieces_and_spellings_share_one(self, scene: Scene) -> None:
        """Two calls, two spellings of the same test case, one execution."""
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
        [other] = scene.pieces(("c.txt", b"c"), text="#212", item="j1-2")

        for piece in (*pieces, other):
            assert isinstance(scene.deliver([piece])[piece.key], Receipt)

        [execution] = executions(scene)
        objects = {file.object for file in scene.sandbox.store.ledger()}
        assert {execution.object} == objects

    def test_a_later_process_goes_on_with_it(self, scene: Scene) -> None:
        """The notes say which execution the runs being delivered have."""
        one, two = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
        scene.deliver([one])
        restart(scene)
        scene.deliver([two])

        assert 1 == len(executions(scene))

    def test_other_runs_get_their_own(self, scene: Scene) -> None:
        """Without notes an execution that holds foreign evidence is never used."""
        [one] = scene.pieces(("a.txt", b"a"))
        [two] = scene.pieces(("a.txt", b"a"), item="j2-1")
        scene.deliver([one])
        restart(scene)
        scene.notes.kept.clear()
        scene.deliver([two])

        assert 2 == len(executions(scene))

    def test_a_lost_answer_is_resolved_at_once(self, scene: Scene) -> None:
        """The only fresh execution is adopted, and the pieces go there."""
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.sandbox.faults.add("answer-lost", method="POST", path=CREATE)

        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(receipt, Receipt)
        assert 1 == len(executions(scene))

    @pytest.mark.parametrize("turned", [False, True])
    def test_a_lost_answer_is_known_though_another_shard_was_refused(
        self, scene: Scene, turned: bool
    ) -> None:
        """Delivered together later, they adopt what one of them created, however they are named."""
        [piece] = scene.pieces(("a.txt", b"a"))
        lose_answer_of_creation(scene)
        outcome(scene, [piece])
        [lost], scene.notes = [scene.notes.kept], MemoryNotes()
        restart(scene)
        scene.sandbox.faults.add("status-403", method="POST", path=CREATE)
        outcome(scene, [piece])
        shards = [lost, scene.notes.kept]
        first, second = shards[::-1] if turned else shards

        scene.notes = MemoryNotes(second)
        scene.notes.kept = first
        restart(scene)
        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(receipt, Receipt)
        assert 1 == len(executions(scene))
        assert [] == [
            value for run in shards for name, value in run.items() if "creating" in name and value
        ]

    @pytest.mark.parametrize("turned", [False, True])
    def test_shards_that_both_lost_an_answer_share_the_newest(
        self, scene: Scene, turned: bool
    ) -> None:
        """Both executions are theirs, so that either will do; the newest decides the plan item's status."""
        [piece] = scene.pieces(("a.txt", b"a"))
        shards = lost_creations(scene, 2)
        older, newest = executions(scene)

        scene.notes = MemoryNotes(shards[not turned])
        scene.notes.kept = shards[turned]
        restart(scene)
        scene.deliver([piece])
        scene.destination.conclude(piece.target, Outcome.PASSED, scene.notes)

        assert [newest.object] == [file.object for file in scene.sandbox.store.ledger()]
        assert ("READY", "SUCCESS") == (older.status, newest.status)
        assert [older, newest] == executions(scene)
        assert [] == [
            value for run in shards for name, value in run.items() if "creating" in name and value
        ]

    def test_the_second_of_two_is_waited_for(self, scene: Scene) -> None:
        """One of two is there: the other would come later, as the newest, and stay READY for good."""
        [piece] = scene.pieces(("a.txt", b"a"))
        shards = lost_creations(scene, 2)
        late = executions(scene)[1]
        late.item.executions.remove(late)
        scene.notes = MemoryNotes(shards[1])
        scene.notes.kept = shards[0]
        restart(scene)

        waits = outcome(scene, [piece])
        late.item.executions.append(late)
        scene.deliver([piece])

        assert isinstance(waits, UncertainError)
        assert "" == waits.next_step
        assert [late.object] == [file.object for file in scene.sandbox.store.ledger()]

    def test_one_more_than_was_lost_is_somebody_elses(self, scene: Scene) -> None:
        """Three executions for two lost answers: nothing is guessed, and all are named."""
        [piece] = scene.pieces(("a.txt", b"a"))
        shards = lost_creations(scene, 2)
        [ours, _] = executions(scene)
        system: Any = scene.sandbox.systems["squash"]
        system.plan.create_execution(ours.item)

        scene.notes = MemoryNotes(shards[1])
        scene.notes.kept = shards[0]
        restart(scene)
        told = outcome(scene, [piece])

        assert isinstance(told, UncertainError)
        assert "attach-evidence push" in told.next_step
        assert all(str(execution.id) in str(told) for execution in executions(scene))
        assert (3, 0) == (len(executions(scene)), scene.uploads())

    def test_what_was_there_before_the_second_request_is_from_the_first(self, scene: Scene) -> None:
        """Of two that stood there already one at most is from the first request, so one is a person's."""
        [piece] = scene.pieces(("a.txt", b"a"))
        [first] = lost_creations(scene, 1)
        [ours] = executions(scene)
        system: Any = scene.sandbox.systems["squash"]
        other = system.plan.create_execution(ours.item)
        [name] = first
        scene.notes = MemoryNotes({name: f"{other.id} {utc_text()}"})
        scene.notes.kept = first
        restart(scene)

        assert isinstance(outcome(scene, [piece]), UncertainError)
        assert 0 == scene.uploads()

    @pytest.mark.parametrize("crashed", [False, True])
    def test_a_lost_answer_does_not_create_a_second_one(self, scene: Scene, crashed: bool) -> None:
        """Where nobody could look at once, this process or a later one adopts it."""
        [piece] = scene.pieces(("a.txt", b"a"))
        lose_answer_of_creation(scene)

        lost = outcome(scene, [piece])
        if crashed:
            restart(scene)
        found = scene.destination.find(piece.target, [piece])
        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(lost, TemporaryError)
        assert {} == found
        assert isinstance(receipt, Receipt)
        assert 1 == len(executions(scene))

    def test_older_executions_are_never_adopted(self, make_scene: SceneOf) -> None:
        """TC-1 has a READY execution of somebody else; ours is the one above it."""
        scene = make_scene("TC-1")
        [piece] = scene.pieces(("a.txt", b"a"))
        before = executions(scene, "TC-1")
        lose_answer_of_creation(scene)

        outcome(scene, [piece])
        scene.deliver([piece])

        [ours] = executions(scene, "TC-1")[len(before) :]
        assert [ours.object] == [file.object for file in scene.sandbox.store.ledger()]

    def test_two_fresh_executions_cannot_be_told_apart(self, scene: Scene) -> None:
        """Somebody else executed at the same time: nothing is guessed, the ids are named."""
        [piece] = scene.pieces(("a.txt", b"a"))
        lose_answer_of_creation(scene)
        outcome(scene, [piece])
        [ours] = executions(scene)
        system: Any = scene.sandbox.systems["squash"]
        other = system.plan.create_execution(ours.item)

        with pytest.raises(UncertainError, match=f"{ours.id}, {other.id}") as caught:
            scene.deliver([piece])

        assert caught.value.next_step.endswith("attach-evidence push")
        assert 0 == scene.uploads()

    @pytest.mark.parametrize("left", [0, 1])
    def test_then_a_person_says_which(self, scene: Scene, left: int) -> None:
        """Who gives the others a status, or all of them, gets the evidence into the rest, or a new one."""
        [piece] = scene.pieces(("a.txt", b"a"))
        [first] = lost_creations(scene, 1)
        [ours] = executions(scene)
        system: Any = scene.sandbox.systems["squash"]
        other = system.plan.create_execution(ours.item)
        old = datetime.now(UTC) - timedelta(seconds=scene.budget.settle_s + 1)
        for name in first:
            scene.notes.put(name, f"0 {utc_text(old)}")
        restart(scene)
        assert isinstance(outcome(scene, [piece]), UncertainError)

        other.status = "SUCCESS"
        ours.status = "READY" if left else "SUCCESS"
        scene.deliver([piece])

        got = [file.object for file in scene.sandbox.store.ledger()]
        assert [executions(scene)[0 if left else 2].object] == got

    def test_a_young_request_is_waited_for(self, scene: Scene) -> None:
        """Nothing was created yet, but the server may still be at it."""
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.sandbox.faults.add("reset-before-answer", method="POST", path=CREATE)

        first, second = outcome(scene, [piece]), outcome(scene, [piece])

        assert isinstance(first, UncertainError)
        assert isinstance(second, UncertainError)
        assert 1 == len(scene.requests("POST", CREATE))

    def test_an_old_request_that_created_nothing_is_repeated(self, scene: Scene) -> None:
        """After the settle time nothing can come of it any more."""
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.sandbox.faults.add("reset-before-answer", method="POST", path=CREATE)
        outcome(scene, [piece])
        [name] = [name for name in scene.notes.kept if name.startswith("creating:")]
        old = datetime.now(UTC) - timedelta(seconds=scene.budget.settle_s + 1)
        scene.notes.put(name, f"0 {utc_text(old)}")

        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(receipt, Receipt)
        assert 1 == len(executions(scene))

    def test_the_newest_lost_answer_has_to_settle(self, scene: Scene) -> None:
        """An older one of another shard, of which nothing came, does not shorten that."""
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.sandbox.faults.add("reset-before-answer", method="POST", path=CREATE)
        outcome(scene, [piece])
        [(name, newest)] = scene.notes.kept.items()
        old = datetime.now(UTC) - timedelta(seconds=scene.budget.settle_s + 1)
        scene.notes = MemoryNotes({name: newest})
        scene.notes.kept = {name: f"0 {utc_text(old)}"}
        restart(scene)

        assert isinstance(outcome(scene, [piece]), UncertainError)
        assert 0 == len(executions(scene))

    def test_a_refused_creation_may_be_repeated_at_once(self, scene: Scene) -> None:
        """A 503 with Retry-After created nothing, so nothing has to settle."""
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.sandbox.faults.add("status-503", method="POST", path=CREATE, retry_after="1")

        busy = outcome(scene, [piece])
        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(busy, TemporaryError)
        assert isinstance(receipt, Receipt)
        assert 1 == len(executions(scene))

    def test_a_test_case_that_cannot_be_executed_is_rejected(self, make_scene: SceneOf) -> None:
        """Squash's own words say why."""
        scene = make_scene("TC-32")
        [piece] = scene.pieces(("a.txt", b"a"))

        with pytest.raises(PermanentError, match="Execution has no steps"):
            scene.deliver([piece])

    def test_nothing_is_created_after_the_stop(self, make_scene: SceneOf) -> None:
        """A delivery whose time is over creates no execution that would stay empty."""
        scene = make_scene()
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.destination.find(piece.target, [piece])
        scene.budget.ends_at = scene.budget.clock() + 0.05
        scene.sandbox.faults.add("slow", method="GET", path="/test-plan-items/", seconds=0.1)

        with pytest.raises(TemporaryError):
            scene.deliver([piece])

        assert [] == scene.requests("POST")
        assert {} == scene.notes.kept

    def test_inherited_attachments_are_not_ours(self, scene: Scene) -> None:
        """A new execution begins with copies of the test case's; only keys count."""
        [of_case] = scene.pieces(("a.txt", b"a"), text="test-cases/212")
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.deliver([of_case])
        scene.deliver([piece])

        [execution] = executions(scene)
        held = scene.sandbox.store.files("squash", execution.object)
        ours = scene.sandbox.store.ledger()[1]
        found = scene.destination.find(piece.target, [piece])
        assert 2 == len(held)
        assert {piece.key: ours.id} == {key: receipt.remote_id for key, receipt in found.items()}


class TestLatestExecution:
    """`evidence_squash_execution = latest`."""

    def test_the_highest_id_is_the_latest(self, make_scene: SceneOf) -> None:
        """TC-1 was executed twice; the second one has no date yet."""
        scene = make_scene("TC-1", options=LATEST)
        [piece] = scene.pieces(("a.txt", b"a"))

        scene.deliver([piece])

        latest = executions(scene, "TC-1")[-1]
        assert [latest.object] == [file.object for file in scene.sandbox.store.ledger()]
        assert [] == scene.requests("POST", CREATE)

    def test_pieces_of_a_run_stay_together(self, make_scene: SceneOf) -> None:
        """An execution that somebody creates meanwhile gets none of them."""
        scene = make_scene("TC-1", options=LATEST)
        one, two = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
        system: Any = scene.sandbox.systems["squash"]

        scene.deliver([one])
        system.plan.create_execution(executions(scene, "TC-1")[0].item)
        restart(scene)
        scene.deliver([two])

        assert 1 == len({file.object for file in scene.sandbox.store.ledger()})

    def test_no_execution_is_final(self, make_scene: SceneOf) -> None:
        """The message says what to do, and nothing is created."""
        scene = make_scene(options=LATEST)
        [piece] = scene.pieces(("a.txt", b"a"))

        with pytest.raises(PermanentError, match="never been executed") as caught:
            scene.deliver([piece])

        assert "evidence_squash_execution" in caught.value.next_step
        assert [] == executions(scene)


class TestFind:
    """Looking for a test case's evidence, which must not create anything."""

    def test_after_a_restart_the_newest_executions_are_searched(self, scene: Scene) -> None:
        """Keys are unique, so no notes are needed; what is found says where the rest belongs."""
        one, two = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
        scene.deliver([one])
        [ours] = executions(scene)
        system: Any = scene.sandbox.systems["squash"]
        for _ in range(19):
            system.plan.create_execution(ours.item)
        restart(scene)

        found = scene.destination.find(one.target, [one, two])
        scene.notes.kept.clear()
        scene.deliver([two])

        assert [one.key] == list(found)
        assert [ours.object] * 2 == [file.object for file in scene.sandbox.store.ledger()]

    def test_an_item_that_was_never_executed_holds_nothing(self, scene: Scene) -> None:
        """Two readings, nothing created."""
        [piece] = scene.pieces(("a.txt", b"a"))

        assert {} == scene.destination.find(piece.target, [piece])
        assert [] == scene.requests("POST")


class TestPlan:
    """Which line of a plan a target means."""

    @pytest.mark.parametrize(
        ("text", "told", "hint"),
        [
            ("TC-99", "no test case with the reference TC-99 is among the 26", "add it"),
            ("tc-12", "reference tc-12", "TC-12"),
            ("#999", "no test case with the id 999", "add it"),
            ("TC-30", "2 times, with the datasets chrome, firefox", "TC-30[...]"),
            ("#221", "with the datasets chrome, firefox", "#221[...]"),
            ("TC-30[opera]", "without the dataset 'opera', but with chrome, firefox", "correct"),
            ("TC-12[opera]", "without the dataset 'opera', but with (none)", "correct"),
            ("TC-31", "2 times (items 324, 325)", "executions/"),
        ],
    )
    def test_what_is_not_exactly_one_line_is_rejected(
        self, make_scene: SceneOf, text: str, told: str, hint: str
    ) -> None:
        """The message says what the plan holds instead; nothing is sent."""
        scene = make_scene(text)
        [piece] = scene.pieces(("a.txt", b"a"))

        with pytest.raises(PermanentError) as caught:
            scene.deliver([piece])

        assert told in str(caught.value)
        assert hint in caught.value.next_step
        assert [] == scene.requests("POST")

    @pytest.mark.parametrize(
        ("text", "iteration", "reference", "dataset"),
        [
            ("TC-30[firefox]", "4", "TC-30", "firefox"),
            ("#221[chrome]", "4", "TC-30", "chrome"),
            ("ref:1042", "5", "1042", None),
            ("TC-1", "5", "TC-1", None),
        ],
    )
    def test_a_line_is_found(
        self,
        make_scene: SceneOf,
        text: str,
        iteration: str,
        reference: str,
        dataset: str | None,
    ) -> None:
        """By reference or id, dataset, and the configured iteration."""
        scene = make_scene(text, options={"evidence_squash_iteration": iteration})
        [piece] = scene.pieces(("a.txt", b"a"))

        scene.deliver([piece])

        [stored] = scene.sandbox.store.ledger()
        [execution] = [
            one
            for one in executions(scene, reference, int(iteration))
            if one.object == stored.object
        ]
        assert dataset == (execution.item.dataset and execution.item.dataset[1])

    @pytest.mark.parametrize(
        ("datasets", "expected"),
        [(["chrome"], 1), (["chrome", None], 2), ([None, "chrome", "firefox"], 1)],
    )
    def test_without_a_dataset_the_only_line_or_the_plain_one_is_meant(
        self, datasets: list[str | None], expected: int
    ) -> None:
        """A line without a dataset has no other spelling, so it wins over those with one."""
        target = Target.of("squash", "", "reference", "TC-8", iteration="4")
        items = [
            PlanItem(id=id, type="", test_case_id="8", reference="TC-8", dataset=dataset)
            for id, dataset in enumerate(datasets, start=1)
        ]

        meant = pick(items, target)

        assert isinstance(meant, PlanItem)
        assert expected == meant.id

    def test_a_plan_is_read_once(self, make_scene: SceneOf) -> None:
        """Many targets of an iteration cost one reading of its pages."""
        scene = make_scene(max_page_size=10)
        for number in range(1, 5):
            [piece] = scene.pieces(("a.txt", b"a"), text=f"TC-{number}", item=f"j1-{number}")
            scene.deliver([piece])

        paths = scene.requests("GET", "test-plan[?]")
        assert 3 == len(paths)
        assert all("sort=id" in path for path in paths)

    @pytest.mark.parametrize(("iteration", "told"), [("6", "among the 0 lines"), ("99", "404")])
    def test_an_empty_or_missing_iteration_is_told(
        self, make_scene: SceneOf, iteration: str, told: str
    ) -> None:
        """An empty plan has no rows at all; a missing one is a wrong option."""
        scene = make_scene(options={"evidence_squash_iteration": iteration})
        [piece] = scene.pieces(("a.txt", b"a"))

        with pytest.raises(PermanentError, match=told):
            scene.deliver([piece])

    def test_a_plan_that_could_not_be_read_is_read_again(self, scene: Scene) -> None:
        """A failure is not remembered."""
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.sandbox.faults.add("status-500", method="GET", path="test-plan")

        failed = outcome(scene, [piece])
        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(failed, TemporaryError)
        assert isinstance(receipt, Receipt)


class TestConclude:
    """The status of a test case's execution."""

    @pytest.mark.parametrize(
        ("result", "status"),
        [
            (Outcome.PASSED, "SUCCESS"),
            (Outcome.FAILED, "FAILURE"),
            (Outcome.UNKNOWN, "FAILURE"),
            (Outcome.SKIPPED, "UNTESTABLE"),
        ],
    )
    def test_a_new_execution_gets_the_outcome(
        self, scene: Scene, result: Outcome, status: str
    ) -> None:
        """Also by a later process, and again without harm."""
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.deliver([piece])
        restart(scene)

        scene.destination.conclude(piece.target, result, scene.notes)
        scene.destination.conclude(piece.target, result, scene.notes)

        [execution] = executions(scene)
        assert (status, status) == (execution.status, execution.item.status)

    @pytest.mark.parametrize(
        ("execution", "switch", "told"),
        [
            ("new", "off", False),
            ("new", "on", True),
            ("latest", "", False),
            ("latest", "on", True),
            ("latest", "off", False),
        ],
    )
    def test_options_decide(
        self, make_scene: SceneOf, execution: str, switch: str, told: bool
    ) -> None:
        """Executions of others get a status only where that is switched on."""
        options = {"evidence_squash_execution": execution, "evidence_squash_status": switch}
        scene = make_scene("TC-1", options=options)
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.deliver([piece])

        scene.destination.conclude(piece.target, Outcome.FAILED, scene.notes)

        assert told == bool(scene.requests("PATCH"))

    def test_an_execution_that_nobody_knows_gets_none(self, scene: Scene) -> None:
        """Without notes no execution is guessed."""
        for text, told in (("TC-12", "no execution is known"), ("TC-31", "2 times")):
            with pytest.raises(PermanentError, match=told):
                scene.destination.conclude(
                    scene.destination.parse(text), Outcome.FAILED, scene.notes
                )

        assert [] == scene.requests("PATCH")
