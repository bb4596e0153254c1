"""The warnings of a test as a piece of its own, since pytest tells them when the test is over."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from typing import Any

import pytest

from ..recorder import Recorder
from .timers import aside


MOST_WARNINGS = 1000
NAME = "warnings.txt"


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """An attempt, how many warnings were caught before it (None: not known), and its own."""

    recorder: Recorder
    caught_before: int | None
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, line: str) -> None:
        if line in self.seen or len(self.seen) < MOST_WARNINGS:
            self.seen[line] += 1

    def text(self) -> str:
        lines = (f"{line} ({n} times)" if n > 1 else line for line, n in self.seen.items())
        return "\n".join(lines) + "\n"


class Warned:
    """A pytest plugin that hands over the warnings of each attempt: `tell(recorder, text, remark)`.

    pytest tells those of all attempts of a test together when the last one is over, in the order in which
    it caught them. How many it had when an attempt began says whose each is. Never raises.
    """

    def __init__(self, tell: Callable[[Recorder, str, str], None]) -> None:
        self._tell = tell
        self._attempts: list[_Attempt] = []
        self._told = 0

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, Any, Any]:
        """Hand over what was warned of, when pytest has told all of it."""
        self._attempts.clear()
        self._told = 0
        try:
            return (yield)
        finally:
            attempts, self._attempts = self._attempts, []
            with aside():  # never change a test's outcome
                known = all(one.caught_before is not None for one in attempts[1:])
                remark = "" if known else "may be of an earlier attempt"
                for one in attempts:
                    if one.seen:
                        self._tell(one.recorder, one.text(), remark)

    def begin(self, recorder: Recorder) -> None:
        """Note how many warnings there are when an attempt begins."""
        with aside():  # never change a test's outcome
            self._attempts.append(_Attempt(recorder=recorder, caught_before=_caught()))

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage, when: str) -> None:
        """Note a warning of the test that runs; the same one is told once, with its number."""
        if not self._attempts or when != "runtest":
            return
        self._told += 1
        with suppress(Exception):  # of the warning's own `str`
            told = f"{warning_message.category.__name__}: {warning_message.message}"
            line = f"{warning_message.filename}:{warning_message.lineno}: {told}"
            self._attempt_of(self._told).add(line)

    def _attempt_of(self, number: int) -> _Attempt:
        """Return the attempt in which the warning of a number, from 1, was caught."""
        first, *later = self._attempts
        known = [one for one in later if one.caught_before is not None]
        if len(known) < len(later):
            return self._attempts[-1]
        return next((one for one in reversed(known) if (one.caught_before or 0) < number), first)


def _caught() -> int | None:
    """Return how many warnings pytest has caught so far for the test that runs, None where it cannot be seen.

    `warnings.catch_warnings` appends them to a list that it gives to nobody else while the test runs.
    """
    context = getattr(warnings, "_get_context", dict)  # from Python 3.14
    for caught in (
        getattr(getattr(warnings, "_showwarnmsg_impl", None), "__self__", None),
        getattr(context(), "log", None),
    ):
        if isinstance(caught, list):
            return len(caught)
    return None
