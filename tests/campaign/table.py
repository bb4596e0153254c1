"""The campaign's table, on the terminal and in the docs."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from pathlib import Path

from pytest_attach_evidence import __version__

from .crashes.trials import Tally
from .rows import Shown


BLOCKS_BEGIN, BLOCKS_END = "<!-- blocks: begin -->", "<!-- blocks: end -->"
ROWS_BEGIN, ROWS_END = "<!-- rows: begin -->", "<!-- rows: end -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one block found in one round."""

    id: str
    title: str
    round: int
    seed: int
    tally: Tally
    seconds: float
    must_be_red: str

    @property
    def as_it_must(self) -> bool:
        """Whether nothing was found in trials that struck, or what must be, in a broken product."""
        if self.must_be_red:
            return any(self.must_be_red in violation for violation in self.tally.red)
        return not self.tally.red and self.tally.struck > 0

    def line(self) -> str:
        """Return the row as a line for people who wait."""
        found = len(self.tally.red)
        verdict = "ok" if self.as_it_must else "NOT OK"
        numbers = f"{self.tally.trials} trials, {self.tally.struck} struck, {found} violations"
        return f"{verdict:6} {self.id:28} {numbers}, {self.seconds:.0f} s (seed {self.seed})"


def write_blocks(rows: Sequence[Row], path: Path) -> None:
    """Put the table of the blocks between its marks in a page."""
    ids = dict.fromkeys(row.id for row in rows)
    lines = [
        f"{_today()}: {_times(max(row.round for row in rows))}.",
        "",
        "| | block | trials a round | struck | violations | seconds a round |",
        "|---|---|---|---|---|---|",
        *(_row([row for row in rows if row.id == id]) for id in ids),
    ]
    _write(path, BLOCKS_BEGIN, lines, BLOCKS_END)


def write_shown(shown: Sequence[Shown], path: Path) -> None:
    """Put the table of the rows that are tests between its marks in a page."""
    lines = [
        f"{_today()}: {sum(one.cases for one in shown):,} cases, some of them in several rows.",
        "",
        "| | row | cases | skipped here |",
        "|---|---|---|---|",
        *(
            f"| {'☑' if one.as_it_must else '☐'} | {one.title} | {one.cases} | {one.skipped or ''} |"
            for one in shown
        ),
    ]
    _write(path, ROWS_BEGIN, lines, ROWS_END)


def _write(path: Path, begin: str, lines: Sequence[str], end: str) -> None:
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    path.write_text(before + "\n".join([begin, *lines, end]) + after, encoding="utf-8")


def _today() -> str:
    day, system = f"{datetime.now(UTC):%Y-%m-%d}", platform.system()
    return f"{day}, version {__version__}, Python {platform.python_version()} on {system}"


def _times(rounds: int) -> str:
    return "one round" if rounds == 1 else f"{rounds} rounds in a row, each with seeds of its own"


def _row(rounds: Sequence[Row]) -> str:
    first = rounds[0]
    tick = "☑" if all(row.as_it_must for row in rounds) else "☐"
    cells = [
        " / ".join(f"{row.tally.trials:,}" for row in rounds),
        " / ".join(f"{row.tally.struck:,}" for row in rounds),
        " / ".join(f"{len(row.tally.red):,}" for row in rounds),
        " / ".join(f"{row.seconds:.0f}" for row in rounds),
    ]
    cells[2] += " (must be more than 0)" if first.must_be_red else ""
    return f"| {tick} {first.id.partition(' ')[0]} | {first.title} | {' | '.join(cells)} |"
