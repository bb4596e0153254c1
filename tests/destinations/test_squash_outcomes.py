"""The status of an execution: the worst outcome of all tests that lead to it, whoever delivered what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.deliveries import is_settled
from pytest_attach_evidence.destinations.squash import Squash
from pytest_attach_evidence.destinations.squash_meanings import READINGS
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import State
from pytest_attach_evidence.model import Target

from .scene import MemoryNotes
from .scene import Scene
from .scene import scene_of
from .squash_runs import Runs
from .test_squash_executions import execute
from .test_squash_plan import restart


ALL = {"evidence_squash_status": "on"}
LATEST = {"evidence_squash_execution": "latest", **ALL}
PASSED, FAILED = Outcome.PASSED, Outcome.FAILED


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("one", "other", "options"),
    [
        ("TC-1", "#201", {}),
        ("TC-1", "ref:TC-1", {}),
        ("1040", "executions/1040", ALL),
        ("TC-1", "executions/1041", LATEST),
    ],
)
def test_two_spellings_end_with_the_worst_outcome(
    runs: Runs, one: str, other: str, options: dict[str, str], turned: bool
) -> None:
    """Whichever is delivered first, its own outcome is not what its execution gets."""
    runs.options = options
    tests = [(one, FAILED), (other, PASSED)]

    runs.deliver(runs.run(*(tests[::-1] if turned else tests)))

    assert ["FAILURE"] == list(runs.statuses().values())


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("method", "path", "after"),
    [
        ("POST", "/attachments$", 0),
        ("POST", "/attachments$", 1),
        ("PATCH", "/executions/", 0),
        ("PATCH", "/executions/", 1),
    ],
)
def test_a_delivery_that_breaks_off_between_the_two_weakens_nothing(
    runs: Runs, method: str, path: str, after: int, turned: bool
) -> None:
    """Whatever was told by then, the failure is told in the end."""
    tests = [("TC-1", FAILED), ("#201", PASSED)]
    run = runs.run(*(tests[::-1] if turned else tests))
    runs.break_off(method, path, after=after)

    first = runs.deliver(run)
    between = list(runs.statuses().values())
    runs.deliver(run)

    assert ["squash"] == list(first.closed)
    assert "SUCCESS" not in between
    assert ["FAILURE"] == list(runs.statuses().values())
    assert is_settled(run.read())


def test_a_failed_test_counts_though_its_own_evidence_was_refused(runs: Runs) -> None:
    """The other spelling's evidence is there: its execution shows that a test failed."""
    run = runs.run(("TC-1", FAILED), ("#201", PASSED))
    runs.sandbox.faults.add("status-413", system="squash", method="POST", path="/attachments$")

    results = runs.deliver(run)

    assert 1 == results.counts()[State.REJECTED]
    assert ["FAILURE"] == list(runs.statuses().values())


