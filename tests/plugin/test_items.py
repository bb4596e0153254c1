"""Items of every sort: how they end, and what they leave behind by themselves."""

from __future__ import annotations

import pytest

from .conftest import RunAndRead
from .reading import Run


WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
OUTCOMES = """
    import unittest
    import pytest

    @pytest.fixture
    def bad_setup(evidence):
        evidence.text("s", name="setup.txt")
        raise RuntimeError("no setup")

    @pytest.fixture
    def bad_teardown(evidence):
        yield
        evidence.text("t", name="teardown.txt")
        raise RuntimeError("no teardown")

    @pytest.fixture
    def skipping_teardown():
        yield
        pytest.skip("late")

    def test_passed(evidence): evidence.text("p")
    def test_failed(evidence): evidence.text("f"); assert False
    def test_bad_setup(bad_setup): pass
    def test_bad_teardown(bad_teardown): pass
    def test_both(bad_teardown): assert False
    def test_skipped(evidence): evidence.text("s"); pytest.skip("why not")
    def test_skipping_teardown(evidence, skipping_teardown): evidence.text("s")

    @pytest.mark.skip
    def test_marked_skip(): pass

    @pytest.mark.xfail
    def test_xfailed(evidence): evidence.text("x"); assert False

    @pytest.mark.xfail(strict=True)
    def test_strict(evidence): evidence.text("x")

    @pytest.mark.xfail(strict=False)
    def test_xpassed(evidence): evidence.text("x")

    class TestCase(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def _evidence(self, evidence):
            evidence.text("u")

        def test_passes(self): pass
        def test_fails(self): self.fail()
        def test_skips(self): self.skipTest("no")

    class TestBadCase(unittest.TestCase):
        def setUp(self): raise RuntimeError("no set-up")
        def test_it(self): pass

    class TestNoDriver(unittest.TestCase):
        @classmethod
        def setUpClass(cls): raise RuntimeError("no class")
        def test_it(self): pass

    @pytest.mark.parametrize("value", ["a/b", "a::b", "[x]", "é", "a\\nb", "", "x" * 150])
    def test_values(evidence, value): evidence.text(value)
"""
EXPECTED = {
    "::test_passed": "passed",
    "::test_failed": "failed",
    "::test_bad_setup": "failed",
    "::test_bad_teardown": "failed",
    "::test_both": "failed",
    "::test_skipped": "skipped",
    "::test_skipping_teardown": "passed",
    "::test_xfailed": "skipped",
    "::test_strict": "failed",
    "::test_xpassed": "passed",
    "TestCase::test_passes": "passed",
    "TestCase::test_fails": "failed",
    "TestCase::test_skips": "skipped",
    "TestBadCase::test_it": "failed",
    "TestNoDriver::test_it": "failed",
}


@WORKERS
def test_outcomes(run_and_read_spool: RunAndRead, workers: tuple[str, ...]) -> None:
    """Every item ends with the outcome pytest gives it, that of its teardown included."""
    run = run_and_read_spool(OUTCOMES, *workers)

    assert EXPECTED == {name: str(run.item(name).outcome) for name in EXPECTED}
    assert [] == run.items("::test_marked_skip")
    assert ["setup.txt", "log.txt"] == run.names("::test_bad_setup")
    assert ["teardown.txt", "log.txt"] == run.names("::test_bad_teardown")
    assert 7 == len([one for one in run.record.items.values() if "test_values[" in one.nodeid])
    assert 7 == len([p for p in run.wanted if "test_values[" in _test_of(run, p.item_id)])
    assert run.line["pieces"] == run.line["delivered"]


SUBTESTS = """
    import pytest
    import unittest

    def test_subtests(evidence, subtests):
        with subtests.test("one", n=1):
            evidence.text("1", name="one.txt")
            assert False
        with subtests.test("two"):
            evidence.text("2", name="two.txt")

    def test_skipped_subtest(evidence, subtests):
        with subtests.test("one"):
            pytest.skip("not today")
        evidence.text("2", name="two.txt")

    class TestCase(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def _evidence(self, evidence):
            evidence.text("u")

        def test_sub(self):
            for n in range(3):
                with self.subTest(n=n):
                    self.assertNotEqual(n, 1)

        def test_skipped_sub(self):
            with self.subTest(n=1):
                self.skipTest("not this one")
"""
OF_SUBTESTS = {
    "::test_subtests": "failed",
    "::test_skipped_subtest": "passed",
    "TestCase::test_sub": "failed",
    "TestCase::test_skipped_sub": "passed",
}


