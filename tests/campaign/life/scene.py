"""A project whose tests note what they attached, and what must hold for it however its process ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from pytest_attach_evidence.deliveries import deliveries_of
from pytest_attach_evidence.deliveries import states
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.run_record import RunRecord
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.store import StoredFile
from pytest_attach_evidence.spool import Spool

from ...commands.project import LAST_LINE
from ...commands.project import Ended
from ...commands.project import Project
from ...commands.project import commits
from ...commands.project import wait_until
from ..faults.invariants import holding
from ..faults.places import places_of


SYSTEMS = ("squash", "workiva", "huawei")
STATES = ("delivered", "found", "waiting", "uncertain", "rejected", "damaged")
OUTCOMES = re.compile(r"(\d+) (passed|failed|skipped|errors?|xfailed|xpassed)")
TWO = ("-p", "xdist", "-n", "2")
WORKERS = pytest.mark.parametrize("workers", [(), TWO], ids=["alone", "-n2"])
KEEPING = '''
"""Attaches, and notes every piece whose `attach` returned before anything else can happen."""
import os
import time
from pathlib import Path

HERE = Path(__file__).parent

def keep(recorder, name):
    (HERE / "attached").touch()
    piece = recorder.attach(f"{name} {os.urandom(8).hex()}".encode(), name=name)
    if recorder.item.id:  # else evidence is off
        assert piece is not None
        note = os.open(HERE / "kept.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(note, f"{piece.id} {name}\\n".encode())
        os.close(note)
    return piece

def hang(marker):
    (HERE / marker).touch()
    while True:
        time.sleep(0.05)
'''


@dataclass(kw_only=True)
class Life:
    """A project with servers for its evidence."""

    project: Project
    sandbox: Sandbox

    def suite(self, text: str) -> None:
        """Write the tests; they may import `keep` and `hang` from keeping."""
        self.project.write("keeping.py", KEEPING)
        self.project.write("conftest.py", "from keeping import hang, keep")
        self.project.write("test_life.py", "from keeping import hang, keep", text)

    def session(self, *words: str, mode: str = "upload", **more: str) -> Ended:
        """Run pytest to its end and check what its last line says."""
        ended = self.project.pytest(*words, mode=mode, **more)
        if LAST_LINE.search(ended.out):
            self.check_line(ended)
        return ended

    def start(self, *words: str, mode: str = "upload") -> subprocess.Popen[str]:
        """Start pytest."""
        return self.project.start(*words, mode=mode)

    def start_until(self, marker: str, *words: str, number: int = 1) -> subprocess.Popen[str]:
        """Start pytest, and return it when so many of its tests hang."""
        process = self.start(*words)
        try:
            wait_until(lambda: len(list(self.project.folder.glob(marker))) == number)
        except AssertionError:
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError(process.communicate(timeout=30)) from None
        return process

    def records(self) -> list[RunRecord]:
        """Read every run of the spool."""
        return [run.read() for run in Spool(self.project.spool).runs()]

    def record(self) -> RunRecord:
        """Read the only run of the spool."""
        return self.project.record()

    def kept(self) -> Counter[str]:
        """Return the ids of all pieces whose `attach` returned."""
        log = self.project.folder / "kept.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return Counter(line.partition(" ")[0] for line in lines)

    def check_line(self, ended: Ended) -> None:
        """The numbers of the last line add up and are those of the journals."""
        records = {record.run.id: record for record in self.records()}
        ((_, runs, command),) = LAST_LINE.findall(ended.out)
        told = Counter[str]()
        for run in runs.split(","):
            told.update({str(state): number for state, number in states(records[run]).items()})
        assert {name: told[name] for name in STATES} == {n: ended.counts[n] for n in STATES}
        assert ended.counts["deliveries"] == sum(ended.counts[name] for name in STATES)
        assert bool(command) == any(ended.counts[name] for name in STATES[2:])

    def settle(self) -> Ended:
        """Push until done, and return that push: nothing is lost, nothing is doubled, nothing waits."""
        self.check_kept()
        first = ended(self.project.start_command("push"))
        assert (0, "") == (first.status, first.errors), first
        assert "nothing waits\n" == self.project.command("push").out
        for record in self.records():
            assert {} == {state: n for state, n in states(record).items() if not state.settled}
        self.check_arrived()
        return first

    def check_kept(self) -> None:
        """Every piece whose `attach` returned is in a journal, once, and no journal is damaged."""
        pieces = Counter(piece.id for record in self.records() for piece in record.pieces)
        assert [] == [problem for record in self.records() for problem in record.problems]
        assert {} == self.kept() - pieces
        assert {1} >= set(pieces.values())

    def check_kept_by(self, record: RunRecord) -> None:
        """The pieces of a run are among those whose `attach` returned."""
        assert {piece.id for piece in record.pieces} <= set(self.kept())

    def check_arrived(self) -> None:
        """Each wanted piece is once at the object of its target, nothing else is anywhere.

        The pieces of one run for one target are at one object.
        """
        wanted = self._wanted()
        spread: dict[tuple[str, Target], set[str]] = {}
        for run, delivery in wanted:
            held = holding(delivery, self._files(), places_of(delivery.target, self.sandbox))
            assert held is not None, f"not there, or not only there: {delivery.title}"
            spread.setdefault((run, delivery.target), set()).add(held.object)
        assert {} == {where: found for where, found in spread.items() if len(found) > 1}
        assert len(wanted) == len(self._files())
        for system in SYSTEMS:
            assert {1} >= set(commits(self.sandbox, system).values()), system

    def _files(self) -> list[StoredFile]:
        return [file for system in SYSTEMS for file in self.sandbox.store.files(system)]

    def _wanted(self) -> list[tuple[str, Delivery]]:
        """Return what has to be in a system, with the run it is from."""
        return [
            (record.run.id, delivery)
            for record in self.records()
            for piece in record.pieces
            for delivery in deliveries_of(record, piece)
            if delivery.target.destination in SYSTEMS and piece.id not in record.unwanted
        ]

    def outcomes(self) -> dict[str, str]:
        """Return the outcomes of the only run's items, the run's own left out."""
        items = self.record().items.values()
        return {item.nodeid.partition("::")[2]: str(item.outcome) for item in items if item.nodeid}

    def statuses(self) -> dict[str, str]:
        """Return the status of the newest Squash execution of each test case that got evidence."""
        system = self.sandbox.systems["squash"]
        got = {file.object for file in self.sandbox.store.files("squash")}
        return {one.object: one.facts["status"] for one in system.objects() if one.object in got}


def ended(process: subprocess.Popen[str], seconds: float = 60) -> Ended:
    """Wait for a process and return what it said; kill its group where it does not end."""
    try:
        out, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, errors = process.communicate(timeout=30)
        raise AssertionError(f"did not end within {seconds} s: {out}{errors}") from None
    return Ended(status=process.returncode, out=out, errors=errors)


def counted(text: str) -> dict[str, int]:
    """Return the numbers of pytest's own last line."""
    lines: Sequence[str] = [line for line in text.splitlines() if " in " in line]
    found = OUTCOMES.findall(lines[-1]) if lines else []
    return {name.rstrip("s"): int(number) for number, name in found}