@pytest.mark.parametrize("other", ["TC-1", "#201"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(("method", "after"), [("POST", 0), ("POST", 1), ("PATCH", 0)])
def test_runs_of_a_group_that_go_on_apart_weaken_nothing(
    runs: Runs, other: str, order: tuple[int, int], method: str, after: int
) -> None:
    """The run that passed knows, in whatever order, that the other one failed."""
    both = [runs.run(("TC-1", FAILED)), runs.run((other, PASSED))]
    runs.break_off(method, "/attachments$" if method == "POST" else "/executions/", after=after)
    runs.deliver(*both)

    for place in order:
        runs.deliver(both[place])

    assert ["FAILURE"] == list(runs.statuses().values())
    assert all(is_settled(run.read()) for run in both)


@pytest.mark.parametrize("after", [0, 1])
def test_a_named_execution_of_a_group_is_not_weakened_either(runs: Runs, after: int) -> None:
    """Where named executions get a status, what is true for test cases is true for them."""
    runs.options = ALL
    both = [runs.run(("1040", FAILED)), runs.run(("executions/1040", PASSED))]
    runs.break_off("POST", "/attachments$", after=after)
    runs.deliver(*both)

    for run in both:
        runs.deliver(run)

    assert {"executions/1040": "FAILURE"} == runs.statuses()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_run_that_joins_a_group_later_counts_too(runs: Runs, order: tuple[int, ...]) -> None:
    """Two that passed share an execution; the third that failed is delivered with one of them."""
    one, two = runs.run(("TC-1", PASSED)), runs.run(("TC-1", PASSED))
    runs.deliver(one, two)
    late = runs.run(("TC-1", FAILED))
    group = [one, two, late]

    runs.deliver(*(group[place] for place in order))

    assert ["FAILURE"] == list(runs.statuses().values())


def test_a_run_of_its_own_may_pass(runs: Runs) -> None:
    """Another execution is not touched by what failed in the one before."""
    runs.deliver(runs.run(("TC-1", FAILED)))
    runs.deliver(runs.run(("TC-1", PASSED)))

    assert ["FAILURE", "SUCCESS"] == list(runs.statuses().values())


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("second_ends", [False, True])
def test_shards_that_were_delivered_apart_leave_no_execution_without_a_status(
    runs: Runs, second_ends: bool, turned: bool
) -> None:
    """Each created one and was interrupted before the status: together, both are told."""
    one, two = runs.run(("TC-1", PASSED)), runs.run(("TC-1", FAILED))
    runs.break_off("PATCH", "/executions/")
    runs.deliver(one)
    if not second_ends:
        runs.break_off("PATCH", "/executions/")
    runs.deliver(two)
    ready = ["READY", "FAILURE" if second_ends else "READY"]
    assert ready == list(runs.statuses().values())

    runs.deliver(*([two, one] if turned else [one, two]))

    assert ["FAILURE", "FAILURE"] == list(runs.statuses().values())
    assert is_settled(one.read())
    assert is_settled(two.read())


class CountingNotes(MemoryNotes):
    """Notes that count how often they are read."""

    def __init__(self) -> None:
        super().__init__()
        self.readings = 0

    def each(self, name: str) -> list[str]:
        """Count, and return what each run remembers."""
        self.readings += 1
        return super().each(name)


def _readings_of_one_upload(scene: Scene, ids: list[int]) -> int:
    """Return how often the notes are read for the last of so many named executions."""
    notes = CountingNotes()
    scene.notes = notes
    pieces = [
        piece
        for id in ids
        for piece in scene.pieces(("a.txt", b"a"), text=f"executions/{id}", item=f"j1-{id}")
    ]
    scene.outcomes = {piece.target: PASSED for piece in pieces}
    restart(scene)
    scene.deliver([pieces[0]])
    notes.readings = 0
    scene.deliver([pieces[-1]])
    return notes.readings


def test_an_upload_reads_no_more_notes_where_many_executions_are_named(tmp_path: Path) -> None:
    """What one upload costs does not grow with the run."""
    with scene_of(
        Squash, "squash", tmp_path, text="TC-12", upload=("POST", "/attachments$"), options=ALL
    ) as scene:
        ids = [execution.id for execution in execute(scene, 40)]

        few, many = (_readings_of_one_upload(scene, some) for some in (ids[:4], ids))

        assert 0 < few
        assert few == many


class TestUnread:
    """An iteration's plan cannot be read for a while, and not all that is delivered needs it."""

    PLAN = ("GET", r"/iterations/4/test-plan")

    @pytest.fixture
    def scene(self, tmp_path: Path) -> Iterator[Scene]:
        """A failed test is mapped to a test case, one that passed to an execution in full."""
        with scene_of(
            Squash,
            "squash",
            tmp_path,
            text="TC-1",
            upload=("POST", "/attachments$"),
            options=LATEST,
        ) as scene:
            planned, named = map(scene.destination.parse, ("TC-1", "executions/1041"))
            scene.outcomes = {planned: FAILED, named: PASSED}
            restart(scene)
            yield scene

    def away(self, scene: Scene, times: int) -> None:
        """Let the next readings of the plan fail."""
        method, path = self.PLAN
        scene.sandbox.faults.add("status-500", method=method, path=path, times=times)

    def test_what_does_not_need_it_is_delivered(self, scene: Scene) -> None:
        """The plan is asked for once, and not again for every upload."""
        self.away(scene, -1)
        named = scene.pieces(*((f"{n}.txt", b"a") for n in range(20)), text="executions/1041")

        results = scene.deliver(named)

        assert 20 == sum(isinstance(result, Receipt) for result in results.values())
        assert 1 == len(scene.requests(*self.PLAN))

    def test_no_status_is_told_before_it_is_known_whose(self, scene: Scene) -> None:
        """The failed test may mean the execution, too: as soon as that is seen it counts."""
        self.away(scene, 2)
        [named] = scene.pieces(("a.txt", b"a"), text="executions/1041")
        scene.deliver([named])

        with pytest.raises(TemporaryError, match="TC-1 iteration=4 means execution 1041"):
            scene.destination.conclude(named.target, PASSED, scene.notes)
        told = len(scene.requests("PATCH"))
        system: Any = scene.sandbox.systems["squash"]
        [planned] = scene.pieces(("b.txt", b"b"), item="j1-2")
        scene.deliver([planned])
        scene.destination.conclude(named.target, PASSED, scene.notes)

        assert 0 == told
        assert "FAILURE" == system.plan.things["executions/1041"].status

    def test_it_is_not_asked_for_without_end(self, scene: Scene) -> None:
        """However many statuses there are to tell."""
        self.away(scene, -1)
        [named] = scene.pieces(("a.txt", b"a"), text="executions/1041")
        scene.deliver([named])

        for _ in range(6):
            with pytest.raises(TemporaryError):
                scene.destination.conclude(named.target, PASSED, scene.notes)

        assert READINGS == len(scene.requests(*self.PLAN))

    def test_what_was_sent_under_another_spelling_is_found_nevertheless(self, scene: Scene) -> None:
        """The notes tell where a test case's evidence is, whatever the plan says now."""
        [planned] = scene.pieces(("a.txt", b"a"))
        scene.deliver([planned])
        [named] = scene.pieces(("a.txt", b"a"), text="executions/1041")
        restart(scene)
        self.away(scene, -1)

        found = scene.deliver([named])[named.key]

        assert isinstance(found, Receipt)
        assert "found" == found.how
        assert 1 == scene.uploads()

    @pytest.mark.parametrize("earlier", ["TC-1", "1041"])
    def test_so_is_what_was_sent_before_the_mark_was_mended(
        self, scene: Scene, earlier: str
    ) -> None:
        """An older run has no note of what was sent for a target, but knows its tests' marks."""
        [before] = scene.pieces(("a.txt", b"a"), text=earlier)
        scene.deliver([before])
        for name in [name for name in scene.notes.kept if name.startswith("sent:")]:
            del scene.notes.kept[name]
        [named] = scene.pieces(("a.txt", b"a"), text="executions/1041")
        scene.outcomes = {**scene.outcomes, before.target: FAILED}
        restart(scene)
        self.away(scene, -1)
        marks = (before.target,) if earlier == "TC-1" else ()

        scene.deliver([replace(named, item=replace(named.item, targets=marks))])

        assert 1 == scene.uploads()

    def test_other_owners_need_no_plan(self, scene: Scene) -> None:
        """Nothing else can mean what is no execution."""
        [piece] = scene.pieces(("a.txt", b"a"), text="iterations/4")

        scene.deliver([piece])

        assert [] == scene.requests(*self.PLAN)

    def test_an_execution_is_noted_before_anything_else_is_asked(self, scene: Scene) -> None:
        """Another iteration's plan that closes the door cannot come between creation and note."""
        scene.options = {**scene.options, "evidence_squash_execution": "new"}
        origin = scene.destination.origin
        elsewhere = Target.of("squash", origin, "reference", "TC-1", iteration="5")
        scene.outcomes = {**scene.outcomes, elsewhere: PASSED}
        restart(scene)
        [planned] = scene.pieces(("a.txt", b"a"))

        scene.deliver([planned])

        asked = [f"{one.method} {one.path}" for one in scene.sandbox.requests("squash")]
        [created] = [n for n, one in enumerate(asked) if re.search(r"POST .*/executions$", one)]
        assert re.search(r"POST .*/attachments$", asked[created + 1])
        assert any("/iterations/5/" in one for one in asked[:created])
