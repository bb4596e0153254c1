"""`attach-evidence push`: deliver what waits in the spool, from anywhere, at any time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from .. import session
from ..deliver import Group
from ..deliver import Results
from ..errors import SettingsError
from ..errors import SpoolBusyError
from ..errors import SpoolError
from ..plan import is_settled
from ..project import Project
from ..report.exit_status import ExitStatus
from ..report.exit_status import worst
from ..report.summary import Summary
from ..spool import RunFolder
from . import with_pytest
from .with_pytest import complain
from .with_pytest import say


PUSH_S = 900.0
DESCRIPTION = """\
Deliver evidence that waits in the spool. Runs that are named are delivered together, as shards of one
pipeline: they share what is created for them. Without a name every run with something open is delivered.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parser = with_pytest.parser("push", DESCRIPTION)
    parser.add_argument(
        "--retry-rejected",
        action="store_true",
        help="send again what was rejected, after you acted",
    )
    chosen = parser.parse_args(arguments)
    return with_pytest.run(chosen, lambda config: push(config, chosen))


def push(config: pytest.Config, chosen: argparse.Namespace) -> int:
    """Deliver the chosen runs with a project's configuration; return the exit status."""
    try:
        project = session.load_project(config, delivering=True)
        runs = with_pytest.chosen_runs(project.settings.dir, chosen.runs)
    except SettingsError as error:
        return complain("\nERROR: ".join(error.problems), ExitStatus.CONFIGURATION)
    except SpoolError as error:
        return complain(str(error), ExitStatus.SPOOL)
    if chosen.evidence_dir and not runs and not project.settings.dir.is_dir():
        msg = f"no spool at {project.settings.dir} - check --evidence-dir"
        return complain(msg, ExitStatus.USAGE)
    statuses: list[ExitStatus] = []
    for group in [runs] if chosen.runs else [[run] for run in runs]:
        status = _push_alone(config, group, chosen)
        statuses += [] if status is None else [status]
        if status is ExitStatus.INTERRUPTED:
            break
    if not statuses:
        say("nothing waits")
    return int(worst(statuses))


def _push_alone(
    config: pytest.Config, runs: Sequence[RunFolder], chosen: argparse.Namespace
) -> ExitStatus | None:
    """Deliver some runs, each read once and under its lock; return None where nothing waits."""
    try:
        with ExitStack() as locks:
            for run in runs:
                locks.enter_context(run.locked())
            group = Group.of(runs)
            if all(map(is_settled, group.records)):
                return None
            for run, record in zip(runs, group.records, strict=True):
                if not record.finished:
                    run.write_interrupted()
                    record.finished = True
            # Destinations of their own, which remember nothing of other runs.
            project = session.load_project(config, delivering=True)
            return _push_group(config, project, group, chosen)
    except SpoolError as error:
        return _not_pushed(runs, error)


def _not_pushed(runs: Sequence[RunFolder], error: SpoolError) -> ExitStatus | None:
    """Say why runs stay as they are, if anything of them waits."""
    if all(is_settled(run.read()) for run in runs):
        return None
    if isinstance(error, SpoolBusyError):
        say(f"skipped: {error}")
        return ExitStatus.WAITING
    complain(session.masked(str(error)), ExitStatus.SPOOL)
    return ExitStatus.SPOOL


def _push_group(
    config: pytest.Config, project: Project, group: Group, chosen: argparse.Namespace
) -> ExitStatus:
    """Deliver some runs together and print what became of them."""
    results = session.deliver_runs(
        project,
        group,
        seconds=max(PUSH_S, project.settings.deadline_s),
        terminal=sys.stderr.isatty(),
        write=say,
        retry_rejected=chosen.retry_rejected,
    )
    summary = _summary(config, project, group, results)
    say(*summary.lines())
    if results.interrupted:
        return ExitStatus.INTERRUPTED
    return ExitStatus(session.status_of(summary, collected_now=False))


def _summary(config: pytest.Config, project: Project, group: Group, results: Results) -> Summary:
    later = session.undelivered(results)
    options = session.next_options(config, leave_out=with_pytest.QUIET)
    command = session.push_command(
        project, options, group.runs, only_rejected=session.only_rejected(results)
    )
    command = command if later else ""
    return Summary(results=results, records=group.records, next=command)
