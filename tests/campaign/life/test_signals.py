"""Signals from outside, while tests run and while evidence is uploaded."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from ...commands.project import commits
from ...commands.project import wait_until
from .scene import TWO
from .scene import WORKERS
from .scene import Life
from .scene import ended


HANGING = """
import pytest

@pytest.mark.evidence(squash="TC-1")
def test_first(evidence):
    keep(evidence, "first.txt")

@pytest.mark.evidence(squash="TC-2", huawei="956239067176935400")
def test_hangs(evidence):
    keep(evidence, "one.txt")
    keep(evidence, "two.txt")
    hang("hangs")

@pytest.mark.evidence(squash="TC-3")
def test_second(evidence):
    keep(evidence, "second.txt")
    hang("second-hangs")
"""
SUITE = """
import pytest

@pytest.mark.evidence(huawei="956239067176935400")
@pytest.mark.parametrize("number", range(3))
def test_it(evidence, number):
    keep(evidence, f"{number}.txt")
"""
DEAF = """
import time
from pathlib import Path
from pytest_attach_evidence.destinations.archive import Archive

class Deaf(Archive):
    def __init__(self, settings, secrets, budget):
        super().__init__(settings, secrets, budget)
        self.budget = budget

    def deliver(self, target, deliveries, open_content, notes):
        super().deliver(target, deliveries, open_content, notes)
        Path("deaf").touch()
        self.budget.stop.wait()
        Path("stopped").touch()
        time.sleep(600)

def pytest_evidence_destinations():
    return {"archive": Deaf}
"""
NUMBERS = ("delivered", "uncertain", "waiting")
MARKERS = {(): ("hangs", 1), TWO: ("*hangs", 2)}


class TestWhileTestsRun:
    """Tests hang; with workers one in each."""

    @WORKERS
    @pytest.mark.parametrize("group", [False, True], ids=["process", "group"])
    def test_ctrl_c(self, life: Life, workers: tuple[str, ...], group: bool) -> None:
        """Status 2, everything is delivered and said, the test that hung counts as failed."""
        life.suite(HANGING)
        marker, number = MARKERS[workers]
        session = life.start_until(marker, *workers, number=number)

        (os.killpg if group else os.kill)(session.pid, signal.SIGINT)
        done = ended(session)
        life.check_line(done)
        life.settle()

        assert 2 == done.status
        assert (0, 0) == done.numbers("waiting", "uncertain")
        assert "unknown" == life.outcomes()["test_hangs"]
        assert "FAILURE" in life.statuses().values()

    @WORKERS
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_the_end_of_the_session(
        self, life: Life, workers: tuple[str, ...], number: signal.Signals
    ) -> None:
        """Nothing is printed any more; `status` says interrupted, and a push delivers everything."""
        life.suite(HANGING)
        marker, count = MARKERS[workers]
        session = life.start_until(marker, *workers, number=count)

        session.send_signal(number)
        done = ended(session)
        told = life.project.command("status")
        life.settle()

        assert -number == done.status
        assert "  interrupted" in told.out
        assert "unknown" == life.outcomes()["test_hangs"]
        assert "FAILURE" in life.statuses().values()


@pytest.fixture
def uploading(life: Life) -> Life:
    """A life whose second upload is stored but not answered."""
    life.suite(SUITE)
    life.project.lead_to(life.sandbox, "huawei", stall_s=100)  # else others are killed half way too
    fault = {"system": "huawei", "method": "POST", "path": "/upload$", "after": 1}
    life.sandbox.faults.add("slow", seconds=600, **fault)
    return life


def stored(life: Life, number: int) -> bool:
    """Tell whether CodeArts has stored so many pieces."""
    return number == len(commits(life.sandbox, "huawei"))


@pytest.fixture
def session(uploading: Life, workers: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
    """A session that waits for that answer."""
    started = uploading.start(*workers)
    try:
        wait_until(lambda: stored(uploading, 2))
        yield started
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
            started.communicate(timeout=30)


class TestWhileEvidenceIsUploaded:
    """One piece is delivered, the second was stored and not answered, the third waits."""

    @WORKERS
    def test_ctrl_c(self, uploading: Life, session: subprocess.Popen[str]) -> None:
        """Over within five seconds, all of it said, pytest's 2; the push sends only what was not sent."""
        session.send_signal(signal.SIGINT)
        done = ended(session, seconds=20)
        uploading.check_line(done)
        pushed = uploading.settle()

        assert (2, "") == (done.status, done.errors)
        assert "3 passed" in done.out
        assert (1, 1, 1) == done.numbers(*NUMBERS)
        assert 1 == pushed.counts["found"]

    @WORKERS
    def test_ctrl_c_twice(self, life: Life, workers: tuple[str, ...]) -> None:
        """Where a destination does not end within the five seconds, the second ends the waiting at once."""
        life.suite(SUITE)
        life.project.write("plugged.py", DEAF)
        life.project.configure("archive", {"evidence_stall": "1"})
        session = life.start_until("deaf", "-p", "plugged", *workers)
        session.send_signal(signal.SIGINT)
        wait_until((life.project.folder / "stopped").exists)
        begin = time.monotonic()
        session.send_signal(signal.SIGINT)
        done = ended(session, seconds=20)
        took = time.monotonic() - begin
        life.check_line(done)
        life.settle()

        assert took < 4
        assert (2, "") == (done.status, done.errors)
        assert "3 passed" in done.out
        assert 3 == sum(done.numbers("uncertain", "waiting"))

    @WORKERS
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_the_end_of_the_session(
        self, uploading: Life, session: subprocess.Popen[str], number: signal.Signals
    ) -> None:
        """Killed without a word: the push finds what was stored and sends the rest."""
        session.send_signal(number)
        done = ended(session)
        pushed = uploading.settle()

        assert -number == done.status
        assert 1 == pushed.counts["found"]


class TestCancelledJob:
    """What GitHub does to a job that is cancelled: SIGINT, later SIGTERM, later KILL for all."""

    @WORKERS
    def test_pytest_behind_a_shell(self, life: Life, workers: tuple[str, ...]) -> None:
        """The shell gets the signals and pytest is killed; the push of the next step delivers all."""
        entry = self._entry(life, workers, "{pytest}; true")
        for number in (signal.SIGINT, signal.SIGTERM):
            entry.send_signal(number)
        os.killpg(entry.pid, signal.SIGKILL)
        done = ended(entry)
        life.settle()

        assert "evidence: pieces=" not in done.out
        assert "FAILURE" in life.statuses().values()

    @WORKERS
    def test_pytest_in_place_of_the_shell(self, life: Life, workers: tuple[str, ...]) -> None:
        """With `exec` the first signal reaches pytest, which delivers before the others come."""
        entry = self._entry(life, workers, "exec {pytest}")
        entry.send_signal(signal.SIGINT)
        done = ended(entry)
        life.check_line(done)
        life.settle()

        assert 2 == done.status
        assert (0, 0) == done.numbers("waiting", "uncertain")

    def _entry(self, life: Life, workers: tuple[str, ...], script: str) -> subprocess.Popen[str]:
        """Start pytest from a shell's script, and return the shell when the tests hang."""
        life.suite(HANGING)
        marker, number = MARKERS[workers]
        entry = life.project.start_shell(script, *workers)
        wait_until(lambda: number == len(list(life.project.folder.glob(marker))))
        return entry
