"""Which subtest it was that a picture shows: only its log report tells, after the picture was taken."""

from __future__ import annotations

import reprlib
import sys
from collections.abc import Callable
from collections.abc import Generator
from typing import Any

import pytest


# Bounded in depth and in numbers, but no text is cut: what is left of a secret would not be known any more.
WHOLE = reprlib.Repr()
WHOLE.maxstring = WHOLE.maxother = sys.maxsize


class Subtests:
    """A pytest plugin that holds what a subtest showed until its message is known. Never raises.

    While `running`, a report of the phase `call` is that of a subtest.
    """

    def __init__(self) -> None:
        self.running = False
        self._keep: Callable[[str], None] | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        """Note that a test runs."""
        self.running = True
        try:
            return (yield)
        finally:
            self.running = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what is held of the subtest that reports."""
        if self._keep is not None:
            self.release(title_of(report))

    def hold(self, keep: Callable[[str], None]) -> None:
        """Call `keep` with the title of the subtest, when that is known; '' where nobody tells it."""
        self.release()
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
