"""The campaign: `python -m tests.campaign` runs a seeded part of it; with `--full` all, rows included.

`--full --docs FILE` writes what came of it into the tables of a page.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from . import table
from .crashes.running import EVERY_BLOCK
from .crashes.running import run
from .rows import AllShown
from .rows import shown
from .tables import EVERY_ROW


PART = 0.03
CORES = os.cpu_count() or 1


def main(words: Sequence[str]) -> int:
    """Run blocks and rows, print what became of each; return 1 where one is not as it must be."""
    chosen = _chosen(words)
    where = table.surroundings()  # before anything runs: the tree may change meanwhile
    blocks = [] if chosen.rows else _blocks(chosen)
    rows = _rows(chosen) if chosen.rows or (chosen.full and not chosen.block) else None
    if chosen.docs and rows is not None:
        table.write_blocks(blocks, chosen.docs, where)
        table.write_shown(rows, chosen.docs, where)
    sound = all(row.as_it_must for row in blocks) and (rows is None or rows.as_it_must)
    return 0 if sound else 1


def _blocks(chosen: argparse.Namespace) -> list[table.Row]:
    part = 1.0 if chosen.full else PART
    named = chosen.block or [block.id for block in EVERY_BLOCK]
    wanted = [b for b in EVERY_BLOCK if b.id in named or b.id.partition(" ")[0] in named]
    rows = []
    for round_, block in itertools.product(range(chosen.rounds), wanted):
        rows.append(run(block, chosen.seed + round_, part, chosen.processes, round_ + 1))
        _say(rows[-1].line(), *([] if block.red else rows[-1].tally.red[:10]))
    if chosen.json:
        Path(chosen.json).write_text(json.dumps([asdict(row) for row in rows], indent=1))
    return rows


def _rows(chosen: argparse.Namespace) -> AllShown:
    found = shown(EVERY_ROW, processes=CORES)
    for line in found.lines():
        _say(line)
    return found


def _say(line: str, *more: str) -> None:
    sys.stdout.write("\n    ".join([line, *more]) + "\n")
    sys.stdout.flush()


def _chosen(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="all trials and rows, not a seeded part"
    )
    parser.add_argument(
        "--rounds", type=int, default=1, help="how often the blocks, with new seeds"
    )
    parser.add_argument("--seed", type=int, default=1, help="of all that is chosen by chance")
    parser.add_argument("--block", action="append", metavar="ID", help="only these (C1, C5 …)")
    parser.add_argument("--rows", action="store_true", help="only the rows that are tests")
    parser.add_argument("--processes", type=int, default=2 * CORES)
    parser.add_argument("--json", metavar="FILE", help="write the blocks as JSON")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="with --full: write the tables")
    chosen = parser.parse_args(words)
    if chosen.rounds < 1:
        parser.error("--rounds is at least 1")
    if chosen.docs and (chosen.block or chosen.rows or not chosen.full):
        parser.error("--docs takes --full, and neither --block nor --rows: the docs show all of it")
    known = {id for block in EVERY_BLOCK for id in (block.id, block.id.partition(" ")[0])}
    unknown = sorted(set(chosen.block or []) - known)
    if unknown:
        parser.error(f"no block {', '.join(unknown)}: there are {', '.join(sorted(known))}")
    return chosen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
