"""The tables of the vendors' operations: every method and every test they name exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from pytest_attach_evidence.commands.remote import ACTIONS

from .campaign.rows import names_in


ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs" / "operations").glob("*.md"))
APIS = ROOT / "pytest_attach_evidence" / "apis"
ROWS = {"squash": (20, 20), "workiva": (31, 26), "huawei": (22, 17), "rillsoft": (8, 6)}
"""Rows of each page, and how many of them name a test; the others say why there is none."""


def rows(page: Path) -> list[list[str]]:
    """Return the cells of every row of a page's tables that says what we have for an operation."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if len(row) > 2 and set("".join(row)) != {"-", "|"}]


def codes(text: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def names() -> set[str]:
    """Return the names of all classes, functions and methods of the API clients."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in APIS.glob("*.py")]
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_every_vendor_has_its_table() -> None:
    """Four pages, none of which lost a row, or gained one that nobody counted."""
    found = {page.stem: [row for row in rows(page) if row[0] != "operation"] for page in PAGES}

    assert ROWS == {
        vendor: (len(listed), sum("tests/" in row[-1] for row in listed))
        for vendor, listed in found.items()
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_that_a_table_names_exists(page: Path) -> None:
    """A row that was moved or renamed is noticed."""
    named = [one for row in rows(page) for one in codes(row[-1]) if one.startswith("tests/")]
    wrong = []
    for name in named:
        file, *parts = name.split("::")
        known = names_in(file.removeprefix("tests/"))
        wrong += [name] if "::".join(parts).partition("[")[0] not in known else []

    assert named
    assert [] == wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_method_that_a_table_names_exists(page: Path) -> None:
    """What is said to be ours is there."""
    known, modules = names(), {path.stem for path in APIS.glob("*.py")} | {"apis"}
    column = 2 if page.stem == "squash" else 1
    documented = [row for row in rows(page) if "tests/" in row[-1] and len(row) > column]
    parts = {part for row in documented for code in codes(row[column]) for part in code.split(".")}

    assert set() == parts - known - modules


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_that_a_table_names_exists(page: Path) -> None:
    """`remote` and what it can do."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`remote (\w+)", text)

    assert named
    assert set() == set(named) - set(ACTIONS)
