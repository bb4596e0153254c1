"""Rows of one test of which neither is more specific, though they tell something different of it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from ..mapfile import Covering
from ..mapfile import MapRow
from ..mapfile import Pattern
from ..mapfile.rows import DROP
from ..mapfile.rows import REQUIRE
from ..mapfile.rows import WHEN
from .held import Held


Said = Mapping[str, AbstractSet[str]]
"""What rows say, by column."""


def said(rows: Sequence[MapRow]) -> Said:
    """Return what the rows of one place say together."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for name, cell in row.cells.items():
            found.setdefault(name, set()).update(cell.texts or [DROP])
        for name, when in row.whens.items():
            found.setdefault(f"{name}_when", set()).add(when)
        for name, kinds in row.kinds.items():
            found.setdefault(f"{name}_kinds", set()).update(kinds)
        if row.when is not None:
            found.setdefault(WHEN, set()).add(row.when)
        if row.require:
            found.setdefault(REQUIRE, set()).update(row.require)
    return found


def unclear(
    held: Held, said_by: Callable[[Pattern], Said]
) -> Iterator[tuple[Pattern, Pattern, list[str]]]:
    """Yield two patterns of an item of which none is more specific, and the columns that both decide.

    Only what holds counts: a column that a marker, a nearer row or a row between them tells is clear.
    """
    if not held.covering.rivals:
        return
    clear = _told_by_marks(held)
    found: dict[tuple[Pattern, Pattern], list[str]] = {}
    for number, near in enumerate(held.covering.patterns):
        told = said_by(near).keys()
        for column in told - clear if near in held.covering.rivals else ():
            far = _contradicting(held.covering, number, column, said_by)
            if far is not None:
                found.setdefault((near, far), []).append(column)
        clear |= told
    yield from ((near, far, sorted(columns)) for (near, far), columns in found.items())


def _told_by_marks(held: Held) -> set[str]:
    """Return the columns that a nearer level than those of the patterns tells."""
    number = len(held.levels) - len(held.covering.patterns)
    marks = (mark for level in held.levels[:number] for mark in level)
    rows = (row for level in held.rows[:number] for row in level)
    return {name for mark in marks for name in mark.kwargs} | said(list(rows)).keys()


def _contradicting(
    covering: Covering, number: int, column: str, said_by: Callable[[Pattern], Said]
) -> Pattern | None:
    """Return the pattern that tells something else than the one with this number, and may be nearer."""
    near, *others = covering.patterns[number:]
    rivals = covering.rivals[near]
    between: list[Pattern] = []
    for far in others:
        values = said_by(far).get(column)
        if values is None:
            continue
        if (
            far in rivals
            and values != said_by(near)[column]
            and rivals | covering.rivals[far] >= set(between)
        ):
            return far
        between.append(far)
    return None
