"""Tests that run more than once, or in parts: every attempt and every subtest keeps its own evidence."""

from __future__ import annotations

from collections import Counter

import pytest

from .attributed import names
from .scene import TWO
from .scene import WORKERS
from .scene import Life


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
