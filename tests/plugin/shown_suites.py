"""Suites in which windows and pages of every tool fail in every phase, each in a colour of its own."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass


SIZE = (320, 240)
COLOURS = {
    "setup": "#c01020",
    "call": "#10a030",
    "teardown": "#2040c0",
    "attempt 1": "#b08010",
    "attempt 2": "#8010b0",
    "dies": "#10a0a0",
    "after": "#606060",
    "passes": "#f0d0e0",
    "class": "#304010",
    "module": "#e0c0a0",
    "session": "#502040",
}
SCOPES = ("class", "module", "session")
PHASES = ("setup", "call", "teardown")
"""Phases in which a test of the suite fails."""

WAYS = {
    "one process": ("-k", "not dies"),
    "-n 2": ("-n2", "--max-worker-restart=1"),
}
"""In what ways a suite is run; with workers, one of them dies in the middle."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a test of the suite leaves: its pictures, each with the colour it shows.

    `title` is the head of a column in docs/capture.md.
    """

    title: str
    test: str
    pictures: tuple[tuple[str, str], ...]
    ways: tuple[str, ...] = tuple(WAYS)


AT_CALL = "{gives}-call-failure.png"
CLAIMS = (
    Claim(
        title="setup fails", test="test_setup", pictures=(("{gives}-setup-failure.png", "setup"),)
    ),
    Claim(title="call fails", test="test_call", pictures=((AT_CALL, "call"),)),
    Claim(
        title="teardown fails",
        test="test_teardown",
        pictures=(("{gives}-teardown-failure.png", "teardown"),),
    ),
    Claim(
        title="each attempt of a rerun",
        test="test_again",
        pictures=((AT_CALL, "attempt 1"), (AT_CALL, "attempt 2")),
    ),
    *(
        Claim(
            title=f"{scope} fixture",
            test=f"test_of_{scope}",
            pictures=((f"{scope}_page-call-failure.png", scope),),
        )
        for scope in SCOPES
    ),
    Claim(title="asked for", test="test_passes", pictures=(("asked-for.png", "passes"),)),
    Claim(
        title="its worker dies",
        test="test_dies",
        pictures=(("before.png", "dies"),),
        ways=("-n 2",),
    ),
    Claim(
        title="after one died",
        test="test_after",
        pictures=((AT_CALL, "after"),),
        ways=("-n 2",),
    ),
)
"""What is claimed of every tool in every way; tests/plugin/test_shown.py proves it."""

TESTS = """
    import os
    import pytest
    from suite_tools import MARK, fixture, show

    pytestmark = MARK

    @fixture
    ASYNC def bad_setup(page):
        AWAIT show(page, "COLOUR setup")
        raise RuntimeError("no voucher")

    @fixture
    ASYNC def bad_teardown(page):
        AWAIT show(page, "COLOUR teardown")
        yield
        raise RuntimeError("still open")

    ASYNC def test_call(page):
        AWAIT show(page, "COLOUR call")
        assert False

    ASYNC def test_setup(bad_setup): pass

    ASYNC def test_teardown(bad_teardown): pass

    ASYNC def test_dies(page, evidence):
        AWAIT show(page, "COLOUR dies")
        TAKE(page, name="before")
        os._exit(3)

    attempts = []

    @pytest.mark.flaky(reruns=1)
    ASYNC def test_again(page):
        attempts.append(1)
        AWAIT show(page, ["COLOUR attempt 1", "COLOUR attempt 2"][len(attempts) - 1])
        assert False

    ASYNC def test_passes(page, evidence):
        AWAIT show(page, "COLOUR passes")
        TAKE(page, name="asked-for")

    ASYNC def test_after(page):
        AWAIT show(page, "COLOUR after")
        assert False

    class TestScope:
        ASYNC def test_of_class(self, class_page):
            AWAIT show(class_page, "COLOUR class")
            assert False
