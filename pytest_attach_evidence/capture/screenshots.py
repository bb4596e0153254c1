"""Pictures of the browsers a test has open, within a time limit and without changing what they show."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .browsers import found_in
from .browsers import is_browser
from .browsers import kind_of
from .browsers import pages
from .picture import CaptureError
from .picture import Screenshot
from .picture import SilentError
from .picture import alert_reason
from .playwright_page import picture_of_page
from .selenium_driver import picture_of_driver
from .tracker import Tracker


__all__ = ["CaptureError", "Screenshot", "Tracker", "is_browser", "pages", "screenshot"]

MOST_SILENCES = 2


@dataclass(slots=True, kw_only=True)
class Memory:
    """What earlier pictures taught about one session of a browser."""

    session: str
    silences: int = 0
    reason: str = ""


_memories: weakref.WeakKeyDictionary[object, Memory] = weakref.WeakKeyDictionary()


def screenshot(subject: object, *, limit_s: float = 5.0) -> Screenshot:
    """Photograph the visible part of what a browser shows now.

    Takes a Selenium or Appium driver, a Playwright page, a context (its newest page), or an object
    that holds one of them. Answers within about `limit_s`. The page stays as it is: nothing is
    scrolled, and an open alert is left open. Playwright's objects can only be photographed from the
    thread that made them.

    Raises CaptureError, and nothing else, where there is no picture. A browser that has ended, or was
    silent twice, is not asked again.
    """
    try:
        page = _page_of(subject)
        memory = _memory_of(page)
        if memory.reason:
            raise CaptureError(memory.reason, final=True)
        with _remembered(memory, limit_s):
            take = picture_of_driver if kind_of(page) == "driver" else picture_of_page
            return take(page, time.monotonic() + limit_s)
    except CaptureError:
        raise
    except Exception as error:  # a picture never changes the outcome of a test
        raise CaptureError(_line(error)) from error


def _page_of(subject: object) -> object:
    browsers = found_in(subject)
    if not browsers:
        reason = f"{type(subject).__name__} is no browser of Selenium or of Playwright's sync API"
        raise CaptureError(reason)
    open_pages = pages(browsers[0])
    if not open_pages:
        reason = "the browser has no page open"
        raise CaptureError(reason)
    return open_pages[-1]


def _memory_of(page: object) -> Memory:
    session = str(vars(page).get("session_id", ""))
    memory = _memories.get(page)
    if memory is None or memory.session != session:
        memory = _memories[page] = Memory(session=session)
    return memory


@contextmanager
def _remembered(memory: Memory, limit_s: float) -> Iterator[None]:
    """Turn what goes wrong into a CaptureError, and note what rules out further pictures."""
    try:
        yield
    except Exception as error:
        failure = error if isinstance(error, CaptureError) else _sorted(error, limit_s)
        memory.silences += isinstance(failure, SilentError)
        if failure.final or memory.silences >= MOST_SILENCES:
            memory.reason = str(failure)
        if failure is error:
            raise
        raise failure from error
    memory.silences = 0


def _sorted(error: Exception, limit_s: float) -> CaptureError:
    """Return what an error of Selenium, urllib3 or Playwright means for the picture.

    They are told apart by the names of their classes, which need no import.
    """
    cause = getattr(error, "reason", None)
    names = {c.__name__ for e in (error, cause) if e is not None for c in type(e).__mro__}
    if "UnexpectedAlertPresentException" in names:
        return CaptureError(alert_reason(getattr(error, "alert_text", "")))
    if names & {"InvalidSessionIdException", "NewConnectionError"}:
        return CaptureError("the browser session has ended", final=True)
    if "TargetClosedError" in names:
        return CaptureError("the page is closed", final=True)
    if names & {"TimeoutError", "TimeoutException"}:
        return SilentError(f"the browser did not answer within {limit_s:g} s")
    return CaptureError(_line(error))


def _line(error: Exception) -> str:
    text = str(getattr(error, "msg", None) or error).strip().removeprefix("Message: ")
    return (text.splitlines() or [""])[0][:200] or type(error).__name__
