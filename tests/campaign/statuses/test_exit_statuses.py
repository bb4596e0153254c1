"""The exit status and the last line, to the letter: alone, two troubles at once, session and push.

Every row is a process of its own against the look-alike servers.
"""

from __future__ import annotations

import json

import pytest

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.spool import Spool

from ...commands.project import Project
from .trouble import ALONE_AND_TOGETHER
from .trouble import ORDER
from .trouble import check_counts
from .trouble import trouble


@pytest.mark.parametrize("how", ["session", "push"])
@pytest.mark.parametrize("statuses", ALONE_AND_TOGETHER, ids=str)
def test_the_first_that_applies(project: Project, statuses: tuple[int, ...], how: str) -> None:
    """70, 74, 65, 77, 75 in this order, whatever else is there; 0 without trouble."""
    trouble(project, statuses)

    ended = project.pytest("-q", "-p", "bugs", mode="upload" if how == "session" else "collect")
    if how == "push":
        assert 0 == ended.status
        ended = project.command("push", "-p", "bugs")

    assert (statuses[0] if statuses else 0) == ended.status, ended.out
    check_counts(ended, statuses)
    if 74 not in statuses:
        (run,) = Spool(project.spool).runs()
        told = json.loads((run.path / "evidence-summary.json").read_text(encoding="utf-8"))
        assert (ended.counts, ended.status, how) == (
            told["counts"],
            told["exit_status"],
            told["by"],
        )


@pytest.mark.parametrize(
    ("words", "passes", "expected"),
    [
        ([], False, 1),
        (["--maxfail=1", "--co", "-k", "nothing"], True, 5),
        (["--evidence-on-undelivered=warn"], True, 0),
        (["--evidence-on-undelivered=warn"], False, 1),
        (["--evidence=collect"], True, 0),
        (["--evidence=collect"], False, 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_pytests_own_wins_and_warn_and_collect_leave_it(
    project: Project, words: list[str], passes: bool, expected: int
) -> None:
    """With all five troubles at once."""
    trouble(project, ORDER, passes=passes)

    ended = project.pytest("-q", "-p", "bugs", *words)

    assert expected == ended.status, ended.out
    if expected != 5:
        told = (
            ("deliveries", "waiting")
            if "--evidence=collect" in words
            else ("deliveries", "rejected")
        )
        assert ((5, 5) if "--evidence=collect" in words else (5, 1)) == ended.numbers(*told)


def test_no_tests_is_pytests_own_5(project: Project) -> None:
    """Also where the run's own evidence could not be delivered."""
    project.write("test_it.py", "def test_a(): pass")
    project.write("report.xml", "<a/>")

    ended = project.pytest(
        *("-q", "-p", "bugs", "-k", "nothing"),
        *("-o", "evidence_reports=report.xml", "-o", "evidence_run_targets=squash=iterations/4"),
    )

    assert (5, 1, 1) == (ended.status, *ended.numbers("delivered", "waiting"))


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("evidence_deadline=soon", "evidence_deadline"),
        ("evidence_squash_url=nothing", "evidence_squash_url"),
        ("evidence_destinations=nowhere", "nowhere"),
    ],
)
def test_a_wrong_configuration_is_4_in_a_session_and_78_in_a_command(
    project: Project, sandbox: Sandbox, option: str, said: str
) -> None:
    """Before the first test, and before anything is sent, whatever waits."""
    trouble(project, ORDER)
    assert 0 == project.pytest("-q", "-p", "bugs", mode="collect").status

    session = project.pytest("-q", "-p", "bugs", "-o", option)
    push = project.command("push", "-p", "bugs", "-o", option)

    assert (4, 78, "") == (session.status, push.status, push.out)
    assert said in session.errors
    assert said in push.errors
    assert "1 passed" not in session.out
    assert [] == sandbox.requests()


def test_wrong_arguments_are_4(project: Project) -> None:
    """As the help says."""
    assert 4 == project.command("push", "--no-such").status
