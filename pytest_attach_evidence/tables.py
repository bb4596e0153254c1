"""Rows as a file: CSV for programs, HTML for people; data frames are known by their type, never imported."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .objects import is_of


Cells = Sequence[Any]

PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 14px/1.4 sans-serif; margin: 1em }}
table {{ border-collapse: collapse }}
th, td {{ border: 1px solid #bbb; padding: .2em .6em; text-align: left; white-space: pre-wrap }}
th {{ background: #eee; position: sticky; top: 0 }}
tr:nth-child(even) td {{ background: #f7f7f7 }}
td.number {{ text-align: right }}
</style></head><body>
<p>{caption}</p>
<table>
{head}<tbody>
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with their header; None where the rows have no names."""

    header: Cells | None
    rows: Sequence[Cells]


def table_of(source: Any) -> Table:
    """Return what can be read as rows: a pandas or polars frame, dictionaries, or sequences.

    The keys of all dictionaries together are the header, in the order in which they appear. Raises
    whatever the user's objects raise, and TypeError for anything else.
    """
    frame = _of_frame(source)
    if frame is not None:
        return frame
    rows = list(source)
    if rows and isinstance(rows[0], Mapping):
        header = list(dict.fromkeys(name for row in rows for name in row))
        return Table(header, [[row.get(name) for name in header] for row in rows])
    if any(isinstance(row, str | bytes) for row in rows):
        msg = "a row is text - give each row as a dictionary or a list of cells"
        raise TypeError(msg)
    return Table(None, [list(row) for row in rows])


def csv_bytes(table: Table) -> bytes:
    """Return a table as CSV (RFC 4180), in UTF-8."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    if table.header is not None:
        writer.writerow(table.header)
    writer.writerows(table.rows)
    return stream.getvalue().encode("utf-8", "backslashreplace")


def html_bytes(table: Table, title: str) -> bytes:
    """Return a table as a page that needs nothing else, in UTF-8; every cell is shown as text."""
    names = "" if table.header is None else "".join(f"<th>{_shown(c)}</th>" for c in table.header)
    head = f"<thead><tr>{names}</tr></thead>\n" if names else ""
    number = len(table.rows)
    caption = f"{html.escape(title)}: {number} row{'' if number == 1 else 's'}"
    page = [PAGE.format(title=html.escape(title), caption=caption, head=head)]
    page += (f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in table.rows)
    return "".join([*page, "</tbody></table></body></html>\n"]).encode("utf-8", "backslashreplace")


def _cell(value: Any) -> str:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return f"<td class=number>{_shown(value)}</td>" if numeric else f"<td>{_shown(value)}</td>"


def _shown(value: Any) -> str:
    return "" if value is None else html.escape(str(value))


def _of_frame(source: Any) -> Table | None:
    """Return the table of a pandas or polars frame or series, None for anything else."""
    if is_of(source, "pandas", "Series") or is_of(source, "polars", "Series"):
        source = source.to_frame()
    if is_of(source, "pandas", "DataFrame"):
        return _of_pandas(source)
    if is_of(source, "polars", "DataFrame"):
        return Table(list(source.columns), list(source.iter_rows()))
    return None


def _of_pandas(frame: Any) -> Table:
    """Return a frame's columns; its index before them unless it only counts; nothing for what is missing."""
    header = [_flat(name) for name in frame.columns]
    known = frame.astype(object).where(frame.notna(), None)
    if is_of(frame.index, "pandas", "RangeIndex"):
        return Table(header, list(known.itertuples(index=False, name=None)))
    names = [_index_name(name, number) for number, name in enumerate(frame.index.names)]
    rows = known.itertuples(index=True, name=None)
    return Table([*names, *header], list(_with_index(rows, len(names))))


def _index_name(name: Any, number: int) -> str:
    return str(name) if name is not None else f"index {number}" if number else "index"


def _with_index(rows: Iterable[tuple[Any, ...]], levels: int) -> Iterator[Cells]:
    for index, *cells in rows:
        yield [*(index if levels > 1 else [index]), *cells]


def _flat(name: Any) -> str:
    """Return a column's name; those of several levels are joined."""
    return " / ".join(map(str, name)) if isinstance(name, tuple) else str(name)
