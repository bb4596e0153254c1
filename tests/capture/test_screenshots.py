"""Pictures of a real Chromium, through Selenium and Playwright."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from real_browsers import SHOP
from real_browsers import playwright_context
from real_browsers import selenium_driver

from pytest_attach_evidence.capture.screenshots import CaptureError
from pytest_attach_evidence.capture.screenshots import is_browser
from pytest_attach_evidence.capture.screenshots import pages
from pytest_attach_evidence.capture.screenshots import screenshot


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with selenium_driver() as driver:
        yield driver


@pytest.fixture(scope="module")
def context() -> Iterator[Any]:
    with playwright_context() as context:
        yield context


@pytest.fixture
def page(context) -> Iterator[Any]:
    page = context.new_page()
    page.goto(SHOP)
    yield page
    page.close()


class SilentDriver(ThreadingHTTPServer):
    """A WebDriver server that opens sessions and then never answers a request for a picture."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Silence)
        self.asked = 0
        self.over = threading.Event()


class _Silence(BaseHTTPRequestHandler):
    server: SilentDriver

    def do_POST(self) -> None:
        self._answer(200, b'{"value": {"sessionId": "1", "capabilities": {}}}')

    def do_GET(self) -> None:
        if self.path.endswith("/alert/text"):
            self._answer(404, b'{"value": {"error": "no such alert", "message": ""}}')
        else:
            self.server.asked += 1
            self.server.over.wait(30)

    def _answer(self, status: int, body: bytes) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def silent_server() -> Iterator[SilentDriver]:
    server = SilentDriver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def silent_driver(silent_server) -> Any:
    from selenium import webdriver

    url = f"http://127.0.0.1:{silent_server.server_port}"
    return webdriver.Remote(url, options=webdriver.ChromeOptions())


def refused(subject: object, limit_s: float = 5.0) -> tuple[str, float]:
    """Return why there is no picture, and after how many seconds that was known."""
    begun = time.monotonic()
    with pytest.raises(CaptureError) as caught:
        screenshot(subject, limit_s=limit_s)
    return str(caught.value), time.monotonic() - begun


class TestSelenium:
    def test_picture_says_what_it_shows(self, driver):
        """A picture is a PNG with the address and title of the page."""
        driver.get(SHOP)

        shot = screenshot(driver)

        assert ("selenium", "Shop", "png") == (shot.tool, shot.title, kind(shot.png))
        assert shot.url.startswith("data:text/html")

    def test_open_alert_is_named_and_left_open(self, driver):
        """An alert makes a picture impossible; it stays open for the test to answer."""
        driver.get(SHOP)
        driver.execute_script("setTimeout(() => alert('The price\\nis wrong'), 0)")
        wait_for_alert(driver)

        reason, _ = refused(driver)

        assert "an alert is open: 'The price is wrong'" == reason
        assert "The price\nis wrong" == driver.switch_to.alert.text
        driver.switch_to.alert.accept()
        assert "png" == kind(screenshot(driver).png)

    def test_picture_stays_out_of_the_log(self, driver, caplog):
        """The driver's debug log of our requests, which holds the picture as text, is not kept."""
        with caplog.at_level(logging.DEBUG):
            screenshot(driver)

        assert [] == caplog.messages

    def test_connection_is_as_it_was(self, driver):
        """Neither the time limit nor the pool of the driver's connection is changed for the test."""
        executor = driver.command_executor
        before = (executor.client_config.timeout, executor._conn)

        screenshot(driver, limit_s=3)

        assert before == (executor.client_config.timeout, executor._conn)

    def test_closed_window_is_not_the_end(self, driver):
        """A closed window is a reason, in one line; another window of the driver can be photographed."""
        first = driver.current_window_handle
        driver.switch_to.new_window("tab")
        driver.close()

        reason, _ = refused(driver)

        assert reason.startswith("no such window")
        driver.switch_to.window(first)
        assert "png" == kind(screenshot(driver).png)

    def test_ended_session_is_not_asked_again(self, caplog):
        """After quit there is one reason, and no request."""
        with selenium_driver() as driver:
            pass
        first, _ = refused(driver)

        with caplog.at_level(logging.DEBUG):
            second, took_s = refused(driver)

        assert ("the browser session has ended",) * 2 == (first, second)
        assert took_s < 0.05

    def test_stopped_driver_ends_within_the_limit(self):
        """A driver process that hangs costs no more than the limit, not urllib3's four tries."""
        with selenium_driver() as driver:
            os.kill(driver.service.process.pid, signal.SIGSTOP)
            try:
                reason, took_s = refused(driver, limit_s=1)
            finally:
                os.kill(driver.service.process.pid, signal.SIGCONT)

            assert "the browser did not answer within 1 s" == reason
            assert took_s < 1.5
            assert "png" == kind(screenshot(driver).png)

    def test_silent_driver_is_asked_twice_at_most(self, silent_driver, silent_server):
        """Each try is one request; after two silences the session is given up."""
        reasons = [refused(silent_driver, limit_s=0.3) for _ in range(4)]

        assert 2 == silent_server.asked
        assert {"the browser did not answer within 0.3 s"} == {reason for reason, _ in reasons}
        assert sum(took_s for _, took_s in reasons) < 1.2

    def test_driver_without_kept_connections_ends_within_the_limit(self, silent_server):
        """Where Selenium opens a pool for every request the four tries share the limit."""
        from selenium import webdriver
        from selenium.webdriver.remote.client_config import ClientConfig

        url = f"http://127.0.0.1:{silent_server.server_port}"
        config = ClientConfig(remote_server_addr=url, keep_alive=False)
        options = webdriver.ChromeOptions()
        driver = webdriver.Remote(url, options=options, client_config=config)
        before_s = driver.command_executor.client_config.timeout

        _, took_s = refused(driver, limit_s=1)

        assert took_s < 1.5
        assert before_s == driver.command_executor.client_config.timeout