"""
WIDER = """
    from suite_tools import MARK, show

    pytestmark = MARK

    ASYNC def test_of_SCOPE(SCOPE_page):
        AWAIT show(SCOPE_page, "COLOUR SCOPE")
        assert False
"""

SYNC_TOOLS = """
    import pytest
    MARK = []
    fixture = pytest.fixture
"""
BROWSER_PAGE = """
    def html(colour):
        return f"<title>{colour}</title><body style='background:{colour}'>"
"""
SYNC_PAGE = """
    def show(page, colour): page.set_content(html(colour))
"""

SELENIUM = """
    @pytest.fixture(scope="session")
    def browser():
        with selenium_driver() as driver, open("drivers.txt", "a") as drivers:
            print(driver.service.process.pid, file=drivers, flush=True)
            yield driver

    def sized(driver):
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        return driver

    @pytest.fixture
    def page(browser):
        browser.switch_to.new_window("tab")
        yield sized(browser)
        browser.close()
        browser.switch_to.window(browser.window_handles[0])
"""
SELENIUM_WIDE = """
    @pytest.fixture(scope="SCOPE")
    def SCOPE_page():
        with selenium_driver() as driver: yield sized(driver)
"""
SELENIUM_SHOW = """
    from urllib.parse import quote
    def show(driver, colour): driver.get("data:text/html," + quote(html(colour)))
"""
PLAYWRIGHT = """
    @pytest.fixture(scope="session")
    def browser():
        with playwright_context() as context:
            yield context.browser

    @pytest.fixture
    def page(browser):
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        yield page
        page.close()
"""
PLAYWRIGHT_WIDE = """
    @pytest.fixture(scope="SCOPE")
    def SCOPE_page(browser):
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        yield page
        page.close()
"""
ASYNC_TOOLS = """
    import pytest
    import pytest_asyncio
    MARK = pytest.mark.asyncio(loop_scope="session")
    fixture = pytest_asyncio.fixture(loop_scope="session")
    async def show(page, colour): await page.set_content(html(colour))
"""
PLAYWRIGHT_ASYNC = """
    import pytest_asyncio
    from playwright.async_api import async_playwright

    @pytest_asyncio.fixture(scope="session", loop_scope="session")
    async def browser():
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=program("chromium"), args=list(FLAGS)
            )
            yield browser
            await browser.close()

    @pytest_asyncio.fixture(loop_scope="session")
    async def page(browser):
        page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        yield page
        await page.close()
"""
PLAYWRIGHT_ASYNC_WIDE = """
    @pytest_asyncio.fixture(scope="SCOPE", loop_scope="session")
    async def SCOPE_page(browser):
        page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        yield page
        await page.close()
"""
PYTEST_PLAYWRIGHT = """
    @pytest.fixture(scope="session")
    def browser_type_launch_args():
        return {"executable_path": program("chromium"), "args": list(FLAGS)}

    @pytest.fixture
    def browser_context_args():
        return {"viewport": {"width": WIDTH, "height": HEIGHT}}
"""
QT = """
    from PySide6.QtWidgets import QApplication, QLabel

    @pytest.fixture(scope="session")
    def application():
        return QApplication.instance() or QApplication([])

    @pytest.fixture
    def page(application):
        label = QLabel()
        label.resize(WIDTH, HEIGHT)
        label.show()
        yield label
        label.close()
"""
QT_WIDE = """
    @pytest.fixture(scope="SCOPE")
    def SCOPE_page(application):
        label = QLabel()
        label.resize(WIDTH, HEIGHT)
        label.show()
        yield label
        label.close()
"""
QT_SHOW = """
    def show(label, colour): label.setStyleSheet(f"background: {colour}")
"""
MATPLOTLIB = """
    import matplotlib
    matplotlib.use("agg")
    from matplotlib import pyplot

    @pytest.fixture
    def page():
        figure = pyplot.figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100)
        figure.add_subplot()
        yield figure
        pyplot.close(figure)
