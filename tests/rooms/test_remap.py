"""New targets for what is open: what moves, what stays, what is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_attach_evidence.model import Filter
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Limits
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.obstacles import Capability
from pytest_attach_evidence.outcomes import worst_outcomes
from pytest_attach_evidence.plan import plan
from pytest_attach_evidence.remap import MOST_NAMED
from pytest_attach_evidence.remap import Remap
from pytest_attach_evidence.remap import remap
from pytest_attach_evidence.run_record import RunRecord

from .pieces import CASE
from .pieces import FOLDER
from .pieces import HERE
from .pieces import delivery
from .pieces import item
from .pieces import piece
from .pieces import receipt
from .pieces import record


OTHER = Target.of("squash", HERE, "test-case", "TC-13", iteration="4")
ENABLED = ("squash", "archive")


def remapped(run: RunRecord, *targets: Target, enabled: tuple[str, ...] = ENABLED) -> Remap:
    """Return what changes if every test has these targets now."""
    return remap(run, {one.nodeid: targets for one in run.items.values()}, enabled)


def run_of(owner: Item, number: int = 1, **facts: Any) -> RunRecord:
    """Return a run with one item and some pieces."""
    return record([owner], [piece(owner, seq) for seq in range(1, number + 1)], **facts)


def test_an_open_piece_gets_the_new_targets_and_keeps_what_is_settled() -> None:
    """The archive has it; the wrong case is left, the right one is new."""
    owner = item("j1-1", CASE, FOLDER)
    one = piece(owner)
    done = receipt(delivery(owner, one, FOLDER))
    run = record([owner], [one], receipts={done.key: done})

    change = remapped(run, OTHER, FOLDER)

    (move,) = change.moves
    assert {one.id: (OTHER, FOLDER)} == move.pieces
    assert {one.id: frozenset()} == move.withdrawn
    assert ["remapped: 1 deliveries new, 1 given up"] == change.lines()


def test_a_settled_piece_beside_an_open_one_stays_where_it_is() -> None:
    """And its item still counts for the outcome of the target that has it."""
    owner = item("j1-1", CASE, outcome=Outcome.FAILED)
    run = run_of(owner, 2)
    done = receipt(delivery(owner, run.pieces[0], CASE))
    run.receipts[done.key] = done

    (move,) = remapped(run, OTHER).moves

    assert [(CASE,), (OTHER,)] == list(move.pieces.values())
    run.items[owner.id] = item("j1-1", *move.targets, outcome=Outcome.FAILED)
    run.remapped = dict(move.pieces)
    assert {CASE: Outcome.FAILED, OTHER: Outcome.FAILED} == worst_outcomes([run])


def test_an_earlier_attempt_keeps_its_target_and_the_last_one_tells_the_outcome() -> None:
    """The first attempt's piece was delivered, the second's goes elsewhere: both targets are planned."""
    same = {"nodeid": "test_it.py::test_a"}
    first = item("j1-1", CASE, outcome=Outcome.FAILED, **same)
    second = item("j1-2", CASE, outcome=Outcome.PASSED, rerun=1, **same)
    run = record([first, second], [piece(first), piece(second)])
    done = receipt(delivery(first, run.pieces[0], CASE))
    run.receipts[done.key] = done

    (move,) = remapped(run, OTHER).moves
    run.items[second.id] = replace(second, targets=move.targets)
    run.remapped = dict(move.pieces)
    capability = Capability(origin=HERE, limits=Limits(), concludes=lambda target: True)
    todo = plan([run], {"squash": capability})

    assert (2, 1) == (len(todo.deliveries), len(todo.settled))
    assert {CASE: Outcome.PASSED, OTHER: Outcome.PASSED} == {w.target: w.outcome for w in todo.work}


def test_an_item_without_evidence_moves_too() -> None:
    """It is missing at its new target then."""
    change = remapped(record([item("j1-1", CASE)], []), OTHER)

    assert [(OTHER,)] == [move.targets for move in change.moves]


def test_an_item_of_which_all_is_settled_stays() -> None:
    """Nothing is written for it."""
    owner = item("j1-1", CASE)
    run = run_of(owner)
    done = receipt(delivery(owner, run.pieces[0], CASE))
    run.receipts[done.key] = done

    assert [] == remapped(run, OTHER).moves


def test_a_filter_holds_for_new_targets_and_moves_nothing_by_itself() -> None:
    """What a destination does not take goes to none of its targets, old or new."""
    filters = (Filter(destination="squash", kinds=("log",)),)
    owner = item("j1-1", CASE, FOLDER, filters=filters)
    run = record([owner], [piece(owner, 1, kind="log"), piece(owner, 2, kind="screenshot")])

    (move,) = remapped(run, OTHER, FOLDER).moves

    assert [(OTHER, FOLDER), (FOLDER,)] == list(move.pieces.values())
    assert [] == remapped(run, CASE, FOLDER).moves


def test_what_may_have_arrived_is_withdrawn_and_not_given_up() -> None:
    """Also after damage, where anything without a receipt may have."""
    owner = item("j1-1", CASE)
    for facts in ({"doubtful": True}, {"uncertain": {}}):
        run = run_of(owner, **facts)
        key = delivery(owner, run.pieces[0], CASE).key
        run.uncertain.update({} if run.doubtful else {key: "2026-11-06T10:00:00.000Z"})

        (move,) = (change := remapped(run, OTHER)).moves

        assert [(OTHER, CASE)] == list(move.pieces.values())
        assert [frozenset({key})] == list(move.withdrawn.values())
        assert (0, 1) == (change.left, change.looked)


def test_a_target_of_a_destination_that_is_off_stays() -> None:
    """Nobody can tell what the marks say about it."""
    run = run_of(item("j1-1", CASE, FOLDER))

    (move,) = remapped(run, OTHER, enabled=("squash",)).moves

    assert (OTHER, FOLDER) == move.targets


def test_equal_marks_change_nothing() -> None:
    """No line is written, and that is said."""
    change = remapped(run_of(item("j1-1", CASE)), CASE)

    assert [] == change.moves
    assert [
        "remapped: nothing; what is open has the targets that the tests have now"
    ] == change.lines()


def test_a_test_that_was_not_collected_is_named_once_for_all_its_attempts() -> None:
    """Only where it has something open; one that has nothing is of no interest."""
    attempts = [item(f"j1-{n}", CASE, nodeid="test_it.py::test_a", rerun=n) for n in range(2)]
    silent = item("j1-9", CASE)
    run = record([*attempts, silent], [piece(one) for one in attempts])

    change = remap(run, {}, ENABLED)

    assert [] == change.moves
    told = "kept: 1 test is not collected any more, targets as before (first: test_it.py::test_a)"
    assert told == change.lines()[-1]


def test_pieces_without_any_target_are_named_up_to_a_number() -> None:
    """The rest is counted."""
    run = run_of(item("j1-1", CASE), MOST_NAMED + 3)
    run.unwanted = {run.pieces[-1].id}

    change = remapped(run)

    assert "no target any more: shot-1.png of test_it.py::test_j1-1" == change.lines()[1]
    assert "and 2 more pieces without any target" == change.lines()[-1]
    assert MOST_NAMED + 2 == len(change.lines())


def test_a_rerun_without_evidence_leaves_the_first_attempt_its_target() -> None:
    """The first attempt was delivered, another test's piece is open: the run can still be planned."""
    same = {"nodeid": "test_it.py::test_a"}
    first = item("j1-1", CASE, outcome=Outcome.FAILED, **same)
    second = item("j1-2", CASE, outcome=Outcome.PASSED, rerun=1, **same)
    other = item("j1-3", FOLDER)
    run = record([first, second, other], [piece(first), piece(other)])
    done = receipt(delivery(first, run.pieces[0], CASE))
    run.receipts[done.key] = done

    (move,) = remap(run, {first.nodeid: (OTHER,), other.nodeid: (FOLDER,)}, ENABLED).moves
    run.items[second.id] = replace(second, targets=move.targets)
    todo = plan(
        [run], {"squash": Capability(origin=HERE, limits=Limits(), concludes=lambda target: True)}
    )

    assert (second, {}) == (move.item, move.pieces)
    assert dict.fromkeys((CASE, OTHER, FOLDER), Outcome.PASSED) == todo.outcomes


