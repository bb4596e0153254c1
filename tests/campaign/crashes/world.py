"""One trial's world: a spool, a destination, a session that collects and delivers, pushes after it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

from pytest_attach_evidence import delivering
from pytest_attach_evidence import destinations as ours
from pytest_attach_evidence import model
from pytest_attach_evidence.collection import Collection
from pytest_attach_evidence.deliver import Group
from pytest_attach_evidence.destinations.base import Destination
from pytest_attach_evidence.errors import SpoolBusyError
from pytest_attach_evidence.keeper import Keeper
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.project import Project
from pytest_attach_evidence.redact import Redactor
from pytest_attach_evidence.report.summary import Summary
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool


SYSTEMS = ("squash", "workiva", "huawei", "rillsoft")
DESTINATIONS = (*SYSTEMS, "archive")
TARGETS: Mapping[str, tuple[str, ...]] = {
    "squash": ("TC-1", "TC-2", "TC-12", "TC-3"),
    "workiva": ("f1/p1", "f1/p2", "f1/p1", "f1/p2"),
    "huawei": (
        "956239067176935400",
        "956239067176935401",
        "956239067176935402",
        "Bug20261106000017",
    ),
    "rillsoft": ("4711", "4712", "4713", "4714"),
    "archive": ("", "", "", ""),
    "ledger": ("one", "two", "three", "four"),
}
FACTS = Run(id="", started_at="2026-05-01T12:00:00.000Z", argv=("pytest",), host="made-up")
STALL_S = 5.0
SETTLE_S = 30.0
SECONDS = 900.0
LONG_S = 5.0
Suite = Sequence[Sequence[bytes]]
SMALL: Suite = ((b"first", b"second"), (b"first",))
"""Two tests: one with two pieces, one with a piece of the same bytes as another."""


class Clock:
    """The time of a world: the real one and all that was jumped over, by whatever process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._jumped_s = float(path.read_text()) if path.exists() else 0.0

    def jump(self, seconds: float) -> None:
        """Let time pass at once, for the processes to come too."""
        self._jumped_s += seconds
        new = self.path.with_name(f"clock-{os.getpid()}-{threading.get_ident()}")
        new.write_text(str(self._jumped_s))
        new.replace(self.path)

    def monotonic(self) -> float:
        """Return seconds as `time.monotonic` does."""
        return time.monotonic() + self._jumped_s

    def utc(self) -> datetime:
        """Return the date."""
        return datetime.now(UTC) + timedelta(seconds=self._jumped_s)


@dataclass(kw_only=True)
class TrialBudget(Budget):
    """A budget whose waits take no time: its clock jumps over them."""

    time: Clock
    before: Callable[[], None]

    def __post_init__(self) -> None:
        self.clock = self.time.monotonic

    def wait(self, seconds: float) -> bool:
        """Let the time pass at once, but not while a server still works for us."""
        if seconds >= LONG_S:
            self.before()
        self.time.jump(seconds)
        return not self.stop.is_set()


@dataclass(kw_only=True)
class World:
    """A trial. `suite` are the contents of each test's pieces, `name` is the destination.

    What a process does is done by `session`, `collect` and `push`; they are called in processes that
    may be killed at any moment. `other` takes the place of the destination of that name, `before` are
    the objects that the servers had before anything happened,
    `noted` is called with everything that is told to the parent.
    """

    folder: Path
    name: str
    servers: Any = None
    suite: Suite = SMALL
    parallel: int = 1
    other: Destination | None = None
    before: frozenset[str] = frozenset()
    noted: Callable[[str, str], None] = lambda _name, _line: None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def exports(self) -> Mapping[str, str]:
        """The secrets of the servers."""
        return self.servers.exports if self.servers else {}

    @property
    def spool(self) -> Path:
        """The folder of the spool."""
        return self.folder / ".evidence"

    @property
    def archive(self) -> Path:
        """The folder of the archive."""
        return self.folder / "archive"

    @property
    def accepted(self) -> set[str]:
        """The ids of the pieces whose `attach` has returned."""
        path = self.folder / "accepted"
        return set(path.read_text().split()) if path.exists() else set()

    @property
    def told(self) -> list[dict[str, int]]:
        """The numbers of every session and push that came to its end, with its exit status."""
        path = self.folder / "told"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def met_a_busy_run(self) -> bool:
        """Whether a push found the run in use."""
        return (self.folder / "busy").exists()

    def run(self) -> RunFolder | None:
        """Return the run, if there is one yet."""
        found = Spool(self.spool).runs()
        return found[0] if found else None

    def session(self) -> None:
        """Collect, then deliver, as one process."""
        run = self.collect()
        self._deliver(self.project(), run)
        run.release()

    def collect(self) -> RunFolder:
        """Run the suite: every test attaches its pieces and ends. Return the run, still locked.

        Every piece but the first belongs to a step of its own.
        """
        project = self.project()
        run = Spool(self.spool).begin(FACTS)
        keeper = Keeper(folder=run, redactor=project.redactor, max_size=1 << 30)
        collected = Collection(keeper=keeper)
        destination = project.destinations[self.name]
        for number, contents in enumerate(self.suite):
            target = destination.parse(TARGETS[self.name][number % 4])
            recorder = collected.begin(f"test_it.py::test_{number}", found=(target,))
            for seq, content in enumerate(contents):
                with recorder.step(f"part {seq}") if seq else nullcontext():
                    piece = recorder.attach(content, name=f"{seq}.txt")
                if piece is not None:
                    self._note("accepted", piece.id)
            recorder.end()
        run.write_finished(0, {"passed": len(self.suite)})
        return run

    def push(self) -> None:
        """Deliver what waits, as `attach-evidence push` does."""
        for run in Spool(self.spool).runs():
            try:
                with run.locked():
                    if not run.read().finished:
                        run.write_interrupted()
                    self._deliver(self.project(), run)
            except SpoolBusyError:
                self._note("busy", run.id)

    def project(self) -> Project:
        """Return the configured project, with a destination that remembers nothing."""
        given = self.servers.options if self.servers else {}
        settings = Settings(
            mode="upload",
            destinations=(self.name,),
            dir=self.spool,
            archive_dir=self.archive,
            given=given,
            parallel=self.parallel,
            stall_s=STALL_S,
        )
        secrets = Secrets(self.exports)
        time = Clock(self.folder / "clock")
        model.utc_now = time.utc
        dropped = getattr(self.servers, "done_with_what_was_dropped", lambda: None)
        budget = TrialBudget(ends_at=0.0, stall_s=STALL_S, time=time, before=dropped)
        built = self.other or ours.factory(self.name)(settings, secrets, budget)
        return Project(
            settings=settings,
            redactor=Redactor(secrets.known_values()),
            budget=budget,
            destinations={self.name: built},
            known=frozenset([self.name]),
        )

    def _deliver(self, project: Project, run: RunFolder) -> None:
        group = Group.of([run])
        said: list[str] = []
        results = delivering.deliver_runs(
            project, group, seconds=SECONDS, terminal=False, write=said.append
        )
        summary = Summary(results=results, records=group.records)
        assert not results.bugs, results.bugs
        said += summary.lines()
        (self.folder / "said").write_text("\n".join(said))
        status = delivering.status_of(summary, collected_now=False)
        self._note("told", json.dumps({**summary.counts(), "status": status}))

    def _note(self, name: str, line: str) -> None:
        """Tell the parent something that outlives this process."""
        file = os.open(self.folder / name, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        os.write(file, f"{line}\n".encode())
        os.close(file)
        self.noted(name, line)
