"""Fault rows as a person meets them: a session of pytest, then the commands that it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.sandbox import Sandbox
from tests.commands.project import Ended
from tests.commands.project import Project
from tests.commands.project import commits

from .invariants import no_secret_is_shown


EVER = -1
BYTES = {"method": "POST", "path": "attachments(/upload|/4711)?$"}


@dataclass(frozen=True)
class Case:
    """A fault of one system; `ends` are delivered, waiting, uncertain, rejected, and the status."""

    name: str
    system: str
    fault: dict[str, Any]
    ends: tuple[int, int, int, int, int]
    says: str
    passes: bool = True


CASES = [
    Case("lost", "squash", {"fault": "answer-lost", **BYTES}, (2, 0, 0, 0, 0), "2 delivered"),
    Case(
        "401",
        "rillsoft",
        {"fault": "status-401", "times": EVER, **BYTES},
        (0, 2, 0, 0, 77),
        "PYTEST_EVIDENCE_RILLSOFT_TOKEN",
    ),
    Case(
        "413",
        "huawei",
        {"fault": "status-413", "times": EVER, **BYTES},
        (0, 0, 0, 2, 65),
        "HTTP 413",
        passes=False,
    ),
    Case(
        "an hour",
        "squash",
        {"fault": "status-429", "retry_after": "3600", "times": EVER, **BYTES},
        (0, 2, 0, 0, 75),
        "left alone for 3600 s",
    ),
    Case(
        "foreign host",
        "workiva",
        {"fault": "field", "name": "uploadUrl", "value": "https://h.example/?sig=1", "times": EVER},
        (0, 2, 0, 0, 75),
        "https://h.example, which is not allowed",
        passes=False,
    ),
    Case(
        "login page",
        "huawei",
        {"fault": "login-page", "times": EVER},
        (0, 2, 0, 0, 75),
        "login page",
    ),
]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """The four look-alike systems."""
    with Sandbox(tmp_path / "servers") as started:
        yield started
        assert [] == started.crashes


def numbers(ended: Ended) -> tuple[int, ...]:
    """Return what the last line counts; found is as good as delivered."""
    delivered, found, *others = ended.numbers(
        "delivered", "found", "waiting", "uncertain", "rejected"
    )
    return (delivered + found, *others)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_session_and_what_follows(case: Case, sandbox: Sandbox, tmp_path: Path) -> None:
    """I5: results stay; the named command delivers when the fault is gone, and then nothing waits."""
    project = Project(folder=tmp_path / "project")
    project.folder.mkdir()
    project.lead_to(sandbox, case.system, "evidence_deadline = 20", stall_s=10)
    project.suite(case.system, pieces=2, size=2000, passes=case.passes)
    sandbox.faults.add(system=case.system, **case.fault)

    ended = project.pytest("-q")

    *counts, status = case.ends
    assert (tuple(counts), status if case.passes else 1) == (numbers(ended), ended.status)
    assert case.says in ended.out
    assert ("1 passed" if case.passes else "1 failed") in ended.out
    sandbox.heal()
    if status:
        pushed = project.shell(ended.next, cwd=tmp_path)
        assert ((2, 0, 0, 0), 0) == (numbers(pushed), pushed.status), pushed.out
        again = project.shell(ended.next, cwd=tmp_path)
        assert (0, "nothing waits\n") == (again.status, again.out)
    assert {1} == set(commits(sandbox, case.system).values())
    assert "" == ended.errors
    secrets = sandbox.systems[case.system].exports().values()
    no_secret_is_shown(ended.out.splitlines(), [project.spool], list(secrets))
