"""What marks and map say of one item. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from ..mapfile import Covering
from ..mapfile import MapRow
from ..model import Filter
from ..targets import Mark


@dataclass(slots=True, kw_only=True)
class Held:
    """What marks and map say of an item.

    `levels` are of marks alone, nearest first, aliases replaced by what their rows say, empty ones left
    out; `rows` are the rows that hold for it, in the order of the levels, `covering` what is known of the
    last of them, which cover it; `problems` a line each, without the item's name, which is one of `names`.
    `filled` are texts of rows with placeholders, each behind its level, `test` cell and destination.
    """

    names: Sequence[str] = ()
    levels: list[list[Mark]] = field(default_factory=list)
    rows: list[list[MapRow]] = field(default_factory=list)
    covering: Covering = field(default_factory=Covering)
    problems: list[str] = field(default_factory=list)
    filled: list[tuple[int, str, str, str]] = field(default_factory=list)

    @property
    def flat(self) -> list[MapRow]:
        """All rows."""
        return [row for level in self.rows for row in level]

    @property
    def tests(self) -> tuple[str, ...]:
        """The `test` cells of the rows."""
        return tuple(dict.fromkeys([row.test for row in self.flat]))

    @property
    def require(self) -> tuple[str, ...]:
        """The kinds that the nearest level with any requires."""
        for level in self.rows:
            if any(row.require for row in level):
                return tuple(dict.fromkeys(kind for row in level for kind in row.require))
        return ()

    @property
    def given(self) -> list[tuple[str, str, str]]:
        """What rows with placeholders give, since no nearer level does: `test` cell, destination and text."""
        nearest: dict[str, int] = {}
        for number, level in enumerate(self.levels):
            for mark in level:
                for name in mark.kwargs:
                    nearest.setdefault(name, number)
        return [(test, n, text) for level, test, n, text in self.filled if nearest[n] == level]

    def filters(self, configured: Sequence[Filter]) -> tuple[Filter, ...]:
        """Return what each destination takes: as the nearest row says, else as is configured."""
        if not any(row.whens or row.kinds for row in self.flat):
            return tuple(configured)
        found = {one.destination: (one.when, one.kinds) for one in configured}
        for level in reversed(self.rows):
            for row in level:
                for name, when in row.whens.items():
                    found[name] = (when, found.get(name, ("", ()))[1])
            kinds: dict[str, dict[str, None]] = {}
            for row in level:
                for name, listed in row.kinds.items():
                    kinds.setdefault(name, {}).update(dict.fromkeys(listed))
            for name, several in kinds.items():
                found[name] = (found.get(name, ("always", ()))[0], tuple(several))
        return tuple(
            Filter(destination=name, when=when, kinds=listed)
            for name, (when, listed) in sorted(found.items())
        )
