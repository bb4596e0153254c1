"""Pages of Playwright's async API: photographed on the loop they live on, which a hook finds at rest.

Between the phases of a test the runners (pytest-asyncio, anyio) have stopped the loop without closing it:
it is run until the picture is there, within the limit. A loop that runs in another thread is asked from
here. A loop that runs in this thread cannot be waited for: there a test awaits `take` itself.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import time
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import TypeVar

from . import playwright_events
from . import playwright_objects
from .picture import CaptureError
from .picture import Fact
from .picture import Screenshot
from .picture import address


CLASSES: tuple[tuple[str, str], ...] = tuple(
    ("playwright.async_api", name) for name in playwright_objects.NAMES
)
ON_SCREEN: bool = False
TITLE_LIMIT_S = 1.0
T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, T]]
RUNS_HERE = "its event loop runs in this thread - write: await evidence.screenshot_async(page)"


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
    return _on_its_loop(page, lambda: take(page, deadline), deadline)


def known(page: Any) -> list[Fact]:
    """Return where it is or was, and what it said and failed to load during the item."""
    return playwright_events.known(page)


def facts(page: Any, deadline: float, *, once: bool) -> list[Fact]:
    """Return source and address."""
    del once  # nothing here is lost by reading
    return _on_its_loop(page, lambda: _facts(page, deadline), deadline)


async def take(page: Any, deadline: float) -> Screenshot:
    """Photograph a page from a coroutine on its own loop, under the same conditions as `picture`."""
    _refuse_closed(page)
    left_s = deadline - time.monotonic()
    options = {"timeout": left_s * 1000, "caret": "initial"}
    png = await asyncio.wait_for(page.screenshot(**options), left_s)
    return Screenshot(
        png=png, url=page.url, title=await _title(page, deadline), tool="playwright async"
    )


async def _facts(page: Any, deadline: float) -> list[Fact]:
    _refuse_closed(page)
    where = address(page.url, await _title(page, deadline))
    source = await asyncio.wait_for(page.content(), deadline - time.monotonic())
    return [("source.html", source), where]


async def _title(page: Any, deadline: float) -> str:
    with contextlib.suppress(Exception):
        left_s = min(TITLE_LIMIT_S, deadline - time.monotonic())
        return str(await asyncio.wait_for(page.title(), left_s))
    return ""


def _refuse_closed(page: Any) -> None:
    if page.is_closed():
        reason = "the page is closed"
        raise CaptureError(reason, final=True)


def _on_its_loop(page: Any, work: Work[T], deadline: float) -> T:
    """Run a coroutine on the loop of a page, wherever that runs or rests."""
    loop = vars(page)["_loop"]
    here = _running_here()
    if loop.is_closed():
        reason = "its event loop has ended"
        raise CaptureError(reason, final=True)
    if loop is here:
        raise CaptureError(RUNS_HERE)
    if loop.is_running():
        return _answer(asyncio.run_coroutine_threadsafe(work(), loop), deadline)
    if here is not None:
        reason = "another event loop runs in this thread"
        raise CaptureError(reason)
    return _run(loop, work)


def _run(loop: asyncio.AbstractEventLoop, work: Work[T]) -> T:
    """Run a loop at rest until the work is done; what else waits on it goes on meanwhile."""
    task = loop.create_task(work())
    try:
        return loop.run_until_complete(task)
    except (SystemExit, asyncio.CancelledError) as error:  # of somebody else's task
        reason = f"a task on its event loop ended with {error!r}"
        raise CaptureError(reason) from error
    finally:
        task.cancel()


def _answer(asked: concurrent.futures.Future[T], deadline: float) -> T:
    """Wait for a loop in another thread, which may be busy."""
    try:
        return asked.result(max(0.0, deadline - time.monotonic()) + 0.1)
    finally:
        asked.cancel()


def _running_here() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
