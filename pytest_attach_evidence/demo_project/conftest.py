"""The browsers of the demo suite: one Selenium driver and one Playwright browser for all tests."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page
    from selenium.webdriver.chrome.webdriver import WebDriver

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
if getattr(os, "geteuid", lambda: 1)() == 0:
    FLAGS.append("--no-sandbox")  # Chromium's sandbox does not work for root
MISSING = "no {} found - install it, or name it in the environment variable {}"


def program(variable: str, *names: str) -> str:
    """Return the path of a program on this machine, or skip the test that needs it."""
    found = os.environ.get(variable) or next(filter(None, map(shutil.which, names)), None)
    return found or pytest.skip(MISSING.format(names[0], variable))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once why tests were skipped."""
    reports = terminalreporter.getreports("skipped")
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)
    for reason, number in reasons.items():
        terminalreporter.write_line(f"{number} skipped: {reason}")


@pytest.fixture(scope="session")
def shop_url() -> str:
    """Where the shop is: a file, no server needed."""
    return Path(__file__).with_name("shop.html").as_uri()


@pytest.fixture(scope="session")
def selenium_driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """A Chromium, driven by Selenium."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program("CHROME_BIN", *BROWSERS)
    profile = tmp_path_factory.mktemp("chromium")
    for flag in (*FLAGS, "--headless=new", "--window-size=1280,860", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(program("CHROMEDRIVER", "chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium, driven by Playwright: its own where it is installed, else that of the system."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        path = started.chromium.executable_path
        if not Path(path).exists():
            path = program("CHROME_BIN", *BROWSERS)
        browser = started.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, shop_url: str) -> Iterator[Page]:
    """A new Playwright page that shows the shop."""
    page = browser.new_page()
    page.goto(shop_url)
    yield page
    page.close()
