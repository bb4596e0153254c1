"""The rows of all map files, asked for one item after the other. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from ..errors import TargetError
from ..mapfile import RUN
from ..mapfile import Index
from ..mapfile import MapFile
from ..mapfile import MapRow
from ..mapfile import Pattern
from ..mapfile import is_pattern
from ..mapfile.placeholders import PlaceholderError
from ..mapfile.rows import WHEN
from ..mapfile.rows import problem
from ..model import Problem
from ..model import Target
from ..targets import Levels
from ..targets import Mark
from ..targets import Parse
from ..targets import alias_of
from ..targets import no_alias
from .held import Held
from .lint import Ready
from .lint import checked
from .lint import differences
from .unclear import Said
from .unclear import said
from .unclear import unclear


MOST_NAMED = 10


class Rules:
    """The rows of all map files, ready to be asked.

    `problems` are what is wrong with the files by themselves, wrong cells left out of the rows. Which
    rows held for any item is remembered.
    """

    def __init__(
        self,
        files: Sequence[MapFile] = (),
        *,
        known: Collection[str] = (),
        parsers: Mapping[str, Parse] | None = None,
        environment: Mapping[str, str] | None = None,
        is_secret: Callable[[str], bool] = lambda text: False,
    ) -> None:
        self.files = tuple(files)
        self._parsers = parsers or {}
        ready, self.problems = checked(
            files, known, self._parsers, environment=environment or {}, is_secret=is_secret
        )
        self._ready = ready
        self._by_test: dict[str, list[Ready]] = {}
        for one in ready:
            self._by_test.setdefault(one.row.test, []).append(one)
        patterns = [test for test in self._by_test if is_pattern(test)]
        self._index = Index(Pattern.of(test) for test in patterns)
        self._aliases = self._by_test.keys() - {*patterns, RUN}
        self._held: set[str] = set()
        self._strangers: dict[str, dict[str, None]] = {}
        self._unclear: set[tuple[Pattern, Pattern]] = set()
        self._said: dict[Pattern, Said] = {}
        self._written: set[Pattern] = set()

    @property
    def errors(self) -> list[Problem]:
        """The problems with which no test is run."""
        return [one for one in self.problems if one.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        """The problems of which a person should know."""
        return [one for one in self.problems if one.severity == "warning"]

    @property
    def rows(self) -> list[MapRow]:
        """All rows, in the order of the files."""
        return [row for file in self.files for row in file.rows]

    def targets(self) -> list[tuple[MapRow, dict[str, frozenset[Target] | None]]]:
        """Return every row with its targets in the enabled destinations; None: they depend on the test."""
        return [
            (one.row, {n: self._targets(one, n) for n in self._named(one)}) for one in self._ready
        ]

    def _named(self, one: Ready) -> list[str]:
        said = {
            name for name, texts in one.mark.kwargs.items() if isinstance(texts, list) and texts
        }
        return sorted((said | one.open.keys()) & self._parsers.keys())

    def _targets(self, one: Ready, name: str) -> frozenset[Target] | None:
        if name in one.open:
            return None
        return frozenset(map(self._parsers[name], one.mark.kwargs[name]))

    def unheld(self) -> list[MapRow]:
        """Return the rows that held for no item that was asked for."""
        return [row for row in self.rows if row.test != RUN and row.test not in self._held]

    def of(
        self, levels: Levels, names: Sequence[str] = (), parameters: Mapping[str, Any] | None = None
    ) -> Held:
        """Return what holds for an item with these marks, node ids (of any one) and parameters."""
        held = Held(names=names)
        for level in filter(None, levels):
            self._near(held, level, parameters or {})
        if self._by_test:
            held.covering = self._index.matching(*names)
            for pattern in held.covering.own:
                self._note_written(pattern)
            for pattern in held.covering.patterns:
                self._far(held, self._by_test[pattern.text], parameters or {})
        return held

    def of_the_run(self, levels: Levels) -> Held:
        """Return what holds for the run itself."""
        held = self.of(levels)
        self._far(held, self._by_test.get(RUN, ()), {})
        return held

    def strangers(self) -> list[str]:
        """Return a line about each alias that markers of items name and no row has."""
        return [_unknown(a, list(tests), self._aliases) for a, tests in self._strangers.items()]

    def unclear(self, held: Held) -> list[str]:
        """Return of which rows that hold for an item nobody can tell which is more specific, once each."""
        lines = []
        for near, far, columns in unclear(held, self._said_by):
            if (near, far) not in self._unclear:
                self._unclear.add((near, far))
                both = (self._saying(pattern, columns) for pattern in (near, far))
                one, other = sorted(both, key=lambda row: (str(row.source), row.line))
                lines.append(
                    f"{one.place} and {other.place} both tell {', '.join(columns)} of it and none is "
                    "more specific - name the test itself in one of them"
                )
        return lines

    def _said_by(self, pattern: Pattern) -> Said:
        if pattern not in self._said:
            self._said[pattern] = said([one.row for one in self._by_test[pattern.text]])
        return self._said[pattern]

    def _saying(self, pattern: Pattern, columns: Sequence[str]) -> MapRow:
        """Return the first row of a pattern that says anything in columns."""
        rows = [one.row for one in self._by_test[pattern.text]]
        return next(row for row in rows if said([row]).keys() & set(columns))

    def _note_written(self, pattern: Pattern) -> None:
        """Warn of a row that is written like a test, and stands for others by its stars."""
        if pattern.is_starred and pattern not in self._written:
            self._written.add(pattern)
            row = self._by_test[pattern.text][0].row
            seen = f"{row.test} is a test, and by its stars a pattern of others"
            self.problems.append(
                problem(row.source, row.line, seen, "write [*] for a star itself", warns=True)
            )

    def _near(self, held: Held, level: Sequence[Mark], parameters: Mapping[str, Any]) -> None:
        """Take a level of marks, its aliases replaced where there is a map."""
        marks: list[Mark] = []
        rows: list[MapRow] = []
        for mark in level:
            if not mark.args or not self.files:
                marks.append(mark)
                continue
            marks.append(Mark((), mark.kwargs))
            for value in mark.args:
                alias = alias_of(value)
                if alias is None:
                    held.problems.append(no_alias(value))
                    continue
                if alias not in self._aliases:
                    self._strangers.setdefault(alias, {})[held.names[0] if held.names else ""] = (
                        None
                    )
                    continue
                own = self._by_test[alias]
                marks += self._marks(held, own, parameters, quiet="when" in mark.kwargs)
                rows += [one.row for one in own]
                self._held.add(alias)
        held.levels.append(marks)
        held.rows.append(rows)
        # What rows of one alias say is told of the file, and of when= the marks are asked.
        held.problems += (
            f"{one.row.place}: {one.seen}, both aliases at the same place - keep one of them"
            for one in differences(rows)
            if one.row.test != one.other.test and one.column != WHEN
        )

    def _far(self, held: Held, own: Sequence[Ready], parameters: Mapping[str, Any]) -> None:
        """Take the rows of one pattern as a level."""
        if own:
            held.levels.append(self._marks(held, own, parameters))
            held.rows.append([one.row for one in own])
            self._held.add(own[0].row.test)

    def _marks(
        self,
        held: Held,
        rows: Sequence[Ready],
        parameters: Mapping[str, Any],
        *,
        quiet: bool = False,
    ) -> list[Mark]:
        """Return rows as marks; `quiet`: the mark beside says for which outcome evidence is kept."""
        marks = []
        for one in rows:
            mark = one.mark
            if one.open:
                filled = {n: self._filled(held, one, n, parameters) for n in one.open}
                mark = Mark((), {**mark.kwargs, **filled})
            if quiet and "when" in mark.kwargs:
                mark = Mark((), {n: v for n, v in mark.kwargs.items() if n != "when"})
            marks.append(mark)
        return marks

    def _filled(
        self, held: Held, one: Ready, name: str, parameters: Mapping[str, Any]
    ) -> list[str]:
        texts = []
        for template in one.open[name]:
            try:
                text = template.fill(parameters)
                if name in self._parsers:
                    self._parsers[name](text)
                texts.append(text)
                held.filled.append((len(held.levels), one.row.test, name, text))
            except (PlaceholderError, TargetError) as error:
                held.problems.append(f"{one.row.place}: {name}: {error}")
        return texts


def _unknown(alias: str, tests: Sequence[str], known: Collection[str]) -> str:
    """Return the message about an alias that no row has."""
    near = difflib.get_close_matches(alias, known, n=1)
    some = ", ".join(sorted(known)[:MOST_NAMED]) + (", …" if len(known) > MOST_NAMED else "")
    hint = f"did you mean {near[0]!r}?" if near else f"known are {some}" if known else "add a row"
    more = f" and {len(tests) - 1} more" if tests[1:] else ""
    return f"{tests[0]}{more}: the map has no alias {alias!r} - {hint}"
