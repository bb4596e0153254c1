"""New targets for what is not delivered yet, after marks were changed. Pure."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from .deliveries import deliveries_of
from .deliveries import in_doubt
from .model import Delivery
from .model import Evidence
from .model import Item
from .model import Target
from .run_record import Move
from .run_record import RunRecord


MOST_NAMED = 20


@dataclass(slots=True, kw_only=True)
class Remap:
    """What new marks change for a run.

    `added` and `left` count deliveries to new targets and to those that a piece no longer has, `looked`
    those that are looked for at their old target first; `bare` are pieces without any target, `unknown`
    items with something open that are not collected any more and keep their targets.
    """

    moves: list[Move] = field(default_factory=list)
    added: int = 0
    left: int = 0
    looked: int = 0
    bare: list[str] = field(default_factory=list)
    unknown: list[Item] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return what a person should know of it."""
        lines = []
        if self.moves:
            looked = (
                f", {self.looked} to be looked for at the old target first" if self.looked else ""
            )
            lines.append(f"remapped: {self.added} deliveries new, {self.left} given up{looked}")
        else:
            lines.append("remapped: nothing; what is open has the targets that the tests have now")
        if self.unknown:
            names = list(dict.fromkeys(item.nodeid for item in self.unknown))
            count = "1 test is" if len(names) == 1 else f"{len(names)} tests are"
            lines.append(
                f"kept: {count} not collected any more, targets as before (first: {names[0]})"
            )
        lines += [f"no target any more: {title}" for title in self.bare[:MOST_NAMED]]
        if len(self.bare) > MOST_NAMED:
            lines.append(f"and {len(self.bare) - MOST_NAMED} more pieces without any target")
        return lines


def remap(
    record: RunRecord, found: Mapping[str, tuple[Target, ...]], enabled: Collection[str]
) -> Remap:
    """Return what changes for a run whose tests have the targets `found`, by node id.

    A piece with anything open gets its item's new targets. What is settled stays settled. What may have
    arrived at a target that the piece no longer has stays until somebody looked there. Targets of
    destinations that are not `enabled` stay, and so do all of an item that was not found.
    """
    result = Remap()
    doubt = in_doubt(record)
    pieces: dict[str, list[Evidence]] = {}
    for piece in record.pieces:
        if piece.id not in record.unwanted:
            pieces.setdefault(piece.item_id, []).append(piece)
    for item in record.items.values():
        own = {piece: deliveries_of(record, piece) for piece in pieces.get(item.id, ())}
        open_ones = {p: all_ for p, all_ in own.items() if not _is_settled(all_, record)}
        if own and not open_ones:
            continue
        if item.nodeid in found:
            others = [t for t in item.targets if t.destination not in enabled]
            targets = tuple(dict.fromkeys((*found[item.nodeid], *others)))
            _Moving(record, item, targets, doubt, result).move(own, open_ones)
        elif open_ones:
            result.unknown.append(item)
    return result


def _is_settled(deliveries: Sequence[Delivery], record: RunRecord) -> bool:
    return bool(deliveries) and all(one.key in record.receipts for one in deliveries)


@dataclass(frozen=True, slots=True)
class _Moving:
    """One item that gets new targets."""

    record: RunRecord
    item: Item
    targets: tuple[Target, ...]
    doubt: Collection[str]
    result: Remap

    def move(
        self,
        pieces: Mapping[Evidence, Sequence[Delivery]],
        open_ones: Collection[Evidence],
    ) -> None:
        """Add the item's move to the result, if it changes anything."""
        own: dict[str, tuple[Target, ...]] = {}
        withdrawn: dict[str, frozenset[str]] = {}
        before = {piece.id: self.record.targets_of(piece) for piece in pieces}
        for piece, deliveries in pieces.items():
            if piece in open_ones:
                kept = [d for d in deliveries if self._stays(d)]
                wanted = (t for t in self.targets if self.item.takes(t.destination, piece.kind))
                own[piece.id] = tuple(dict.fromkeys((*wanted, *(d.target for d in kept))))
                doubtful = (d.key for d in kept if d.key not in self.record.receipts)
                withdrawn[piece.id] = frozenset(doubtful)
                self._count(piece, deliveries, own[piece.id])
            else:
                own[piece.id] = tuple(d.target for d in deliveries)
        known = {id: self.record.withdrawn.get(id, frozenset()) for id in withdrawn}
        if self.targets != self.item.targets or own != before or withdrawn != known:
            self.result.looked += sum(map(len, withdrawn.values()))
            move = Move(item=self.item, targets=self.targets, pieces=own, withdrawn=withdrawn)
            self.result.moves.append(move)

    def _stays(self, delivery: Delivery) -> bool:
        """Tell whether a delivery to a target that the item no longer has is kept nevertheless."""
        known = delivery.key in self.record.receipts or delivery.key in self.doubt
        return delivery.target not in self.targets and known

    def _count(
        self, piece: Evidence, deliveries: Sequence[Delivery], targets: Sequence[Target]
    ) -> None:
        before = {delivery.target for delivery in deliveries}
        self.result.added += len(set(targets) - before)
        self.result.left += len(before - set(targets))
        if not targets:
            self.result.bare.append(f"{piece.name} of {self.item.title}")
