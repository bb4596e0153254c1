"""Pictures of a real Chromium through Selenium, and what is taken for a browser."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pictures import kind
from pictures import refused
from real_browsers import SHOP
from real_browsers import selenium_driver
from silent_server import DrippingDriver
from silent_server import SilentDriver
from silent_server import serving

from pytest_attach_evidence.capture.camera import screenshot
from pytest_attach_evidence.capture.tools import recognised
from pytest_attach_evidence.capture.tools import tool_of


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """A driver for all tests that leave it usable."""
    with selenium_driver() as driver:
        yield driver


@pytest.fixture
def silent_server() -> Iterator[SilentDriver]:
    """A running server that is silent about pictures."""
    with serving() as server:
        yield server


def driver_of(server: SilentDriver, *, keep_alive: bool) -> Any:
    """Return a real Selenium driver of a server."""
    from selenium import webdriver
    from selenium.webdriver.remote.client_config import ClientConfig

    url = f"http://127.0.0.1:{server.server_port}"
    config = ClientConfig(remote_server_addr=url, keep_alive=keep_alive)
    return webdriver.Remote(url, options=webdriver.ChromeOptions(), client_config=config)


@pytest.fixture
def silent_driver(silent_server) -> Any:
    """A real Selenium driver of the silent server."""
    return driver_of(silent_server, keep_alive=True)


class TestSelenium:
    """Real drivers, and one whose server is silent."""

    def test_picture_says_what_it_shows(self, driver):
        """A picture is a PNG with the address and title of the page."""
        driver.get(SHOP)

        shot = screenshot(driver)

        assert (shot.tool, shot.title, kind(shot.png)) == ("selenium", "Shop", "png")
        assert shot.url.startswith("data:text/html")

    def test_open_alert_is_named_and_left_open(self, driver):
        """An alert makes a picture impossible; it stays open for the test to answer."""
        driver.get(SHOP)
        driver.execute_script("setTimeout(() => alert('The price\\nis wrong'), 0)")
        wait_for_alert(driver)

        reason, _ = refused(driver)

        assert reason == "an alert is open: 'The price is wrong'"
        assert driver.switch_to.alert.text == "The price\nis wrong"
        driver.switch_to.alert.accept()
        assert kind(screenshot(driver).png) == "png"

    def test_picture_stays_out_of_the_log(self, driver, caplog):
        """The driver's debug log of our requests, which holds the picture as text, is not kept."""
        with caplog.at_level(logging.DEBUG):
            screenshot(driver)

        assert caplog.messages == []

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
        assert kind(screenshot(driver).png) == "png"

    def test_ended_session_is_not_asked_again(self, caplog):
        """After quit there is one reason, and no request."""
        with selenium_driver() as driver:
            pass
        first, _ = refused(driver)

        with caplog.at_level(logging.DEBUG):
            second, took_s = refused(driver)

        assert (first, second) == ("the browser session has ended",) * 2
        assert took_s < 0.05

    def test_stopped_driver_ends_within_the_limit(self):
        """A driver process that hangs costs no more than the limit, not urllib3's four tries."""
        with selenium_driver() as driver:
            os.kill(driver.service.process.pid, signal.SIGSTOP)
            try:
                reason, took_s = refused(driver, limit_s=1)
            finally:
                os.kill(driver.service.process.pid, signal.SIGCONT)

            assert reason == "there was no answer within 1 s"
            assert took_s < 1.5
            assert kind(screenshot(driver).png) == "png"

    def test_silent_driver_is_asked_twice_at_most(self, silent_driver, silent_server):
        """Each try is one request; after two silences the session is given up."""
        reasons = [refused(silent_driver, limit_s=1) for _ in range(4)]

        assert silent_server.asked == 2
        assert {"there was no answer within 1 s"} == {reason for reason, _ in reasons}
        assert sum(took_s for _, took_s in reasons) < 3

    def test_driver_without_kept_connections_ends_within_the_limit(self, silent_server):
        """Where Selenium opens a pool for every request the four tries share the limit."""
        driver = driver_of(silent_server, keep_alive=False)
        before_s = driver.command_executor.client_config.timeout

        _, took_s = refused(driver, limit_s=1)

        assert took_s < 1.5
        assert before_s == driver.command_executor.client_config.timeout

    @pytest.mark.parametrize("keep_alive", [True, False])
    @pytest.mark.parametrize("first", ["head", "body"])
    def test_server_that_drips_ends_within_the_limit(self, first, keep_alive):
        """A byte now and then is no answer: the whole request ends at the limit, and no thread stays."""
        with serving(DrippingDriver(first)) as server:
            driver = driver_of(server, keep_alive=keep_alive)
            threads = threading.active_count()

            reason, took_s = refused(driver, limit_s=1)

            assert reason == "there was no answer within 1 s"
            assert 0.9 < took_s < 1.5
            assert threading.active_count() <= threads + 1  # the server's own
            assert driver.title == "Shop"


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
    """What is a browser and what is not."""

    def test_object_that_answers_to_everything_is_no_browser(self):
        """Neither every attribute nor a claimed class makes a browser, and none of its code runs."""
        subject = AnswersToEverything()

        assert tool_of(subject) is None
        assert recognised(subject) == []
        assert "AnswersToEverything is nothing that can be photographed" in refused(subject)[0]
        assert subject.asked == []

    def test_browser_inside_a_page_object_is_photographed(self, driver):
        """A page object stands for the browser it holds."""
        assert screenshot(SimpleNamespace(browser=driver)).tool == "selenium"

    def test_plain_objects_are_refused_with_a_reason(self):
        """What is no browser is a CaptureError, whatever it is."""
        for subject in (None, 1, "page", object(), [], {}, asyncio, type, lambda: None):
            assert "is nothing that can be photographed" in refused(subject)[0]


def wait_for_alert(driver: Any) -> None:
    """Wait until an alert is open."""
    from selenium.webdriver.support import expected_conditions
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(driver, 10).until(expected_conditions.alert_is_present())
