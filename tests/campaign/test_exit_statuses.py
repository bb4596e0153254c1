"""The exit status and the last line, to the letter: alone, two troubles at once, session and push.

Every row is a process of its own against the look-alike servers.
"""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.spool import Spool

from ..commands.project import TARGETS
from ..commands.project import Ended
from ..commands.project import Project
from ..commands.project import wait_until
from ..commands.project import waiting_run


# A destination of somebody else with a bug in it counts as a bug of ours: nobody else tells it.
BUGGY = """
import pytest
from pytest_attach_evidence.destinations.archive import Archive

class Buggy(Archive):
    name = "buggy"

    def parse(self, text):
        from pytest_attach_evidence import Target
        return Target.of("buggy", "", "thing", str(text))

    def deliver(self, *arguments):
        raise RuntimeError("a bug")

@pytest.hookimpl(optionalhook=True)
def pytest_evidence_destinations():
    return {"buggy": Buggy}
"""
BLOCK_THE_SUMMARY = (
    "[(run / 'evidence-summary.json').mkdir() for run in Path('.evidence').glob('*Z-*')]"
)
SUITE = """
from pathlib import Path
import pytest

@pytest.mark.evidence({marks})
def test_it(evidence):
    evidence.text("a")
    {blocking}
    assert {passes}
"""
ORDER = (70, 74, 65, 77, 75)
MARKS = {
    70: "buggy=1",
    65: "huawei='956239067176930000'",
    77: "workiva='f1/p1'",
    75: "squash='iterations/4'",
}
STATES = {70: "uncertain", 65: "rejected", 77: "waiting", 75: "waiting"}
ALONE_AND_TOGETHER = [(), *((one,) for one in ORDER), *pairwise(ORDER), ORDER]


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> Project:
    """A project with a destination for every sort of trouble."""
    (tmp_path / "project").mkdir()
    made = Project(folder=tmp_path / "project")
    made.write("bugs.py", BUGGY)
    made.lead_to(sandbox, "archive huawei workiva squash buggy")
    return made


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """The look-alikes: Workiva refuses the credentials, Squash asks to come back in an hour."""
    with Sandbox(tmp_path / "servers") as started:
        started.faults.add("status-401", system="workiva", times=99)
        started.faults.add("status-503", system="squash", times=99, retry_after="3600")
        yield started
        assert [] == started.crashes


def trouble(project: Project, statuses: tuple[int, ...], *, passes: bool = True) -> None:
    """Write a test whose evidence meets some of the troubles."""
    marks = ", ".join(MARKS[status] for status in statuses if status in MARKS)
    blocking = BLOCK_THE_SUMMARY if 74 in statuses else "pass"
    project.write("test_it.py", SUITE.format(marks=marks, blocking=blocking, passes=passes))


def check_counts(ended: Ended, statuses: tuple[int, ...]) -> None:
    """The one last line counts each delivery once and names what to do where something is open."""
    states = [STATES[status] for status in statuses if status in STATES]
    assert (1, 1 + len(states), 1) == ended.numbers("pieces", "deliveries", "delivered"), ended.out
    for state in ("waiting", "uncertain", "rejected"):
        assert (states.count(state),) == ended.numbers(state), ended.out
    assert bool(states) == bool(ended.next)
    assert ended.out.rstrip().count("\nevidence: pieces=") == 1
    assert "Traceback" not in ended.out + ended.errors


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
    """An upload to a Scrum item whose answer is lost: it cannot be listed; 75 is there too."""
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


SERVERS = {
    "a byte every 0.3 s": ("drip-all", {}),
    "a body byte every 0.3 s": ("drip", {}),
    "silence": ("stalled", {"seconds": 600}),
    "silence after the work": ("slow", {"seconds": 600}),
}


TELL_THE_END = """
import pathlib, time

def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        pathlib.Path("tests-ended").write_text(str(time.time()))
"""


def check_deadline(project: Project, *words: str) -> None:
    """Run the tests with three seconds for delivery: 75 soon after them, each delivery counted once."""
    project.write("conftest.py", TELL_THE_END)
    ended = project.pytest("-q", *words)
    took = time.time() - float((project.folder / "tests-ended").read_text())

    assert 75 == ended.status, ended.out + ended.errors
    counts = ended.counts
    assert counts["deliveries"] == counts["delivered"] + counts["waiting"] + counts["uncertain"]
    assert (3, 3) == ended.numbers("pieces", "delivered")  # the archive has them
    assert counts["deliveries"] > 3
    assert took < 20, ended.out


@pytest.mark.parametrize("server", SERVERS)
def test_the_deadline_holds_whatever_a_server_does(
    project: Project, sandbox: Sandbox, server: str
) -> None:
    """All four systems at once, though one request may take 30 s without a byte."""
    fault, facts = SERVERS[server]
    sandbox.faults.clear()
    sandbox.faults.add(fault, times=9999, **facts)
    limits = ("evidence_deadline = 3", "evidence_stall = 30")
    project.configure(f"{' '.join(TARGETS)} archive", sandbox.options(), *limits)
    project.suite(*TARGETS, pieces=3, size=3_000_000)

    workers = ["-p", "xdist.plugin", "-n2"] if fault == "drip-all" else []
    check_deadline(project, *workers)


def test_the_deadline_holds_where_a_server_reads_slowly(project: Project) -> None:
    """A byte every 0.3 s of a body of some megabytes, which no stall limit notices."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader = threading.Thread(target=read_slowly, args=(server, ended))
        reader.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        options = {"evidence_rillsoft_url": url, "evidence_rillsoft_client": "7"}
        limits = ("evidence_deadline = 3", "evidence_stall = 30")
        project.configure("rillsoft archive", options, *limits)
        project.suite("rillsoft", pieces=3, size=8_000_000)
        try:
            check_deadline(project)
        finally:
            ended.set()
            reader.join()


def read_slowly(server: socket.socket, ended: threading.Event) -> None:
    """Take the first connection and read a byte now and then."""
    server.settimeout(30)
    connection, _ = server.accept()
    with connection:
        connection.settimeout(0.3)
        while not ended.wait(0.3):
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return


@pytest.mark.parametrize(
    ("fault", "lines"),
    [
        ("session.deliver_runs", 2),
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
