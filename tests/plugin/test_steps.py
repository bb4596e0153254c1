"""What is recorded of steps: numbers of the outermost ones, titles of all, and how each ended."""

from __future__ import annotations

import pytest

from pytest_attach_evidence.collection import OFF
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.spool import Spool
from pytest_attach_evidence.step_log import MAX_STEPS

from .conftest import RunAndRead
from .conftest import Start


PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED
SUITE = """
    import pytest

    @pytest.fixture
    def logged_in(evidence):
        with evidence.step("Log in"):
            evidence.text("x", name="login.txt")

    def test_nested(evidence, logged_in):
        evidence.text("x", name="outside.txt")
        with evidence.step("Pay"):
            with evidence.step("Confirm"):
                evidence.text("x", name="inner.txt")
            evidence.text("x", name="outer.txt")
        with evidence.step("Log out"):
            pass

    def test_endings(evidence):
        evidence.text("x")
        try:
            with evidence.step("caught"):
                raise ValueError
        except ValueError:
            pass
        with evidence.step("good"):
            pass
        with evidence.step("skips"):
            pytest.skip("not here")

    @pytest.mark.parametrize("ends", ["pytest.xfail('known')", "pytest.fail('no')", "exit(3)"])
    def test_last(evidence, ends):
        evidence.text("x")
        with evidence.step("last"):
            eval(ends)

    @pytest.mark.flaky(reruns=1)
    def test_flaky(evidence, runs=[]):
        runs.append(1)
        with evidence.step("first"):
            evidence.text("x", name=f"{len(runs)}.txt")
            assert len(runs) == 2
"""


@pytest.fixture(params=[(), ("-n1",)], ids=["here", "worker"])
def words(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Options of a run here, and of one in a worker."""
    return ("-p", "pytest_rerunfailures", "-o", "evidence_log=off", *request.param)


def test_numbers_titles_and_outcomes(
    run_and_read_spool: RunAndRead, words: tuple[str, ...]
) -> None:
    """The outermost steps count, those of fixtures too; how each ended is known at the end."""
    run = run_and_read_spool(SUITE, *words)

    assert [
        ("login.txt", 1, "Log in"),
        ("outside.txt", 0, ""),
        ("inner.txt", 2, "Pay / Confirm"),
        ("outer.txt", 2, "Pay"),
    ] == [(piece.name, piece.step_number, piece.step) for piece in run.pieces("test_nested")]
    assert (PASSED, PASSED, PASSED) == run.item("test_nested").steps
    assert (FAILED, PASSED, SKIPPED) == run.item("test_endings").steps
    assert [(SKIPPED,), (FAILED,), (FAILED,)] == [
        one.steps for one in run.record.items.values() if "::test_last" in one.nodeid
    ]
    assert [(FAILED,), (PASSED,)] == [one.steps for one in run.items("test_flaky")]


OVERLAPPING = """
    import asyncio
    import contextvars
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import ExitStack
    from threading import Barrier

    def test_tasks(evidence):
        async def part(title, pause_s):
            with evidence.step(title):
                await asyncio.sleep(pause_s)
                evidence.text("x", name=f"{title}.txt")

        async def both():
            await asyncio.gather(part("short", 0.05), part("long", 0.2))

        asyncio.run(both())
        evidence.text("x", name="outside.txt")

    def test_threads(evidence):
        together = Barrier(2)

        def part(title):
            with evidence.step(title):
                together.wait(30)
                evidence.text("x", name=f"{title}.txt")
                together.wait(30)

        with ThreadPoolExecutor() as pool:
            list(pool.map(part, ["left", "right"]))
        evidence.text("x", name="outside.txt")

    def test_thread_in_a_step(evidence):
        with evidence.step("one"), ThreadPoolExecutor() as pool:
            context = contextvars.copy_context()
            pool.submit(evidence.text, "x", name="bare.txt").result()
            pool.submit(context.run, evidence.text, "x", name="copied.txt").result()
        context.run(evidence.text, "x", name="late.txt")

    def test_ends_in_the_order_of_beginning(evidence):
        with ExitStack() as first, ExitStack() as second:
            first.enter_context(evidence.step("one"))
            second.enter_context(evidence.step("two"))
            first.close()
            evidence.text("x", name="second.txt")
        evidence.text("x", name="outside.txt")

    def test_two_items(evidence, evidence_session):
        with evidence.step("own"), evidence_session.step("of the run"):
            evidence.text("x", name="own.txt")
"""


def test_steps_that_overlap(run_and_read_spool: RunAndRead) -> None:
    """Every task and thread has its own step, in whichever order they end; outside of them is none."""
    run = run_and_read_spool(OVERLAPPING, "-o", "evidence_log=off")

    def pieces(test: str) -> dict[str, tuple[int, str]]:
        return {piece.name: (piece.step_number, piece.step) for piece in run.pieces(test)}

    nowhere = (0, "")
    assert {
        "short.txt": (1, "short"),
        "long.txt": (2, "long"),
        "outside.txt": nowhere,
    } == pieces("test_tasks")
    threads = pieces("test_threads")
    assert nowhere == threads.pop("outside.txt")
    assert ["left", "right"] == sorted(title for _, title in threads.values())
    assert [1, 2] == sorted(number for number, _ in threads.values())
    assert {
        "bare.txt": nowhere,
        "copied.txt": (1, "one"),
        "late.txt": nowhere,
    } == pieces("test_thread_in_a_step")
    assert {
        "second.txt": (1, "one / two"),
        "outside.txt": nowhere,
    } == pieces("test_ends_in_the_order_of_beginning")
    assert {"own.txt": (1, "own")} == pieces("test_two_items")
    assert (PASSED, PASSED) == run.item("test_tasks").steps == run.item("test_threads").steps


def test_a_process_that_dies_in_a_step(pytester: pytest.Pytester, start: Start) -> None:
    """The piece tells its step; how that ended nobody can know."""
    suite = """
    import os

    def test_dies(evidence):
        with evidence.step("one"):
            pass
        with evidence.step("two"):
            evidence.text("x", name="a.txt")
            os._exit(9)
    """
    start(suite, apart=True)

    (run,) = Spool(pytester.path / ".evidence").runs()
    record = run.read()
    assert [2] == [piece.step_number for piece in record.pieces]
    assert [()] == [one.steps for one in record.items.values() if one.nodeid]


def test_steps_without_end_do_not_cost_the_outcome(run_and_read_spool: RunAndRead) -> None:
    """How the first thousand ended is recorded; evidence of later ones still tells its number."""
    suite = """
    def test_loop(evidence):
        for number in range(1, 1202):
            with evidence.step(f"row {number}"):
                number % 400 or evidence.text("x", name=f"{number}.txt")
    """
    run = run_and_read_spool(suite, "-o", "evidence_log=off")

    assert (PASSED,) * MAX_STEPS == run.item("test_loop").steps
    assert [400, 800, 1200] == [piece.step_number for piece in run.pieces("test_loop")]


def test_a_step_works_while_evidence_is_off(start: Start) -> None:
    """It neither records anything nor gets into the test's way."""
    suite = """
    import pytest

    def test_off(evidence):
        with pytest.raises(ValueError):
            with evidence.step("one"):
                raise ValueError
    """
    result = start(suite, mode="off")

    result.assert_outcomes(passed=1)


def test_nothing_grows_while_evidence_is_off() -> None:
    """The recorder that stands in for all keeps nothing of their steps."""
    with OFF.step("one"):
        pass

    assert () == OFF.step_log.steps == OFF.step_log.outcomes