def test_an_attempt_that_had_a_target_of_its_own_keeps_it() -> None:
    """Hooks may map a rerun elsewhere: the first attempt's target gets the last one's outcome."""
    same = {"nodeid": "test_it.py::test_a"}
    first = item("j1-1", CASE, outcome=Outcome.FAILED, **same)
    second = item("j1-2", OTHER, outcome=Outcome.PASSED, rerun=1, **same)
    run = record([first, second], [piece(first)])

    assert {CASE: Outcome.PASSED, OTHER: Outcome.PASSED} == worst_outcomes([run])


def test_a_target_that_was_left_is_told_of_a_test_only_where_its_piece_is_there() -> None:
    """A wrong mark makes nothing fail: the outcome counts once the piece was found at its old target."""
    wrong = item("j1-1", OTHER, outcome=Outcome.FAILED)
    right = item("j1-2", CASE, outcome=Outcome.PASSED)
    run = record([wrong, right], [piece(wrong), piece(right)])
    left = delivery(wrong, run.pieces[0], CASE)
    run.remapped[left.evidence.id] = (OTHER, CASE)
    run.withdrawn[left.evidence.id] = frozenset({left.key})
    run.uncertain[left.key] = "2026-11-06T10:00:00.000Z"

    before = worst_outcomes([run])
    run.receipts[left.key] = receipt(left, how="found")

    assert {CASE: Outcome.PASSED, OTHER: Outcome.FAILED} == before
    assert Outcome.FAILED is worst_outcomes([run])[CASE]
