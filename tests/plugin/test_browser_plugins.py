"""pytest-playwright's pictures, films and traces and pytest-selenium's debug are taken unasked."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.capture.real_browsers import FLAGS
from tests.capture.real_browsers import program

from .conftest import RunAndRead
from .reading import read_back


BROWSER = "[chromium]"
PNG = b"\x89PNG\r\n\x1a\n"
PLAYWRIGHT = (
    *("-p", "pytest_base_url.plugin", "-p", "pytest_playwright.pytest_playwright"),
    *("-oevidence_screenshot=off", "-oevidence_log=off"),
)
ARTIFACTS = ("--screenshot=only-on-failure", "--video=off", "--tracing=retain-on-failure")
PAGES = """
    import pytest

    SHOP = "data:text/html,<title>Shop</title><h1>Basket</h1>"

    @pytest.fixture
    def shop(page):
        page.goto(SHOP)
        return page

    @pytest.fixture
    def bad_setup(shop): raise RuntimeError("no voucher")

    @pytest.fixture
    def bad_teardown(shop):
        yield shop
        raise RuntimeError("no goodbye")

    def test_call(shop): assert False
    def test_setup(bad_setup): pass
    def test_teardown(bad_teardown): pass
    def test_passes(shop): pass
    def test_own(shop, output_path):
        shop.screenshot(path=f"{output_path}/own/shop.png")

    attempts = []

    @pytest.mark.flaky(reruns=1)
    def test_twice(shop):
        attempts.append(1)
        assert len(attempts) == 2
"""


def browser_conftest() -> str:
    """Return a conftest that has pytest-playwright start the browser of this machine."""
    return f"""
import pytest

@pytest.fixture(scope="session")
def browser_type_launch_args():
    return {{"executable_path": {program("chromium")!r}, "args": {list(FLAGS)!r}}}
"""


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "-n1"])
def test_files_of_pytest_playwright(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """What the plugin keeps of a failure belongs to the attempt that failed, with its kind."""
    pytester.makeconftest(browser_conftest())

    run = run_and_read_spool(
        PAGES, *PLAYWRIGHT, *ARTIFACTS, "-ppytest_rerunfailures", *workers, apart=True
    )

    run.result.assert_outcomes(passed=4, failed=1, errors=2)
    both = [("test-failed-1.png", "screenshot"), ("trace.zip", "trace")]
    for test in ("test_call", "test_setup", "test_teardown"):
        assert both == [(piece.name, piece.kind) for piece in run.pieces(f"{test}{BROWSER}")], test
    assert [] == run.names(f"test_passes{BROWSER}")
    assert ["shop.png"] == run.names(f"test_own{BROWSER}")
    assert PNG == run.content(f"test_call{BROWSER}", "test-failed-1.png")[:8]
    assert zipfile.is_zipfile(io.BytesIO(run.content(f"test_call{BROWSER}", "trace.zip")))
    (first,) = run.items(f"test_twice{BROWSER}")  # the attempt that passed left nothing
    assert 0 == first.rerun
    assert both == [(p.name, p.kind) for p in run.wanted if p.item_id == first.id]
    assert [] == run.refused


OLDER = """
import pytest_playwright.pytest_playwright as plugin

plugin._attach_artifacts_to_report = lambda *given: None
"""


def test_an_older_pytest_playwright(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """A version that tells nobody what it kept is understood by the folder it writes to."""
    pytester.makeconftest(browser_conftest() + OLDER)

    run = run_and_read_spool(
        PAGES, *PLAYWRIGHT, *ARTIFACTS, "-k", "call or setup or passes", apart=True
    )

    for test in ("test_call", "test_setup"):
        assert ["test-failed-1.png", "trace.zip"] == run.names(f"{test}{BROWSER}")
    assert [] == run.names(f"test_passes{BROWSER}")


def test_debug_of_pytest_selenium(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the plugin and its hooks found out is taken, but for the picture, which is there already."""
    monkeypatch.delenv(
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False
    )  # it asks for `html` by name
    pytester.makeconftest(f"""
        import pytest

        @pytest.fixture
        def chrome_options(chrome_options):
            chrome_options.binary_location = {program("chromium")!r}
            for flag in {[*FLAGS, "--headless=new"]!r}:
                chrome_options.add_argument(flag)
            return chrome_options

        @pytest.hookimpl
        def pytest_selenium_capture_debug(item, report, extra):
            from pytest_html import extras
            extra.append(extras.text("from a hook", name="Server"))
    """)
    suite = """
        def test_call(selenium):
            selenium.get("data:text/html,<title>Shop</title><h1>Basket</h1>")
            assert False

        def test_passes(selenium): pass
    """

    pytester.makepyfile(test_inner=suite)
    words = ("--evidence=upload", "--evidence-log=off", "-pno:cacheprovider", "--driver=Chrome")
    result = pytester.runpytest_subprocess(*words, f"--driver-path={program('chromedriver')}")
    run = read_back(result, pytester.path / ".evidence")

    run.result.assert_outcomes(passed=1, failed=1)
    names = run.names("test_call")
    assert {"HTML.txt", "Server.txt"} <= set(names)
    assert 1 == len([piece for piece in run.pieces("test_call") if piece.kind == "screenshot"])
    assert b"Basket" in run.content("test_call", "HTML.txt")
    assert [] == run.names("test_passes")
