"""However the process of a test ends: what was attached is there, once, and pytest's status is kept."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from .scene import WORKERS
from .scene import Life
from .scene import counted


SUITE = """
import os, signal, time
import pytest

@pytest.mark.evidence(squash="TC-1")
def test_first(evidence):
    keep(evidence, "first.txt")

@pytest.mark.evidence(squash="TC-2", huawei="956239067176935400")
def test_ends(evidence, evidence_session):
    keep(evidence, "one.txt")
    keep(evidence, "two.txt")
    keep(evidence_session, "run.txt")
    {end}

@pytest.mark.evidence(squash="TC-3")
def test_after(evidence):
    keep(evidence, "after.txt")
"""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What a test does after it attached; `statuses` are pytest's, alone and with workers."""

    does: str
    statuses: tuple[int, int]
    words: tuple[str, ...] = ()
    outcome: str = "unknown"


ENDINGS = {
    "kill -9": Ending(does="os.kill(os.getpid(), signal.SIGKILL)", statuses=(-9, 1)),
    "segmentation fault": Ending(does="os.kill(os.getpid(), signal.SIGSEGV)", statuses=(-11, 1)),
    "SIGTERM": Ending(does="os.kill(os.getpid(), signal.SIGTERM)", statuses=(-15, 1)),
    "os._exit": Ending(does="os._exit(7)", statuses=(7, 1)),
    "os._exit(0)": Ending(does="os._exit(0)", statuses=(0, 1)),
    "pytest.exit": Ending(does="pytest.exit('enough', returncode=9)", statuses=(9, 3)),
    "KeyboardInterrupt": Ending(does="raise KeyboardInterrupt", statuses=(2, 2)),
    "SystemExit": Ending(does="raise SystemExit(3)", statuses=(1, 1), outcome="failed"),
    "timeout by thread": Ending(
        does="time.sleep(600)",
        statuses=(1, 1),
        words=("-p", "pytest_timeout", "--timeout=1", "--timeout-method=thread"),
    ),
    "timeout by signal": Ending(
        does="time.sleep(600)",
        statuses=(1, 1),
        words=("-p", "pytest_timeout", "--timeout=1", "--timeout-method=signal"),
        outcome="failed",
    ),
    "-x": Ending(does="assert False", statuses=(1, 2), words=("-x",), outcome="failed"),
    "--maxfail": Ending(does="assert 0", statuses=(1, 2), words=("--maxfail=1",), outcome="failed"),
}


@WORKERS
@pytest.mark.parametrize("name", ENDINGS)
def test_a_test_that_ends_its_process(life: Life, name: str, workers: tuple[str, ...]) -> None:
    """Each piece whose `attach` returned arrives, the test counts as failed, the status is pytest's."""
    one = ENDINGS[name]
    life.suite(SUITE.format(end=one.does))
    plain = life.session(*one.words, *workers, mode="off")

    session = life.session(*one.words, *workers)
    life.settle()

    expected = one.statuses[bool(workers)]
    assert (expected, expected) == (plain.status, session.status), session
    assert counted(plain.out) == counted(session.out)
    assert one.outcome == life.outcomes()["test_ends"]
    assert "FAILURE" in life.statuses().values()
