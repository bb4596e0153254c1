"""`evidence_on_missing` and `require`: tests that should have evidence and lack it."""

from __future__ import annotations

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from .project import Project


SUITE = """
def test_all(evidence):
    evidence.text("a")
    evidence.table([["a"]])

def test_some(evidence): evidence.text("a")

def test_none(): pass
"""
MAP = ("test,squash,require", "test_it.py,TC-1,text table")
LINES = [
    "missing: test_it.py::test_some has no table",
    "missing: test_it.py::test_none attached nothing for squash",
]


def mapped(project: Project, sandbox: Sandbox, *lines: str) -> None:
    """Write a project whose map requires two kinds of evidence of three tests."""
    project.lead_to(sandbox, "squash", "evidence_map = map.csv", *lines)
    project.write("map.csv", *MAP)
    project.write("test_it.py", SUITE)


@pytest.mark.parametrize(
    ("lines", "status", "said"),
    [
        ([], 0, False),
        (["evidence_on_missing = off"], 0, False),
        (["evidence_on_missing = warn"], 0, True),
        (["evidence_on_missing = fail"], 65, True),
        (["evidence_on_missing = fail", "evidence_on_undelivered = warn"], 65, True),
    ],
)
def test_what_is_missing_is_counted_named_or_fails(
    project: Project, sandbox: Sandbox, lines: list[str], status: int, said: bool
) -> None:
    """It is always counted; the option decides whether it is named and whether the run fails."""
    mapped(project, sandbox, *lines)

    ended = project.pytest("-q")

    assert (status, (3, 3, 2)) == (ended.status, ended.numbers("pieces", "delivered", "missing"))
    told = [line for line in ended.out.splitlines() if line.startswith("missing: ")]
    assert (LINES if said else []) == [line.partition(" - ")[0] for line in told]


def test_a_push_that_delivers_fails_for_what_is_missing_too(
    project: Project, sandbox: Sandbox
) -> None:
    """Collecting leaves the status alone; the push for the run tells it."""
    mapped(project, sandbox, "evidence_on_missing = fail")

    session = project.pytest("-q", mode="collect")
    push = project.command("push")

    assert (0, 65) == (session.status, push.status)
    assert (3, 2) == push.numbers("delivered", "missing")
    assert 2 == push.out.count("missing: test_it.py::")
