"""How a map names one test and no other. Pure."""

from __future__ import annotations

from pathlib import Path

from .patterns import Pattern
from .rows import TEST
from .rows import Maker
from .rows import is_pattern


def exact(nodeid: str) -> str:
    """Return the `test` cell of a test's own row: its node id, each star in it as `[*]`."""
    return nodeid.replace("*", "[*]")


def is_row(cell: str, nodeid: str) -> bool:
    """Tell whether a map with such a `test` cell is read, and names a test and no other by it."""
    maker = Maker(Path())
    maker.add(1, {TEST: cell})
    if [row.test for row in maker.rows] != [cell] or not is_pattern(cell):
        return False
    pattern = Pattern.of(cell)
    return not pattern.is_starred and pattern.matches(nodeid)
