"""How map and runs differ, in words: one line, a table, JSON data, and the map's own sheet with its state."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from ..drift import NOT_MAPPED
from ..drift import NOT_USED
from ..drift import Drift
from ..drift import RowState
from ..mapfile import MapFile
from ..mapfile import exact
from ..mapfile import is_row
from ..mapfile.rows import EXPORTED
from ..mapfile.rows import TEST
from ..model import State


Mask = Callable[[str], str]
COLUMNS = ("row", "test", "status", "detail")
OTHER_TARGETS = "they have other targets: of a nearer marker or row, or the map was changed since"
MOST_LACKS = 3
MOST_BARE = 200
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def line(found: Drift) -> str:
    """Return the whole in one line."""
    total = len(found.rows)
    told = ", ".join(f"{number} {status}" for status, number in found.counts().items())
    bare = f"; {len(found.bare)} tests ran without a row" if found.bare else ""
    bare = bare.replace("1 tests", "1 test") if len(found.bare) == 1 else bare
    return f"mapped: {total} {'row' if total == 1 else 'rows'}: {told or 'none'}{bare}"


def detail(one: RowState) -> str:
    """Return how a row got its status."""
    tests = [f"{one.tests} {'test' if one.tests == 1 else 'tests'}"] if one.tests else []
    counts = [f"{name}: {_counts(of)}" for name, of in one.deliveries.items()]
    lacks = [f"{test} {lack}" for test, lack in one.lacks[:MOST_LACKS]]
    more = [f"{len(one.lacks) - MOST_LACKS} more lack evidence"] if one.lacks[MOST_LACKS:] else []
    other = [OTHER_TARGETS] if one.status == NOT_USED else []
    disabled = [f"{name}: not enabled" for name in one.disabled]
    return "; ".join([*tests, *counts, *disabled, *lacks, *more, *other])


def table(found: Drift) -> list[list[str]]:
    """Return the rows of a table with `COLUMNS`, tests that no row expects last."""
    rows = [[one.row.place, one.row.test, one.status, detail(one)] for one in found.rows]
    rows += [["", name, NOT_MAPPED, ""] for name in found.bare[:MOST_BARE]]
    hidden = len(found.bare) - MOST_BARE
    more = ["", f"and {hidden} more", NOT_MAPPED, "--csv and --json have them all"]
    return [*rows, more] if hidden > 0 else rows


def facts(found: Drift, mask: Mask) -> dict[str, Any]:
    """Return it all as JSON data."""
    return {
        "counts": found.counts(),
        "rows": [
            {
                "source": str(one.row.source),
                "line": one.row.line,
                "test": mask(one.row.test),
                "status": one.status,
                "tests": one.tests,
                "deliveries": {
                    name: {state.value: number for state, number in of.items()}
                    for name, of in one.deliveries.items()
                },
                "missing": [{"nodeid": test, "lacks": lack} for test, lack in one.lacks],
                "not_enabled": list(one.disabled),
            }
            for one in found.rows
        ],
        "not_mapped": list(found.bare),
        "ended": found.ended,
    }


def sheet(files: Sequence[MapFile], found: Drift, runs: Sequence[str], mask: Mask) -> bytes:
    """Return the map as one CSV for spreadsheets, in its own columns, with what became of each row.

    Four columns follow: `status`, `detail`, `row` with file and line, `run`. Tests that no row expects come
    last. It can be used as a map again: what could be no row of such a test is commented out.
    """
    names = dict.fromkeys(name for file in files for name in file.columns if name not in EXPORTED)
    columns = list(dict.fromkeys([TEST, *names] if TEST not in names else names))
    delimiter = next((f.delimiter for f in files if f.source.suffix.lower() == ".csv"), ",")
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow([*columns, *EXPORTED])
    run = " ".join(runs)
    for one in found.rows:
        given = {**one.row.raw, TEST: one.row.test}
        told = (one.status, detail(one), one.row.place, run)
        writer.writerow([*(mask(given.get(c, "")) for c in columns), *map(_plain, map(mask, told))])
    for name in found.bare:
        test = exact(name)
        if not is_row(test, name) or _plain(test) != test:
            test = f"# {name}"
        cells = [test if column == TEST else "" for column in columns]
        writer.writerow([*cells, NOT_MAPPED, "", "", run])
    return text.getvalue().encode("utf-8-sig", "backslashreplace")


def _counts(of: Mapping[State, int]) -> str:
    return ", ".join(f"{number} {state.value}" for state, number in of.items())


def _plain(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
