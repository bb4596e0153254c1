"""Tables: for people on a terminal, for programs elsewhere."""

from __future__ import annotations

import re

import pytest

from pytest_attach_evidence.report.table import table


ROWS = [["squash=TC-12", "test case", "", "Log in"], ["squash=#8", "test case", "", "ümläut"]]
COLUMNS = ["target", "kind", "state", "name"]


def test_programs_get_a_row_a_line() -> None:
    """Columns are aligned, an empty one is left out, no line has blanks at its end."""
    assert [
        "TARGET        KIND       NAME",
        "squash=TC-12  test case  Log in",
        "squash=#8     test case  ümläut",
    ] == table(COLUMNS, ROWS, terminal=False)


def test_wide_signs_take_two_columns() -> None:
    """Chinese and Japanese names do not push what follows; a mark above a letter takes none."""
    rows = [["1", "支付发票", "done"], ["2", "ガpay", "done"], ["3", "cafe\u0301", "done"]]

    lines = table(["id", "name", "state"], rows, terminal=False)

    assert [
        "ID  NAME      STATE",
        "1   支付发票  done",
        "2   ガpay     done",
        "3   cafe\u0301      done",
    ] == lines


def test_a_terminal_gets_every_cell() -> None:
    """On a terminal the same cells stand there, whatever is drawn around them; markup is text."""
    rows = [*ROWS, ["squash=[bold]x[/bold]", "test case", "", "[red]"]]

    lines = table(COLUMNS, rows, terminal=True)

    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
    assert {"squash=TC-12", "ümläut", "squash=[bold]x[/bold]", "[red]"} <= set(text.split())


LONG = [
    ["workiva=" + "/".join(f"{part:02}a4c5d6e7f80{'9' * 20}" for part in range(parts)), "sample"]
    for parts in (1, 2, 4)
]


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("width", [40, 60, 100, 200])
def test_ids_and_columns_are_whole_at_any_width(
    monkeypatch: pytest.MonkeyPatch, width: int, parts: int
) -> None:
    """What is copied from a narrow terminal names the object, and nothing is left out."""
    monkeypatch.setenv("COLUMNS", str(width))
    rows = [[*row, "PO-23911 of the year", "a name of some words"] for row in LONG[:parts]]

    lines = table(["target", "kind", "data", "name"], rows, terminal=True)

    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
    words = text.lower().split()
    assert {row[0] for row in rows} <= set(words)
    assert {"target", "kind", "data", "name", "sample", "po-23911", "words"} <= set(words)


def test_a_wide_terminal_has_a_drawn_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain lines are for where it does not fit."""
    monkeypatch.setenv("COLUMNS", "100")

    assert "\x1b[1m" in "".join(table(COLUMNS, ROWS, terminal=True))
