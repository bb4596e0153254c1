"""The worst outcome of the items that are mapped to a target. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass

from .deliveries import last_reruns
from .deliveries import wanted
from .model import Evidence
from .model import Item
from .model import Outcome
from .model import Target
from .run_record import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedTest:
    """The last rerun of a test that stands for a target, and how its outermost steps ended, from 1."""

    item: Item
    steps: Mapping[int, Outcome]


def worst_outcomes(records: Iterable[RunRecord]) -> dict[Target, Outcome]:
    """Return the worst outcome of the tests that each target stands for, counting only last reruns.

    A test counts for the targets it has, and for those that pieces of any of its attempts go to or have
    arrived at, not for one that a piece left where nobody found it. A target for which no test counts
    was skipped.
    """
    worst: dict[Target, Outcome] = {}
    for record in records:
        ended = ended_tests([record])
        for item in last_reruns(record.items.values()):
            for target in item.targets:
                worst[target] = worse(worst.get(target, Outcome.SKIPPED), item.outcome)
        left = {key for keys in record.withdrawn.values() for key in keys} - record.receipts.keys()
        for delivery in wanted([record]):
            target, known = delivery.target, worst.get(delivery.target, Outcome.SKIPPED)
            counts = delivery.key not in left
            worst[target] = worse(known, ended[place_of_test(delivery.item)]) if counts else known
    return worst


def ended_tests(records: Iterable[RunRecord]) -> dict[tuple[str, str, str], Outcome]:
    """Return how each test ended in its last rerun, by `place_of_test` its items."""
    ended: dict[tuple[str, str, str], Outcome] = {}
    for record in records:
        for item in last_reruns(record.items.values()):
            test = place_of_test(item)
            ended[test] = worse(ended.get(test, Outcome.SKIPPED), item.outcome)
    return ended


def tests_by_target(records: Iterable[RunRecord]) -> dict[Target, tuple[EndedTest, ...]]:
    """Return the tests that count for each target, by the rules of `worst_outcomes`."""
    found: dict[Target, dict[str, EndedTest]] = {}
    for record in records:
        last_steps = _last_steps(record.pieces)
        of_place: dict[tuple[str, str, str], list[EndedTest]] = {}
        for item in last_reruns(record.items.values()):
            test = EndedTest(item=item, steps=_ended_steps(item, last_steps))
            of_place.setdefault(place_of_test(item), []).append(test)
        every = [test for tests in of_place.values() for test in tests]
        pairs = [(target, test) for test in every for target in test.item.targets]
        left = {key for keys in record.withdrawn.values() for key in keys} - record.receipts.keys()
        there = [one for one in wanted([record]) if one.key not in left]
        pairs += [(one.target, test) for one in there for test in of_place[place_of_test(one.item)]]
        for target, test in pairs:
            found.setdefault(target, {})[test.item.id] = test
    return {target: tuple(tests.values()) for target, tests in found.items()}


def _last_steps(pieces: Iterable[Evidence]) -> dict[str, int]:
    """Return the number of the last step that has evidence, by item."""
    last: dict[str, int] = {}
    for piece in pieces:
        last[piece.item_id] = max(last.get(piece.item_id, 0), piece.step_number)
    return last


def _ended_steps(item: Item, last_steps: Mapping[str, int]) -> dict[int, Outcome]:
    """Return how the steps of a test ended.

    Of a test that never ended only the last step that has evidence is told of: it ended there.
    """
    if item.outcome is not Outcome.UNKNOWN:
        return dict(enumerate(item.steps, start=1))
    last = last_steps.get(item.id, 0)
    return {last: Outcome.UNKNOWN} if last else {}


def place_of_test(item: Item) -> tuple[str, str, str]:
    """Return what all attempts of one test in one process of one run have in common."""
    return item.run_id, item.worker, item.nodeid


def worse(one: Outcome, other: Outcome) -> Outcome:
    """Return the worse of two outcomes: unknown, failed, passed, skipped."""
    order = (Outcome.UNKNOWN, Outcome.FAILED, Outcome.PASSED, Outcome.SKIPPED)
    return min(one, other, key=order.index)
