"""What the spool holds of a run, and what changes when its marks do. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from .json_record import Record
from .model import Evidence
from .model import Failure
from .model import Item
from .model import Outcome
from .model import Problem
from .model import Receipt
from .model import Run
from .model import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped(Record):
    """What is known of a test of which no evidence is expected: how it ended, and its rows of the map.

    `bare`: it ran, and neither a mark nor a row says where its evidence goes, or that it goes nowhere.
    """

    outcome: Outcome
    rows: tuple[str, ...] = ()
    bare: bool = False

    @staticmethod
    def _converted(values: dict[str, Any]) -> dict[str, Any]:
        rows = tuple(map(str, values.get("rows", ())))
        return {**values, "outcome": Outcome(values["outcome"]), "rows": rows}


@dataclass(slots=True, kw_only=True)
class RunRecord:
    """What the spool holds of one run: the collected pieces, and how far their delivery came.

    `uncertain` maps a key to the moment of its last send without a known result: of its beginning, or
    of its end where a failure tells that; `notes`,
    `to_conclude` and `concluded` belong to (destination, name). `refused` are pieces that could not be
    taken, `problems` what is damaged, those about `lost` that a journal is gone, `known`
    the pieces as a set. `finished` is false while the session runs and after a crash. `remapped` holds the
    targets of single pieces since the marks changed, `withdrawn` the keys of a piece that are only looked
    for at a target it left, `sought` whether a look for such a key brought nothing yet, `gone` those
    that turned out not to be there. Where there was a map, `unmapped` are the tests that ran and of which
    no evidence is expected, as items without an id; `bare` of them those that are told so.
    """

    run: Run
    folder: str
    items: dict[str, Item] = field(default_factory=dict)
    pieces: list[Evidence] = field(default_factory=list)
    unwanted: set[str] = field(default_factory=set)
    refused: list[Problem] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    unmapped: list[Item] = field(default_factory=list)
    bare: set[str] = field(default_factory=set)
    finished: bool = False
    receipts: dict[str, Receipt] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    uncertain: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    notes: dict[tuple[str, str], str] = field(default_factory=dict)
    to_conclude: set[tuple[str, str]] = field(default_factory=set)
    concluded: set[tuple[str, str]] = field(default_factory=set)
    known: set[Evidence] = field(default_factory=set, repr=False)
    doubtful: bool = False
    other_version: bool = False
    problems: list[Problem] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    remapped: dict[str, tuple[Target, ...]] = field(default_factory=dict)
    withdrawn: dict[str, frozenset[str]] = field(default_factory=dict)
    sought: dict[str, bool] = field(default_factory=dict)
    gone: dict[str, set[str]] = field(default_factory=dict)

    def targets_of(self, piece: Evidence) -> tuple[Target, ...]:
        """Return where a piece goes: its item's targets, or its own since they were changed.

        Those of destinations that do not take it are left out.
        """
        item, own = self.items[piece.item_id], self.remapped.get(piece.id)
        found = item.targets if own is None else own
        if not item.filters:
            return found
        return tuple(target for target in found if item.takes(target.destination, piece.kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The targets an item has from now on.

    `pieces` are the targets of each of its pieces, `withdrawn` the keys of a piece that may have arrived
    at a target which it no longer has: they are looked for there and never sent.
    """

    item: Item
    targets: tuple[Target, ...]
    pieces: Mapping[str, tuple[Target, ...]]
    withdrawn: Mapping[str, frozenset[str]]