"""
MATPLOTLIB_WIDE = """
    @pytest.fixture(scope="SCOPE")
    def SCOPE_page():
        figure = pyplot.figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100)
        figure.add_subplot()
        yield figure
        pyplot.close(figure)
"""
MATPLOTLIB_SHOW = """
    def show(figure, colour):
        figure.set_facecolor(colour)
        figure.axes[0].set_facecolor(colour)
"""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool, its fixtures, how a test shows a colour with it, and the plugins it needs.

    `gives` is the first fixture that gives what is shown: pictures are named after it; `wide` are the same
    fixtures in wider scopes. `ids` stands at the end of the tests' node ids.
    """

    title: str
    gives: str = "page"
    ids: str = ""
    conftest: str
    wide: str
    tools: str
    plugins: tuple[str, ...] = ()
    awaited: bool = False

    def files(self) -> dict[str, str]:
        """Return the files of the suite by their names."""
        head = "\nimport pytest\nfrom real_browsers import *\n"
        fixtures = [self.conftest, *(self.wide.replace("SCOPE", scope) for scope in SCOPES)]
        return {
            "conftest.py": _sized(head + "".join(map(textwrap.dedent, fixtures))),
            "suite_tools.py": "".join(map(textwrap.dedent, (BROWSER_PAGE, self.tools))),
            "test_inner.py": self._tests(TESTS),
            # The last files: what a wider fixture shows is open until the end of its scope.
            "test_module.py": self._tests(WIDER.replace("SCOPE", "module")),
            "test_session.py": self._tests(WIDER.replace("SCOPE", "session")),
        }

    def _tests(self, tests: str) -> str:
        take = "await evidence.screenshot_async" if self.awaited else "evidence.screenshot"
        text = textwrap.dedent(tests).replace("TAKE", take)
        text = text.replace("ASYNC ", "async " if self.awaited else "")
        text = text.replace("AWAIT ", "await " if self.awaited else "")
        for name, colour in COLOURS.items():
            text = text.replace(f"COLOUR {name}", colour)
        return text


def _sized(text: str) -> str:
    return text.replace("WIDTH", str(SIZE[0])).replace("HEIGHT", str(SIZE[1]))


TOOLS = {
    "selenium": Tool(
        title="Selenium",
        gives="browser",
        conftest=SELENIUM,
        wide=SELENIUM_WIDE,
        tools=SYNC_TOOLS + SELENIUM_SHOW,
    ),
    "playwright": Tool(
        title="Playwright (sync)",
        conftest=PLAYWRIGHT,
        wide=PLAYWRIGHT_WIDE,
        tools=SYNC_TOOLS + SYNC_PAGE,
    ),
    "playwright-async": Tool(
        title="Playwright (async) with pytest-asyncio",
        conftest=PLAYWRIGHT_ASYNC,
        wide=PLAYWRIGHT_ASYNC_WIDE,
        tools=ASYNC_TOOLS,
        plugins=("pytest_asyncio.plugin",),
        awaited=True,
    ),
    "pytest-playwright": Tool(
        title="pytest-playwright",
        ids="[chromium]",
        conftest=PYTEST_PLAYWRIGHT,
        wide=PLAYWRIGHT_WIDE,
        tools=SYNC_TOOLS + SYNC_PAGE,
        plugins=("pytest_playwright.pytest_playwright",),
    ),
    "qt": Tool(title="Qt (PySide6)", conftest=QT, wide=QT_WIDE, tools=SYNC_TOOLS + QT_SHOW),
    "qt-pyqt6": Tool(
        title="Qt (PyQt6)",
        conftest=QT.replace("PySide6", "PyQt6"),
        wide=QT_WIDE,
        tools=SYNC_TOOLS + QT_SHOW,
    ),
    "matplotlib": Tool(
        title="matplotlib",
        conftest=MATPLOTLIB,
        wide=MATPLOTLIB_WIDE,
        tools=SYNC_TOOLS + MATPLOTLIB_SHOW,
    ),
}
