"""pytest-forked: every test runs in a child of its own, which may die without a word."""

from __future__ import annotations

import os

import pytest

from .attributed import names
from .scene import WORKERS
from .scene import Life


SUITE = """
import os
import pytest

@pytest.fixture(scope="module")
def shared(evidence_session):
    keep(evidence_session, f"shared-{os.getpid()}.txt")

@pytest.mark.evidence(squash="TC-1")
def test_passes(evidence, shared):
    keep(evidence, "1.txt")
    keep(evidence, "2.txt")

@pytest.mark.evidence(squash="TC-2")
def test_dies(evidence, shared):
    keep(evidence, "dying.txt")
    os.kill(os.getpid(), 9)

@pytest.mark.evidence(squash="TC-12")
def test_fails(evidence, shared):
    keep(evidence, "failing.txt")
    assert False

def test_unmapped(evidence):
    keep(evidence, "unmapped.txt")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
@WORKERS
def test_every_test_in_a_child(life: Life, workers: tuple[str, ...]) -> None:
    """Each piece is at its test once, that of the child that died too; the outcomes are the children's.

    The children's reports are pytest-forked's own affair: it cannot pass on those of pytest 9.2, and
    calls every test failed.
    """
    life.suite(SUITE)

    session = life.session("-p", "pytest_forked", "--forked", *workers)
    life.settle()

    assert 1 == session.status, session
    assert {
        "test_passes": ["1.txt", "2.txt"],
        "test_dies": ["dying.txt"],
        "test_fails": ["failing.txt"],
        "test_unmapped": ["unmapped.txt"],
    } == names(life)
    assert {
        "test_passes": "passed",
        "test_dies": "unknown",
        "test_fails": "failed",
        "test_unmapped": "passed",
    } == life.outcomes()
    assert ["FAILURE", "FAILURE", "SUCCESS"] == sorted(life.statuses().values())
    assert sum(life.kept().values()) == session.counts["pieces"] == 8
