"""`attach-evidence status --map`: what became of each row of the map in some runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from .. import session
from ..deliveries import state_by_key
from ..deliveries import wanted
from ..drift import Drift
from ..drift import drift
from ..model import State
from ..project import Project
from ..redact import harmless
from ..report import drift as words
from ..report import output
from ..report.exit_status import ExitStatus
from ..report.table import table
from ..spool import RunFolder
from .with_pytest import complain
from .with_pytest import say


NO_MAP = "evidence_map is not set - set it, or name a file with --evidence-map"


def status_map(config: pytest.Config, runs: Sequence[RunFolder], chosen: argparse.Namespace) -> int:
    """Print what became of each row, and write the sheet where one is named. Raises SettingsError."""
    project = session.load_project(config, delivering=False)
    if not project.settings.map:
        return complain(NO_MAP, ExitStatus.CONFIGURATION)
    errors = [project.redactor.line(str(problem)) for problem in project.rules.problems]
    if project.rules.errors:
        return complain("\nERROR: ".join(errors), ExitStatus.CONFIGURATION)
    found = _drift(project, runs)
    ids = [run.id for run in runs]
    if chosen.json:
        facts = words.facts(found, project.redactor.text)
        output.write(output.json_text({"v": 1, "runs": ids, **facts}))
    else:
        _print(found, ids, errors)
    return _write(Path(chosen.csv), project, found, ids) if chosen.csv else int(ExitStatus.OK)


def _drift(project: Project, runs: Sequence[RunFolder]) -> Drift:
    records = [run.read() for run in runs]
    states: dict[str, State] = {}
    for record in records:
        states.update(state_by_key(record))
    rows, mask = project.rules.targets(), project.redactor.text
    return drift(rows, records, wanted(records), states.__getitem__, mask=mask)


def _print(found: Drift, ids: Sequence[str], warnings: Sequence[str]) -> None:
    cells = [[harmless(cell) for cell in row] for row in words.table(found)]
    output.write(*table(words.COLUMNS, cells, terminal=sys.stdout.isatty()))
    say(*(f"warning: {line}" for line in warnings))
    say(f"{words.line(found)}; {'runs' if ids[1:] else 'run'} {', '.join(ids) or '(none)'}")
    if not found.ended:
        say("a session did not end: its tests of which nothing was expected are not known")


def _write(path: Path, project: Project, found: Drift, ids: Sequence[str]) -> int:
    """Write the sheet; the map itself is never replaced, since it may hold more than is read of it."""
    if path.absolute().resolve() in [one.resolve() for one in project.settings.map]:
        msg = f"--csv: {path} is the map itself - name another file"
        return complain(msg, ExitStatus.USAGE)
    try:
        path.write_bytes(words.sheet(project.rules.files, found, ids, project.redactor.text))
    except OSError as error:
        msg = f"--csv: {path} cannot be written ({error.strerror or error})"
        return complain(msg, ExitStatus.USAGE)
    return int(ExitStatus.OK)
