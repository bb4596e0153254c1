"""Where there is no picture: the outcome is the test's own, the time is bounded, the reason is recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import RunAndRead
from .looked_at import shots


PNG = b"\x89PNG"
BROWSERS = Path(__file__).parents[1] / "capture"
CONFTEST = """
    import pytest
    from selenium import webdriver
    from silent_server import serving

    @pytest.fixture(scope="session")
    def server():
        with serving() as server:
            yield server

    def driver_of(server, kind=webdriver.Remote):
        url = f"http://127.0.0.1:{server.server_port}"
        return kind(url, options=webdriver.ChromeOptions())

    @pytest.fixture
    def first(server): return driver_of(server)

    @pytest.fixture
    def second(server): return driver_of(server)

    @pytest.fixture
    def third(server): return driver_of(server)

    @pytest.fixture(scope="module")
    def lasting(server): return driver_of(server)
"""
SUITE = """
    import pytest
    from conftest import driver_of
    from selenium import webdriver

    def test_several_hang(first, second, third):
        assert False

    def test_bounded(server):
        assert server.asked == 1

    @pytest.mark.parametrize("number", range(4))
    def test_one_hangs_again(lasting, number):
        assert False

    def test_given_up(server):
        assert server.asked == 3

    class Broken(webdriver.Remote):
        def get_screenshot_as_png(self): raise ZeroDivisionError("no light")

    @pytest.fixture
    def broken(server): return driver_of(server, Broken)

    def test_raises(broken):
        assert False

    class Anything:
        def __getattr__(self, name): return self
        def __call__(self, *args, **options): raise SystemExit("called")

    @pytest.fixture
    def anything(): return Anything()

    def test_answers_to_everything(anything):
        assert False
"""
EXPECTED = [
    "test_several_hang: first-call-failure.png: cannot be made (there was no answer within 2 s)",
    *(
        f"test_several_hang: {name}-call-failure.png: cannot be made (was not asked: "
        "evidence_capture_limit (2 s) was used up)"
        for name in ("second", "third")
    ),
    *(
        f"test_one_hangs_again[{number}]: lasting-call-failure.png: cannot be made "
        "(there was no answer within 2 s)"
        for number in range(4)
    ),
    "test_raises: broken-call-failure.png: cannot be made (ZeroDivisionError: no light)",
]


def test_drivers_that_hang_or_raise(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All windows of a test share one limit, and a driver that hangs is asked twice at most."""
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))
    pytester.makeconftest(CONFTEST)

    run = run_and_read_spool(SUITE, "--evidence-capture-limit=2", apart=True)

    run.result.assert_outcomes(passed=2, failed=7)
    assert EXPECTED == [reason.partition("::")[2] for reason in run.refused]
    assert "note: " in run.output
    assert 1 == int(run.result.ret)


PAGES = """
    import pytest
    from real_browsers import playwright_context

    @pytest.fixture(scope="session")
    def browser():
        with playwright_context() as context:
            yield context.browser

    @pytest.fixture
    def page(browser):
        page = browser.new_page()
        yield page
        page.close()

    def test_closed(page):
        page.close()
        assert False

    def test_no_size(page):
        page.set_viewport_size({"width": 0, "height": 0})
        assert False

    def test_busy(page):
        page.evaluate("setTimeout(() => { while (true) {} }, 0)")
        assert False

    @pytest.fixture
    def stopped(page):
        yield page
        raise RuntimeError("after a good teardown picture")

    def test_page_is_closed_before_its_teardown(stopped):
        stopped.close()

    def test_pass(page): pass
"""


def test_pages_that_are_closed_busy_or_without_size(
    run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a failed test as it would be without us, with one reason beside it."""
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))
    options = ("--evidence-page=failed", "--evidence-screenshot-teardown=on")

    run = run_and_read_spool(PAGES, *options, apart=True)

    run.result.assert_outcomes(passed=2, failed=3, errors=1)
    closed = "test_page_is_closed_before_its_teardown: page-teardown"
    assert [
        "test_closed: page-call-failure.png: cannot be made (the page is closed)",
        "test_closed: page-call-source.html: cannot be made (the page is closed)",
        "test_no_size: page-call-failure.png: cannot be made (Page.screenshot: Protocol error "
        "(Page.captureScreenshot): Cannot take screenshot with 0 width.)",
        "test_busy: page-call-failure.png: cannot be made (there was no answer within 4 s)",
        "test_busy: page-call-source.html: cannot be made (there was no answer within 1 s)",
        f"{closed}-failure.png: cannot be made (the page is closed)",
        f"{closed}-source.html: cannot be made (the page is closed)",
    ] == [reason.partition("::")[2] for reason in run.refused]
    names = {piece.name for piece in run.pieces("test_no_size") if piece.kind == "page"}
    assert {"page-call-source.html", "page-call-address.txt"} == names


def test_a_picture_before_teardown_is_kept_only_if_that_fails(
    run_and_read_spool: RunAndRead,
) -> None:
    """Of a teardown that works nothing is written, not even into the spool."""
    suite = """
        import matplotlib
        matplotlib.use("agg")
        import pytest
        from matplotlib.figure import Figure

        @pytest.fixture
        def chart():
            yield Figure(figsize=(1, 1))

        @pytest.fixture
        def bad(chart):
            yield
            raise RuntimeError("still open")

        def test_good(chart): pass
        def test_bad(bad): pass
        def test_failed_already(bad): assert False
    """

    run = run_and_read_spool(suite, "--evidence-screenshot-teardown=on", apart=True)

    assert ["chart-teardown-failure.png"] == shots(run, "test_bad")
    assert ["chart-call-failure.png"] == shots(run, "test_failed_already")
    assert 2 == len([piece for piece in run.record.pieces if piece.kind == "screenshot"])
    assert [] == run.items("test_good")
    blobs = [path.read_bytes() for path in (run.folder.path / "blobs").iterdir()]
    assert 1 == len([content for content in blobs if content.startswith(PNG)])
