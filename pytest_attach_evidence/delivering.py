"""A run at its end, or later: it is delivered, its exit status is told, and old runs are removed."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from .deliver import Group
from .deliver import Results
from .deliver import replaced
from .deliveries import in_doubt
from .deliveries import is_settled
from .deliveries import open_state
from .destinations.base import Keeping
from .drift import Drift
from .drift import drift
from .errors import SpoolError
from .model import Failure
from .model import State
from .model import utc_text
from .project import Project
from .report.drift import sheet
from .report.exit_status import exit_status
from .report.progress import progress
from .report.summary import Summary
from .run_record import RunRecord
from .spool import RunFolder
from .spool import Spool


INTERRUPTED_S = 30.0
MOST_BESIDE = 1000
MAP = "map.csv"


def deliver_runs(
    project: Project,
    group: Group,
    *,
    seconds: float,
    terminal: bool,
    write: Callable[[str], None],
    retry_rejected: bool = False,
) -> Results:
    """Deliver what the runs hold, within a number of seconds, and see what that replaced."""
    todo = group.plan(project.destinations, retry_rejected=retry_rejected)
    budget = project.budget
    budget.ends_at = budget.clock() + seconds
    with progress(
        todo.remaining, terminal=terminal, write=write, remaining_s=budget.remaining_s
    ) as told:
        results = group.deliver(
            todo,
            project.destinations,
            budget=budget,
            parallel=project.settings.parallel,
            mask=project.redactor.line,
            progress=told,
            watch=told,
        )
    try:
        results.replaced = replaced(results, project.destinations, lambda: _others(project, group))
    except Exception as error:  # noqa: BLE001  # whatever it is, all was delivered
        seen = f"what was replaced: {type(error).__name__}: {error}"
        results.bugs.append(project.redactor.line(seen))
    return results


def _others(project: Project, group: Group) -> Iterator[RunRecord]:
    """Yield the newest other runs of the spool, at most so many as are kept; none is needed."""
    own = {run.id for run in group.runs}
    with suppress(SpoolError):
        others = [run for run in Spool(project.settings.dir).runs() if run.id not in own]
        for run in others[max(0, len(others) - project.settings.keep_runs) :]:
            yield run.read()


def nothing_sent(project: Project, folder: RunFolder, why: str) -> tuple[Results, Group]:
    """Return the results of a session that sends nothing (more): what is not settled waits."""
    group = Group.of([folder])
    (record,) = group.records
    todo = group.plan(project.destinations)
    results = Results(plan=todo, receipts=dict(todo.settled), failures=dict(todo.failed))
    doubt = in_doubt(record)
    for key in todo.deliveries.keys() - results.receipts.keys() - results.failures.keys():
        failure = Failure(key=key, state=open_state(key, doubt), reason=why, at=utc_text())
        results.failures[key] = record.failures.get(key, failure)
    return results, group


def undelivered(results: Results) -> bool:
    """Tell whether a later push has something to do."""
    return bool(results.failures or results.unconcluded)


def only_rejected(results: Results) -> bool:
    """Tell whether all that is open was rejected, or is uncertain where nobody can tell."""
    failures = list(results.failures.values())
    given_up = [f for f in failures if f.state is State.REJECTED or f.key in results.undecidable]
    return bool(failures) and len(given_up) == len(failures) and not results.unconcluded


def status_of(summary: Summary, *, collected_now: bool) -> int:
    """Return the exit status that a summary stands for.

    `collected_now`: pieces that could not be taken count too; a later push cannot help them.
    """
    refused = collected_now and any(
        p.severity == "error" for r in summary.records for p in r.refused
    )
    damaged = any(record.problems for record in summary.records)
    return int(
        exit_status(summary.results, refused=refused or damaged, missing=summary.fails_for_missing)
    )


def drift_of(project: Project, records: Sequence[RunRecord], results: Results) -> Drift | None:
    """Return what became of each row of the project's map; None where it has none, or a wrong one."""
    if not project.rules.files or project.rules.errors:
        return None
    return drift(
        project.rules.targets(),
        records,
        results.plan.deliveries.values(),
        results.state_of,
        mask=project.redactor.text,
    )


def keep_map(project: Project, summary: Summary) -> None:
    """Put the map with the state of its rows beside what a destination of files holds of the runs.

    Raises DeliveryError where it cannot be written.
    """
    if summary.drift is None:
        return
    runs = [record.run.id for record in summary.records]
    text = sheet(project.rules.files, summary.drift, runs, project.redactor.text)
    for destination in project.destinations.values():
        if isinstance(destination, Keeping):
            for run in runs:
                destination.keep(run, MAP, text)


def tidy(project: Project, current: RunFolder, *, unwanted: bool) -> None:
    """Remove the blobs of unwanted pieces of the current run, and delivered runs beyond the newest.

    `unwanted` tells whether it has any. Runs that are locked or have anything open stay.
    """
    if unwanted:
        record = current.read()
        wanted = {piece.digest for piece in record.pieces if piece.id not in record.unwanted}
        current.drop_blobs({p.digest for p in record.pieces if p.id in record.unwanted} - wanted)
    others = [folder for folder in Spool(project.settings.dir).runs() if folder.id != current.id]
    keep = max(0, project.settings.keep_runs - 1)
    if len(others) <= keep:
        return
    settled = [folder for folder in others if is_settled(folder.read())]
    for folder in settled[: max(0, len(settled) - keep)]:
        remove_settled(folder)


def remove_settled(folder: RunFolder) -> bool:
    """Remove a run, and tell whether that was done.

    One stays that is in use, that has anything open or damaged, or that was delivered together with
    another run which has: its pieces may have to be sent once more with those.
    """
    try:
        with folder.locked():
            [group] = grouped([folder])
            if not all(is_settled(run.read()) for run in group):
                return False
            folder.remove()
    except (SpoolError, OSError):
        return False
    return True


def grouped(runs: Sequence[RunFolder]) -> list[list[RunFolder]]:
    """Return runs in groups, with those that they were delivered together with before.

    They share what was created for them, and a file that holds the pieces of all is replaced as a whole.
    They are in the same spool, or in one beside it: jobs of a pipeline are unpacked side by side.
    """
    given = {run.id: run for run in runs}
    groups: list[list[RunFolder]] = []
    seen: set[str] = set()
    for first in runs:
        group, found = [], [first]
        while found:
            run = found.pop(0)
            if run.id not in seen:
                seen.add(run.id)
                group.append(run)
                found += _partners(run, given)
        groups += [group] if group else []
    return groups


def _partners(run: RunFolder, given: Mapping[str, RunFolder]) -> list[RunFolder]:
    """Return the others of a run's group: those that are `given`, then the first found of each id."""
    ids = run.group()
    found = {id: given[id] for id in ids if id in given}
    spool = run.path.parent
    for folder in (spool, *_beside(spool)) if ids - found.keys() else ():
        for id in sorted(ids - found.keys())[:MOST_BESIDE]:
            if (one := Spool(folder).run(id)) is not None:
                found[id] = one
    return [found[id] for id in sorted(found)]


def _beside(spool: Path) -> Iterator[Path]:
    """Yield the folders beside a spool, of a bounded number of entries; links lead elsewhere."""
    with suppress(OSError), os.scandir(spool.parent) as entries:
        for entry in islice(entries, MOST_BESIDE):
            if entry.name != spool.name and entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)
