"""Subtests: their pictures say which one it was, and nothing of theirs is taken from the rest of the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import RunAndRead
from .looked_at import looked_at
from .looked_at import shots


BROWSERS = Path(__file__).parents[1] / "capture"
FIGURES = """
    import unittest
    import matplotlib
    matplotlib.use("agg")
    import pytest
    from matplotlib.figure import Figure

    @pytest.fixture
    def chart(): return Figure(figsize=(1, 1))

    def test_it(chart, subtests):
        with subtests.test("rates of a/b", year=2026): assert False
        with subtests.test("passes"): pass
        with subtests.test(): assert False
        assert False

    class TestIt(unittest.TestCase):
        def test_unit(self):
            self.chart = Figure(figsize=(1, 1))
            with self.subTest("unit", n=1): self.fail()
"""


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "-n1"])
def test_pictures_say_which_subtest_it_was(
    run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """Message and values stand in the name and, whole, in the remark of a subtest's picture."""
    run = run_and_read_spool(FIGURES, *workers, apart=True)

    assert [
        "chart-call-failure-rates-of-a-b-year=2026.png",
        "chart-call-failure.png",
        "chart-call-failure.png",
    ] == shots(run, "test_it")
    assert ["chart-call-failure-unit-n=1.png"] == shots(run, "test_unit")
    remark = run.piece("test_it", "chart-call-failure-rates-of-a-b-year=2026.png").remark
    assert "matplotlib; subtest rates of a/b year=2026" == remark
    assert [] == run.refused


def test_a_picture_of_a_subtest_is_not_that_of_the_end(run_and_read_spool: RunAndRead) -> None:
    """The test goes on after it, so a teardown that fails has its own picture."""
    suite = """
        import matplotlib
        matplotlib.use("agg")
        import pytest
        from matplotlib.figure import Figure

        @pytest.fixture
        def chart():
            yield Figure(figsize=(1, 1))
            raise RuntimeError("still open")

        def test_it(chart, subtests):
            with subtests.test("early"): assert False
            chart.set_facecolor("#00a0a0")
    """

    run = run_and_read_spool(suite, "--evidence-screenshot-teardown=on", apart=True)

    at_end = "chart-teardown-failure.png"
    assert ["chart-call-failure-early.png", at_end] == shots(run, "test_it")
    assert (0x00, 0xA0, 0xA0) == looked_at(run.content("test_it", at_end))[1]


SECRET = "Zx81/qP+9aKd/7Lm2Rv0"
TOLD = """
    import os
    import matplotlib
    matplotlib.use("agg")
    import pytest
    from matplotlib.figure import Figure
    from selenium import webdriver
    from selenium.common.exceptions import UnexpectedAlertPresentException
    from silent_server import serving

    TOKEN = os.environ["PYTEST_EVIDENCE_SQUASH_TOKEN"]

    @pytest.fixture
    def chart(): return Figure(figsize=(1, 1))

    def test_it(chart, subtests):
        with subtests.test(token=TOKEN): assert False
        with subtests.test("x" * 190 + TOKEN): assert False
        with subtests.test("x" * 50 + TOKEN): assert False
        with subtests.test("'" + TOKEN + "'"): assert False

    class Broken(webdriver.Remote):
        def get_screenshot_as_png(self): raise self.why

    @pytest.fixture
    def broken():
        with serving() as server:
            url = f"http://127.0.0.1:{server.server_port}"
            yield Broken(url, options=webdriver.ChromeOptions())

    @pytest.mark.parametrize("why", [
        RuntimeError("x" * 190 + TOKEN),
        UnexpectedAlertPresentException(alert_text="x" * 190 + TOKEN),
    ], ids=["error", "alert"])
    def test_no_picture(broken, why):
        broken.why = why
        assert False
"""


def test_a_secret_is_masked_before_anything_is_cut(
    run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No part of one is left in names, remarks and reasons, tidied, quoted or cut off as they are."""
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))
    monkeypatch.setenv("PYTEST_EVIDENCE_SQUASH_TOKEN", SECRET)

    run = run_and_read_spool(TOLD, "--evidence-log=off", mode="collect", apart=True)

    assert [
        "chart-call-failure-token=-redacted.png",
        f"chart-call-failure-{'x' * 60}.png",
        f"chart-call-failure-{'x' * 50}-redacted.png",
        "chart-call-failure-redacted.png",
    ] == shots(run, "test_it")
    assert 2 == len(run.refused)
    told = [*run.refused, *(f"{piece.name} {piece.remark}" for piece in run.pieces("test_it"))]
    assert [] == [line for line in told if "Zx81" in line or "redacted" not in line]


CONSOLE = """
    import pytest
    from real_browsers import *

    @pytest.fixture
    def driver():
        with selenium_driver() as driver: yield driver

    def test_console(driver, subtests):
        driver.execute_script("console.error('saved 12 rows')")
        with subtests.test("unrelated"): assert False
        with subtests.test("console"):
            assert any("saved 12" in entry["message"] for entry in driver.get_log("browser"))

    @pytest.fixture
    def clean_console(driver):
        yield
        assert [] == [one for one in driver.get_log("browser") if one["level"] == "SEVERE"]

    def test_teardown_check(driver, clean_console):
        driver.execute_script("console.error('boom')")
        assert False
"""


@pytest.mark.parametrize(
    ("console", "errors"), [((), 1), (("--evidence-console=failed",), 0)], ids=["off", "failed"]
)
def test_the_console_of_a_browser_is_left_to_the_test(
    run_and_read_spool: RunAndRead,
    monkeypatch: pytest.MonkeyPatch,
    console: tuple[str, ...],
    errors: int,
) -> None:
    """It can be read only once: not by us unless that was asked for, and never at a subtest."""
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))

    run = run_and_read_spool(CONSOLE, "--evidence-page=failed", *console, apart=True)

    counts = run.result.parseoutcomes()
    assert errors == counts.get("errors", 0) + counts.get("error", 0)
    assert "SUBFAILED[unrelated]" in run.output
    assert "SUBFAILED[console]" not in run.output
    assert bool(console) == ("driver-call-console.txt" in run.names("test_teardown_check"))
    assert not [name for name in run.names("test_console") if name.endswith("console.txt")]


ASYNC = """
    import pytest
    import pytest_asyncio
    from playwright.async_api import async_playwright
    from real_browsers import FLAGS, program

    @pytest_asyncio.fixture
    async def page():
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=program("chromium"), args=list(FLAGS))
            yield await browser.new_page()
            await browser.close()

    @pytest.fixture
    def bad_end(page):
        yield
        raise RuntimeError("still open")

    @pytest.mark.asyncio
    async def test_it(page, subtests, bad_end):
        with subtests.test("first"): assert False
"""


def test_a_picture_that_was_refused_is_not_taken(
    run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subtest on a running loop has a reason and no picture, so the failing teardown has one."""
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))
    words = ("-p", "pytest_asyncio.plugin", "--evidence-screenshot-teardown=on")

    run = run_and_read_spool(ASYNC, *words, apart=True)

    assert ["page-teardown-failure.png"] == shots(run, "test_it")
    (reason,) = run.refused
    assert (
        "page-call-failure-first.png: cannot be made (its event loop runs in this thread)" in reason
    )
