"""`attach-evidence status`: list the runs in the spool and what became of their evidence."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from collections.abc import Sequence

import pytest

from ..errors import SpoolError
from ..model import RunRecord
from ..model import State
from ..plan import open_failures
from ..plan import states
from ..report.exit_status import ExitStatus
from ..spool import readable_size
from . import with_pytest
from .with_pytest import say


MOST = 200
LONGEST = 1000
DESCRIPTION = "List the runs in the spool: what was kept, what was delivered, what waits and why."


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    chosen = with_pytest.parser("status", DESCRIPTION).parse_args(arguments)
    return with_pytest.run(chosen, lambda config: status(config, chosen))


def status(config: pytest.Config, chosen: argparse.Namespace) -> int:
    """Print a line for every chosen run and its troubles; needs no destination and no secret."""
    spool = with_pytest.spool_of(config)
    try:
        runs = with_pytest.chosen_runs(spool, chosen.runs)
    except SpoolError as error:
        return with_pytest.spool_trouble(error)
    if not runs:
        say(f"no runs in {spool}")
    waiting = 0
    for run in runs:
        record = run.read()
        known = states(record)
        say(*_lines(record, known, running=run.is_busy()))
        waiting += sum(number for state, number in known.items() if not state.settled)
    if waiting:
        say(f"{waiting} deliveries are open; attach-evidence push delivers them")
    return int(ExitStatus.OK)


def _lines(record: RunRecord, known: Mapping[State, int], *, running: bool) -> list[str]:
    wanted = [piece for piece in record.pieces if piece.id not in record.unwanted]
    size = readable_size(sum(piece.size for piece in wanted))
    told = ", ".join(f"{number} {state.value}" for state, number in known.items())
    how = "in use" if running else "" if record.finished else "interrupted"
    facts = [record.run.id, f"{len(wanted)} pieces ({size})", told or "nothing to deliver", how]
    troubles = [f"  damaged: {problem}" for problem in record.problems]
    troubles += [
        f"  not taken: {problem}" for problem in record.refused if problem.severity == "error"
    ]
    return ["  ".join(filter(None, facts)), *_first(troubles), *_first(_reasons(record))]


def _first(lines: Sequence[str]) -> list[str]:
    """Return lines, of many or long ones the beginning: a damaged spool may hold any number."""
    more = [f"  and {len(lines) - MOST} more"] if len(lines) > MOST else []
    return [*(line[:LONGEST] for line in lines[:MOST]), *more]


def _reasons(record: RunRecord) -> list[str]:
    """Return why deliveries are open, once for each reason."""
    reasons: dict[str, int] = {}
    for failure in open_failures(record):
        then = f" - {failure.next_step}" if failure.next_step else ""
        line = f"{failure.state.value}: {failure.reason}{then}"
        reasons[line] = reasons.get(line, 0) + 1
    return [f"  {number} {line}" for line, number in reasons.items()]
