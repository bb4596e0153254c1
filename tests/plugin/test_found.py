"""Where windows and pages are found that no fixture gives as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.capture.real_browsers import FLAGS
from tests.capture.real_browsers import program

from .conftest import RunAndRead
from .looked_at import shots


BROWSERS = Path(__file__).parents[1] / "capture"
BROWSER = """
    import pytest
    from real_browsers import *

    @pytest.fixture(scope="session")
    def browser():
        with playwright_context() as context: yield context.browser

    def test_in_the_body(browser):
        browser.new_page()
        assert False

    def test_closed_again(browser):
        for context in browser.contexts: context.close()
        assert False

    @pytest.fixture
    def new_page(browser):
        made = []
        def make():
            made.append(browser.new_page())
            return made[-1]
        yield make
        for page in made: page.close()

    def test_factory(new_page):
        new_page()
        new_page()
        assert False

    @pytest.fixture
    def page(browser):
        page = browser.new_context().new_page()
        yield page
        page.context.close()

    def test_named_after_the_nearest(browser, page):
        page.context.new_page()
        assert False
"""


def test_pages_of_a_browser(
    run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser stands for the open pages of all its contexts; what a fixture gives itself has its name."""
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))

    run = run_and_read_spool(
        BROWSER, "--evidence-page=failed", "--evidence-capture-limit=30", apart=True
    )

    run.result.assert_outcomes(failed=4)
    assert ["browser-call-failure.png"] == shots(run, "test_in_the_body")
    assert [] == shots(run, "test_closed_again")
    factory = shots(run, "test_factory")
    assert 2 == len(factory)
    assert ["page-call-failure.png", "browser-call-failure.png"] == shots(
        run, "test_named_after_the_nearest"
    )
    assert [] == run.refused


PLUGIN = """
    def test_page(page): assert False

    def test_context(new_context):
        new_context().new_page().set_content("<title>Ledger</title>")
        assert False

    def test_browser(browser):
        browser.new_page().set_content("<title>Own</title>")
        assert False
"""


def test_factories_of_pytest_playwright(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """Pages of contexts that `new_context` made, and those that a test opens in `browser`."""
    pytester.makeconftest(f"""
        import pytest

        @pytest.fixture(scope="session")
        def browser_type_launch_args():
            return {{"executable_path": {program("chromium")!r}, "args": {list(FLAGS)!r}}}
    """)
    plugins = ("-p", "pytest_base_url.plugin", "-p", "pytest_playwright.pytest_playwright")

    run = run_and_read_spool(PLUGIN, *plugins, apart=True)

    assert ["new_context-call-failure.png"] == shots(run, "test_context[chromium]")
    assert ["browser-call-failure.png"] == shots(run, "test_browser[chromium]")
    assert ["page-call-failure.png"] == shots(run, "test_page[chromium]")


ASYNC = """
    import pytest
    import pytest_asyncio
    from playwright.async_api import async_playwright
    from real_browsers import FLAGS, program

    @pytest_asyncio.fixture
    async def browser():
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=program("chromium"), args=list(FLAGS))
            yield browser
            await browser.close()

    @pytest.mark.asyncio
    async def test_it(browser):
        await browser.new_page()
        assert False
"""


def test_pages_of_an_async_browser(
    run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for Playwright's async API."""
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))

    run = run_and_read_spool(ASYNC, "-p", "pytest_asyncio.plugin", apart=True)

    assert ["browser-call-failure.png"] == shots(run, "test_it")


DRIVERS = """
    from collections import deque
    from dataclasses import dataclass
    import pytest
    from appium.options.android import UiAutomator2Options
    from appium.webdriver import Remote as Appium
    from selenium import webdriver
    from silent_server import SlowDriver, serving

    @pytest.fixture(scope="session")
    def server():
        with serving(SlowDriver(0)) as server:
            yield server

    @pytest.fixture(scope="session")
    def new_driver(server):
        def make():
            url = f"http://127.0.0.1:{server.server_port}"
            return webdriver.Remote(url, options=webdriver.ChromeOptions())
        return make

    @pytest.fixture
    def factory(new_driver):
        made = []
        def make(): made.append(new_driver())
        return make

    def test_factory(factory):
        factory()
        assert False

    @dataclass(slots=True)
    class Slots:
        driver: object
        never: object

    @pytest.fixture
    def slots(new_driver):
        made = Slots(new_driver(), None)
        del made.never
        return made

    def test_slots(slots): assert False

    @pytest.fixture
    def queue(new_driver): return deque([new_driver()])

    def test_queue(queue): assert False

    class App:
        def __init__(self, driver): self.driver = driver
        def open(self): pass

    @pytest.fixture
    def method(new_driver): return App(new_driver()).open

    def test_method(method): assert False

    @pytest.fixture
    def deep(new_driver): return App({"pages": App(new_driver())})

    def test_deep(deep): assert False

    @pytest.fixture
    def deepest(new_driver): return App(App(App(App(new_driver()))))

    def test_deepest(deepest): assert False

    @pytest.fixture(scope="module")
    def shared(new_driver): return new_driver()

    @pytest.fixture(scope="module")
    def between(shared): return object()

    @pytest.fixture(scope="module")
    def app(request):
        request.getfixturevalue("between")
        return object()

    @pytest.mark.parametrize("number", [1, 2])
    def test_behind_another(app, number): assert False

    class TestHeld:
        def test_held(self, new_driver):
            self.app = App(new_driver())
            assert False

    @pytest.fixture
    def phone(server):
        url = f"http://127.0.0.1:{server.server_port}"
        return Appium(url, options=UiAutomator2Options())

    def test_appium(phone, server):
        server.asked_for_alerts = 0
        assert False

    def test_no_alert_of_a_phone_was_asked_for(server):
        assert server.asked_for_alerts == 0
"""


def test_drivers_behind_objects_functions_and_fixtures(
    run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three levels deep, in slots and closures, behind fixtures that others ask for; Appium's too."""
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))

    run = run_and_read_spool(DRIVERS, apart=True)

    run.result.assert_outcomes(passed=1, failed=10)
    one = "{}-call-failure.png".format
    for test in ("factory", "slots", "queue", "method", "deep"):
        assert [one(test)] == shots(run, f"test_{test}"), test
    assert [] == shots(run, "test_deepest")
    for number in (1, 2):
        assert [one("shared")] == shots(run, f"test_behind_another[{number}]")
    assert [one("app")] == shots(run, "test_held")
    assert [one("phone")] == shots(run, "test_appium")
    assert [] == run.refused


LONG = """
    import matplotlib
    matplotlib.use("agg")
    import pytest
    from matplotlib.figure import Figure

    @pytest.fixture
    def near(): return [*map(str, range(100)), Figure(figsize=(1, 1))]

    @pytest.fixture
    def pixels(): return [*[0] * 1000, Figure(figsize=(1, 1))]

    def test_it(near, pixels): assert False
"""


def test_what_is_looked_at_is_counted(run_and_read_spool: RunAndRead) -> None:
    """Behind 500 others nothing is found, also where these are the same few over and over."""
    run = run_and_read_spool(LONG, apart=True)

    assert ["near-call-failure.png"] == shots(run, "test_it")
