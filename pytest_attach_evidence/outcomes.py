"""The worst outcome of the items that are mapped to a target. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .deliveries import last_reruns
from .deliveries import wanted
from .model import Item
from .model import Outcome
from .model import Target
from .run_record import RunRecord


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


def place_of_test(item: Item) -> tuple[str, str, str]:
    """Return what all attempts of one test in one process of one run have in common."""
    return item.run_id, item.worker, item.nodeid


def worse(one: Outcome, other: Outcome) -> Outcome:
    """Return the worse of two outcomes: unknown, failed, passed, skipped."""
    order = (Outcome.UNKNOWN, Outcome.FAILED, Outcome.PASSED, Outcome.SKIPPED)
    return min(one, other, key=order.index)
