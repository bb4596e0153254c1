"""What became of each row of the map in some runs, and which tests no row expects. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from .deliveries import Lack
from .deliveries import lacking
from .deliveries import last_reruns
from .mapfile import Index
from .mapfile import MapRow
from .mapfile import Pattern
from .mapfile import exact
from .mapfile import is_pattern
from .model import Delivery
from .model import Item
from .model import Outcome
from .model import State
from .model import Target
from .run_record import RunRecord


MISSING = "missing"
DELIVERED = "delivered"
SKIPPED = "skipped"
NOT_USED = "not used"
NOTHING = "nothing to deliver"
NOT_RUN = "not run"
NOT_MAPPED = "not mapped"
# What is to be done about a row, the most urgent first.
ORDER = (
    State.REJECTED.value,
    State.DAMAGED.value,
    MISSING,
    State.UNCERTAIN.value,
    State.WAITING.value,
    DELIVERED,
    SKIPPED,
    NOT_USED,
    NOTHING,
    NOT_MAPPED,
    NOT_RUN,
)

Targets = Mapping[str, frozenset[Target] | None]
"""The targets of a row by destination, of the enabled ones; None: those that it gave to each test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowState:
    """What became of one row: one word, how many tests it held for, and its deliveries by destination.

    `status` is one of `ORDER`; `lacks` are its tests that lack evidence for it, with what they lack,
    `disabled` the destinations it names that are not enabled.
    """

    row: MapRow
    status: str
    tests: int = 0
    deliveries: Mapping[str, Mapping[State, int]] = field(default_factory=dict)
    lacks: tuple[tuple[str, str], ...] = ()
    disabled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How map and runs differ. `bare` are tests without a row of their own that ran and that nobody mapped.

    `ended` tells whether all sessions ended: the bare tests of one that did not are not known.
    """

    rows: tuple[RowState, ...]
    bare: tuple[str, ...] = ()
    ended: bool = True

    def counts(self) -> dict[str, int]:
        """Return how many rows have which status, the most urgent first."""
        found = Counter(one.status for one in self.rows)
        return {status: found[status] for status in ORDER if found[status]}


def drift(
    rows: Iterable[tuple[MapRow, Targets]],
    records: Sequence[RunRecord],
    deliveries: Iterable[Delivery],
    state_of: Callable[[str], State],
    *,
    mask: Callable[[str], str] = str,
) -> Drift:
    """Return what became of rows in some runs, whose deliveries are in the states that are told by key.

    A row holds for the items that were recorded with it. One that no item has holds for those that its
    pattern covers: the map may have changed since, and their targets with it.
    """
    listed = list(rows)
    held = _Held(records, deliveries)
    held.complete([row.test for row, _ in listed], mask)
    own = {mask(row.test) for row, _ in listed}
    return Drift(
        rows=tuple(held.state(row, targets, state_of, mask) for row, targets in listed),
        bare=tuple(sorted(name for name in held.bare if not own & {name, exact(name)})),
        ended=all(record.finished and record.outcomes for record in records),
    )


class _Held:
    """The items of some runs by the rows that hold for them."""

    def __init__(self, records: Sequence[RunRecord], deliveries: Iterable[Delivery]) -> None:
        self._items: dict[str, list[Item]] = {}
        self._lacks: dict[str, Lack] = {}
        self._last: set[str] = set()
        self._every: list[Item] = []
        self.bare = {name for record in records for name in record.bare}
        for record in records:
            self._every += [*record.items.values(), *record.unmapped]
            last = [*last_reruns(record.items.values()), *record.unmapped]
            self._last.update(item.id for item in last)
            self._lacks.update((item.id, lack) for item, lack in lacking(record).items())
        for item in self._every:
            for test in item.rows:
                self._items.setdefault(test, []).append(item)
        self._deliveries: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            self._deliveries.setdefault(delivery.item.id, []).append(delivery)

    def complete(self, tests: Iterable[str], mask: Callable[[str], str]) -> None:
        """Add the items of patterns that nothing was recorded with."""
        unknown = dict.fromkeys(t for t in tests if is_pattern(t) and mask(t) not in self._items)
        if not unknown:
            return
        index = Index(map(Pattern.of, unknown))
        for item in self._every:
            for pattern in index.matching(item.nodeid).patterns if item.nodeid else ():
                self._items.setdefault(mask(pattern.text), []).append(item)

    def state(
        self,
        row: MapRow,
        targets: Targets,
        state_of: Callable[[str], State],
        mask: Callable[[str], str],
    ) -> RowState:
        """Return what became of a row."""
        items = self._items.get(mask(row.test), [])
        counts: dict[str, Counter[State]] = {}
        for item in items:
            for delivery in self._deliveries.get(item.id, ()):
                if _has(row, targets, item, delivery.target, mask):
                    name = delivery.target.destination
                    counts.setdefault(name, Counter())[state_of(delivery.key)] += 1
        last = [item for item in items if item.id in self._last]
        lacks = {
            item.title: str(self._lacks[item.id])
            for item in last
            if self._is_short(row, targets, item, mask)
        }
        used = any(_has(row, targets, i, target, mask) for i in last for target in i.targets)
        used = used or not targets or bool(row.require)
        status = _status(last, counts, lacks, used=used)
        if status == NOTHING and row.is_blank and self.bare.issuperset(i.nodeid for i in last):
            status = NOT_MAPPED
        return RowState(
            row=row,
            status=status,
            tests=len({item.nodeid for item in items}),
            deliveries={name: dict(sorted(of.items())) for name, of in sorted(counts.items())},
            lacks=tuple(sorted(lacks.items())),
            disabled=tuple(sorted(n for n, c in row.cells.items() if c.texts and n not in targets)),
        )

    def _is_short(
        self, row: MapRow, targets: Targets, item: Item, mask: Callable[[str], str]
    ) -> bool:
        """Tell whether an item lacks what this row expects of it."""
        lack = self._lacks.get(item.id)
        if lack is None:
            return False
        named = {t.destination for t in item.targets if _has(row, targets, item, t, mask)}
        return bool(set(row.require) & set(lack.kinds) or named & set(lack.destinations))


def _has(
    row: MapRow, targets: Targets, item: Item, target: Target, mask: Callable[[str], str]
) -> bool:
    """Tell whether a target of an item is one of a row's."""
    name = target.destination
    if name not in targets:
        return False
    own = targets[name]
    if own is not None:
        return target in own
    test = mask(row.test)
    given = {f.target for f in item.filled if f.row == test and f.target.destination == name}
    # What was moved by `push --remap` has other targets than were recorded.
    return target in given or bool(given and given.isdisjoint(item.targets))


def _status(
    last: Sequence[Item],
    counts: Mapping[str, Mapping[State, int]],
    lacks: Mapping[str, str],
    *,
    used: bool,
) -> str:
    if not last:
        return NOT_RUN
    found = {state.value for of in counts.values() for state in of}
    found |= {MISSING} if lacks else set()
    found |= {DELIVERED} if State.FOUND.value in found else set()
    if urgent := [status for status in ORDER if status in found]:
        return urgent[0]
    if all(item.outcome is Outcome.SKIPPED for item in last):
        return SKIPPED
    return NOTHING if used else NOT_USED
