"""The worst outcome of the items that are mapped to a target. Pure."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable

from .model import Item
from .model import Outcome
from .model import RunRecord
from .model import Target


def worst_outcomes(records: Iterable[RunRecord]) -> dict[Target, Outcome]:
    """Return the worst outcome of the items mapped to each target, counting only last reruns."""
    worst: dict[Target, Outcome] = {}
    for record in records:
        kept = _kept_targets(record)
        for item in last_reruns(record.items.values()):
            for target in {*item.targets, *kept.get((item.worker, item.nodeid), ())}:
                worst[target] = worse(worst.get(target, Outcome.SKIPPED), item.outcome)
    return worst


def _kept_targets(record: RunRecord) -> dict[tuple[str, str], set[Target]]:
    """Return the targets that pieces of a test kept, of whichever attempt, when the marks changed."""
    kept: dict[tuple[str, str], set[Target]] = {}
    for piece in record.pieces if record.remapped else ():
        item = record.items[piece.item_id]
        kept.setdefault((item.worker, item.nodeid), set()).update(record.targets_of(piece))
    return kept


def last_reruns(items: Collection[Item]) -> list[Item]:
    """Return the items without those that a later rerun of the same test replaced."""
    last: dict[tuple[str, str], int] = {}
    for item in items:
        place = (item.worker, item.nodeid)
        last[place] = max(last.get(place, item.rerun), item.rerun)
    return [item for item in items if item.rerun == last[item.worker, item.nodeid]]


def worse(one: Outcome, other: Outcome) -> Outcome:
    """Return the worse of two outcomes: unknown, failed, passed, skipped."""
    order = (Outcome.UNKNOWN, Outcome.FAILED, Outcome.PASSED, Outcome.SKIPPED)
    return min(one, other, key=order.index)
