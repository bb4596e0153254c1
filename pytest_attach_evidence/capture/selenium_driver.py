"""Drivers of Selenium and Appium: bounded in time, and without touching an open alert."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from typing import Any

from .picture import CaptureError
from .picture import Fact
from .picture import Screenshot
from .picture import address
from .picture import alert_reason
from .picture import said


CLASSES: tuple[tuple[str, str], ...] = (("selenium.webdriver.remote.webdriver", "WebDriver"),)
ON_SCREEN: bool = False
PNG = b"\x89PNG"
MOST_ENTRIES = 500
DRIVER_LOGS = (
    "selenium.webdriver.remote.remote_connection",
    "urllib3.connectionpool",
    "urllib3.util.retry",
)


def recognise(subject: Any) -> list[object]:
    """Return the driver; what it shows is the window it is switched to."""
    return [subject]


def open_now() -> list[object]:
    """Return nothing: drivers are found in fixtures and test classes."""
    return []


def picture(driver: Any, deadline: float) -> Screenshot:
    """Photograph the visible part of a driver's page, until the deadline on the monotonic clock.

    Raises CaptureError, or what Selenium and urllib3 raise.
    """
    with _hurried(driver.command_executor, deadline), _unlogged():
        _refuse_alert(driver)
        png = driver.get_screenshot_as_png()
        if not png.startswith(PNG):
            reason = "the browser answered without a picture"
            raise CaptureError(reason)
        url, title = said(lambda: driver.current_url), said(lambda: driver.title)
    return Screenshot(png=png, url=url, title=title, tool="selenium")


def known(driver: Any) -> list[Fact]:
    """Return nothing: only the browser knows where it is."""
    del driver
    return []


def facts(driver: Any, deadline: float, *, once: bool) -> list[Fact]:
    """Return source and address and, of a Chromium, what its console said since it was last asked.

    Reading the console empties it, so it is read only where it may be read `once`.
    """
    with _hurried(driver.command_executor, deadline), _unlogged():
        _refuse_alert(driver)
        where = address(said(lambda: driver.current_url), said(lambda: driver.title))
        found = [("source.html", str(driver.page_source)), where]
        console = said(lambda: _console(driver)) if once else ""
    return [*found, ("console.txt", console)] if console else found


def _console(driver: Any) -> str:
    entries = driver.get_log("browser")[-MOST_ENTRIES:]
    return "".join(f"{entry['level'].lower()}: {entry['message']}\n" for entry in entries)


def _refuse_alert(driver: Any) -> None:
    """Raise where an alert is open: a driver answers a screenshot by dismissing it.

    Mobile drivers photograph their dialogs like everything else.
    """
    if str(driver.capabilities.get("platformName", "")).lower() in ("android", "ios"):
        return
    try:
        text = driver.switch_to.alert.text
    except Exception as error:
        if any(c.__name__ == "WebDriverException" for c in type(error).__mro__):
            return
        raise
    raise CaptureError(alert_reason(text))


class HurriedPool:
    """A driver's connections while a picture is taken: nothing outlives the deadline.

    urllib3 repeats a GET that was not answered three times, and its timeout begins anew with every byte,
    so a timeout alone is not a limit: at the deadline the connection is shut down.
    """

    def __init__(self, pool: Any, deadline: float) -> None:
        self._pool = pool
        self._deadline = deadline

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Send one request, once, with the time that is left."""
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        hurried = {**options, "timeout": left_s, "retries": False}
        with _cut_off(self._pool.connection_from_url(url), left_s) as is_cut:
            try:
                answer = self._pool.request(method, url, **hurried)
            except Exception as error:
                if is_cut():
                    raise TimeoutError from error
                raise
            if is_cut():  # which looks like the end of an answer without a length
                raise TimeoutError
            return answer

    def __enter__(self) -> HurriedPool:
        return self

    def __exit__(self, *raised: object) -> None:
        self._pool.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


@contextmanager
def _cut_off(connections: Any, left_s: float) -> Iterator[Callable[[], bool]]:
    """Shut down what a pool of connections has open when the time is over; tell whether it came to that."""
    usual = connections.ConnectionCls
    known = [one for one in (connections.pool.queue if connections.pool else ()) if one]
    over = threading.Event()

    def connection(*args: Any, **options: Any) -> Any:
        known.append(usual(*args, **options))
        return known[-1]

    def cut() -> None:
        over.set()
        for one in known:
            sock = getattr(one, "sock", None)
            sock = getattr(sock, "socket", sock)  # TLS in that of a proxy
            if sock is not None:
                with suppress(Exception):  # it is closed already, or of a kind of its own
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(left_s, cut)
    timer.daemon = True
    connections.ConnectionCls = connection
    timer.start()
    try:
        yield over.is_set
    finally:
        timer.cancel()
        timer.join()
        connections.ConnectionCls = usual


@contextmanager
def _hurried(executor: Any, deadline: float) -> Iterator[None]:
    """Hold every request of a connection, kept or opened for each, to the deadline."""
    own, pool = vars(executor), vars(executor).get("_conn")
    if pool is not None:
        own["_conn"] = HurriedPool(pool, deadline)
    else:
        usual = executor._get_connection_manager  # noqa: SLF001  # there is no other way in
        own["_get_connection_manager"] = lambda: HurriedPool(usual(), deadline)
    try:
        yield
    finally:
        if pool is not None:
            own["_conn"] = pool
        else:
            del own["_get_connection_manager"]


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep our own requests, and a picture as text at level DEBUG, out of the test's log."""
    thread = threading.get_ident()

    def foreign(record: logging.LogRecord) -> bool:
        return record.thread != thread

    loggers = [logging.getLogger(name) for name in DRIVER_LOGS]
    for logger in loggers:
        logger.addFilter(foreign)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(foreign)
