"""The campaign's tables, on the terminal and in the docs."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from pytest_attach_evidence import __version__

from .crashes.trials import Tally
from .rows import AllShown


BLOCKS_BEGIN, BLOCKS_END = "<!-- blocks: begin -->", "<!-- blocks: end -->"
ROWS_BEGIN, ROWS_END = "<!-- rows: begin -->", "<!-- rows: end -->"
LIBRARIES = {"pytest": "pytest", "requests": "requests", "xdist": "pytest-xdist"}


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
        tally = self.tally
        verdict = "ok" if self.as_it_must else "NOT OK"
        numbers = f"{tally.trials} trials, {tally.struck} struck"
        found = f"{len(tally.red)} violations"
        return (
            f"{verdict:6} {self.id:28} {numbers}, {found}, {self.seconds:.0f} s (seed {self.seed})"
        )


def write_blocks(rows: Sequence[Row], path: Path, where: str) -> None:
    """Put the table of the blocks between its marks in a page; `where` says what it comes from."""
    _write(path, BLOCKS_BEGIN, [f"{where}.", *blocks_table(rows)], BLOCKS_END)


def blocks_table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of the table of the blocks; each cell has the numbers of every round."""
    seeds = list(dict.fromkeys(row.seed for row in rows))
    rounds = f"{len(seeds)} round{'s in a row' if len(seeds) > 1 else ''}"
    with_seeds = f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
    return [
        f"Each block in full, {rounds}, {with_seeds}. *Trials* are those of one round; in a trial",
        "that *struck* everything happened that was to happen in it: kills in time, faults met.",
        "",
        "| | block | trials | struck | violations | seconds |",
        "|---|---|---|---|---|---|",
        *(_row([row for row in rows if row.id == id]) for id in dict.fromkeys(r.id for r in rows)),
    ]


def write_shown(shown: AllShown, path: Path, where: str) -> None:
    """Put the table of the rows that are tests between its marks in a page."""
    _write(path, ROWS_BEGIN, [f"{where}.", *shown_table(shown)], ROWS_END)


def shown_table(shown: AllShown) -> list[str]:
    """Return the lines of the table of the rows that are tests."""
    trouble = [f"**{len(shown.beside)} cases beside the rows failed.**"] if shown.beside else []
    trouble += ["**pytest did not end with 0.**"] if shown.trouble else []
    return [
        "Every row ran once, after the rounds above, with each test that it names:",
        f"{shown.cases:,} cases, {shown.skipped:,} more skipped; a case may stand in several rows.",
        *trouble,
        "",
        "| | row | cases | failed | skipped here |",
        "|---|---|---|---|---|",
        *(
            f"| {_tick(one.as_it_must)} | {one.title} | {one.cases} "
            f"| {len(one.failed)} | {one.skipped or ''} |"
            for one in shown.rows
        ),
    ]


def not_shown_list(promises: Mapping[str, str]) -> list[str]:
    """Return the lines about what no row shows."""
    return [f"- {promise}: {reason}" for promise, reason in promises.items()]


def surroundings() -> str:
    """Return the day, the commit, the versions and the machine: what the tables of a campaign come from."""
    libraries = [f"{name} {version(package)}" for name, package in LIBRARIES.items()]
    return ", ".join(
        [
            f"{datetime.now(UTC):%Y-%m-%d}",
            f"version {__version__} ({commit()})",
            f"Python {platform.python_version()}",
            *libraries,
            f"{platform.system()} {platform.release()} with {os.cpu_count()} cores",
        ]
    )


def commit() -> str:
    """Return the short commit of the tree; said where files of it differ, docs left out."""
    try:
        short = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--", ".", ":(exclude)docs")
    except (OSError, subprocess.CalledProcessError):
        return "commit unknown"
    return f"commit {short}{', with changes that are not committed' if changed else ''}"


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _write(path: Path, begin: str, lines: Sequence[str], end: str) -> None:
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    path.write_text(before + "\n".join([begin, *lines, end]) + after, encoding="utf-8")


def _tick(sound: bool) -> str:
    return "☑" if sound else "☐"


def _row(rounds: Sequence[Row]) -> str:
    first = rounds[0]
    must = " (must be more than 0)" if first.must_be_red else ""
    cells = [
        _each([row.tally.trials for row in rounds]),
        _each([row.tally.struck for row in rounds]),
        _each([len(row.tally.red) for row in rounds]) + must,
        _each([round(row.seconds) for row in rounds]),
    ]
    tick = _tick(all(row.as_it_must for row in rounds))
    return f"| {tick} {first.id.partition(' ')[0]} | {first.title} | {' | '.join(cells)} |"


def _each(numbers: Sequence[int]) -> str:
    return " / ".join(f"{number:,}" for number in numbers)
