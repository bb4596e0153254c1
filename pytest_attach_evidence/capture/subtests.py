"""Which subtest it was that a picture shows: only its log report tells, after the picture was taken."""

from __future__ import annotations

import reprlib
import sys
from collections.abc import Callable

import pytest


# Bounded in depth and in numbers, but no text is cut: what is left of a secret would not be known any more.
WHOLE = reprlib.Repr()
WHOLE.maxstring = WHOLE.maxother = sys.maxsize


class Subtests:
    """A pytest plugin that holds what a subtest showed until its message is known. Never raises.

    Registers itself when there is something to hold: most suites have no subtest, and each report costs.
    """

    def __init__(self) -> None:
        self._keep: Callable[[str], None] | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what is held of the subtest that reports."""
        if self._keep is not None:
            self.release(title_of(report))

    def hold(self, keep: Callable[[str], None], plugins: pytest.PytestPluginManager) -> None:
        """Call `keep` with the title of the subtest, when that is known; '' where nobody tells it."""
        self.release()
        if not plugins.is_registered(self):
            plugins.register(self)
        self._keep = keep

    def release(self, title: str = "") -> None:
        """Keep what is held, if anything is."""
        keep, self._keep = self._keep, None
        if keep is not None:
            keep(title)


def title_of(report: object) -> str:
    """Return a subtest's message and its values, whole as there may be secrets in it; '' of other reports."""
    context = getattr(report, "context", None)
    message, values = getattr(context, "msg", None), getattr(context, "kwargs", None)
    words = [_text(message)] if message else []
    if isinstance(values, dict):
        words += [f"{name}={_unquoted(_text(value))}" for name, value in values.items()]
    return " ".join(words)


def _text(value: object) -> str:
    """Return a value as text, which newer versions of pytest have made of it already."""
    return value if isinstance(value, str) else WHOLE.repr(value)


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text
