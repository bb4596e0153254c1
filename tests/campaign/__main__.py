"""The campaign: `python -m tests.campaign --full` runs every trial and writes the table of the docs."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from . import table
from .crashes.running import EVERY_BLOCK
from .crashes.running import run
from .rows import shown
from .tables import EVERY_ROW


PART = 0.03


def main(words: list[str]) -> int:
    """Run blocks and rows, print what became of each; return 1 where one is not as it must be."""
    chosen = _parser().parse_args(words)
    sound = _blocks(chosen)
    if chosen.rows or chosen.full:
        sound &= _rows(chosen)
    return 0 if sound else 1


def _blocks(chosen: argparse.Namespace) -> bool:
    part = 1.0 if chosen.full else PART
    named = chosen.block or [block.id for block in EVERY_BLOCK]
    wanted = [b for b in EVERY_BLOCK if b.id in named or b.id.partition(" ")[0] in named]
    rows = []
    for round_, block in itertools.product(range(chosen.rounds), [] if chosen.rows else wanted):
        rows.append(run(block, chosen.seed + round_, part, chosen.processes, round_ + 1))
        _say(rows[-1].line(), *([] if block.red else rows[-1].tally.red[:10]))
    if chosen.json:
        Path(chosen.json).write_text(json.dumps([asdict(row) for row in rows], indent=1))
    if chosen.docs and rows:
        table.write_blocks(rows, chosen.docs)
    return all(row.as_it_must for row in rows)


def _rows(chosen: argparse.Namespace) -> bool:
    found = shown(EVERY_ROW, processes=chosen.processes)
    for one in found:
        verdict = "ok" if one.as_it_must else "NOT OK"
        _say(f"{verdict:6} {one.title}: {one.cases} cases, {one.skipped} skipped", *one.failed)
    if chosen.docs:
        table.write_shown(found, chosen.docs)
    return all(one.as_it_must for one in found)


def _say(line: str, *more: str) -> None:
    sys.stdout.write("\n    ".join([line, *more]) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all trials, not a seeded part")
    parser.add_argument("--rounds", type=int, default=1, help="how often, with new seeds")
    parser.add_argument("--seed", type=int, default=1, help="of all that is chosen by chance")
    parser.add_argument("--block", action="append", metavar="ID", help="only these (C1, C5 …)")
    parser.add_argument("--rows", action="store_true", help="only the rows that are tests")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", metavar="FILE", help="write the rows as JSON")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="write the tables of the docs")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
