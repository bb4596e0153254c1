"""All pictures and texts of one report share one limit; what nobody asked for is never a loss."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import RunAndRead
from .looked_at import shots


BROWSERS = Path(__file__).parents[1] / "capture"
SLOW = """
    import time
    import pytest
    from selenium import webdriver
    from silent_server import SlowDriver, serving

    @pytest.fixture
    def drivers():
        with serving(SlowDriver(0.7)) as server:
            url = f"http://127.0.0.1:{server.server_port}"
            yield [webdriver.Remote(url, options=webdriver.ChromeOptions()) for _ in range(20)]

    @pytest.fixture(autouse=True)
    def clock(drivers):
        begun = time.monotonic()
        yield
        print(f"it took {time.monotonic() - begun:.1f} s")

    def test_it(drivers): assert False
"""


def test_many_slow_windows(run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty windows do not take twenty times as long as one: the rest is recorded as not asked."""
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))
    options = ("--evidence-capture-limit=2", "--evidence-page=failed")

    run = run_and_read_spool(SLOW, *options, "-s", apart=True)

    run.result.assert_outcomes(failed=1)
    (took,) = [line for line in run.output.splitlines() if "it took " in line]
    assert float(took.partition("it took ")[2].split()[0]) < 10
    assert 1 <= len(shots(run, "test_it")) <= 2
    told = [
        reason for reason in run.refused if "(was not asked: evidence_capture_limit (2 s)" in reason
    ]
    assert 20 <= len(told) + len(shots(run, "test_it")) + 1
    assert {"warning"} == {problem.severity for problem in run.record.refused}


PASSES = """
    import matplotlib
    matplotlib.use("agg")
    import pytest
    from matplotlib.figure import Figure

    @pytest.fixture
    def flat(): return Figure(figsize=(1000, 1000))

    def test_it(flat): pass
    def test_asks(flat, evidence): ASKS
"""


@pytest.mark.parametrize(
    ("asks", "expected"), [("pass", 0), ("evidence.screenshot(flat, name='asked-for')", 65)]
)
def test_a_picture_that_nobody_asked_for_is_no_loss(
    run_and_read_spool: RunAndRead, asks: str, expected: int
) -> None:
    """Where an automatic picture cannot be made the run ends as ever; one that a test asked for is missed."""
    run = run_and_read_spool(
        PASSES.replace("ASKS", asks), "--evidence-screenshot=always", apart=True
    )

    run.result.assert_outcomes(passed=2)
    assert (
        "note: test_inner.py::test_it: flat-call-end.png: cannot be made (the figure has"
        in run.output
    )
    assert expected == run.result.ret


SOURCES = """
    import matplotlib
    matplotlib.use("agg")
    import pytest
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    @pytest.fixture
    def chart(): return Figure(figsize=(1, 1))

    class Slots:
        __slots__ = ("kept",)

    class TestSlots(Slots):
        def test_slots(self, chart):
            self.kept = Figure(figsize=(1, 1))
            assert False

    class Lazy(list):
        def __iter__(self): raise RuntimeError("lazy")

    @pytest.fixture
    def lazy(): return Lazy([Figure(figsize=(1, 1))])

    def test_lazy(chart, lazy): assert False

    class Meta(type):
        def __getattribute__(cls, name):
            if name == "__mro__": raise RuntimeError("no order")
            return super().__getattribute__(name)

    @pytest.fixture
    def odd():
        class Odd(metaclass=Meta): pass
        return Odd()

    def test_odd(odd, chart): assert False

    @pytest.fixture
    def broken_list():
        chart = pyplot.figure(figsize=(1, 1))
        manager = chart.canvas.manager
        canvas, manager.canvas = manager.canvas, None
        yield
        manager.canvas = canvas
        pyplot.close(chart)

    def test_broken_list(chart, broken_list): assert False
"""


def test_each_source_is_looked_at_on_its_own(run_and_read_spool: RunAndRead) -> None:
    """What cannot be looked through is recorded with its reason, and costs no other its picture."""
    run = run_and_read_spool(SOURCES, apart=True)

    run.result.assert_outcomes(failed=4)
    chart = "chart-call-failure.png"
    assert [chart, "kept-call-failure.png"] == shots(run, "test_slots")
    assert [chart, "lazy-call-failure.png"] == shots(run, "test_lazy")
    assert [chart] == shots(run, "test_odd")
    assert [chart] == shots(run, "test_broken_list")
    why = "cannot be made (looking for windows and pages raised"
    assert [
        f"test_odd: odd-call-failure.png: {why} RuntimeError: no order)",
        f"test_broken_list: figure-call-failure.png: {why} AttributeError: 'NoneType' object has no "
        "attribute 'figure')",
    ] == [reason.rpartition("::")[2] for reason in run.refused]
