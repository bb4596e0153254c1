"""Pictures and texts of windows and pages, within a time limit and without changing what they show."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from . import playwright_async
from . import tools
from .picture import CaptureError
from .picture import Fact
from .picture import Screenshot
from .picture import SilentError
from .picture import alert_reason


MOST_SILENCES = 2
LIMIT_S = 5.0


@dataclass(slots=True, kw_only=True)
class Memory:
    """What earlier pictures taught about one session of a browser, or one window."""

    session: str
    silences: int = 0
    reason: str = ""


Memories = weakref.WeakKeyDictionary[object, Memory]
_of_pictures: Memories = weakref.WeakKeyDictionary()
_of_texts: Memories = weakref.WeakKeyDictionary()


def screenshot(subject: object, *, limit_s: float = LIMIT_S, fair: bool = True) -> Screenshot:
    """Photograph what a window or page shows now.

    Takes a Selenium or Appium driver, a Playwright page, a context (its newest page), a widget of Qt, a
    figure of matplotlib, or an object that holds one of them. Answers within about `limit_s`. What is
    shown stays as it is: nothing is scrolled, and an open alert is left open. Playwright's sync objects
    and Qt's windows can only be photographed from their own thread.

    Raises CaptureError, and nothing else, where there is no picture. What has ended, or was silent
    twice, is not asked again; a silence is not held against what had no `fair` share of time.
    """
    page, tool = _found(subject)
    with _remembered(page, limit_s, fair=fair):
        return tool.picture(page, time.monotonic() + limit_s)


async def screenshot_async(subject: object, *, limit_s: float = LIMIT_S) -> Screenshot:
    """Photograph from a coroutine: a page of Playwright's async API on its own loop, and all else."""
    page, tool = _found(subject)
    with _remembered(page, limit_s):
        deadline = time.monotonic() + limit_s
        if tool is not playwright_async:
            return tool.picture(page, deadline)
        return await playwright_async.take(page, deadline)


def known(page: object) -> list[Fact]:
    """Return what is known here of a page, whatever became of it: it is not asked."""
    tool = tools.page_tool_of(page)
    return tool.known(page) if tool else []


def facts(page: object, *, once: bool, limit_s: float = LIMIT_S, fair: bool = True) -> list[Fact]:
    """Return what a page tells beside its picture, under the same conditions as `screenshot`.

    What can be read only `once` is left to the test where that is false. What makes no picture may tell
    much, so its silences are counted apart.
    """
    tool = tools.page_tool_of(page)
    with _remembered(page, limit_s, fair=fair, memories=_of_texts):
        return tool.facts(page, time.monotonic() + limit_s, once=once) if tool else []


def _found(subject: object) -> tuple[object, tools.Tool]:
    """Return the newest of what can be photographed in an object, and its tool."""
    try:
        found = tools.found_in(subject)
        pages = tools.recognised(found[0]) if found else []
        tool = tools.tool_of(pages[-1]) if pages else None
    except Exception as error:
        raise _sorted(error, LIMIT_S) from error
    if not found:
        reason = f"{type(subject).__name__} is nothing that can be photographed"
        raise CaptureError(reason)
    if tool is None:
        reason = (
            f"{type(found[0]).__name__} shows nothing: no page is open, or the window is hidden"
        )
        raise CaptureError(reason)
    return pages[-1], tool


def _memory_of(page: object, memories: Memories) -> Memory:
    session = str(getattr(page, "__dict__", {}).get("session_id", ""))
    memory = memories.get(page)
    if memory is None or memory.session != session:
        memory = memories[page] = Memory(session=session)
    return memory


@contextmanager
def _remembered(
    page: object, limit_s: float, *, fair: bool = True, memories: Memories = _of_pictures
) -> Iterator[None]:
    """Turn what goes wrong into a CaptureError, and note what rules out further pictures."""
    try:
        memory = _memory_of(page, memories)
    except Exception as error:
        raise CaptureError(_line(error)) from error
    if memory.reason:
        raise CaptureError(memory.reason, final=True)
    try:
        yield
    except Exception as error:
        failure = error if isinstance(error, CaptureError) else _sorted(error, limit_s)
        memory.silences += fair and isinstance(failure, SilentError)
        if failure.final or memory.silences >= MOST_SILENCES:
            memory.reason = str(failure)
        if failure is error:
            raise
        raise failure from error
    memory.silences = 0


def _sorted(error: Exception, limit_s: float) -> CaptureError:
    """Return what an error of Selenium, urllib3, Playwright or Qt means for the picture.

    They are told apart by the names of their classes, which need no import. What a handler of a signal
    raises to end the session passes.
    """
    if isinstance(error, pytest.exit.Exception):
        raise error
    cause = getattr(error, "reason", None)
    names = {c.__name__ for e in (error, cause) if e is not None for c in type(e).__mro__}
    if "UnexpectedAlertPresentException" in names:
        return CaptureError(alert_reason(getattr(error, "alert_text", "")))
    if names & {"InvalidSessionIdException", "NewConnectionError"}:
        return CaptureError("the browser session has ended", final=True)
    if "RuntimeError" in names and "already deleted" in str(error):
        return CaptureError("the window was deleted", final=True)
    if "TargetClosedError" in names:
        return CaptureError("the page is closed", final=True)
    if names & {"TimeoutError", "TimeoutException"}:
        return SilentError(f"there was no answer within {round(limit_s, 1):g} s")
    return CaptureError(_line(error))


def _line(error: Exception) -> str:
    text = str(getattr(error, "msg", None) or error).strip().removeprefix("Message: ")
    line = (text.splitlines() or [""])[0]
    kind = type(error).__name__
    return f"{kind}: {line}" if line and type(error).__module__ == "builtins" else line or kind
