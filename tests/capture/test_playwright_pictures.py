"""Pictures of a real Chromium through Playwright."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pictures import kind
from pictures import refused
from real_browsers import SHOP
from real_browsers import playwright_context

from pytest_attach_evidence.capture.camera import screenshot
from pytest_attach_evidence.capture.tools import recognised


@pytest.fixture(scope="module")
def context() -> Iterator[Any]:
    """A context for all tests of Playwright."""
    with playwright_context() as context:
        yield context


@pytest.fixture
def page(context) -> Iterator[Any]:
    """A new page that shows the shop."""
    page = context.new_page()
    page.goto(SHOP)
    yield page
    page.close()


def test_picture_says_what_it_shows(page):
    """A picture is a PNG with the address and title of the page."""
    shot = screenshot(page)

    assert (shot.tool, shot.url.replace("%3C", "<"), shot.title) == ("playwright", SHOP, "Shop")
    assert kind(shot.png) == "png"


def test_context_is_its_open_pages(context, page):
    """A context stands for its pages; a picture of it is one of its newest page."""
    second = context.new_page()

    assert [page, second] == recognised(context)
    assert screenshot(context).url == "about:blank"
    second.close()
    assert [page] == recognised(context)


def test_closed_page_is_a_reason(context):
    """A closed page has no picture and is not asked again."""
    page = context.new_page()
    page.close()

    assert refused(page)[0] == "the page is closed"
    assert refused(page)[0] == "the page is closed"


def test_other_thread_is_refused(page):
    """Another thread cannot photograph a page, and trying leaves nothing behind."""
    with ThreadPoolExecutor(1) as pool:
        reason, _ = pool.submit(refused, page).result()

    assert reason == "the page belongs to another thread, or Playwright was stopped"
    assert kind(screenshot(page).png) == "png"


def test_busy_page_ends_within_the_limit(context):
    """A page whose script never ends costs no more than the limit."""
    page = context.new_page()
    page.evaluate("setTimeout(() => { while (true) {} }, 0)")

    reason, took_s = refused(page, limit_s=1)

    assert reason == "there was no answer within 1 s"
    assert took_s < 1.5


def test_stopped_server_process_ends_within_the_limit(page):
    """Not even a hanging Playwright process, which keeps its own time limits, holds a test up."""
    process_id = playwright_process_id()
    os.kill(process_id, signal.SIGSTOP)
    try:
        reason, took_s = refused(page, limit_s=1)
    finally:
        os.kill(process_id, signal.SIGCONT)

    assert reason == "there was no answer within 1 s"
    assert took_s < 1.5
    assert kind(screenshot(page).png) == "png"


def playwright_process_id() -> int:
    """Return the id of the process that Playwright started for this one."""
    children = " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children"))
    (found,) = [
        int(child)
        for child in children.split()
        if b"playwright" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return found
