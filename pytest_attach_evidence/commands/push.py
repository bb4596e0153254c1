"""`attach-evidence push`: deliver what waits in the spool, from anywhere, at any time."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from contextlib import suppress

import pytest

from .. import again
from .. import delivering
from .. import session
from ..deliver import Group
from ..deliver import Results
from ..deliveries import is_settled
from ..errors import DeliveryError
from ..errors import SettingsError
from ..errors import SpoolBusyError
from ..errors import SpoolDamagedError
from ..errors import SpoolError
from ..project import Project
from ..report import document
from ..report import output
from ..report.exit_status import ExitStatus
from ..report.exit_status import worst
from ..report.summary import Summary
from ..report.summary import last_words
from ..run_record import RunRecord
from ..spool import RunFolder
from . import collecting
from . import with_pytest
from . import words
from .collecting import Found
from .with_pytest import complain
from .with_pytest import say


PUSH_S = 900.0
LOOK_S = 2.0  # longer than `status` looks whether a run is in use
WORKERS_S = 20.0  # longer than xdist lets a worker live whose session was killed
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
    parser.add_argument(
        "--remap",
        action="store_true",
        help="collect the tests anew and deliver what is open to the targets they have now; behind -- stand "
        "words that pytest needs for it",
    )
    chosen = words.parsed(parser, arguments)
    if chosen.words and not chosen.remap:
        parser.error("words behind -- are for the collection of --remap")
    return with_pytest.run(chosen, lambda config: push(config, chosen))


def push(config: pytest.Config, chosen: argparse.Namespace) -> int:
    """Deliver the chosen runs with a project's configuration; return the exit status."""
    try:
        project = session.load_project(config, delivering=True)
        runs = with_pytest.chosen_runs(project.settings.dir, chosen.runs)
    except SettingsError as error:
        return complain("\nERROR: ".join(error.problems), ExitStatus.CONFIGURATION)
    except SpoolError as error:
        return with_pytest.spool_trouble(error)
    if chosen.evidence_dir and not runs and not project.settings.dir.is_dir():
        msg = f"no spool at {project.settings.dir} - check --evidence-dir"
        return complain(msg, ExitStatus.USAGE)
    try:
        found = _targets_now(config, project, runs, chosen)
    except SettingsError as error:
        return complain("\nERROR: ".join(error.problems), ExitStatus.CONFIGURATION)
    statuses: list[ExitStatus] = []
    for group in _groups(runs, chosen):
        status = _push_alone(config, group, chosen, found)
        statuses += [] if status is None else [status]
        if status is ExitStatus.INTERRUPTED:
            break
    if not statuses:
        say("nothing waits")
    return int(worst(statuses))


def _groups(runs: Sequence[RunFolder], chosen: argparse.Namespace) -> Sequence[Sequence[RunFolder]]:
    """Return what is delivered together: all runs that are named, and what ever was before."""
    groups = delivering.grouped(runs)
    return [[run for group in groups for run in group]] if chosen.runs else groups


def _targets_now(
    config: pytest.Config,
    project: Project,
    runs: Sequence[RunFolder],
    chosen: argparse.Namespace,
) -> Found | None:
    """Return the targets that tests have now, None where nobody needs them. Raises SettingsError."""
    if not chosen.remap:
        return None
    groups = [[run.read() for run in group] for group in _groups(runs, chosen)]
    needed = [record.run.id for group in groups if _has_work(group, chosen) for record in group]
    wanted = [run for run in runs if run.id in needed]
    return collecting.targets_now(config, project, wanted, chosen) if wanted else None


def _has_work(records: Sequence[RunRecord], chosen: argparse.Namespace) -> bool:
    """Tell whether runs have anything open, or pieces without any target, which may get some now."""
    if not all(map(is_settled, records)):
        return True
    wanted = [(r, piece) for r in records for piece in r.pieces if piece.id not in r.unwanted]
    may_get_some = chosen.remap and chosen.runs
    return bool(may_get_some) and any(not record.targets_of(piece) for record, piece in wanted)