class TestPlaywright:
    def test_picture_says_what_it_shows(self, page):
        """A picture is a PNG with the address and title of the page."""
        shot = screenshot(page)

        assert ("playwright", SHOP, "Shop") == (shot.tool, shot.url.replace("%3C", "<"), shot.title)
        assert "png" == kind(shot.png)

    def test_context_is_its_open_pages(self, context, page):
        """A context stands for its pages; a picture of it is one of its newest page."""
        second = context.new_page()

        assert [page, second] == pages(context)
        assert "about:blank" == screenshot(context).url
        second.close()
        assert [page] == pages(context)

    def test_closed_page_is_a_reason(self, context):
        """A closed page has no picture and is not asked again."""
        page = context.new_page()
        page.close()

        assert "the page is closed" == refused(page)[0]
        assert "the page is closed" == refused(page)[0]

    def test_other_thread_is_refused(self, page):
        """Another thread cannot photograph a page, and trying leaves nothing behind."""
        with ThreadPoolExecutor(1) as pool:
            reason, _ = pool.submit(refused, page).result()

        assert "the page belongs to another thread, or Playwright was stopped" == reason
        assert "png" == kind(screenshot(page).png)

    def test_busy_page_ends_within_the_limit(self, context):
        """A page whose script never ends costs no more than the limit."""
        page = context.new_page()
        page.evaluate("setTimeout(() => { while (true) {} }, 0)")

        reason, took_s = refused(page, limit_s=1)

        assert "the browser did not answer within 1 s" == reason
        assert took_s < 1.5

    def test_stopped_server_process_ends_within_the_limit(self, page):
        """Not even a hanging Playwright process, which keeps its own time limits, holds a test up."""
        process_id = playwright_process_id()
        os.kill(process_id, signal.SIGSTOP)
        try:
            reason, took_s = refused(page, limit_s=1)
        finally:
            os.kill(process_id, signal.SIGCONT)

        assert "the browser did not answer within 1 s" == reason
        assert took_s < 1.5
        assert "png" == kind(screenshot(page).png)


class AnswersToEverything:
    """Has every attribute one asks for, and notes that it was asked."""

    asked: list[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return self

    @property
    def driver(self) -> Any:
        """Start a browser, as page objects like to do."""
        self.asked.append("driver")
        return self


class TestRecognition:
    def test_object_that_answers_to_everything_is_no_browser(self):
        """Neither every attribute nor a claimed class makes a browser, and none of its code runs."""
        subject = AnswersToEverything()

        assert not is_browser(subject)
        assert [] == pages(subject)
        assert "AnswersToEverything is no browser" in refused(subject)[0]
        assert [] == subject.asked

    def test_browser_inside_a_page_object_is_photographed(self, driver):
        """A page object stands for the browser it holds."""
        assert "selenium" == screenshot(SimpleNamespace(browser=driver)).tool

    def test_plain_objects_are_refused_with_a_reason(self):
        """What is no browser is a CaptureError, whatever it is."""
        for subject in (None, 1, "page", object(), [], {}, asyncio, type, lambda: None):
            assert "is no browser of Selenium or of Playwright" in refused(subject)[0]


def kind(png: bytes) -> str:
    with Image.open(BytesIO(png)) as image:
        image.load()
        return str(image.format).lower()


def playwright_process_id() -> int:
    children = " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children"))
    (found,) = [
        int(child)
        for child in children.split()
        if b"playwright" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return found


def wait_for_alert(driver: Any) -> None:
    from selenium.webdriver.support import expected_conditions
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(driver, 10).until(expected_conditions.alert_is_present())
