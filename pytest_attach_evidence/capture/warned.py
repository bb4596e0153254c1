"""The warnings of a test as a piece of its own, since pytest tells them when the test is over."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from .timers import aside


MOST_WARNINGS = 1000
NAME = "warnings.txt"


class Warned:
    """A pytest plugin that hands over the warnings of each test: `tell(item, text)`. Never raises."""

    def __init__(self, tell: Callable[[pytest.Item, str], None]) -> None:
        self._tell = tell
        self._seen: Counter[str] = Counter()
        self._runs = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Hand over what was warned of, when pytest has told all of it."""
        self._seen.clear()
        self._runs = True
        try:
            return (yield)
        finally:
            self._runs = False
            with aside():  # never change a test's outcome
                if self._seen:
                    self._tell(item, self._text())

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage, when: str) -> None:
        """Note a warning of the test that runs; the same one is told once, with its number."""
        if not self._runs or when != "runtest":
            return
        with suppress(Exception):  # of the warning's own `str`
            told = f"{warning_message.category.__name__}: {warning_message.message}"
            line = f"{warning_message.filename}:{warning_message.lineno}: {told}"
            if line in self._seen or len(self._seen) < MOST_WARNINGS:
                self._seen[line] += 1

    def _text(self) -> str:
        lines = (f"{line} ({n} times)" if n > 1 else line for line, n in self._seen.items())
        return "\n".join(lines) + "\n"
