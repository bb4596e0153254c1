"""The rows of the campaign that are tests: which tests show a row, and what became of them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path


TESTS = Path(__file__).parents[1]
Rows = Mapping[str, Sequence[str]]
"""The title of a row, and its tests.

`folder/test_file.py::test_name` or `…::TestClass`; what stands behind `[` begins some of the cases.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How many cases showed a row, how many were skipped here, and which failed.

    `without` are the tests of which no case ran here: skipped all of them, or not there.
    """

    title: str
    cases: int
    skipped: int
    failed: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def as_it_must(self) -> bool:
        """Whether every test of the row has a case that ran, and none has failed."""
        return self.cases > 0 and not self.failed and not self.without

    def line(self) -> str:
        """Return the row as lines for people who wait."""
        verdict = "ok" if self.as_it_must else "NOT OK"
        head = f"{verdict:6} {self.title}: {self.cases} cases, {self.skipped} skipped"
        missing = [f"no case ran: {name}" for name in self.without]
        return "\n    ".join([head, *self.failed, *missing])


@dataclass(frozen=True, slots=True, kw_only=True)
class AllShown:
    """What became of all rows, in one run of pytest.

    `cases` and `skipped` count each case once, in however many rows it is. `beside` are the failed
    cases that no row names, and `trouble` is what pytest said where it did not end as it should.
    """

    rows: tuple[Shown, ...]
    cases: int = 0
    skipped: int = 0
    beside: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def as_it_must(self) -> bool:
        """Whether every row is shown, nothing failed beside them, and pytest ended with 0."""
        return all(row.as_it_must for row in self.rows) and not self.beside and not self.trouble

    def lines(self) -> list[str]:
        """Return all of it as lines for people who wait."""
        beside = [f"NOT OK failed beside the rows: {id}" for id in self.beside]
        trouble = [f"NOT OK {self.trouble}"] if self.trouble else []
        return [*(row.line() for row in self.rows), *beside, *trouble]


def named_but_not_there(rows: Rows) -> list[str]:
    """Return the tests that a table names and that do not exist."""
    names = [name for tests in rows.values() for name in tests]
    parts = [(name, *name.partition("[")[0].partition("::")) for name in names]
    return [name for name, file, _, test in parts if test not in names_in(file)]


def shown(rows: Rows, *, processes: int, tests: Path = TESTS) -> AllShown:
    """Run every test of the rows once, in full, and return what became of each row."""
    files = sorted({name.partition("::")[0] for names in rows.values() for name in names})
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        words = ["-m", "pytest", "-q", "-n", str(processes), f"--junitxml={report}"]
        done = subprocess.run(
            [sys.executable, *words, *(f"{tests.name}/{file}" for file in files)],
            cwd=tests.parent,
            env={**os.environ, "EVIDENCE_CAMPAIGN": "full"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        cases = _cases(report)
    of_rows = {id for names in rows.values() for id, _ in _own(cases, names)}
    counts = Counter(how for id, how in cases if id in of_rows)
    return AllShown(
        rows=tuple(_shown(title, names, cases) for title, names in rows.items()),
        cases=counts["passed"] + counts["failed"],
        skipped=counts["skipped"],
        beside=tuple(id for id, how in cases if how == "failed" and id not in of_rows),
        trouble=_trouble(done),
    )


Case = tuple[str, str]
"""The id of a test and how it ended: passed, skipped, failed."""


def _trouble(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode == 0:
        return ""
    last = "\n".join(done.stdout.splitlines()[-20:])
    return f"pytest ended with {done.returncode}:\n{last}"


def _cases(report: Path) -> list[Case]:
    """Return the cases of a report; none where pytest wrote none that can be read."""
    try:
        elements = list(ET.parse(report).iter("testcase"))
    except (OSError, ET.ParseError):
        return []
    # A case whose call and teardown both fail stands there twice.
    worst = {"passed": 0, "skipped": 1, "failed": 2}
    found: dict[str, str] = {}
    for id, how in map(_case, elements):
        found[id] = max(how, found.get(id, how), key=worst.__getitem__)
    return list(found.items())


def _case(element: ET.Element) -> Case:
    outcome = next((one.tag for one in element if one.tag in ("failure", "error", "skipped")), "")
    place = element.get("classname", "").removeprefix("tests.")
    how = {"": "passed", "skipped": "skipped"}.get(outcome, "failed")
    return f"{place}::{element.get('name')}", how


def _own(cases: Sequence[Case], names: Sequence[str]) -> list[Case]:
    return [(id, how) for id, how in cases if any(_is_of(id, name) for name in names)]


def _shown(title: str, names: Sequence[str], cases: Sequence[Case]) -> Shown:
    own = _own(cases, names)
    counts = Counter(how for _, how in own)
    ran = [id for id, how in own if how != "skipped"]
    return Shown(
        title=title,
        cases=len(ran),
        skipped=counts["skipped"],
        failed=tuple(id for id, how in own if how == "failed"),
        without=tuple(name for name in names if not any(_is_of(id, name) for id in ran)),
    )


def _is_of(id: str, name: str) -> bool:
    """Tell whether a case is one of a named test's."""
    file, *within = name.split("::")
    module = file.removesuffix(".py").replace("/", ".")
    place, _, case = id.partition("::")
    if within[0].startswith("Test"):
        module = f"{module}.{within.pop(0)}"
    if place != module:
        return False
    return not within or case == within[0] or case.startswith(_beginning(within[0]))


def _beginning(test: str) -> str:
    return test if "[" in test else f"{test}["


@cache
def names_in(file: str) -> frozenset[str]:
    """Return the tests of a file below `tests`, and its classes of them; those of a class with its name."""
    return frozenset(_tests(ast.parse((TESTS / file).read_text(encoding="utf-8")), ""))


def _tests(node: ast.AST, outer: str) -> Iterator[str]:
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.ClassDef) and inner.name.startswith("Test"):
            yield inner.name
            yield from _tests(inner, f"{inner.name}::")
        elif isinstance(inner, ast.FunctionDef) and inner.name.startswith("test_"):
            yield f"{outer}{inner.name}"
