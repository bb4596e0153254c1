"""Reads a map file, CSV or TOML; what is wrong with it is collected, each with its line."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from .rows import TEST
from .rows import Maker
from .rows import MapFile
from .rows import Value
from .rows import is_comment
from .rows import is_read
from .rows import problem


MOST_ROWS = 100_000
MOST_BYTES = 64 * 1024**2
MOST_PROBLEMS = 1000
DELIMITERS = ",;"
# The first line with which Excel is told what separates cells.
SEPARATED_BY = re.compile(r"sep=([,;])\s*")
TABLE = re.compile(
    r"""^[ \t]*\[\[[ \t]*(?:evidence|"evidence"|'evidence')[ \t]*\]\]""", re.MULTILINE
)
AT_LINE = re.compile(r" \(at line ([0-9]+), column [0-9]+\)")
AS_UTF_8 = "save it as CSV UTF-8"


def read(path: Path, root: Path | None = None) -> MapFile:
    """Return the rows of a map file and every problem with it; never raises for what is in it.

    The end of its name says what it is, `.csv` or `.toml`. It is called by its path from `root`, where it
    is below that.
    """
    source = path.relative_to(root) if root is not None and path.is_relative_to(root) else path
    kinds = {".csv": _csv, ".toml": _toml}
    if path.suffix.lower() not in kinds:
        return _none(source, 0, "is neither .csv nor .toml", "export the sheet as CSV UTF-8")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        return _none(source, 0, f"cannot be read ({error.strerror or error})", "mend evidence_map")
    if len(content) > MOST_BYTES:
        return _none(
            source, 0, f"has more than {MOST_BYTES:,} bytes", "use patterns, or several files"
        )
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _none(source, 1, "is UTF-16", AS_UTF_8)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Positions are counted without the mark at the beginning.
        line = content[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        return _none(source, line, f"is not UTF-8 (byte 0x{byte:02x})", AS_UTF_8)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        return _none(source, line, "holds a NUL character, which no text has", "export it again")
    return kinds[path.suffix.lower()](source, text)


def _none(source: Path, line: int, seen: str, next_step: str) -> MapFile:
    return MapFile(source=source, problems=(problem(source, line, seen, next_step),))


def _csv(source: Path, text: str) -> MapFile:
    maker = Maker(source)
    records = _records(maker, text)
    delimiter, line, header = next(records, (",", 1, []))
    columns = _columns(maker, line, header)
    for _, line, found in records if columns else ():
        if len(maker.rows) >= MOST_ROWS:
            _too_many(maker, line)
            break
        if _is_too_wrong(maker, line):
            break
        values: dict[str, Value] = {}
        for number, cell in enumerate(found):
            plain = cell.strip()
            if not plain:
                continue
            if number < len(columns) and columns[number]:
                values[columns[number]] = plain
            else:
                seen = f"has {plain!r:.80} in column {number + 1}, which has no name"
                maker.complain(
                    line, seen, "give the column a name, or quote cells that hold separators"
                )
        maker.add(line, values)
    return MapFile(
        source=source,
        columns=dict.fromkeys(filter(None, columns), 1),
        rows=tuple(maker.rows),
        problems=tuple(maker.problems),
        delimiter=delimiter,
    )


def _too_many(maker: Maker, line: int) -> None:
    hint = "use patterns such as tests/api/**, or several files"
    maker.complain(line, f"is row {MOST_ROWS + 1:,}, a map file may have {MOST_ROWS:,}", hint)


def _is_too_wrong(maker: Maker, line: int) -> bool:
    """Tell whether so much is wrong before a line that it is not read, which is told."""
    if len(maker.problems) <= MOST_PROBLEMS:
        return False
    maker.complain(line, "is as far as this was read: too much is wrong", "mend it first")
    return True


def _records(maker: Maker, text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Yield the delimiter, the line on which a record begins, and its cells; the header first."""
    first = text.partition("\n")[0]
    told = SEPARATED_BY.fullmatch(first)
    skipped = 1 if told else 0
    if told:
        text = text.partition("\n")[2]
        first = text.partition("\n")[0]
    named = [d for d in DELIMITERS if TEST in [_name(cell) for cell in first.split(d)]]
    delimiter = told[1] if told else (named or [","])[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1 + skipped
    try:
        for cells in reader:
            yield delimiter, line, cells
            line = reader.line_num + 1 + skipped
    except csv.Error as error:
        hint = "close its quotation marks; within quoted text each of them is doubled"
        maker.complain(line, f"is no row of a CSV file ({error})", hint)


def _name(cell: str) -> str:
    """Return the name of a column as it is understood."""
    plain = cell.strip().strip('"').strip()
    return plain if is_comment(plain) else plain.lower()


def _columns(maker: Maker, line: int, header: list[str]) -> list[str]:
    """Return the names of the columns; one that is there twice counts once."""
    columns = [_name(cell) for cell in header]
    if TEST not in columns:
        seen = (
            f"names the columns {', '.join(filter(None, columns)) or 'not at all'}, none is {TEST}"
        )
        maker.complain(line, f"{seen:.200}", "begin with a line such as test,squash,workiva")
        return []
    for number, name in enumerate(columns):
        if name and name in columns[:number]:
            maker.complain(line, f"has the column {name} twice", "join their cells with |")
            columns[number] = f"# {name}"
    return columns


def _toml(source: Path, text: str) -> MapFile:
    starts = [match.start() for match in islice(TABLE.finditer(text), MOST_ROWS + 1)]
    lines = list(_lines(text, starts))
    # What is behind the last row that is read is not.
    if starts[MOST_ROWS:]:
        text = text[: starts[MOST_ROWS]]
    try:
        tables = _tables(tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        where = AT_LINE.search(str(error))
        seen = AT_LINE.sub("", str(error))
        return _none(source, int(where[1]) if where else 0, f"is no TOML ({seen})", "mend it there")
    if tables is None or len(tables) != len(lines[:MOST_ROWS]):
        hint = 'begin each row with a line [[evidence]], then test = "…"'
        return _none(source, 1, "holds something else than [[evidence]] tables", hint)
    maker = Maker(source)
    columns: dict[str, int] = {}
    for line, table in zip(lines, tables, strict=False):
        if _is_too_wrong(maker, line):
            break
        for name in table:
            columns.setdefault(name, line)
        maker.add(line, _values(maker, line, table))
    if lines[MOST_ROWS:]:
        _too_many(maker, lines[MOST_ROWS])
    rows, problems = tuple(maker.rows), tuple(maker.problems)
    return MapFile(source=source, columns=columns, rows=rows, problems=problems)


def _lines(text: str, starts: Iterable[int]) -> Iterator[int]:
    """Yield the lines on which parts of a text begin, in their order."""
    line, end = 1, 0
    for start in starts:
        line += text.count("\n", end, start)
        end = start
        yield line


def _tables(document: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the tables of a document that holds nothing else."""
    tables = document.get("evidence", [])
    fine = isinstance(tables, list) and all(isinstance(table, dict) for table in tables)
    return tables if fine and set(document) <= {"evidence"} else None


def _values(maker: Maker, line: int, table: Mapping[str, Any]) -> dict[str, Value]:
    """Return the texts of a table: of whole numbers too, and of lists of both; of what is not read, any."""
    values: dict[str, Value] = {}
    for name, value in table.items():
        if not is_read(name):
            values[name] = value if isinstance(value, str) else json.dumps(value, default=str)
            continue
        listed = value if isinstance(value, list) else [value]
        wrong = [one for one in listed if isinstance(one, bool) or not isinstance(one, str | int)]
        if wrong:
            seen = f"{name}: {wrong[0]!r:.80} is a {type(wrong[0]).__name__}"
            maker.complain(line, seen, "write text, a whole number, or a list of them")
        elif isinstance(value, list):
            values[name] = [str(one) for one in value]
        else:
            values[name] = str(value).strip()
    return values
