"""Our work apart from the time of a test: timers stand still meanwhile, and no outcome comes out of it."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest


RAISED = (Exception, pytest.fail.Exception, pytest.skip.Exception)
"""What code that is not ours may raise without ending the process: outcomes of pytest are no `Exception`.

`pytest.exit.Exception` is one, and ends the session: it is let through wherever a handler of a signal can
raise it while we wait for something, and kept only where a hook of another plugin was asked.
"""

SOON_S = 0.001


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that runs for an item, with pytest-timeout's `settings` of it."""

    settings: Any
    since: float


_running: dict[pytest.Item, Timer] = {}


class Timers:
    """A pytest plugin that knows which timers of pytest-timeout run. Never changes them."""

    @pytest.hookimpl(optionalhook=True, wrapper=True)
    def pytest_timeout_set_timer(
        self, item: pytest.Item, settings: Any
    ) -> Generator[None, Any, Any]:
        """Note that a timer runs from now on."""
        result = yield
        _running[item] = Timer(settings, time.monotonic())
        return result

    @pytest.hookimpl(optionalhook=True, wrapper=True)
    def pytest_timeout_cancel_timer(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Note that none runs any more."""
        _running.pop(item, None)
        return (yield)


@contextmanager
def paused() -> Iterator[None]:
    """Let the timers of the test that runs stand still: they go on with the time that they had left.

    These are those of pytest-timeout, by signal or by thread, and any other alarm of this process.
    """
    resume = [*_alarm_stopped(), *_timers_cancelled()]
    try:
        yield
    finally:
        for go_on in resume:
            with suppress(*RAISED):  # of another plugin's hook
                go_on()


@contextmanager
def aside() -> Iterator[None]:
    """Do what must change no outcome: timers stand still, and what is raised ends here.

    But for what ends the session: a handler of a signal may raise it at any time.
    """
    try:
        with paused():
            yield
    except pytest.exit.Exception:
        raise
    except RAISED:
        pass


def _alarm_stopped() -> list[Callable[[], object]]:
    """Stop the process's alarm clock; return what starts it again."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        return []
    left_s, interval_s = signal.setitimer(signal.ITIMER_REAL, 0)
    if not left_s:
        return []
    return [lambda: signal.setitimer(signal.ITIMER_REAL, left_s, interval_s)]


def _timers_cancelled() -> list[Callable[[], object]]:
    """Cancel the timers that are threads; return what sets them anew."""
    return [
        resume
        for item, timer in list(_running.items())
        if timer.settings.method != "signal"
        for resume in _cancelled(item, timer)
    ]


def _cancelled(item: pytest.Item, timer: Timer) -> list[Callable[[], object]]:
    hook = item.config.pluginmanager.hook
    used_s = time.monotonic() - timer.since
    settings = timer.settings._replace(timeout=max(SOON_S, timer.settings.timeout - used_s))
    hook.pytest_timeout_cancel_timer(item=item)
    return [lambda: hook.pytest_timeout_set_timer(item=item, settings=settings)]
