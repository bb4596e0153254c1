"""A handler of a signal may end the session at any time, also while we work for it."""

from __future__ import annotations

import pytest

from pytest_attach_evidence.capture.picture import said
from pytest_attach_evidence.capture.timers import aside

from .conftest import RunAndRead


EXIT = """
    import os, signal
    import pytest

    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("enough", returncode=7))

    def end(*_): os.kill(os.getpid(), signal.SIGTERM)
"""
FIGURE = """
    import matplotlib
    matplotlib.use("agg")
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    @pytest.fixture
    def shown():
        figure = Figure(figsize=(1, 1))
        figure.add_artist(type("Ending", (Artist,), {"draw": end})())
        return figure
"""
WINDOW = """
    from PySide6.QtWidgets import QApplication, QWidget

    @pytest.fixture(scope="session")
    def application(): return QApplication.instance() or QApplication([])

    @pytest.fixture
    def shown(application):
        window = type("Ending", (QWidget,), {"paintEvent": end})()
        window.show()
        return window
"""
TESTS = """
    def test_it(shown, evidence): BODY
    def test_later(): pass
"""


@pytest.mark.parametrize(
    ("shown", "body"),
    [(FIGURE, "assert False"), (FIGURE, "evidence.screenshot(shown)"), (WINDOW, "assert False")],
    ids=["figure", "asked for", "window"],
)
def test_exit_while_a_picture_is_taken(
    run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch, shown: str, body: str
) -> None:
    """What a handler of a signal makes of it holds, whatever runs when the signal comes."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")

    run = run_and_read_spool(EXIT + shown + TESTS.replace("BODY", body), apart=True)

    assert 7 == run.result.ret
    run.result.stdout.fnmatch_lines(["*Exit: *enough*"])
    assert [] == run.refused


def test_exit_passes_where_all_else_is_kept() -> None:
    """While files are copied, and while a browser is asked where it is."""
    with pytest.raises(pytest.exit.Exception), aside():
        pytest.exit("enough")
    with pytest.raises(pytest.exit.Exception):
        said(lambda: pytest.exit("enough"))
