"""Which tests count for a target, and how their steps ended."""

from __future__ import annotations

from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.outcomes import tests_by_target as by_target

from .pieces import CASE
from .pieces import FOLDER
from .pieces import delivery
from .pieces import item
from .pieces import piece
from .pieces import receipt
from .pieces import record


PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN


def test_steps_are_counted_from_one() -> None:
    """A target has the tests that are mapped to it, with all their steps, evidence or not."""
    owner = item("j1-1", CASE, FOLDER, steps=(PASSED, FAILED))
    run = record([owner], [piece(owner, step_number=2)])

    [test] = by_target([run])[CASE]

    assert (owner, {1: PASSED, 2: FAILED}) == (test.item, test.steps)
    assert {CASE, FOLDER} == by_target([run]).keys()


def test_only_the_last_rerun_counts() -> None:
    """Its steps are told, though evidence of the first went to the target."""
    facts = {"nodeid": "test_it.py::test_flaky"}
    first = item("j1-1", CASE, steps=(FAILED,), outcome=FAILED, **facts)
    last = item("j1-2", CASE, steps=(PASSED, PASSED), rerun=1, **facts)
    run = record([first, last], [piece(first, step_number=1)])

    [test] = by_target([run])[CASE]

    assert (last, {1: PASSED, 2: PASSED}) == (test.item, test.steps)


def test_of_a_test_that_never_ended_the_last_step_with_evidence_is_told_of() -> None:
    """It ended there, as far as anybody knows; of a test without steps nothing is told."""
    died = item("j1-1", CASE, outcome=UNKNOWN)
    silent = item("j1-2", CASE, outcome=UNKNOWN)
    pieces = [piece(died, 1), piece(died, 2, step_number=1), piece(died, 3, step_number=2)]

    one, other = by_target([record([died, silent], pieces)])[CASE]

    assert ({2: UNKNOWN}, {}) == (one.steps, other.steps)


def test_a_piece_that_left_counts_where_it_arrived() -> None:
    """A test counts for a target it no longer has only if its piece is there."""
    owner = item("j1-1", FOLDER, steps=(FAILED,), outcome=FAILED)
    shot = piece(owner)
    there = delivery(owner, shot, CASE)
    facts = {"remapped": {shot.id: (CASE, FOLDER)}, "withdrawn": {shot.id: frozenset({there.key})}}
    left = record([owner], [shot], **facts)
    arrived = record([owner], [shot], receipts={there.key: receipt(there)}, **facts)

    assert CASE not in by_target([left])
    assert [owner] == [test.item for test in by_target([arrived])[CASE]]
