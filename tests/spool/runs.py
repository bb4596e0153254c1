"""Makes runs in a spool, and reads their journals as plain text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_attach_evidence.keeper import Keeper
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.recorder import Recorder
from pytest_attach_evidence.redact import Redactor
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool


FACTS = Run(id="", started_at="2026-05-01T12:00:00.000Z", argv=("pytest",), host="made-up")
CASE = Target.of("squash", "https://squash.example", "execution", "1042")


def begin(folder: Path) -> RunFolder:
    """Return a new run in the spool `folder/.evidence`, locked by this process."""
    return Spool(folder / ".evidence").begin(FACTS)


def recorder(run: RunFolder, number: int = 1, **facts: Any) -> Recorder:
    """Return what a test attaches with, for a new item of a run."""
    given: dict[str, Any] = {"nodeid": f"test_it.py::test_{number}", "targets": (CASE,), **facts}
    item = Item(id=f"{run.journal.id}-{number}", run_id=run.id, **given)
    return Recorder(Keeper(folder=run, redactor=Redactor(), max_size=1 << 40), item)


def journal_of(run: RunFolder) -> Path:
    """Return the only journal of a run."""
    [path] = (run.path / "journals").iterdir()
    return path


def entries(path: Path) -> list[dict[str, Any]]:
    """Return the entries of a journal, unchecked."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def written(folder: Path, count: int = 4) -> RunFolder:
    """Return a released run with one journal of `count` items with a piece each: two lines an item."""
    run = begin(folder)
    for number in range(1, count + 1):
        recorder(run, number).attach(f"content {number}".encode(), name=f"log-{number}.txt")
    run.release()
    return run
