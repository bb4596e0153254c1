"""The tables of the campaign name tests that exist, and the docs show what became of each row."""

from __future__ import annotations

from pathlib import Path

from . import table
from .crashes.blocks import BLOCKS
from .rows import named_but_not_there
from .tables import EVERY_ROW


PAGE = Path(__file__).parents[2] / "docs" / "campaign.md"


def between(begin: str, end: str) -> str:
    """Return what the campaign wrote into the page."""
    return PAGE.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]


def test_every_row_has_its_tests() -> None:
    """A row is shown by tests that exist."""
    assert [] == named_but_not_there(EVERY_ROW)
    assert all(EVERY_ROW.values())


def test_the_docs_have_a_ticked_row_for_every_block() -> None:
    """The campaign itself wrote what became of each block, and each was as it must be."""
    written = between(table.BLOCKS_BEGIN, table.BLOCKS_END)

    assert [] == [block.title for block in BLOCKS if f"| {block.title} |" not in written]
    assert "☐" not in written


def test_the_docs_have_a_ticked_row_for_every_row() -> None:
    """The same for the rows that are tests."""
    written = between(table.ROWS_BEGIN, table.ROWS_END)

    assert [] == [title for title in EVERY_ROW if f"| {title} |" not in written]
    assert "☐" not in written
