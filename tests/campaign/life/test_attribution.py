"""Whose evidence it is: where it was attached from, in which attempt, of which sort of test."""

from __future__ import annotations

import pytest

from .attributed import names
from .scene import WORKERS
from .scene import Life


PLACES = """
import multiprocessing, os, subprocess, sys, threading
import pytest
import pytest_attach_evidence
from keeping import HERE

@pytest.fixture
def around(evidence, request):
    keep(evidence, "setup.txt")
    request.addfinalizer(lambda: keep(evidence, "finaliser.txt"))
    yield
    keep(evidence, "teardown.txt")

@pytest.mark.evidence(squash="TC-1")
def test_phases(around, evidence):
    keep(evidence, "call.txt")

@pytest.mark.evidence(squash="TC-2")
def test_threads(evidence):
    threads = [
        threading.Thread(target=keep, args=(evidence, f"thread-{number}.txt")) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

@pytest.mark.evidence(squash="TC-3")
def test_forks(evidence):
    keep(evidence, "before.txt")
    pids = []
    for number in range(3):
        pid = os.fork()
        if pid == 0:
            keep(evidence, f"child-{number}.txt")
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0
    keep(evidence, "after.txt")

@pytest.mark.evidence(squash="TC-3")
def test_forks_first(evidence):
    pid = os.fork()
    if pid == 0:
        keep(evidence, "only.txt")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0

@pytest.mark.evidence(squash="TC-4")
def test_subprocess(evidence):
    code = "import pytest_attach_evidence as e; print(e.attach(b'x', name='x.txt'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "None\\n"  # another process is in no session: it hands a file over
    (HERE / "of-child.txt").write_text("written by another process")
    keep(evidence, "call.txt")
    evidence.attach(HERE / "of-child.txt")
"""
EXPECTED = {
    "test_phases": ["call.txt", "finaliser.txt", "setup.txt", "teardown.txt"],
    "test_threads": [f"thread-{number}.txt" for number in range(8)],
    "test_forks": ["after.txt", "before.txt", "child-0.txt", "child-1.txt", "child-2.txt"],
    "test_forks_first": ["only.txt"],
    "test_subprocess": ["call.txt", "of-child.txt"],
}


@WORKERS
@pytest.mark.filterwarnings("ignore")
def test_places(life: Life, workers: tuple[str, ...]) -> None:
    """Setup, call, teardown, finalisers, threads and forked children: each piece at its test, once."""
    life.suite(PLACES)

    session = life.session("-W", "ignore::DeprecationWarning", *workers)
    life.settle()

    assert 0 == session.status, session
    assert EXPECTED == names(life)


LATE = """
import pytest
from keeping import HERE

kept = []

def test_it(evidence):
    kept.append(evidence)
    keep(evidence, "first.txt")

def test_next(evidence):
    keep(kept[0], "after-teardown.txt")
"""
TOO_LATE = """
import atexit
import pytest
import pytest_attach_evidence

kept = []

@pytest.fixture(autouse=True)
def _recorder(evidence):
    kept.append(evidence)

def late(when):
    assert pytest_attach_evidence.attach(b"x", name=f"{when}-run.txt") is None
    assert not kept or kept[0].text("x", name=f"{when}-test.txt") is None

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    result = yield
    late("finish")
    return result

def pytest_terminal_summary():
    late("summary")

def pytest_unconfigure():
    late("unconfigure")
"""


@WORKERS
@pytest.mark.parametrize("mode", ["upload", "collect"])
def test_late_pieces(life: Life, workers: tuple[str, ...], mode: str) -> None:
    """After its test a piece is still taken; after the session it is refused, named, and costs 65."""
    life.suite(LATE)
    life.project.write("plugged.py", TOO_LATE)
    dist = ("--dist=loadfile",) if workers else ()

    session = life.session("-p", "plugged", *workers, *dist, mode=mode)
    life.settle()

    whens = ["finish", "unconfigure"] if workers else ["finish", "summary", "unconfigure"]
    assert (65 if mode == "upload" else 0) == session.status, session
    assert {"test_it": ["after-teardown.txt", "first.txt"]} == names(life)
    for when in whens:
        assert f"not taken: the run: {when}-run.txt: came after the end" in session.errors
        assert f"test_it: {when}-test.txt: came after the end of the session" in session.errors
    assert "not taken: " in life.project.command("status").out


SORTS = """
import unittest
import pytest
import pytest_attach_evidence

class Recorder:
    item = type("Item", (), {"id": "given by attach"})
    attach = staticmethod(pytest_attach_evidence.attach)

@pytest.mark.evidence(squash="TC-1")
@pytest.mark.parametrize("value", ["a/b", "a::b", "[x]", "é", "a:b", "a b", "../x", "-rf"])
def test_values(evidence, value):
    keep(evidence, "same.txt")

@pytest.mark.evidence(squash="TC-2")
class TestCase(unittest.TestCase):
    def test_passes(self):
        keep(Recorder, "unit.txt")

    def test_fails(self):
        keep(Recorder, "unit.txt")
        self.fail()

@pytest.mark.evidence(squash="TC-3")
@pytest.mark.asyncio
async def test_async(evidence):
    import asyncio
    await asyncio.gather(*(asyncio.to_thread(keep, Recorder, f"task-{n}.txt") for n in range(4)))
    keep(evidence, "loop.txt")

@pytest.fixture(scope="module")
def module():
    keep(Recorder, "module-up.txt")
    yield

@pytest.fixture(scope="class")
def klass():
    keep(Recorder, "class-up.txt")
    yield

@pytest.fixture(scope="session")
def session(evidence_session):
    keep(evidence_session, "session-up.txt")
    yield
    keep(evidence_session, "session-down.txt")

@pytest.mark.evidence(squash="TC-4")
class TestScopes:
    def test_first(self, session, module, klass, evidence):
        keep(evidence, "first.txt")

    def test_second(self, session, module, klass, evidence):
        keep(evidence, "second.txt")
"""


@WORKERS
def test_sorts_of_tests(life: Life, workers: tuple[str, ...]) -> None:
    """Odd parameters, unittest, coroutines, fixtures of wider scopes: every piece at its own test."""
    life.suite(SORTS)
    life.project.write("conftest.py", "")
    dist = ("--dist=loadfile",) if workers else ()
    mode = ("-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function")

    session = life.session(*mode, *workers, *dist)
    life.settle()

    assert 1 == session.status, session
    found = names(life)
    assert [["same.txt"]] * 8 == [found[name] for name in found if "test_values[" in name]
    assert ["unit.txt"] == found["TestCase::test_passes"]
    assert ["unit.txt"] == found["TestCase::test_fails"][-1:]
    assert ["loop.txt", *(f"task-{n}.txt" for n in range(4))] == found["test_async"]
    assert ["class-up.txt", "first.txt", "module-up.txt"] == found["TestScopes::test_first"]
    assert ["second.txt"] == found["TestScopes::test_second"]
    assert "failed" == life.outcomes()["TestCase::test_fails"]
