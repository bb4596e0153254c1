"""What is wrong with map files by themselves, before any test is known; and their rows, made ready. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import NamedTuple

from ..errors import TargetError
from ..mapfile import RUN
from ..mapfile import Cell
from ..mapfile import MapFile
from ..mapfile import MapRow
from ..mapfile import is_pattern
from ..mapfile.placeholders import PlaceholderError
from ..mapfile.placeholders import Template
from ..mapfile.rows import REQUIRE
from ..mapfile.rows import TEST
from ..mapfile.rows import WHEN
from ..mapfile.rows import destinations_in
from ..mapfile.rows import problem
from ..model import Problem
from ..targets import Mark
from ..targets import Parse


# What the plugin itself attaches; a test may name others.
KINDS = ("screenshot", "log", "file", "text", "json", "table", "page", "report")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A row as a mark; `open` are the texts by destination that depend on a test's parameters."""

    row: MapRow
    mark: Mark
    open: Mapping[str, tuple[Template, ...]]


class Difference(NamedTuple):
    """What a row says in a column otherwise than another one."""

    row: MapRow
    other: MapRow
    column: str
    seen: str


def checked(
    files: Sequence[MapFile],
    known: Collection[str],
    parsers: Mapping[str, Parse],
    *,
    environment: Mapping[str, str],
    is_secret: Callable[[str], bool],
) -> tuple[list[Ready], list[Problem]]:
    """Return the rows of all files, without what is wrong in them, and everything that is.

    `known` are all destinations, `parsers` those of the enabled ones.
    """
    problems = [problem for file in files for problem in file.problems]
    for file in files:
        problems += _unknown_columns(file, known)
    rows = [row for file in files for row in file.rows]
    problems += _spelled_otherwise(rows)
    differing = set()
    for one in (one for alike in _alike(rows) for one in differences(alike)):
        seen = f"{one.seen} for the same test"
        problems.append(problem(one.row.source, one.row.line, seen, "keep one of them"))
        differing.add(one.row.place)
    ready = []
    for row in rows:
        check = _Check(
            row=row,
            known=known,
            parsers=parsers,
            environment=environment,
            is_secret=is_secret,
            problems=problems,
        )
        ready.append(check.ready(said_elsewhere=row.place in differing))
    return ready, sorted(problems, key=_place)


def _place(found: Problem) -> tuple[str, int]:
    """Return where a problem is, so that one reads a file from its top."""
    file, _, line = found.subject.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (found.subject, 0)


def _unknown_columns(file: MapFile, known: Collection[str]) -> Iterator[Problem]:
    names = [TEST, WHEN, REQUIRE, *(f"{n}{end}" for n in known for end in ("", "_when", "_kinds"))]
    for column, destination in destinations_in(list(file.columns)).items():
        if destination not in known:
            near = difflib.get_close_matches(column, names, n=1)
            hint = f"write {near[0]}" if near else f"known are {', '.join(sorted(known))}"
            hint += "; a column for people begins with #"
            seen = f"has a column {column}, which is no destination"
            yield problem(file.source, file.columns[column], seen, hint)


def _alike(rows: Sequence[MapRow]) -> list[list[MapRow]]:
    """Return the rows of each test that has several."""
    found: dict[str, list[MapRow]] = {}
    for row in rows:
        found.setdefault(row.test, []).append(row)
    return [alike for alike in found.values() if alike[1:]]


def differences(rows: Sequence[MapRow]) -> Iterator[Difference]:
    """Yield what rows for one place say otherwise than one before them."""
    first: dict[str, tuple[MapRow, str]] = {}
    for row in rows:
        said = {WHEN: row.when, **{f"{name}_{WHEN}": when for name, when in row.whens.items()}}
        said |= {name: "-" if cell.drops else "targets" for name, cell in row.cells.items()}
        for column, value in said.items():
            if value is None:
                continue
            other, before = first.setdefault(column, (row, value))
            if before != value:
                seen = f"{column} is {value}, and {before} in {other.place}"
                yield Difference(row, other, column, seen)


def _spelled_otherwise(rows: Sequence[MapRow]) -> Iterator[Problem]:
    """Yield what is wrong with a folder that is written with a slash behind it and without."""
    first: dict[str, MapRow] = {}
    for row in rows:
        if is_pattern(row.test):
            other = first.setdefault(row.test.rstrip("/"), row)
            if other.test != row.test:
                seen = f"{row.test} is {other.test} of {other.place}"
                yield problem(row.source, row.line, seen, "write both alike")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """Makes one row ready, and notes what is wrong with it."""

    row: MapRow
    known: Collection[str]
    parsers: Mapping[str, Parse]
    environment: Mapping[str, str]
    is_secret: Callable[[str], bool]
    problems: list[Problem]

    def ready(self, *, said_elsewhere: bool) -> Ready:
        """Return the row; what it contradicts elsewhere is left out."""
        said: dict[str, Any] = {}
        open_ones: dict[str, tuple[Template, ...]] = {}
        for name, cell in self.row.cells.items():
            if name not in self.known:
                continue
            templates = self._templates(name, cell)
            if cell.drops:
                said[name] = None
            elif all(template.is_plain for template in templates):
                texts = [template.parts[0] for template in templates]
                said[name] = [text for text in texts if self._is_fine(name, text)]
            else:
                open_ones[name] = templates
        if said_elsewhere:
            said = {name: value for name, value in said.items() if value is not None}
        elif self.row.when is not None:
            said[WHEN] = self.row.when
        for kind in self.row.require:
            near = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.8)
            if near and kind not in KINDS:
                hint = f"did you mean {near[0]}?"
                self._complain(f"{REQUIRE}: no evidence of ours is a {kind}", hint, warns=True)
        return Ready(row=self.row, mark=Mark((), said), open=open_ones)

    def _templates(self, name: str, cell: Cell) -> tuple[Template, ...]:
        found = []
        for text in cell.texts:
            try:
                template = Template.of(text, self.environment)
            except PlaceholderError as error:
                self._complain(f"{name}: {error.seen}", error.next_step)
                continue
            if any(map(self.is_secret, template.parts)):
                hint = "take it out; secrets are environment variables"
                self._complain(f"{name}: holds a secret (not shown)", hint)
            elif self.row.test == RUN and not template.is_plain:
                hint = f"write the target, or ${{VARIABLE}}; {RUN} has no parameters"
                self._complain(f"{name}: {text:.80} has a parameter", hint)
            else:
                found.append(template)
        return tuple(found)

    def _is_fine(self, name: str, text: str) -> bool:
        """Tell whether a destination that is enabled can read a target."""
        try:
            if name in self.parsers:
                self.parsers[name](text)
        except TargetError as error:
            seen, _, hint = str(error).partition(" - ")
            self._complain(f"{name}: {seen}", hint)
            return False
        return True

    def _complain(self, seen: str, next_step: str, *, warns: bool = False) -> None:
        self.problems.append(problem(self.row.source, self.row.line, seen, next_step, warns=warns))
