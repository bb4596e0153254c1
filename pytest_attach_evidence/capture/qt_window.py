"""Windows of Qt (PySide6, PyQt6): every visible top-level widget, from the application's thread only.

Qt draws in that thread, which is the test's: drawing cannot be interrupted at the limit.
"""

from __future__ import annotations

import sys
from typing import Any

from .picture import CaptureError
from .picture import Fact
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
    if not window.grab().save(buffer, "PNG"):
        reason = "Qt could not write the picture"
        raise CaptureError(reason)
    return Screenshot(png=bytes(buffer.data()), title=window.windowTitle(), tool=binding)


def facts(window: Any, deadline: float, *, failed: bool) -> list[Fact]:
    """Return nothing: the title stands beside the picture."""
    del window, deadline, failed
    return []


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
