"""Windows of Qt (PySide6, PyQt6): every visible top-level widget, from the application's thread only.

Qt draws in that thread, which is the test's: drawing cannot be interrupted at the limit.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .picture import CaptureError
from .picture import Screenshot


BINDINGS = ("PySide6", "PyQt6")
CLASSES: tuple[tuple[str, str], ...] = tuple((f"{name}.QtWidgets", "QWidget") for name in BINDINGS)
ON_SCREEN: bool = True


def recognise(subject: Any) -> list[object]:
    """Return the window a widget is in, if it is visible."""
    binding = _binding_of(subject)
    if not _in_its_thread(binding):
        return [subject]  # it may not even be asked; `picture` says so
    window = subject.window()
    return [window] if window.isVisible() else []


def open_now() -> list[object]:
    """Return the visible windows, dialogs and menus of the application."""
    return [
        window
        for binding in BINDINGS
        if f"{binding}.QtWidgets" in sys.modules and _in_its_thread(binding)
        for window in _module(binding, "QtWidgets").QApplication.topLevelWidgets()
        if window.isVisible()
    ]


def picture(window: Any, deadline: float) -> Screenshot:
    """Photograph a window without its frame, whether or not another one covers it.

    Raises CaptureError, or what Qt raises. `deadline` is for tools that can be interrupted.
    """
    del deadline
    binding = _binding_of(window)
    if not _in_its_thread(binding):
        reason = "Qt's windows can only be photographed from the thread of the application"
        raise CaptureError(reason)
    if window.width() <= 0 or window.height() <= 0:
        reason = f"the window has no size ({window.width()} x {window.height()})"
        raise CaptureError(reason)
    core = _module(binding, "QtCore")
    buffer = core.QBuffer()
    buffer.open(core.QIODevice.OpenModeFlag.WriteOnly)
    if not _painted(window, binding).save(buffer, "PNG"):
        reason = "Qt could not write the picture"
        raise CaptureError(reason)
    return Screenshot(png=bytes(buffer.data()), title=window.windowTitle(), tool=binding)


def _painted(window: Any, binding: str) -> Any:
    """Return an image with a window painted on it. Raises CaptureError where its own code raises.

    Not with `grab`, whose pixmap is gone while the traceback still holds a painter that is active on it:
    that would end the process.
    """
    gui, core = (importlib.import_module(f"{binding}.{name}") for name in ("QtGui", "QtCore"))
    scale = window.devicePixelRatioF()
    image = gui.QImage(window.size() * scale, gui.QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    image.fill(core.Qt.GlobalColor.transparent)
    with _paint_errors() as errors:
        try:
            window.render(image)
        except Exception as error:  # noqa: BLE001  # of a paintEvent
            errors.append(error)
    reasons = [f"{type(raised).__name__}: {raised}" for raised in errors]
    for raised in errors:
        traceback.clear_frames(raised.__traceback__)
    if image.paintingActive():  # a painter is kept elsewhere, and must not outlive the image
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(image))
    for raised in errors:
        if isinstance(raised, pytest.exit.Exception):
            raise raised
    if reasons:
        raise CaptureError(reasons[0].partition("\n")[0])
    return image


@contextmanager
def _paint_errors() -> Iterator[list[BaseException]]:
    """Collect what bindings do not raise but tell `sys.excepthook`; PyQt6 aborts where that is Python's."""
    told: list[BaseException] = []
    usual, sys.excepthook = sys.excepthook, lambda _kind, error, _traceback: told.append(error)
    try:
        yield told
    finally:
        sys.excepthook = usual


def _binding_of(widget: Any) -> str:
    """Return the package that a widget, of the user's own class even, comes from."""
    roots = {kind.__module__.partition(".")[0] for kind in type(widget).__mro__}
    return next(name for name in BINDINGS if name in roots)


def _in_its_thread(binding: str) -> bool:
    """Tell whether there is an application that lives in this thread."""
    application = _module(binding, "QtWidgets").QApplication.instance()
    here = _module(binding, "QtCore").QThread.currentThread()
    return application is not None and bool(application.thread() == here)


def _module(binding: str, name: str) -> Any:
    return sys.modules[f"{binding}.{name}"]
