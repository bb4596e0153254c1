"""Ctrl-C while evidence is uploaded, in a session and in a push."""

from __future__ import annotations

import signal
import subprocess

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from .project import Ended
from .project import Project
from .project import commits
from .project import wait_until


@pytest.fixture
def uploading(project: Project, sandbox: Sandbox) -> Project:
    """A project with three pieces for CodeArts, whose second upload is stored but never answered."""
    project.lead_to(sandbox, "huawei", stall_s=100)
    project.suite("huawei", pieces=3)
    fault = {"system": "huawei", "method": "POST", "path": "/upload$", "after": 1}
    sandbox.faults.add("slow", seconds=600, **fault)
    return project


def interrupted(process: subprocess.Popen[str], sandbox: Sandbox) -> Ended:
    """Press Ctrl-C when the second upload was stored; it has to be over within five seconds."""
    wait_until(lambda: 2 == len(commits(sandbox, "huawei")))
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=8)
    return Ended(status=process.returncode, out=out, errors=errors)


def test_a_session_prints_everything_and_a_push_goes_on(
    uploading: Project, sandbox: Sandbox
) -> None:
    """One is delivered, one uncertain, one waits; pytest ends with its own 2, nothing is sent twice."""
    session = interrupted(uploading.start("-q"), sandbox)
    pushed = uploading.shell(session.next, cwd=uploading.folder)

    assert (2, "") == (session.status, session.errors)
    assert (1, 1, 1) == session.numbers("delivered", "uncertain", "waiting")
    assert "1 passed" in session.out
    assert (0, 2, 1) == (pushed.status, *pushed.numbers("delivered", "found"))
    assert [1, 1, 1] == list(commits(sandbox, "huawei").values())


def test_a_push_ends_with_130_and_leaves_the_other_runs(
    uploading: Project, sandbox: Sandbox
) -> None:
    """The run it was at is told, the next one is not begun, and the same command goes on."""
    for _ in range(2):
        uploading.pytest("-q", mode="collect")

    first = interrupted(uploading.start_command("push"), sandbox)
    second = uploading.command("push")

    assert (130, "") == (first.status, first.errors)
    assert (1, 1, 1) == first.numbers("delivered", "uncertain", "waiting")
    assert (0, 2) == (second.status, second.out.count("evidence: pieces=3 deliveries=3 "))
    assert [1] * 6 == list(commits(sandbox, "huawei").values())
