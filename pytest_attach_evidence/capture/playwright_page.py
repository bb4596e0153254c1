"""Pages of Playwright's sync API: bounded in time, only from the thread they live in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from typing import TypeVar

from . import playwright_events
from . import playwright_objects
from .picture import CaptureError
from .picture import Fact
from .picture import Screenshot
from .picture import address
from .picture import said


CLASSES: tuple[tuple[str, str], ...] = tuple(
    ("playwright.sync_api", name) for name in playwright_objects.NAMES
)
ON_SCREEN: bool = False
TITLE_LIMIT_S = 1.0
T = TypeVar("T")


def recognise(subject: Any) -> list[object]:
    """Return the open pages of a browser or a context, or the page itself."""
    return playwright_objects.pages_of(subject)


def open_now() -> list[object]:
    """Return nothing: pages are found in fixtures."""
    return []


def picture(page: Any, deadline: float) -> Screenshot:
    """Photograph the visible part of a page, until the deadline on the monotonic clock.

    Raises CaptureError, or what Playwright raises.
    """
    loop = _loop_of(page)
    left_s = deadline - time.monotonic()
    options = {"timeout": left_s * 1000, "caret": "initial"}
    png = _within(left_s, loop, lambda: page.screenshot(**options))
    title = _title(page, loop, deadline)
    return Screenshot(png=png, url=said(lambda: page.url), title=title, tool="playwright")


def known(page: Any) -> list[Fact]:
    """Return where it is or was, and what it said and failed to load during the item."""
    return playwright_events.known(page)


def facts(page: Any, deadline: float, *, once: bool) -> list[Fact]:
    """Return source and address."""
    del once  # nothing here is lost by reading
    loop = _loop_of(page)
    where = address(said(lambda: page.url), _title(page, loop, deadline))
    source = _within(deadline - time.monotonic(), loop, page.content)
    return [("source.html", source), where]


def _title(page: Any, loop: asyncio.AbstractEventLoop, deadline: float) -> str:
    left_s = min(TITLE_LIMIT_S, deadline - time.monotonic())
    return said(lambda: _within(left_s, loop, page.title))


def _loop_of(page: Any) -> asyncio.AbstractEventLoop:
    """Return the loop a page lives on; it runs in the thread that started Playwright, and only there."""
    if page.is_closed():
        reason = "the page is closed"
        raise CaptureError(reason, final=True)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    if loop is None or vars(page).get("_loop", loop) is not loop:
        reason = "the page belongs to another thread, or Playwright was stopped"
        raise CaptureError(reason)
    return loop


def _within(limit_s: float, loop: asyncio.AbstractEventLoop, call: Callable[[], T]) -> T:
    """Call Playwright and stop waiting at the limit, even where its server process hangs."""
    before = asyncio.all_tasks(loop)
    stopped: list[asyncio.Task[Any]] = []

    def stop() -> None:
        stopped.extend(asyncio.all_tasks(loop) - before)
        for task in stopped:
            task.cancel()

    timer = loop.call_later(limit_s, stop)
    try:
        return call()
    except asyncio.CancelledError as error:
        if not stopped:
            raise
        raise TimeoutError from error
    finally:
        timer.cancel()
