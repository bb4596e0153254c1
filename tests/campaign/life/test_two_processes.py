"""Several processes at one spool: sessions, pushes, and one that dies while it holds a run's lock."""

from __future__ import annotations

import os
import signal

import pytest

from pytest_attach_evidence.spool import Spool

from ...commands.project import Ended
from ...commands.project import commits
from ...commands.project import wait_until
from .scene import WORKERS
from .scene import Life
from .scene import ended


SUITE = """
import pytest

@pytest.mark.evidence(squash="TC-1", huawei="956239067176935400")
@pytest.mark.parametrize("number", range(4))
def test_it(evidence, number):
    keep(evidence, f"{number}.txt")
"""
MEETING = """
import os, time
import pytest

@pytest.mark.evidence(squash="TC-1", huawei="956239067176935400")
def test_it(evidence):
    keep(evidence, "first.txt")
    (HERE / f"here-{os.environ['WHO']}").touch()
    while len(list(HERE.glob("here-*"))) < 3:
        time.sleep(0.01)
    keep(evidence, "second.txt")
"""


@WORKERS
def test_sessions_at_once(life: Life, workers: tuple[str, ...]) -> None:
    """Three sessions that run and deliver side by side have a run each, and disturb nobody."""
    life.suite("from keeping import HERE\n" + MEETING)
    started = [
        life.project.start(*workers, "-o", "evidence_keep_runs=1", WHO=str(number))
        for number in range(3)
    ]
    done = [ended(process) for process in started]

    assert [0, 0, 0] == [one.status for one in done], done
    assert 6 == sum(life.kept().values())
    assert 6 == len(commits(life.sandbox, "huawei")) == len(commits(life.sandbox, "squash"))
    assert {1} == {*commits(life.sandbox, "huawei").values()}
    assert {1} == {*commits(life.sandbox, "squash").values()}
    for one in done:
        assert (2, 6, 6) == one.numbers("pieces", "deliveries", "delivered")
    assert "nothing waits\n" == life.project.command("push").out
    assert 3 == len(list((life.project.spool / "archive").iterdir()))


HANGING = """
import pytest

@pytest.mark.evidence(squash="TC-1")
@pytest.mark.parametrize("number", range(2))
def test_hangs(evidence, number):
    keep(evidence, f"{number}.txt")
    (HERE / f"hangs-{number}").touch()
    while not (HERE / "go").exists():
        time.sleep(0.01)
"""


@WORKERS
def test_a_push_beside_a_session(life: Life, workers: tuple[str, ...]) -> None:
    """It leaves the run that is in use alone and says so; it delivers the others."""
    life.suite(SUITE)
    life.session(*workers, mode="collect")
    life.suite("import time\nfrom keeping import HERE\n" + HANGING)
    session = life.start_until("hangs-0", *workers)

    pushed = life.project.command("push")
    cleaned = life.project.command("clean")
    (life.project.folder / "go").touch()
    done = ended(session)
    life.check_line(done)

    assert (75, 0) == (pushed.status, done.status)
    assert "is being used by another process" in pushed.out
    assert (12, 12) == pushed.numbers("deliveries", "delivered")
    assert "1 run removed, 1 stay" in cleaned.out
    assert (4, 4) == done.numbers("deliveries", "delivered")
    assert {1} == set(commits(life.sandbox, "squash").values())
    life.check_kept_by(life.record())


@WORKERS
def test_pushes_at_once(life: Life, workers: tuple[str, ...]) -> None:
    """One delivers; each of the others says busy and ends with 75, or finds that nothing waits."""
    life.suite(SUITE)
    life.session(*workers, mode="collect")
    life.sandbox.faults.add("slow", system="huawei", method="POST", path="/upload$", seconds=2)

    pushes = [ended(one) for one in [life.project.start_command("push") for _ in range(4)]]

    busy = [one for one in pushes if one.status == 75]
    assert {0, 75} >= {one.status for one in pushes}
    assert all("is being used by another process" in one.out for one in busy)
    assert 1 == sum(_delivered(one) == 12 for one in pushes)
    assert [1] * 4 == list(commits(life.sandbox, "huawei").values())
    life.settle()


def _delivered(push: Ended) -> int:
    """Return what a push delivered; it has no last line where it had nothing to do."""
    return push.counts["delivered"] if "evidence: pieces=" in push.out else 0


@WORKERS
@pytest.mark.parametrize("holder", ["session", "push"])
def test_the_holder_of_the_lock_is_killed(
    life: Life, holder: str, workers: tuple[str, ...]
) -> None:
    """The lock is free at once, whoever had it; nothing that it left has to be removed."""
    life.suite(SUITE)
    life.project.lead_to(life.sandbox, "huawei", stall_s=100)  # else others are killed half way too
    fault = {"system": "huawei", "method": "POST", "path": "/upload$", "after": 1}
    if holder == "push":
        life.session(*workers, mode="collect")
    life.sandbox.faults.add("slow", seconds=600, **fault)
    process = life.start(*workers) if holder == "session" else life.project.start_command("push")
    wait_until(lambda: 2 == len(commits(life.sandbox, "huawei")))
    (run,) = Spool(life.project.spool).runs()
    assert run.is_busy()

    os.killpg(process.pid, signal.SIGKILL)
    ended(process)
    free = not run.is_busy()
    pushed = life.settle()

    assert free
    assert 1 == pushed.counts["found"]