def _push_alone(
    config: pytest.Config,
    runs: Sequence[RunFolder],
    chosen: argparse.Namespace,
    found: Found | None,
) -> ExitStatus | None:
    """Deliver some runs, each read once and under its lock; return None where nothing waits."""
    try:
        with ExitStack() as locks:
            for run in sorted(runs, key=lambda run: run.path):  # as another push would
                taken = run.locked(wait_s=LOOK_S, workers_s=WORKERS_S, told=say)
                locks.enter_context(taken)
            group = Group.of(runs)
            if not _has_work(group.records, chosen):
                return None
            for run, record in zip(runs, group.records, strict=True):
                if not (record.finished or record.problems):  # what cannot be read stays as it is
                    run.write_interrupted()
                    record.finished = True
            return _push_group(config, group, chosen, found)
    except SpoolError as error:
        return _not_pushed(runs, error)
    except Exception as error:  # noqa: BLE001  # an error of ours must not keep the other runs waiting
        bug = session.masked(f"push: {type(error).__name__}: {error}")
        for run in runs:
            say(*last_words(run.id, run.read(), [bug], "attach-evidence push"))
        return ExitStatus.BUG


def _not_pushed(runs: Sequence[RunFolder], error: SpoolError) -> ExitStatus | None:
    """Say why runs stay as they are, if anything of them waits."""
    with suppress(SpoolError):
        if all(is_settled(run.read()) for run in runs):
            return None
    if isinstance(error, SpoolBusyError):
        say(f"skipped: {error}")
        return ExitStatus.WAITING
    status = ExitStatus.SPOOL
    if isinstance(error, SpoolDamagedError):
        status = ExitStatus.PERSON_MUST_ACT
    return ExitStatus(complain(session.masked(str(error)), status))


def _push_group(
    config: pytest.Config, group: Group, chosen: argparse.Namespace, found: Found | None
) -> ExitStatus:
    """Deliver some runs together and print what became of them."""
    # Destinations of their own, which remember nothing of other runs.
    project = session.load_project(config, delivering=True)
    notes: list[str] = []
    if found is not None:
        notes = _remapped(project, group, found)
        group = Group.of(group.runs)
    results = delivering.deliver_runs(
        project,
        group,
        seconds=max(PUSH_S, project.settings.deadline_s),
        terminal=output.is_watched(),
        write=say,
        retry_rejected=chosen.retry_rejected,
    )
    summary = _summary(config, project, group, results, notes)
    _write(project, group.runs, summary)
    say(*summary.lines())
    return _status(summary)


def _remapped(project: Project, group: Group, found: Found) -> list[str]:
    """Give what is open the targets that its tests have now; return what changed."""
    changes = group.remap(found, project.destinations)
    return [project.redactor.line(line) for change in changes for line in change.lines()]


def _write(project: Project, runs: Sequence[RunFolder], summary: Summary) -> None:
    """Write the summaries for programs; a disk that refuses them is a trouble like any other."""
    mask = project.redactor.text
    try:
        document.write(summary, runs, by="push", exit_status=int(_status(summary)), mask=mask)
        delivering.keep_map(project, summary)
    except (SpoolError, DeliveryError) as error:
        summary.results.spool_errors.append(project.redactor.line(str(error)))


def _status(summary: Summary) -> ExitStatus:
    if summary.results.interrupted:
        return ExitStatus.INTERRUPTED
    return ExitStatus(delivering.status_of(summary, collected_now=False))


def _about_map(project: Project) -> list[str]:
    """Return why nothing is told of the map's rows, where that is so; what is delivered needs no map."""
    first = [str(problem) for problem in project.rules.errors[:1]]
    return [project.redactor.line(f"map: its rows are not told of: {line}") for line in first]


def _summary(
    config: pytest.Config, project: Project, group: Group, results: Results, notes: Sequence[str]
) -> Summary:
    later = delivering.undelivered(results)
    options = again.next_options(config, leave_out=with_pytest.QUIET)
    command = again.push_command(
        project, options, group.runs, only_rejected=delivering.only_rejected(results)
    )
    command = command if later else ""
    told = [*notes, *_about_map(project), *project.budget.clocks.told()]
    return Summary(
        results=results,
        records=group.records,
        next=command,
        notes=told,
        on_missing=project.settings.on_missing,
        drift=delivering.drift_of(project, group.records, results),
    )
