"""Figures of matplotlib: given by fixtures, or opened with pyplot while the test ran."""

from __future__ import annotations

import re

import pytest

from .conftest import RunAndRead
from .looked_at import looked_at
from .looked_at import shots


SUITE = """
    import time
    import matplotlib
    matplotlib.use("svg")
    import pytest
    from matplotlib import pyplot
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    def test_leaves_one_open():
        pyplot.figure(label="of somebody else")

    def test_opened():
        first = pyplot.figure("Balance", figsize=(3, 2), dpi=100, facecolor="#305070")
        pyplot.figure("Rates", figsize=(1, 1), dpi=50, facecolor="#a02020")
        pyplot.figure(first.number)
        assert False

    def test_is_left_as_it_was():
        assert pyplot.gcf().get_label() == "Balance"
        assert len(pyplot.get_fignums()) == 3
        assert type(pyplot.gcf().canvas).__name__ == "FigureCanvasSVG"
        pyplot.close("all")

    @pytest.fixture
    def chart():
        return Figure(figsize=(2, 1), dpi=100, facecolor="#00a0a0")

    def test_without_pyplot(chart): assert False

    def test_huge():
        pyplot.figure(figsize=(1000, 1000), dpi=100)
        assert False

    class Slow(Artist):
        def draw(self, renderer):
            time.sleep(0.4)
            renderer.open_group("slow")

    def test_slow():
        figure = pyplot.figure()
        for _ in range(20): figure.add_artist(Slow())
        assert False

    def test_raises():
        figure = pyplot.figure()
        class Raising(Artist):
            def draw(self, renderer): raise KeyError("no ink")
        figure.add_artist(Raising())
        assert False
"""


def test_figures_are_drawn(pytester: pytest.Pytester, run_and_read_spool: RunAndRead) -> None:
    """Figures of a failed test are drawn in their own size, and stay as they are; bad ones are a reason."""
    run = run_and_read_spool(SUITE, "--evidence-capture-limit=1", apart=True)

    run.result.assert_outcomes(passed=2, failed=5)
    names = ["figure-call-failure.png", "figure-2-call-failure.png"]
    assert names == shots(run, "test_opened")
    seen = [looked_at(run.content("test_opened", name)) for name in names]
    assert [((300, 200), (0x30, 0x50, 0x70)), ((50, 50), (0xA0, 0x20, 0x20))] == seen
    assert "matplotlib: Balance" == run.piece("test_opened", names[0]).remark
    chart = looked_at(run.content("test_without_pyplot", "chart-call-failure.png"))
    assert ((200, 100), (0x00, 0xA0, 0xA0)) == chart
    assert [
        "test_huge: figure-call-failure.png: cannot be made (the figure has 100000 x 100000 pixels)",
        "test_slow: figure-call-failure.png: cannot be made (there was no answer within 1 s)",
        "test_raises: figure-call-failure.png: cannot be made (KeyError: 'no ink')",
    ] == [re.sub(r"^.*::", "", reason) for reason in run.refused]
