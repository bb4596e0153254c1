"""`attach-evidence status`: list the runs in the spool and what became of their evidence."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence

import pytest

from .. import settings
from ..deliveries import damage
from ..deliveries import open_failures
from ..deliveries import pushable
from ..deliveries import states
from ..deliveries import stuck_ones
from ..deliveries import unconcluded
from ..errors import SpoolError
from ..model import State
from ..model import Target
from ..report.exit_status import ExitStatus
from ..report.output import counted
from ..run_record import RunRecord
from ..spool import readable_size
from . import status_map
from . import with_pytest
from .with_pytest import say


MOST = 200
LONGEST = 1000
Counted = tuple[str, str]  # of one, of more
OPEN: Counted = ("delivery is open", "deliveries are open")
UNSET: Counted = ("target has a status that is not set", "targets have a status that is not set")
DESCRIPTION = "List the runs in the spool: what was kept, what was delivered, what waits and why."


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parser = with_pytest.parser("status", DESCRIPTION)
    parser.add_argument("--map", action="store_true", help="what became of each row of the map")
    parser.add_argument("--csv", metavar="FILE", help="write that as the map's own sheet")
    parser.add_argument("--json", action="store_true", help="print that as JSON")
    chosen = parser.parse_args(arguments)
    if (chosen.csv or chosen.json) and not chosen.map:
        parser.error("--csv and --json belong to --map")
    return with_pytest.run(chosen, lambda config: status(config, chosen))


def status(config: pytest.Config, chosen: argparse.Namespace) -> int:
    """Print a line for every chosen run and its troubles; needs no destination and no secret."""
    spool = with_pytest.spool_of(config)
    try:
        runs = with_pytest.chosen_runs(spool, chosen.runs)
    except SpoolError as error:
        return with_pytest.spool_trouble(error)
    if chosen.map:
        return status_map.status_map(config, runs if chosen.runs else runs[-1:], chosen)
    if not runs:
        say(f"no runs in {spool}")
    found: Counter[State] = Counter()
    left: list[Target] = []
    unset: list[Target] = []
    stuck = 0
    for run in runs:
        record = run.read()
        known = states(record)
        untold = unconcluded(record)
        say(*_lines(record, known, untold, running=run.is_busy()))
        found.update(known)
        left += [delivery.target for delivery in pushable(record)]
        unset += untold
        stuck += stuck_ones(record)
    here = config.invocation_params.dir
    configured, _ = settings.read(config, here=here, is_secret=lambda text: False)
    say(*_first(_next_steps(found, left, unset, stuck, configured.destinations)))
    return int(ExitStatus.OK)


def _next_steps(
    found: Mapping[State, int],
    left: Sequence[Target],
    unset: Sequence[Target],
    stuck: int,
    destinations: Collection[str],
) -> list[str]:
    """Return what can be done about what is open: a line for each command that helps, none for nothing."""
    told = (
        *_pushes(left, OPEN, "delivers them", destinations),
        (stuck, OPEN, " until a person does what stands beside the reasons above"),
        (
            found.get(State.REJECTED, 0),
            ("delivery was rejected", "deliveries were rejected"),
            "; act on the reasons above, then: attach-evidence push --retry-rejected",
        ),
        (
            found.get(State.DAMAGED, 0),
            ("delivery is damaged", "deliveries are damaged"),
            "; bring the bytes back, then: attach-evidence push",
        ),
        *_pushes(unset, UNSET, "sets it", destinations),
    )
    return [f"{number} {what[number > 1]}{then}" for number, what, then in told if number]


def _pushes(
    targets: Sequence[Target], what: Counted, then: str, destinations: Collection[str]
) -> list[tuple[int, Counted, str]]:
    """Return what a push does, with the number, and what has to be configured before it can."""
    numbers = Counter(target.destination for target in targets)
    here = sum(number for name, number in numbers.items() if name in destinations)
    away = [
        (
            number,
            what,
            f", but {name} is not in evidence_destinations; add it, then: attach-evidence push",
        )
        for name, number in numbers.items()
        if name not in destinations
    ]
    return [(here, what, f"; attach-evidence push {then}"), *away]


def _lines(
    record: RunRecord, known: Mapping[State, int], untold: Sequence[Target], *, running: bool
) -> list[str]:
    wanted = [piece for piece in record.pieces if piece.id not in record.unwanted]
    size = readable_size(sum(piece.size for piece in wanted))
    told = ", ".join(f"{number} {state.value}" for state, number in known.items())
    how = "in use" if running else "" if record.finished else "interrupted"
    facts = [
        record.run.id,
        f"{counted(len(wanted), 'piece')} ({size})",
        told or "nothing to deliver",
        how,
    ]
    troubles = [f"  damaged: {problem}" for problem in damage(record, record.receipts)]
    troubles += [
        f"  not taken: {problem}" for problem in record.refused if problem.severity == "error"
    ]
    reasons = [*_reasons(record), *(f"  status not set: {target}" for target in untold)]
    return ["  ".join(filter(None, facts)), *_first(troubles), *_first(reasons)]


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
