"""Every wanted piece once per target, and what the journals know of each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace

from .model import Delivery
from .model import Evidence
from .model import Failure
from .model import Item
from .model import Outcome
from .model import Problem
from .model import State
from .model import Target
from .model import key_of
from .run_record import RunRecord


LONG_AGO = "1970-01-01T00:00:00.000Z"


def wanted(records: Iterable[RunRecord]) -> Iterable[Delivery]:
    """Yield every wanted piece once per target of its item, in the order in which it was attached.

    What has one key (the same bytes at the same place, recorded twice) is one delivery.
    """
    seen: set[str] = set()
    for delivery in _recorded(records):
        if delivery.key not in seen:
            seen.add(delivery.key)
            yield delivery


def _recorded(records: Iterable[RunRecord]) -> Iterable[Delivery]:
    for record in records:
        order = {id: number for number, id in enumerate(record.items)}
        for piece in sorted(record.pieces, key=lambda p: (order.get(p.item_id, 0), p.seq)):
            if piece.id not in record.unwanted:
                yield from deliveries_of(record, piece)


def deliveries_of(record: RunRecord, piece: Evidence) -> list[Delivery]:
    """Return the deliveries of a piece, one per target that it has now."""
    item, gone = record.items[piece.item_id], record.gone.get(piece.id, ())
    every = [_delivery(piece, item, target) for target in record.targets_of(piece)]
    return [delivery for delivery in every if delivery.key not in gone]


def _delivery(piece: Evidence, item: Item, target: Target) -> Delivery:
    key = key_at(piece, item, target)
    return Delivery(evidence=piece, item=item, target=target, key=key)


def key_at(piece: Evidence, item: Item, target: Target) -> str:
    """Return the key that a piece of an item has, or would have, at a target."""
    # In a forked child the number is counted once more: there the piece's own id tells them apart.
    owner = piece.id.rpartition("-")[0] if piece.id.startswith(f"{item.id}-") else item.id
    return key_of(owner, piece.seq, piece.digest, target)


def target_name(target: Target) -> str:
    """Return a target as one text that no other target has."""
    scope = "&".join(f"{name}={value}" for name, value in target.scope)
    return f"{target.origin} {target.kind} {target.id}?{scope}"


def is_settled(record: RunRecord) -> bool:
    """Tell whether a run is over and nothing of it is open or damaged."""
    deliveries = list(wanted([record]))
    open_ones = any(delivery.key not in record.receipts for delivery in deliveries)
    # A target that the marks left before anything arrived there is told nothing.
    targets = {(d.target.destination, target_name(d.target)) for d in deliveries}
    return record.finished and not (open_ones or record.to_conclude & targets or record.problems)


def unconcluded(record: RunRecord) -> list[Target]:
    """Return the targets of a run that have yet to be told its outcome, from its journals alone.

    Only those at which anything is: the others are told nothing.
    """
    if not record.to_conclude:
        return []
    there = (one.target for one in wanted([record]) if one.key in record.receipts)
    targets = dict.fromkeys(there)
    return [t for t in targets if (t.destination, target_name(t)) in record.to_conclude]


def states(record: RunRecord) -> dict[State, int]:
    """Return how many deliveries of a run are in which state, from its journals alone."""
    counts = Counter(state_by_key(record).values())
    return {state: counts[state] for state in State if counts[state]}


def state_by_key(record: RunRecord) -> dict[str, State]:
    """Return the state of every delivery of a run, from its journals alone."""
    doubt = in_doubt(record)
    return {one.key: _state_of(record, one, doubt) for one in wanted([record])}


def open_state(key: str, doubt: Collection[str]) -> State:
    """Return the state of what is left to a later push, by the keys of what may be there."""
    return State.UNCERTAIN if key in doubt else State.WAITING


def _state_of(record: RunRecord, delivery: Delivery, doubt: Collection[str]) -> State:
    receipt, failure = record.receipts.get(delivery.key), record.failures.get(delivery.key)
    if receipt is not None:
        return State.FOUND if receipt.how == "found" else State.DELIVERED
    if failure is not None and failure.state is not State.WAITING:
        return failure.state
    return open_state(delivery.key, doubt)


def pushable(record: RunRecord) -> list[Delivery]:
    """Return the deliveries of a run that wait or are uncertain and need nobody but a push."""
    later, failures = (State.WAITING, State.UNCERTAIN), record.failures
    doubt = in_doubt(record)
    every = [one for one in wanted([record]) if _state_of(record, one, doubt) in later]
    return [one for one in every if one.key not in failures or not failures[one.key].stuck]


def stuck_ones(record: RunRecord) -> int:
    """Return how many deliveries that wait or are uncertain no push by itself can deliver."""
    failures = (
        record.failures.get(delivery.key)
        for delivery in wanted([record])
        if delivery.key not in record.receipts
    )
    later = (State.WAITING, State.UNCERTAIN)
    return sum(f is not None and f.stuck and f.state in later for f in failures)


def open_failures(record: RunRecord) -> list[Failure]:
    """Return why deliveries of a run are open, those to targets that a piece no longer has left out."""
    found = (record.failures.get(delivery.key) for delivery in wanted([record]))
    return [failure for failure in found if failure is not None]


def damage(record: RunRecord, receipts: Collection[str]) -> list[Problem]:
    """Return what is damaged in a run, by the keys of what has a receipt now.

    What is gone does not come back: where all that is recorded is there, only a person can end the run.
    """
    if not record.lost or any(one.key not in receipts for one in wanted([record])):
        return record.problems
    hint = (
        f"everything that is recorded is there; remove {record.folder} by hand once you have seen "
        "why the file is gone"
    )
    found = record.problems
    return [replace(one, next_step=hint) if one.subject in record.lost else one for one in found]


def missing(records: Iterable[RunRecord]) -> list[Item]:
    """Return the items that should have evidence, by their targets or what is required, and lack it."""
    return [item for record in records for item in lacking(record)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """What evidence an item lacks: required `kinds`, `destinations` that got nothing, maybe any at all."""

    kinds: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    nothing: bool = False

    def __str__(self) -> str:
        """Tell it in words."""
        if self.nothing:
            names = f" for {', '.join(self.destinations)}" if self.destinations else ""
            return f"attached nothing{names}"
        kinds = [f"has no {', '.join(self.kinds)}"] if self.kinds else []
        bare = (
            [f"has nothing that {', '.join(self.destinations)} takes"] if self.destinations else []
        )
        return " and ".join(kinds + bare)


def lacking(record: RunRecord) -> dict[Item, Lack]:
    """Return the items of a run that lack evidence, each with what it lacks.

    Nothing is expected of a skipped item, nor where `when` or the filter of every destination wants
    nothing of an item that ended like this.
    """
    kinds: dict[str, set[str]] = {}
    for piece in record.pieces:
        if piece.id not in record.unwanted:
            kinds.setdefault(piece.item_id, set()).add(piece.kind)
    items = [item for item in last_reruns(record.items.values()) if item.mapped and not item.is_run]
    lacks = ((item, _lack(item, kinds.get(item.id, set()))) for item in items)
    return {item: lack for item, lack in lacks if lack.kinds or lack.destinations}


def _lack(item: Item, kinds: Collection[str]) -> Lack:
    """Return what evidence an item lacks that has pieces of these kinds."""
    if item.outcome is Outcome.SKIPPED or not item.keeps(failed=item.outcome.failed):
        return Lack()
    names = dict.fromkeys(target.destination for target in item.targets if target.origin)
    asked = [name for name in names if item.takes(name)]
    return Lack(
        kinds=tuple(kind for kind in item.require if kind not in kinds),
        destinations=tuple(n for n in asked if not any(item.takes(n, kind) for kind in kinds)),
        nothing=not kinds,
    )


def last_reruns(items: Collection[Item]) -> list[Item]:
    """Return the items without those that a later rerun of the same test replaced."""
    last: dict[tuple[str, str], int] = {}
    for item in items:
        place = (item.worker, item.nodeid)
        last[place] = max(last.get(place, item.rerun), item.rerun)
    return [item for item in items if item.rerun == last[item.worker, item.nodeid]]


def in_doubt(record: RunRecord) -> dict[str, str]:
    """Return the keys of what was sent without a known result, with the moment of the last send.

    Where lines of the delivery journals are damaged that may be anything without a receipt.
    """
    found = dict(record.uncertain)
    if record.doubtful:
        for delivery in wanted([record]):
            if delivery.key not in record.receipts:
                found.setdefault(delivery.key, LONG_AGO)
    return found
