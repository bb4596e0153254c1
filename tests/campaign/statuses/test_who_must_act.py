"""The exit status where a person must act, where somebody interrupts, and where we have a bug."""

from __future__ import annotations

import signal

import pytest

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.spool import Spool

from ...commands.project import Ended
from ...commands.project import Project
from ...commands.project import wait_until
from ...commands.project import waiting_run
from .trouble import MARKS
from .trouble import trouble


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("evidence.attach('no-such-file')", "not taken: "),
        ("blob(evidence.text('b')).write_text('other')", "damaged: "),
    ],
    ids=["refused", "damaged"],
)
def test_a_person_must_act(project: Project, code: str, state: str) -> None:
    """65 for a piece that was not taken and for one that was changed on the disk, before 77 and 75."""
    project.write(
        "test_it.py",
        "import pathlib, pytest",
        "def blob(piece): return next(pathlib.Path('.evidence').glob(f'*/blobs/{piece.sha256}'))",
        f"@pytest.mark.evidence({MARKS[77]}, {MARKS[75]})",
        f"def test_it(evidence): evidence.text('a', name='sound.txt'); {code}",
    )

    ended = project.pytest("-q", "-p", "bugs")

    assert 65 == ended.status
    assert f"\n{state}" in ended.out
    assert ended.counts["waiting"] == 2


def test_what_nobody_can_tell_is_65(project: Project, sandbox: Sandbox) -> None:
    """An upload whose answer is lost, to an item that cannot be read; 75 is there too."""
    host = sandbox.options()["evidence_huawei_project"]
    project.write(
        "test_it.py",
        "import pytest",
        f"@pytest.mark.evidence(huawei='scrum/{host}/1001', {MARKS[75]})",
        "def test_it(evidence): evidence.text('a')",
    )
    sandbox.faults.add("answer-lost", system="huawei", method="POST", path="upload")

    ended = project.pytest("-q", "-p", "bugs")

    assert (65, 1, 1) == (ended.status, *ended.numbers("uncertain", "waiting")), ended.out
    assert "look at huawei" in ended.out


def test_a_push_of_several_runs_ends_with_the_worst(project: Project) -> None:
    """Each by itself: one is delivered, one waits, one was rejected; 65 says most."""
    waiting_run(project.spool, "a")
    for status in (75, 65):
        trouble(project, (status,))
        assert 0 == project.pytest("-q", "-p", "bugs", mode="collect").status

    pushed = project.command("push", "-p", "bugs")

    assert 65 == pushed.status
    assert 3 == pushed.out.count("\nevidence: pieces=1 ") + pushed.out.startswith("evidence: ")


@pytest.mark.parametrize("how", ["session", "push"])
def test_ctrl_c_is_130_only_in_a_command(project: Project, sandbox: Sandbox, how: str) -> None:
    """A session ends with pytest's own 2; both print everything, though something was rejected."""
    project.write(
        "test_it.py",
        "import pytest",
        f"@pytest.mark.evidence({MARKS[65]})",
        "def test_a(evidence): evidence.text('a')",
        f"@pytest.mark.evidence(rillsoft='4711', {MARKS[65]})",
        "def test_b(evidence): evidence.text('b')",
    )
    options = sandbox.options()
    project.configure("huawei rillsoft", options, "evidence_stall = 100")
    sandbox.faults.add("stalled", system="rillsoft", method="POST", path="4711", seconds=600)
    if how == "push":
        assert 0 == project.pytest("-q", mode="collect").status
        process = project.start_command("push")
    else:
        process = project.start("-q")

    wait_until(lambda: not any(f["fault"] == "stalled" for f in sandbox.faults.waiting()))
    wait_until(lambda: rejected_in(project) == 2)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)

    ended = Ended(status=process.returncode, out=out, errors=errors)
    assert (2 if how == "session" else 130) == ended.status, errors
    assert (2, 1) == ended.numbers("rejected", "uncertain")


def rejected_in(project: Project) -> int:
    """Return how many deliveries the journals have as rejected."""
    texts = [path.read_text() for path in project.spool.glob("*/deliveries/*.jsonl")]
    return sum(text.count('"state":"rejected"') for text in texts)


@pytest.mark.parametrize(
    ("fault", "lines"),
    [
        ("delivering.deliver_runs", 2),
        ("report.document.document", 2),
        ("commands.with_pytest.chosen_runs", 0),
    ],
)
def test_a_bug_of_ours_in_a_push_is_70(project: Project, fault: str, lines: int) -> None:
    """One line and no traceback; every run has its last line, and what it left is delivered later."""
    where, _, name = fault.rpartition(".")
    project.write(
        "faulty.py",
        f"import pytest_attach_evidence.{where} as room",
        "def boom(*arguments, **named): raise RuntimeError('a fault of ours')",
        f"room.{name} = boom",
    )
    for content in ("a", "b"):
        waiting_run(project.spool, content)

    done = project.command("push", "-p", "faulty", "-p", "bugs")
    later = project.command("push", "-p", "bugs")

    assert 70 == done.status
    assert lines == done.out.count("evidence: pieces=1 deliveries=1 ")
    assert "bug of pytest-attach-evidence: " in done.out + done.errors
    assert "Traceback" not in done.out + done.errors
    assert 0 == later.status
    assert all(len(run.read().receipts) == 1 for run in Spool(project.spool).runs())
