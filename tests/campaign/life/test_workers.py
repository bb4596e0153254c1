"""Workers of xdist that crash, are replaced, hang, or do not see the spool."""

from __future__ import annotations

import os
import signal

import pytest

from .scene import TWO
from .scene import Life
from .scene import ended


MANY = """
import os, time
import pytest

@pytest.mark.evidence(squash="TC-1")
@pytest.mark.parametrize("number", range(6))
def test_it(evidence, number):
    keep(evidence, f"{{number}}.txt")
    if number in {dying}:
        {end}

@pytest.fixture(scope="session", autouse=True)
def server(evidence_session):
    keep(evidence_session, f"up-{{os.getpid()}}.txt")
    yield
    keep(evidence_session, f"down-{{os.getpid()}}.txt")
"""
END = {
    "kill -9": "os.kill(os.getpid(), 9)",
    "os._exit": "os._exit(3)",
    "timeout": "time.sleep(600)",
}
TIMEOUT = ("-p", "pytest_timeout", "--timeout=1", "--timeout-method=thread")
WORDS = [
    (),
    ("--max-worker-restart=1",),
    ("--max-worker-restart=0",),
    ("--dist=loadfile",),
    ("-x",),
]


@pytest.mark.parametrize(
    ("end", "words"),
    [*(("kill -9", words) for words in WORDS), ("os._exit", ()), ("timeout", TIMEOUT)],
    ids=["replaced", "one restart", "no restart", "loadfile", "-x", "os._exit", "timeout"],
)
def test_workers_that_die(life: Life, end: str, words: tuple[str, ...]) -> None:
    """Whether they are replaced or not: all that was attached arrives, the dead test counts as failed."""
    life.suite(MANY.format(dying=(1, 4), end=END[end]))
    plain = life.session(*TWO, *words, mode="off")

    session = life.session(*TWO, *words)
    life.settle()

    assert plain.status == session.status != 0
    assert "unknown" in life.outcomes().values()
    assert (0, 0) == session.numbers("waiting", "uncertain")
    assert 1 == len(life.statuses())


HANGING = """
import os
import pytest
from keeping import HERE

@pytest.mark.evidence(squash="TC-1")
@pytest.mark.parametrize("number", range(4))
def test_it(evidence, number, worker_id):
    keep(evidence, f"{number}.txt")
    (HERE / f"{worker_id}.pid").write_text(str(os.getpid()))
    if worker_id in ("gw0", "gw1"):
        hang(f"hangs-{worker_id}")
"""


@pytest.mark.parametrize("victim", ["one", "all"])
def test_workers_that_are_killed_from_outside(life: Life, victim: str) -> None:
    """As the kernel does when memory is short: their tests count as failed, the others go on."""
    life.suite(HANGING)
    session = life.start_until("hangs-*", *TWO, number=2)
    for name in ("gw0", "gw1"):
        pid = int((life.project.folder / f"{name}.pid").read_text())
        os.kill(pid, signal.SIGKILL if victim == "all" or name == "gw0" else signal.SIGINT)
    done = ended(session)
    life.check_line(done)
    life.settle()

    assert done.status in (1, 2)
    assert "unknown" in life.outcomes().values()
    assert ["FAILURE"] == list(life.statuses().values())


ERRORS = {
    "logreport": "def pytest_runtest_logreport(report): {raise_late}",
    "protocol": "def pytest_runtest_protocol(item): {raise_late}",
    "makereport": "def pytest_runtest_makereport(item, call): {raise_late}",
    "logfinish": "def pytest_runtest_logfinish(nodeid): {raise_late}",
    "sessionstart": "def pytest_sessionstart(session): raise ValueError('broken plugin')",
    "collection": "def pytest_collection_finish(session): raise ValueError('broken plugin')",
    "sessionfinish": "def pytest_sessionfinish(session): raise ValueError('broken plugin')",
    "summary": "def pytest_terminal_summary(): raise ValueError('broken plugin')",
    "unconfigure": "def pytest_unconfigure(): raise ValueError('broken plugin')",
    "report from worker": ("def pytest_report_to_serializable(config, report): {raise_late}"),
    "node down": "def pytest_testnodedown(node, error): raise ValueError('broken plugin')",
}
LATE = "\n    if (HERE / 'attached').exists(): raise ValueError('broken plugin')"


@pytest.mark.parametrize("name", ERRORS)
def test_an_internal_error_in_another_plugin(life: Life, name: str) -> None:
    """In any hook of the controller and of workers: the status is pytest's, what was attached arrives."""
    life.suite(MANY.format(dying=(), end="pass"))
    hook = ERRORS[name].format(raise_late=LATE)
    life.project.write("plugged.py", "from keeping import HERE", hook)
    plain = life.session("-p", "plugged", *TWO, mode="off")
    (life.project.folder / "attached").unlink(missing_ok=True)

    session = life.session("-p", "plugged", *TWO)
    life.settle()

    assert plain.status == session.status
    assert 1 == session.out.count("evidence: pieces=") + session.errors.count("evidence: pieces=")
