"""Browsers that fixtures gave to the running test, seen in real runs with a real Chromium."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


pytest_plugins = ["pytester"]

CONFTEST = """
import json
import pytest
from pytest_attach_evidence.capture.camera import screenshot
from pytest_attach_evidence.capture.picture import CaptureError
from pytest_attach_evidence.capture.tracker import Tracker
from real_browsers import playwright_context, selenium_driver

tracker = Tracker()

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    tracker.begin(item)

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    with open("seen.jsonl", "a") as seen:
        for name, browser in tracker.open_for(item):
            try:
                shown = screenshot(browser).title
            except CaptureError as error:
                shown = str(error)
            print(json.dumps([item.name, report.when, report.outcome, name, shown]), file=seen)
    return report

@pytest.fixture(scope="module")
def module_driver():
    with selenium_driver() as driver:
        yield driver

@pytest.fixture
def driver():
    with selenium_driver() as driver:
        yield driver

@pytest.fixture(scope="session")
def session_context():
    with playwright_context() as context:
        yield context

@pytest.fixture
def page(session_context):
    page = session_context.new_page()
    page.set_content("<title>Own page</title>")
    yield page
    page.close()
"""


@pytest.fixture
def seen(pytester, monkeypatch):
    """Run a suite in its own process and return what the tracker knew, per test and phase."""
    root = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", f"{root}:{Path(__file__).parent}")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(CONFTEST)

    def run(suite: str, *arguments: str, **outcomes: int) -> list[list[str]]:
        pytester.makepyfile(suite)
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
        result.assert_outcomes(**outcomes)
        lines = pytester.path / "seen.jsonl"
        return [json.loads(line) for line in lines.read_text().splitlines() if line]

    return run


def test_browser_is_alive_when_a_test_fails_and_forgotten_before_it_ends(seen):
    """A function's driver is there after setup and call, and gone when its fixture has ended."""
    rows = seen("def test_a(driver): assert not driver.title", failed=1)

    assert rows == [
        ["test_a", "setup", "passed", "driver", "Shop"],
        ["test_a", "call", "failed", "driver", "Shop"],
    ]


def test_failing_setup_still_has_its_browser(seen):
    """A fixture that fails after a driver was made leaves a driver to photograph."""
    rows = seen(
        """
        import pytest
        @pytest.fixture
        def login(driver): raise RuntimeError("no such user")
        def test_a(login): pass
        """,
        errors=1,
    )

    assert rows == [["test_a", "setup", "failed", "driver", "Shop"]]


def test_getfixturevalue_is_seen_from_the_moment_it_was_called(seen):
    """A driver asked for at run time counts, the first time and when it already existed."""
    rows = seen(
        """
        def test_first(request): request.getfixturevalue("module_driver")
        def test_other(): pass
        def test_again(request): request.getfixturevalue("module_driver")
        """,
        passed=3,
    )

    assert [row for row in rows if row[1] == "call"] == [
        ["test_first", "call", "passed", "module_driver", "Shop"],
        ["test_again", "call", "passed", "module_driver", "Shop"],
    ]
    assert "test_other" not in {row[0] for row in rows}


def test_module_browser_counts_for_the_tests_that_use_it(seen):
    """A driver of wider scope belongs to its users only, and is gone after the last one's teardown."""
    rows = seen(
        """
        def test_a(module_driver): pass
        def test_b(): pass
        def test_c(module_driver): pass
        """,
        passed=3,
    )

    assert [row[:2] for row in rows] == [
        ["test_a", "setup"],
        ["test_a", "call"],
        ["test_a", "teardown"],
        ["test_c", "setup"],
        ["test_c", "call"],
    ]
    assert {"Shop"} == {row[4] for row in rows}


def test_unittest_classes_are_looked_into(seen):
    """Drivers of autouse fixtures and of setUpClass are found where there are no funcargs."""
    rows = seen(
        """
        import unittest
        import pytest
        from real_browsers import selenium_driver
        class TestA(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _use(self, module_driver): self.mine = module_driver
            def test_a(self): self.fail()
        class TestB(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                made = selenium_driver()
                cls.browser = made.__enter__()
                cls.addClassCleanup(made.__exit__, None, None, None)
            def test_b(self): self.fail()
        """,
        failed=2,
    )

    assert [row for row in rows if row[1] == "call"] == [
        ["test_a", "call", "failed", "module_driver", "Shop"],
        ["test_b", "call", "failed", "browser", "Shop"],
    ]


def test_browser_made_inside_another_fixture_is_found_once(seen):
    """Page objects, lists and dicts of drivers are looked into; the same driver counts once."""
    rows = seen(
        """
        import pytest
        from real_browsers import selenium_driver
        class Login:
            def __init__(self, driver): self.driver = driver
            def __getattr__(self, name): raise RuntimeError(name)
            @property
            def title(self): raise RuntimeError("asked")
        @pytest.fixture
        def login():
            with selenium_driver() as driver: yield Login(driver)
        @pytest.fixture
        def everything(login): return {"login": login.driver, "list": [login], "none": None}
        def test_a(everything): pass
        """,
        passed=1,
    )

    assert [row[:2] for row in rows] == [["test_a", "setup"], ["test_a", "call"]]
    assert {("login", "Shop")} == {tuple(row[3:]) for row in rows}


def test_context_is_seen_as_its_pages(seen):
    """Of a context and its page there is one picture; a page a test opens itself is found too."""
    rows = seen(
        """
        def test_a(page):
            page.context.new_page().set_content("<title>Popup</title>")
            assert False
        """,
        failed=1,
    )

    call = [row[3:] for row in rows if row[1] == "call"]
    assert call == [["page", "Own page"], ["session_context", "Popup"]]


def test_dead_session_has_a_reason_and_harms_nobody(seen):
    """A driver that a test quit itself gives a reason in every phase."""
    rows = seen("def test_a(module_driver): module_driver.quit()", passed=1)

    assert [row[4] for row in rows][:2] == ["Shop", "the browser session has ended"]


def test_parametrized_browser_is_forgotten_with_its_parameter(seen):
    """Where pytest makes a fixture anew for the next parameter, only the new browser is open."""
    rows = seen(
        """
        import pytest
        from real_browsers import selenium_driver
        @pytest.fixture(scope="module", params=["one", "two"])
        def named(request):
            with selenium_driver() as driver:
                driver.get(f"data:text/html,<title>{request.param}</title>")
                yield driver
        def test_a(named): pass
        """,
        passed=2,
    )

    assert [row[4] for row in rows if row[1] == "call"] == ["one", "two"]


def test_suites_without_browsers_import_none(pytester, monkeypatch):
    """The tracker imports neither Selenium nor Playwright and knows no browsers without them."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(
        """
        from pytest_attach_evidence.capture.tracker import Tracker
        tracker = Tracker()
        def pytest_runtest_setup(item): tracker.begin(item)
        """
    )
    pytester.makepyfile(
        """
        import sys
        import pytest
        from conftest import tracker
        class Anything:
            def __getattr__(self, name): raise RuntimeError(name)
        @pytest.fixture
        def thing(): return Anything()
        def test_a(thing, request):
            assert tracker.open_for(request.node) == []
            assert not {"selenium", "playwright", "requests"} & set(sys.modules)
        """
    )

    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
