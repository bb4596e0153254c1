"""`kill -9` at bad moments: what was attached is delivered by a push, and nothing twice."""

from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest

from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.sandbox import Sandbox

from .project import Project
from .project import commits
from .project import wait_until


DYING = """
import pathlib, time
import pytest

@pytest.mark.evidence(squash="TC-1")
def test_that_ends(evidence):
    evidence.text("it ended", name="ended.txt")

@pytest.mark.evidence(squash="TC-2")
@pytest.mark.parametrize("number", [1, 2])
def test_that_is_killed(evidence, number):
    evidence.text("first", name="first.txt")
    evidence.text("second", name="second.txt")
    pathlib.Path(f"attached-{number}").touch()
    while True:
        time.sleep(1)
"""


def kill(process: subprocess.Popen[str]) -> None:
    """End a process and all that it started, as nothing can refuse."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


def statuses(sandbox: Sandbox) -> dict[str, str]:
    """Return the status of the execution that holds evidence, by the test case of its pieces."""
    system = sandbox.systems["squash"]
    objects = {file.object for file in sandbox.store.files("squash")}
    return {one.object: one.facts["status"] for one in system.objects() if one.object in objects}


@pytest.mark.parametrize(
    ("words", "killed"), [([], 1), (["-p", "xdist", "-n", "2"], 2)], ids=["alone", "-n 2"]
)
def test_in_the_middle_of_the_tests(
    project: Project, sandbox: Sandbox, words: list[str], killed: int
) -> None:
    """Every piece whose `attach` returned is delivered, and the killed test counts as failed."""
    project.lead_to(sandbox, "squash archive")
    project.write("test_it.py", DYING)
    session = project.start("-q", *words)
    wait_until(lambda: len(list(project.folder.glob("attached-*"))) == killed)
    kill(session)
    told = project.command("status")
    attached = project.record().pieces

    pushed = project.command("push")
    record = project.record()

    assert "interrupted" in told.out
    assert 0 == pushed.status, pushed.out
    assert 2 * killed + 1 == len(attached)
    assert (2 * len(attached),) == pushed.numbers("delivered")
    outcomes = {one.nodeid: one.outcome for one in record.items.values()}
    assert killed == sum(
        outcome is Outcome.UNKNOWN for nodeid, outcome in outcomes.items() if "killed" in nodeid
    )
    assert len(attached) == len(commits(sandbox, "squash"))
    assert {1} == set(commits(sandbox, "squash").values())
    assert "FAILURE" in statuses(sandbox).values()
    assert "nothing waits\n" == project.command("push").out


def test_while_a_push_runs(project: Project, sandbox: Sandbox) -> None:
    """A push that is killed leaves no lock behind, and the next one goes on where it was."""
    project.lead_to(sandbox, "huawei")
    project.suite("huawei", pieces=3)
    assert 0 == project.pytest("-q", mode="collect").status
    fault = {"system": "huawei", "method": "POST", "path": "/upload$", "after": 1}
    sandbox.faults.add("slow", seconds=60, **fault)
    first = project.start_command("push")
    wait_until(lambda: 2 == len(commits(sandbox, "huawei")))
    kill(first)

    pushed = project.command("push")

    assert (0, 2, 1) == (pushed.status, *pushed.numbers("delivered", "found"))
    assert [1, 1, 1] == list(commits(sandbox, "huawei").values())


def test_before_the_run_had_anything(project: Project) -> None:
    """A session that dies at once leaves a run that waits for nothing and can be removed."""
    project.write("test_it.py", "import os, signal", "os.kill(os.getpid(), signal.SIGKILL)")
    assert -signal.SIGKILL == project.pytest("-q").status

    pushed = project.command("push")

    assert 0 == pushed.status
    assert (0, 0) == pushed.numbers("pieces", "deliveries")
    assert re.search("^1 run removed", project.command("clean").out)


CRASHING = """
import os
import pytest

@pytest.mark.evidence(squash="TC-12")
def test_that_passes(evidence):
    evidence.text("fine", name="fine.txt")

@pytest.mark.evidence(squash="TC-12")
def test_that_dies():
    os._exit(9)
"""


def test_a_crash_without_evidence_is_no_success(project: Project, sandbox: Sandbox) -> None:
    """A mapped test that died before it attached anything makes its execution FAILURE."""
    project.lead_to(sandbox, "squash")
    project.write("test_it.py", CRASHING)

    project.pytest("-q")
    pushed = project.command("push")

    assert 0 == pushed.status, pushed.out
    assert ["FAILURE"] == list(statuses(sandbox).values())


OUTLIVING = """
import pathlib, time

def test_that_goes_on(evidence):
    evidence.text("first", name="first.txt")
    pathlib.Path("attached").touch()
    while not pathlib.Path("go").exists():
        try:
            time.sleep(0.01)
        except KeyboardInterrupt:  # xdist has noticed
            pass
    evidence.text("second", name="second.txt")
"""


def test_workers_that_outlive_their_session(project: Project) -> None:
    """The run is in use until they have ended; a push waits for them and delivers all of it."""
    project.write("test_it.py", OUTLIVING)
    session = project.start("-q", "-p", "xdist", "-n", "1")
    wait_until((project.folder / "attached").exists)
    session.kill()
    session.wait(timeout=30)
    told, cleaned = project.command("status"), project.command("clean")

    push = project.start_command("push")
    assert push.stdout is not None
    waiting = push.stdout.readline()
    (project.folder / "go").touch()
    out, errors = push.communicate(timeout=60)
    session.communicate(timeout=30)

    assert "  in use" in told.out
    assert "0 runs removed, 1 stay" in cleaned.out
    assert "still runs, waiting for it" in waiting
    assert "evidence: pieces=2 deliveries=2 delivered=2 " in out
    assert (0, "") == (push.returncode, errors)
    assert "nothing waits\n" == project.command("push").out
