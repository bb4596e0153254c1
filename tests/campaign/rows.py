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
from pathlib import Path


TESTS = Path(__file__).parents[1]
Rows = Mapping[str, Sequence[str]]
"""The title of a row, and its tests.

`folder/test_file.py::test_name` or `…::TestClass`; what stands behind `[` begins some of the cases.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How many cases showed a row, how many were skipped here, and which failed."""

    title: str
    cases: int
    skipped: int
    failed: tuple[str, ...]

    @property
    def as_it_must(self) -> bool:
        """Whether there is at least one case and none has failed."""
        return self.cases > 0 and not self.failed


def named_but_not_there(rows: Rows) -> list[str]:
    """Return the tests that a table names and that do not exist."""
    names = [name for tests in rows.values() for name in tests]
    parts = [(name, *name.partition("[")[0].partition("::")) for name in names]
    return [name for name, file, _, test in parts if test not in names_in(file)]


def shown(rows: Rows, *, processes: int) -> list[Shown]:
    """Run every test of the rows once and return what became of each row."""
    files = sorted(
        {f"tests/{name.partition('::')[0]}" for names in rows.values() for name in names}
    )
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        words = ["-m", "pytest", "-q", "-n", str(processes), f"--junitxml={report}", *files]
        environment = {**os.environ, "EVIDENCE_CAMPAIGN": "full"}
        subprocess.run(
            [sys.executable, *words],
            cwd=TESTS.parent,
            env=environment,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        cases = [_case(one) for one in ET.parse(report).iter("testcase")]
    return [_shown(title, names, cases) for title, names in rows.items()]


Case = tuple[str, str]
"""The id of a test and how it ended: passed, skipped, failed."""


def _case(element: ET.Element) -> Case:
    outcome = next((one.tag for one in element if one.tag in ("failure", "error", "skipped")), "")
    place = element.get("classname", "").removeprefix("tests.")
    how = {"": "passed", "skipped": "skipped"}.get(outcome, "failed")
    return f"{place}::{element.get('name')}", how


def _shown(title: str, names: Sequence[str], cases: Sequence[Case]) -> Shown:
    own = {id: how for id, how in cases if any(_is_of(id, name) for name in names)}
    counts = Counter(own.values())
    return Shown(
        title=title,
        cases=counts["passed"] + counts["failed"],
        skipped=counts["skipped"],
        failed=tuple(id for id, how in own.items() if how == "failed"),
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


def names_in(file: str) -> set[str]:
    """Return the tests of a file below `tests`, and its classes of them; those of a class with its name."""
    return set(_tests(ast.parse((TESTS / file).read_text(encoding="utf-8")), ""))


def _tests(node: ast.AST, outer: str) -> Iterator[str]:
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.ClassDef) and inner.name.startswith("Test"):
            yield inner.name
            yield from _tests(inner, f"{inner.name}::")
        elif isinstance(inner, ast.FunctionDef) and inner.name.startswith("test_"):
            yield f"{outer}{inner.name}"
