"""The rows of a map as data, made from named texts, whatever file these came from. Pure."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from ..model import Problem
from . import cells


TEST, WHEN, REQUIRE = "test", "when", "require"
RUN = "<run>"
DROP = cells.DROP
OUTCOMES = ("always", "failed", "passed")
# What an exported sheet has beside, so that it can be a map again.
EXPORTED = ("status", "detail", "row", "run")
Value = str | Sequence[str]
"""The text of a cell, or the targets of one that the file lists one by one."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a row says for one destination: targets, or that what was inherited is dropped."""

    texts: tuple[str, ...] = ()
    drops: bool = False


DROPPED = Cell(drops=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRow:
    """One row of a map, in the file `source` from `line` on.

    `test` is a pattern of node ids, an alias or `<run>`. `cells` are by destination, empty ones left out;
    `whens` and `kinds` say what a destination takes of the tests, `require` which kinds of evidence they
    have to have. `raw` are the texts of all columns, as they were written.
    """

    source: Path
    line: int
    test: str
    cells: Mapping[str, Cell] = field(default_factory=dict)
    when: str | None = None
    require: tuple[str, ...] = ()
    whens: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    raw: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing of its tests: neither targets nor what is kept or has to be there."""
        return not (self.cells or self.require or self.when or self.whens or self.kinds)

    @property
    def place(self) -> str:
        """Where the row is, for a person and an editor."""
        return f"{self.source}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFile:
    """One map file: its rows, and everything that is wrong with it, each with its line.

    `columns` are the names in their order, with the line where each is first seen; `delimiter` is that of
    a CSV.
    """

    source: Path
    columns: Mapping[str, int] = field(default_factory=dict)
    rows: tuple[MapRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    delimiter: str = ","


def is_pattern(test: str) -> bool:
    """Tell whether a `test` cell is a pattern of node ids, and no alias."""
    return "::" in test or "/" in test or "*" in test or test.endswith(".py")


def no_test(test: str) -> tuple[str, str]:
    """Return what is wrong with a `test` cell that holds for no test, and what to do."""
    if is_pattern(test):
        return "matches no test", "correct it, or take the row out"
    hint = f"correct it, write {test}/ for a folder, or take the row out"
    return "is an alias that no marker names", hint


def is_comment(column: str) -> bool:
    """Tell whether a column is its owner's alone."""
    return column.startswith("#")


def is_read(column: str) -> bool:
    """Tell whether a column says anything but to people."""
    return column not in EXPORTED and not is_comment(column)


def destination_of(column: str) -> str:
    """Return the destination that a column is about."""
    end = "_when" if column.endswith("_when") else "_kinds"
    return column.removesuffix(end)


def destinations_in(columns: Sequence[str]) -> dict[str, str]:
    """Return the destinations that columns are about, by the name of the column."""
    found = {}
    for column in columns:
        if column not in (TEST, WHEN, REQUIRE) and is_read(column):
            found[column] = destination_of(column)
    return found


def problem(source: Path, line: int, seen: str, next_step: str, *, warns: bool = False) -> Problem:
    """Return a problem with a line of a map file (0: with the file)."""
    return Problem(
        subject=f"{source}:{line}" if line else str(source),
        seen=seen,
        next_step=next_step,
        severity="warning" if warns else "error",
    )


class Maker:
    """Makes rows of one file, and collects what is wrong with them."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.rows: list[MapRow] = []
        self.problems: list[Problem] = []

    def complain(self, line: int, seen: str, next_step: str, *, warns: bool = False) -> None:
        """Note a problem with a line."""
        self.problems.append(problem(self.source, line, seen, next_step, warns=warns))

    def add(self, line: int, values: Mapping[str, Value]) -> None:
        """Make a row of the values of its columns; one without any, or whose test begins with #, is none."""
        given = values.get(TEST, "")
        test = given.strip() if isinstance(given, str) else ""
        said = [name for name, value in values.items() if name != TEST and value]
        if test.startswith("#") and not cells.SPREADSHEET_ERROR.fullmatch(test):
            return
        if not test:
            if any(not is_comment(name) for name in said):
                hint = "write a node id, a pattern, an alias from the marker, or <run>"
                self.complain(line, "has no test", hint)
            return
        complain = self._complaining(line)
        wrong = cells.test(test)
        if test.startswith("<") and test != RUN:
            wrong = f"the test {test:.80} is unknown", f"the run's own evidence is {RUN}"
        if wrong:
            complain("", wrong)
            return
        self.rows.append(self._row(line, test, {name: values[name] for name in said}, complain))

    def _complaining(self, line: int) -> Callable[[str, tuple[str, str]], None]:
        def complain(column: str, wrong: tuple[str, str], *, warns: bool = False) -> None:
            seen, next_step = wrong
            self.complain(line, f"{column}: {seen}" if column else seen, next_step, warns=warns)

        return complain

    def _row(
        self,
        line: int,
        test: str,
        values: Mapping[str, Value],
        complain: Callable[..., None],
    ) -> MapRow:
        found: dict[str, Cell] = {}
        whens: dict[str, str] = {}
        kinds: dict[str, tuple[str, ...]] = {}
        for column, value in values.items():
            if not is_read(column):
                continue
            if column == WHEN or column.endswith("_when"):
                if when := self._when(column, value, complain):
                    whens[destination_of(column)] = when
            elif column == REQUIRE or column.endswith("_kinds"):
                text = value if isinstance(value, str) else ",".join(value)
                listed, wrong = cells.kinds(text)
                kinds[destination_of(column)] = tuple(listed)
                if wrong:
                    complain(column, wrong)
            elif cell := self._cell(column, value, complain):
                found[column] = cell
        require = kinds.pop(REQUIRE, ())
        if require and test == RUN:
            complain(REQUIRE, ("cannot stand beside <run>", "name its files in evidence_reports"))
        return MapRow(
            source=self.source,
            line=line,
            test=test,
            cells=found,
            when=whens.pop(WHEN, None),
            require=require,
            whens=whens,
            kinds={name: listed for name, listed in kinds.items() if listed},
            raw={n: v if isinstance(v, str) else cells.joined(v) for n, v in values.items()},
        )

    def _when(self, column: str, value: Value, complain: Callable[..., None]) -> str | None:
        if value in OUTCOMES:
            return str(value)
        shown = value if isinstance(value, str) else list(value)
        complain(column, (f"{shown!r:.80} is unknown", f"choose one of {', '.join(OUTCOMES)}"))
        return None

    def _cell(self, column: str, value: Value, complain: Callable[..., None]) -> Cell | None:
        """Return what a cell says, without the targets that are wrong; None where it says nothing."""
        if value == DROP:
            return DROPPED
        texts = []
        for text in cells.split(value) if isinstance(value, str) else map(str.strip, value):
            wrong = cells.wrong(text)
            if wrong is None and isinstance(value, str):
                wrong = cells.several(text)
            if text == DROP:
                wrong = (
                    f"{DROP} stands beside targets",
                    "leave it alone in its cell, or take it out",
                )
            if wrong:
                complain(column, wrong)
                continue
            if doubt := cells.doubtful(text):
                complain(column, doubt, warns=True)
            texts.append(text)
        return Cell(tuple(texts)) if texts else None
