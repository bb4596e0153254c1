"""What one sees while a delivery waits, in a session and in a push that is no terminal."""

from __future__ import annotations

import re

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from .project import Project


WAITING = re.compile(
    r"^evidence: 0 of 2 deliveries done; huawei is waiting \d s as its server asked \(1 piece\); "
    r"at most (\d+) s more; Ctrl-C leaves the rest waiting$",
    re.MULTILINE,
)


@pytest.mark.parametrize("how", ["session", "push"])
def test_a_wait_is_told_in_one_line(project: Project, sandbox: Sandbox, how: str) -> None:
    """For what, how long, how long everything may still take, how to stop; then everything is there."""
    project.lead_to(sandbox, "huawei", "evidence_deadline = 60")
    project.suite("huawei", pieces=2)
    sandbox.faults.add("status-429", system="huawei", method="POST", path="upload", retry_after="4")
    mode = "upload" if how == "session" else "collect"

    ended = project.pytest("-q", mode=mode)
    if how == "push":
        ended = project.command("push")

    assert 1 == len(WAITING.findall(ended.out)), ended.out
    (most,) = WAITING.findall(ended.out)
    assert (0, "", 2) == (ended.status, ended.errors, *ended.numbers("delivered"))
    assert (50 if how == "session" else 890) < int(most) <= (60 if how == "session" else 900)


def test_a_fast_run_says_nothing(project: Project, sandbox: Sandbox) -> None:
    """Only the summary."""
    project.lead_to(sandbox, "huawei archive")
    project.suite("huawei", pieces=2)

    ended = project.pytest("-q")

    assert 4 == ended.counts["delivered"]
    assert "deliveries done" not in ended.out + ended.errors
