"""What a delivery replaced: files that were brought earlier to objects that hold one file each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from ..deliveries import wanted
from ..destinations.base import Destination
from ..destinations.base import Replacing
from ..model import Delivery
from ..model import Receipt
from ..model import Target
from ..run_record import RunRecord
from .ground import Replaced
from .ground import Results


Brought = tuple[Delivery, Receipt]


def replaced(
    results: Results,
    destinations: Mapping[str, Destination],
    others: Callable[[], Iterable[RunRecord]],
) -> list[Replaced]:
    """Return, for each target that got a file now, the newest that its object had before by a receipt.

    `others` gives runs that were not delivered with these, and is called only if anything may have been
    replaced. What these runs have for the target itself is in the new file too, and no loss.
    """
    replacing = {name: d for name, d in destinations.items() if isinstance(d, Replacing)}

    def holder(target: Target) -> Target | None:
        destination = replacing.get(target.destination)
        return None if destination is None else destination.holder(target)

    sent = _sent(results, replacing)
    if not sent:
        return []
    there: dict[Target | None, list[Brought]] = defaultdict(list)
    for one, receipt in (*_brought(results), *_brought_by(others())):
        there[holder(one.target)].append((one, receipt))
    own = {delivery.item.run_id for delivery in results.plan.deliveries.values()}
    found = []
    for target, at in sent.items():
        lost = [
            Replaced(target=target, run_id=one.item.run_id, receipt=receipt)
            for one, receipt in there[holder(target)]
            if receipt.at < at and not (one.target == target and one.item.run_id in own)
        ]
        found += [max(lost, key=lambda one: one.receipt.at)] if lost else []
    return found


def _sent(results: Results, replacing: Mapping[str, Replacing]) -> dict[Target, str]:
    """Return when each target of destinations that replace got a file now."""
    sent: dict[Target, str] = {}
    for key in results.receipts.keys() - results.plan.settled.keys():
        target = results.plan.deliveries[key].target
        if target.destination in replacing:
            sent[target] = max(sent.get(target, ""), results.receipts[key].at)
    return sent


def _brought(results: Results) -> Iterator[Brought]:
    for key, receipt in results.receipts.items():
        yield results.plan.deliveries[key], receipt


def _brought_by(records: Iterable[RunRecord]) -> Iterator[Brought]:
    for record in records:
        for delivery in wanted([record]):
            if receipt := record.receipts.get(delivery.key):
                yield delivery, receipt
