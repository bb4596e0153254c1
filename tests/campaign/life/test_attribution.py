"""Whose evidence it is: where it was attached from, in which attempt, of which sort of test."""

from __future__ import annotations

from collections import Counter

import pytest

from .scene import TWO
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


def names(life: Life) -> dict[str, list[str]]:
    """Return the sorted names of the wanted pieces by test."""
    record = life.record()
    found: dict[str, list[str]] = {}
    for piece in record.pieces:
        item = record.items[piece.item_id]
        if item.nodeid and piece.id not in record.unwanted:
            found.setdefault(item.nodeid.partition("::")[2], []).append(piece.name)
    return {name: sorted(found[name]) for name in found}


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


RERUNS = """
import os
import pytest
from keeping import HERE

@pytest.mark.evidence(squash="TC-1")
@pytest.mark.flaky(reruns=2)
def test_flaky(evidence):
    number = len(list(HERE.glob("attempt-*")))
    (HERE / f"attempt-{number}").touch()
    keep(evidence, f"{number}.txt")
    {end}

@pytest.mark.evidence(squash="TC-2")
def test_other(evidence):
    keep(evidence, "other.txt")
"""
ATTEMPTS = {
    "passes at last": ("assert number == 2", "passed", "SUCCESS", 0),
    "fails for ever": ("assert False", "failed", "FAILURE", 1),
}


@WORKERS
@pytest.mark.parametrize("reruns", ["all", "last"])
@pytest.mark.parametrize("name", ATTEMPTS)
def test_reruns(life: Life, name: str, reruns: str, workers: tuple[str, ...]) -> None:
    """Every attempt has its evidence, the last one its outcome; `last` drops the others' pieces."""
    end, outcome, status, expected = ATTEMPTS[name]
    life.suite(RERUNS.replace("{end}", end))
    life.project.lead_to(
        life.sandbox, "squash huawei archive", f"evidence_reruns = {reruns}", stall_s=100
    )

    session = life.session("-p", "pytest_rerunfailures", *workers)
    life.settle()

    kept = ["2.txt"] if reruns == "last" else ["0.txt", "1.txt", "2.txt"]
    attempts = [one for one in life.record().items.values() if "test_flaky" in one.nodeid]
    assert expected == session.status, session
    assert [0, 1, 2] == sorted(one.rerun for one in attempts)
    assert outcome == next(str(one.outcome) for one in attempts if one.rerun == 2)
    assert kept == [name for name in names(life)["test_flaky"] if name[0].isdigit()]
    assert Counter([status, "SUCCESS"]) == Counter(life.statuses().values())


CRASHING_RERUN = """
import os
import pytest
from keeping import HERE

@pytest.mark.evidence(squash="TC-1")
@pytest.mark.flaky(reruns=2)
def test_flaky(evidence):
    first = not (HERE / "tried").exists()
    (HERE / "tried").touch()
    keep(evidence, "first.txt" if first else "second.txt")
    if first:
        os._exit(9)
"""


def test_a_rerun_after_a_crash(life: Life) -> None:
    """Where xdist lets a new worker repeat the test, both attempts' evidence is there, once."""
    life.suite(CRASHING_RERUN)

    session = life.session("-p", "pytest_rerunfailures", *TWO)
    life.settle()

    assert "first.txt" in names(life)["test_flaky"]
    assert sum(life.kept().values()) == session.counts["pieces"]


SUBTESTS = """
import pytest

@pytest.mark.evidence(squash="TC-1")
def test_failing(evidence, subtests):
    for number in range(3):
        with subtests.test(f"sub {number}"):
            keep(evidence, f"{number}.txt")
            assert number != 1

@pytest.mark.evidence(squash="TC-2")
def test_passing(evidence, subtests):
    with subtests.test("sub"):
        keep(evidence, "passing.txt")
"""


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="subtests are part of pytest 9")
@WORKERS
def test_subtests(life: Life, workers: tuple[str, ...]) -> None:
    """A subtest that fails makes its item failed, there and in Squash; the others go on."""
    life.suite(SUBTESTS)

    session = life.session(*workers)
    life.settle()

    assert 1 == session.status
    assert {"test_failing": "failed", "test_passing": "passed"} == life.outcomes()
    assert ["FAILURE", "SUCCESS"] == sorted(life.statuses().values())
    assert {"0.txt", "1.txt", "2.txt"} <= set(names(life)["test_failing"])


@pytest.mark.parametrize(
    "words",
    [("test_life.py", "test_life.py::test_it"), (*TWO, "--dist=each")],
    ids=["named twice", "each"],
)
def test_the_same_test_twice(life: Life, words: tuple[str, ...]) -> None:
    """Named twice, run once by every worker, or found at two places: nothing is overwritten."""
    life.suite("""
import pytest

@pytest.mark.evidence(squash="TC-1")
def test_it(evidence):
    keep(evidence, "same.txt")
""")

    session = life.session("-o", "addopts=--keep-duplicates", *words)
    life.settle()

    assert 0 == session.status
    assert sum(life.kept().values()) == session.counts["pieces"] >= 1
    assert len(names(life)["test_it"]) == session.counts["pieces"]
