"""Drivers of Selenium and Appium: bounded in time, and without touching an open alert."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


def facts(driver: Any, deadline: float, *, failed: bool) -> list[Fact]:
    """Return source and address and, of a Chromium, what its console said since it was last asked.

    Reading the console empties it, so it is left to a test that has not `failed`.
    """
    with _hurried(driver.command_executor, deadline), _unlogged():
        _refuse_alert(driver)
        where = address(said(lambda: driver.current_url), said(lambda: driver.title))
        found = [("source.html", str(driver.page_source)), where]
        console = said(lambda: _console(driver)) if failed else ""
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
    """A driver's connection pool while a picture is taken: nothing outlives the deadline.

    urllib3 repeats a GET that was not answered three times, so a timeout alone is not a limit.
    """

    def __init__(self, pool: Any, deadline: float) -> None:
        self._pool = pool
        self._deadline = deadline

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Send one request, once, with the time that is left."""
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return self._pool.request(method, url, **{**options, "timeout": left_s, "retries": False})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


@contextmanager
def _hurried(executor: Any, deadline: float) -> Iterator[None]:
    """Hold every request of the connection to the deadline, as far as this Selenium lets us."""
    config = getattr(executor, "client_config", None)
    usual_s, pool = getattr(config, "timeout", None), vars(executor).get("_conn")
    if pool is not None:
        vars(executor)["_conn"] = HurriedPool(pool, deadline)
    elif config is not None:
        config.timeout = max(0.1, (deadline - time.monotonic()) / 4)
    try:
        yield
    finally:
        if pool is not None:
            vars(executor)["_conn"] = pool
        elif config is not None:
            config.timeout = usual_s


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
