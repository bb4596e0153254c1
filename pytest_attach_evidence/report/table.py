"""Tables for people: aligned columns, in colour and fitted to the screen where `rich` is installed."""

from __future__ import annotations

import io
import sys
import unicodedata
from collections.abc import Sequence


NARROWEST = 12


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, terminal: bool) -> list[str]:
    """Return the lines of a table; columns in which no row has anything are left out.

    Cells are harmless text. On a terminal the lines hold its commands for colours and fit its width, as
    long as the first column, whose ids people copy, stands there whole; else, and elsewhere, a row is
    one line of any length, so that programs can cut it.
    """
    used = [number for number in range(len(columns)) if any(row[number] for row in rows)]
    head = [columns[number] for number in used]
    body = [[row[number] for number in used] for row in rows]
    fitted = _fitted(head, body) if terminal else None
    return fitted if fitted is not None else _aligned(head, body)


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [[name.upper() for name in head], *rows]
    widths = [max(width(line[number]) for line in lines) for number in range(len(head))]
    return [
        "  ".join(
            cell + " " * (most - width(cell)) for cell, most in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    ]


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese, Japanese and Korean signs take two."""
    signs = (sign for sign in text if not unicodedata.combining(sign))
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in signs)


def _fitted(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str] | None:
    try:
        from rich import box  # noqa: PLC0415  # an extra
        from rich.cells import cell_len  # noqa: PLC0415
        from rich.console import Console  # noqa: PLC0415
        from rich.measure import Measurement  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415
    except ImportError:
        return None
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, cells in enumerate(zip(head, *rows, strict=True)):
        longest = max(map(cell_len, cells))
        least = longest if number == 0 else min(longest, max(NARROWEST, cell_len(cells[0])))
        shown.add_column(cells[0], overflow="fold", no_wrap=number == 0, min_width=least)
    for row in rows:
        shown.add_row(*map(Text, row))
    console = Console(file=io.StringIO(), force_terminal=True, width=Console(file=sys.stdout).width)
    unbounded = console.options.update(max_width=sys.maxsize)
    if Measurement.get(console, unbounded, shown).minimum > console.width:
        return None
    with console.capture() as captured:
        console.print(shown)
    return captured.get().rstrip("\n").split("\n")
