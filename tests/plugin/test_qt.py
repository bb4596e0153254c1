"""Windows of Qt on a real X server: what is visible is photographed, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from .conftest import RunAndRead
from .looked_at import looked_at
from .looked_at import shots


CONFTEST = """
    import pytest
    from PySide6.QtWidgets import QApplication

    @pytest.fixture(scope="session", autouse=True)
    def application():
        return QApplication([])

    @pytest.fixture(autouse=True)
    def closing(application):
        yield
        for window in application.topLevelWidgets():
            window.close()
            window.deleteLater()
"""
SUITE = """
    import threading
    import pytest
    import shiboken6
    from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

    def window(title, colour, size=(200, 100)):
        made = QWidget()
        made.setWindowTitle(title)
        made.setStyleSheet(f"background: {colour}")
        made.resize(*size)
        made.show()
        return made

    @pytest.fixture
    def label():
        main = window("Ledger", "#204060")
        layout = QVBoxLayout(main)
        label = QLabel("12.00")
        layout.addWidget(label)
        yield label
        del main

    def test_visible_windows(label):
        dialog, hidden = QDialog(), QWidget()
        dialog.setStyleSheet("background: #c04000")
        dialog.resize(60, 40)
        dialog.show()
        assert False

    def test_no_size():
        flat = window("Flat", "#ffffff")
        flat.setMinimumSize(0, 0)
        flat.setFixedSize(0, 40)
        assert False

    @pytest.fixture
    def deleted():
        label = QLabel("gone")
        label.show()
        return label

    def test_deleted(deleted):
        shiboken6.delete(deleted)
        assert False

    def test_other_thread(evidence):
        shown = window("Mine", "#000000")
        thread = threading.Thread(target=evidence.screenshot, args=(shown,))
        thread.start()
        thread.join()

    def test_passes(evidence):
        evidence.screenshot(window("Asked for", "#123456"), name="asked-for")
        evidence.screenshot(QWidget(), name="hidden")
"""


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start an X server without a screen."""
    program = shutil.which("Xvfb")
    assert program, "Xvfb is not installed, and these tests photograph real windows - install it"
    read_end, write_end = os.pipe()
    words = [
        program,
        "-displayfd",
        str(write_end),
        "-screen",
        "0",
        "800x600x24",
        "-nolisten",
        "tcp",
    ]
    with subprocess.Popen(words, pass_fds=[write_end], stderr=subprocess.DEVNULL) as server:
        os.close(write_end)
        with os.fdopen(read_end) as answer:
            number = answer.readline().strip()
        monkeypatch.setenv("DISPLAY", f":{number}")
        monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
        yield
        server.terminate()


@pytest.mark.usefixtures("display")
def test_windows_on_a_real_screen(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """Every visible window is photographed by itself; where there is no picture the reason is recorded."""
    pytester.makeconftest(CONFTEST)

    run = run_and_read_spool(SUITE, apart=True)

    run.result.assert_outcomes(passed=2, failed=3)
    main, dialog = "label-call-failure.png", "window-call-failure.png"
    assert [main, dialog] == shots(run, "test_visible_windows")
    assert ((200, 100), (0x20, 0x40, 0x60)) == looked_at(run.content("test_visible_windows", main))
    assert ((60, 40), (0xC0, 0x40, 0x00)) == looked_at(run.content("test_visible_windows", dialog))
    assert "PySide6: Ledger" == run.piece("test_visible_windows", main).remark
    assert ["asked-for.png"] == shots(run, "test_passes")
    size, colour = looked_at(run.content("test_passes", "asked-for.png"))
    assert ((200, 100), (0x12, 0x34, 0x56)) == (size, colour)
    reasons = [re.sub(r"^.*::", "", reason) for reason in run.refused]
    assert [
        "test_no_size: window-call-failure.png: cannot be made (the window has no size (0 x 40))",
        "test_deleted: deleted-call-failure.png: cannot be made (the window was deleted)",
        "test_other_thread: screenshot.png: cannot be made (Qt's windows can only be photographed "
        "from the thread of the application)",
        "test_passes: hidden.png: cannot be made (QWidget shows nothing: no page is open, or the "
        "window is hidden)",
    ] == reasons


RAISING = """
    import pytest
    from QT.QtGui import QPainter
    from QT.QtWidgets import QApplication, QWidget

    class Meter(QWidget):
        shown = "12 bar"

        def paintEvent(self, event):
            painter = QPainter(self)
            if self.keeps:
                self.painter = painter
            painter.drawText(5, 15, self.shown.upper())
            painter.end()

    @pytest.fixture(scope="session")
    def application():
        return QApplication([])

    @pytest.fixture
    def meter(application):
        meter = Meter()
        meter.keeps = False
        meter.show()
        application.processEvents()
        yield meter
        meter.close()

    @pytest.mark.parametrize("keeps", [False, True])
    def test_fails(meter, keeps):
        meter.keeps, meter.shown = keeps, None
        assert False

    def test_asks(meter, evidence):
        meter.shown = None
        evidence.screenshot(meter, name="asked-for")

    def test_later(meter): assert False
"""


@pytest.mark.parametrize("binding", ["PySide6", "PyQt6"])
def test_a_window_that_cannot_be_painted(
    run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch, binding: str
) -> None:
    """A paintEvent that raises is a reason: the process lives, and the next window is photographed."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")

    run = run_and_read_spool(RAISING.replace("QT", binding), apart=True)

    run.result.assert_outcomes(passed=1, failed=3)
    reasons = [reason.partition("::")[2] for reason in run.refused]
    assert [
        "test_fails[False]: meter-call-failure.png",
        "test_fails[True]: meter-call-failure.png",
        "test_asks: asked-for.png",
    ] == [reason.partition(": cannot be made (")[0] for reason in reasons]
    assert all("'NoneType' object has no attribute 'upper'" in reason for reason in reasons)
    assert ["meter-call-failure.png"] == shots(run, "test_later")
