"""`kill -9` in the middle of the upload, for all destinations at once, at several moments."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pytest_attach_evidence.deliveries import states
from pytest_attach_evidence.run_record import RunRecord
from pytest_attach_evidence.sandbox import Sandbox

from ..bundles import pieces_in
from .project import TARGETS
from .project import Ended
from .project import Project
from .project import commits
from .project import wait_until


UPLOADS = {
    "squash": ("POST", r"/attachments$"),
    "workiva": ("PUT", ""),
    "huawei": ("POST", r"/attachments/upload$"),
    "rillsoft": ("POST", r"/attachments/\d+(\?|$)"),
}
BIG = 11_000_000  # more than the sockets of both sides hold, less than what CodeArts takes
HOLDING = """
import pathlib, time
from pytest_attach_evidence.destinations import archive

original = archive.{step}

def held(*arguments):
    if "/archive/" in str(arguments) or "Archive" in str(arguments):
        pathlib.Path("archive-held").touch()
        time.sleep(600)
    return original(*arguments)

archive.{step} = held
"""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment at which pytest is killed, and what is there afterwards.

    `fault` and `facts` hold the upload of each system, in `step` the archive hangs; `stored_before`
    is what each system has stored by then.
    """

    name: str
    fault: str
    facts: Mapping[str, Mapping[str, object]]
    step: str
    pieces: int
    size: int
    stored_before: Mapping[str, int]


MOMENTS = [
    Moment(
        name="while sending",
        fault="stalled",
        facts={name: {"seconds": 2.0} for name in UPLOADS},
        step="disk.publish",
        pieces=1,
        size=BIG,
        stored_before=dict.fromkeys(UPLOADS, 0),
    ),
    Moment(
        name="after the commit",
        fault="slow",
        facts={
            "squash": {"after": 0},
            "workiva": {"after": 1},
            "huawei": {"after": 1},
            "rillsoft": {"after": 0},
        },
        step="Archive._list",
        pieces=2,
        size=1000,
        stored_before={"squash": 2, "workiva": 2, "huawei": 2, "rillsoft": 1},
    ),
]


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What a kill left, and what the pushes after it did."""

    moment: Moment
    before: RunRecord
    first: Ended
    second: Ended
    after: RunRecord
    sandbox: Sandbox
    archive: Path


def killed_and_pushed(moment: Moment, folder: Path) -> Aftermath:
    """Kill a session when all its uploads hang, then push twice."""
    (folder / "project").mkdir(parents=True)
    project = Project(folder=folder / "project")
    project.write("holding.py", HOLDING.format(step=moment.step))
    with Sandbox(folder / "servers") as sandbox:
        project.lead_to(sandbox, " ".join((*UPLOADS, "archive")))
        project.suite(*TARGETS, pieces=moment.pieces, size=moment.size)
        for system, (method, path) in UPLOADS.items():
            facts = {"seconds": 600.0, **moment.facts[system]}
            sandbox.faults.add(moment.fault, system=system, method=method, path=path, **facts)
        session = project.start("-q", "-p", "holding", "-o", "evidence_stall=100")
        held = project.folder / "archive-held"
        try:
            wait_until(lambda: held.exists() and not sandbox.faults.waiting())
            wait_until(lambda: moment.stored_before == stored_by(sandbox))
        finally:
            os.killpg(session.pid, signal.SIGKILL)
            said = session.communicate(timeout=30)
        assert "" == said[1], said
        before = project.record()
        first, second = project.command("push"), project.command("push")
        return Aftermath(
            moment=moment,
            before=before,
            first=first,
            second=second,
            after=project.record(),
            sandbox=sandbox,
            archive=project.spool / "archive",
        )


def stored_by(sandbox: Sandbox) -> dict[str, int]:
    """Return how often each system has stored anything."""
    systems = [file.system for file in sandbox.store.ledger()]
    return {name: systems.count(name) for name in UPLOADS}


def test_everything_arrives_and_nothing_twice(tmp_path: Path) -> None:
    """Killed while bytes are sent, between pieces, or after the commit: one push completes it.

    Both moments are waited for at once, since a server gets 30 seconds to store what it may have got.
    """
    with ThreadPoolExecutor() as together:
        moments = [
            together.submit(killed_and_pushed, moment, tmp_path / str(number))
            for number, moment in enumerate(MOMENTS)
        ]
    for aftermath in [moment.result() for moment in moments]:
        check(aftermath)


def check(one: Aftermath) -> None:
    """All keys are there exactly once, with their bytes, and the counts agree."""
    moment, where = one.moment, one.moment.name
    deliveries = 5 * moment.pieces
    assert one.before.receipts.keys() < one.after.receipts.keys()
    assert 0 == one.first.status, (where, one.first.out, one.first.errors)
    assert deliveries == sum(one.first.numbers("delivered", "found")), where
    assert deliveries == len(one.after.receipts) == sum(states(one.after).values()), where
    assert "nothing waits\n" == one.second.out, where
    for system in ("squash", "workiva", "huawei"):
        assert [1] * moment.pieces == list(commits(one.sandbox, system).values()), (where, system)
    assert digests(one.after) == {
        system: sorted(held(one.sandbox, system)) for system in ("squash", "workiva", "huawei")
    } | {"rillsoft": sorted(held_by_rillsoft(one.sandbox))}, where
    assert moment.pieces == len(list(one.archive.glob("*/data/*/*.bin"))), where
    assert [] == list(one.archive.rglob(".new-*")), where
    created = [seen for seen in one.sandbox.requests("squash") if seen.path.endswith("/executions")]
    assert 1 == len([seen for seen in created if seen.method == "POST"]), where
    assert [] == one.sandbox.crashes, where


def digests(record: RunRecord) -> dict[str, list[str]]:
    """Return what every system has to hold."""
    return {system: sorted(piece.sha256 for piece in record.pieces) for system in UPLOADS}


def held(sandbox: Sandbox, system: str) -> list[str]:
    """Return the hashes of what a system holds."""
    return [file.sha256 for file in sandbox.store.files(system)]


def held_by_rillsoft(sandbox: Sandbox) -> list[str]:
    """Return the hashes of the pieces in the one file that the record holds."""
    (file,) = sandbox.store.files("rillsoft")
    pieces = pieces_in(file.name, file.path.read_bytes())
    return [hashlib.sha256(piece).hexdigest() for piece in pieces.values()]
