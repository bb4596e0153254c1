"""Map files: CSV or TOML that a test manager keeps, read into rows that say where evidence goes."""

from __future__ import annotations

from .covering import Covering
from .exact import exact
from .exact import is_row
from .files import read
from .index import Index
from .patterns import Pattern
from .rows import DROPPED
from .rows import RUN
from .rows import Cell
from .rows import MapFile
from .rows import MapRow
from .rows import is_pattern
from .rows import no_test


__all__ = [
    "DROPPED",
    "RUN",
    "Cell",
    "Covering",
    "Index",
    "MapFile",
    "MapRow",
    "Pattern",
    "exact",
    "is_pattern",
    "is_row",
    "no_test",
    "read",
]