@WORKERS
@pytest.mark.skipif(pytest.version_tuple < (9,), reason="subtests came with pytest 9")
def test_outcomes_of_subtests(run_and_read_spool: RunAndRead, workers: tuple[str, ...]) -> None:
    """A failing subtest makes its item failed, whatever follows it; a skipped one does not."""
    run = run_and_read_spool(SUBTESTS, *workers)

    assert OF_SUBTESTS == {name: str(run.item(name).outcome) for name in OF_SUBTESTS}


def _test_of(run: Run, item_id: str) -> str:
    return run.record.items[item_id].nodeid


RERUNS = """
    import logging
    import pytest

    attempts = []

    @pytest.fixture
    def noisy():
        print(f"setup {len(attempts)}")
        yield
        print(f"teardown {len(attempts)}")

    @pytest.mark.flaky(reruns=2)
    def test_flaky(evidence, noisy):
        attempts.append(1)
        number = len(attempts)
        logging.getLogger().warning("attempt %d", number)
        evidence.text(str(number), name=f"attempt-{number}.txt")
        assert number == 3
"""


@WORKERS
@pytest.mark.parametrize("reruns", ["all", "last"])
def test_reruns(run_and_read_spool: RunAndRead, reruns: str, workers: tuple[str, ...]) -> None:
    """Each attempt is an item with its own pieces and logs; `last` keeps those of the last attempt."""
    args = (
        "-p",
        "pytest_rerunfailures",
        "-o",
        f"evidence_reruns={reruns}",
        "--evidence-log=always",
    )

    run = run_and_read_spool(RERUNS, *args, *workers)
    attempts = run.items("test_flaky")
    names = {item.rerun: [p.name for p in run.wanted if p.item_id == item.id] for item in attempts}

    assert ["failed", "failed", "passed"] == [str(item.outcome) for item in attempts]
    last = ["attempt-3.txt", "log.txt"]
    if reruns == "last":
        assert {0: [], 1: [], 2: last} == names
    else:
        first = ["attempt-1.txt", "log.txt"]
        second = ["attempt-2.txt", *first[1:]]
        assert {0: first, 1: second, 2: last} == names
    final = next(p for p in run.wanted if p.item_id == attempts[2].id and p.name == "log.txt")
    with run.folder.open_content(final) as file:
        shown = file.read().decode()
    assert (
        "===== stdout (setup) =====\nsetup 2\n\n===== stdout (teardown) =====\nteardown 3\n"
        in shown
    )
    assert "attempt 3" in shown
    assert "attempt 2" not in shown
    assert 0 == run.result.ret


CRASH = """
    import os
    import pytest

    mark = pytest.mark.evidence

    def test_fine(evidence): evidence.text("fine")

    @mark(when="failed")
    def test_crash(evidence, evidence_session):
        evidence.text("before", name="before.txt")
        evidence_session.text("run", name="run.txt")
        os._exit(3)

    @mark(when="passed")
    def test_after(evidence): evidence.text("after")
"""


def test_worker_crash_keeps_the_evidence_of_the_crashing_test(
    run_and_read_spool: RunAndRead,
) -> None:
    """Evidence attached before a worker dies is delivered with outcome unknown, which counts as failed."""
    run = run_and_read_spool(CRASH, "-n2")

    assert "unknown" == run.item("test_crash").outcome
    assert ["before.txt"] == run.names("test_crash")
    assert ["text.txt"] == run.names("test_fine") == run.names("test_after")
    assert "run.txt" in run.names("")
    assert run.line["pieces"] == run.line["delivered"]
    assert 1 == run.result.ret


def test_doctest(pytester: pytest.Pytester, run_and_read_spool: RunAndRead) -> None:
    """A failing doctest leaves what failed."""
    pytester.makepyfile(documented='"""\n>>> print("out") or 1\nout\n2\n"""\n')

    run = run_and_read_spool("", "--doctest-modules", "documented.py")

    assert "failed" == run.item("documented").outcome
    assert ["log.txt"] == run.names("documented")
    assert b"Expected" in run.content("documented", "log.txt")


LATE = """
    kept = []

    def test_passes(evidence): kept.append(evidence)

    def test_after():
        kept[0].text("late", name="late.txt")
"""


def test_a_first_piece_after_the_end(run_and_read_spool: RunAndRead) -> None:
    """A piece that comes when its test is over is kept with the outcome that the test had."""
    run = run_and_read_spool(LATE)

    assert ["late.txt"] == run.names("test_passes")
    assert "passed" == run.item("test_passes").outcome
