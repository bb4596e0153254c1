"""The tables of the campaign name tests that exist."""

from __future__ import annotations

from .rows import named_but_not_there
from .tables import EVERY_ROW


def test_every_row_has_its_tests() -> None:
    """A row is shown by tests that exist."""
    assert [] == named_but_not_there(EVERY_ROW)
    assert all(EVERY_ROW.values())
