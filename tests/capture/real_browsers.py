"""Starts the real Chromium of this machine, for the tests and for the suites they run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext
    from selenium.webdriver.chrome.webdriver import WebDriver

SHOP = "data:text/html,<title>Shop</title><h1>Basket</h1>"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def program(name: str) -> str:
    """Return the path of a program these tests cannot do without."""
    path = shutil.which(name)
    assert path, f"{name} is not installed, and these tests photograph a real browser - install it"
    return path


@contextmanager
def selenium_driver() -> Iterator[WebDriver]:
    """Give a Selenium driver that shows the shop."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = program("chromium")
        for flag in (*FLAGS, "--headless=new", f"--user-data-dir={Path(profile)}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
        try:
            driver.get(SHOP)
            yield driver
        finally:
            driver.quit()


@contextmanager
def playwright_context() -> Iterator[BrowserContext]:
    """Give an empty Playwright context."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=list(FLAGS))
        yield browser.new_context()
        browser.close()
