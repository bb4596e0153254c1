"""Tables: for people on a terminal, for programs elsewhere."""

from __future__ import annotations

import re

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


def test_a_terminal_gets_every_cell() -> None:
    """On a terminal the same cells stand there, whatever is drawn around them; markup is text."""
    rows = [*ROWS, ["squash=[bold]x[/bold]", "test case", "", "[red]"]]

    lines = table(COLUMNS, rows, terminal=True)

    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
    assert {"squash=TC-12", "ümläut", "squash=[bold]x[/bold]", "[red]"} <= set(text.split())
