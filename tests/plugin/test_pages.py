"""What a page tells beside its picture: source, address, console, and what it failed to load."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import RunAndRead
from .reading import Run


BROWSERS = Path(__file__).parents[1] / "capture"
CONFTEST = """
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    import pytest
    from real_browsers import *

    PAGE = b'''<title>Ledger</title><p id="key">key-4711-secret</p><script>
        console.warn("rates are old", 7);
        fetch("/missing.json?x=1");
        fetch("http://127.0.0.1:1/no").catch(() => 0);
        setTimeout(() => { throw new Error("no rates") }, 0);
        setTimeout(() => { document.title = "Ready" }, 300);
    </script>'''

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path.partition("?")[0] in ("/", "/other")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE if self.path != "/other" else b"<script>console.log('other')</script>")

        def log_message(self, *_): pass

    @pytest.fixture(scope="session")
    def url():
        server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()
        thread.join()
"""
SYNC = """
    import pytest
    from real_browsers import playwright_context, selenium_driver

    @pytest.fixture(scope="session")
    def browser():
        with playwright_context() as context:
            yield context.browser

    @pytest.fixture(scope="module")
    def context(browser):
        context = browser.new_context()
        yield context
        heard = [context._impl_obj.listeners(event) for event in
            ("console", "weberror", "requestfailed", "response")]
        context.close()
        assert heard == [[], [], [], []]

    @pytest.fixture
    def page(context):
        page = context.new_page()
        yield page
        page.close()

    def ready(page, url):
        page.goto(url)
        page.wait_for_function("document.title == 'Ready'")

    def test_fails(page, url):
        ready(page, url)
        assert False

    def test_passes(page, url):
        ready(page, url)

    def test_says_nothing(page):
        page.set_content("<title>Quiet</title>")
        assert False

    def test_two_pages(page, context, url):
        page.goto(url + "/other")
        page.wait_for_timeout(50)
        context.new_page().set_content("<title>Empty</title>")
        assert False

    def test_talks_much(page):
        page.evaluate("for (let i = 0; i < 700; i++) console.log('x'.repeat(5000) + i)")
        page.evaluate("console.log('x'.repeat(1980) + ' key-4711-secret')")  # the limit is within it
        page.wait_for_timeout(50)
        assert False

    @pytest.fixture
    def driver():
        with selenium_driver() as driver: yield driver

    def test_selenium(driver, url):
        driver.get(url)
        while driver.title != "Ready": pass
        assert False

    def test_alert(driver):
        driver.execute_script("setTimeout(() => alert('Sure?'), 0)")
        while True:
            try: driver.switch_to.alert; break
            except Exception: pass
        assert False
"""
TEXTS = ("address.txt", "console.txt", "network.txt", "source.html")


@pytest.fixture(autouse=True)
def _suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))
    pytester.makeconftest(CONFTEST)
    pytester.makeini(
        "[pytest]\nevidence_page = failed\nevidence_capture_limit = 30\nevidence_redact = key-\\d+-secret\n"
    )


def test_a_page_tells_what_happened(run_and_read_spool: RunAndRead) -> None:
    """Each text is a piece of its own, masked, of this test and this page only; no listener stays."""
    run = run_and_read_spool(SYNC, "--evidence-console=failed", apart=True)

    run.result.assert_outcomes(passed=1, failed=6)
    assert [*TEXTS] == _texts(run, "test_fails")
    _check_source(run, "test_fails", "page")
    _check_network(run, "test_fails")
    assert [] == run.names("test_passes")
    assert ["address.txt", "source.html"] == _texts(run, "test_says_nothing")
    assert "console.txt" not in _texts(run, "test_two_pages", "context-2")
    assert "log: other" in _text(run, "test_two_pages", "page-call-console.txt")
    much = _text(run, "test_talks_much", "page-call-console.txt").splitlines()
    assert "[201 earlier lines of this context are not kept]" == much[0]
    assert {2000} == {len(line) for line in much[1:-1]}
    assert f"log: {'x' * 1980} " == much[-1]
    assert 501 == len(much)
    assert ["address.txt", "console.txt", "source.html"] == _texts(run, "test_selenium", "driver")
    _check_source(run, "test_selenium", "driver")
    assert "severe: " in _text(run, "test_selenium", "driver-call-console.txt")
    assert [] == [p.name for p in run.pieces("test_alert") if p.kind in ("page", "screenshot")]
    assert [
        f"driver-call-{what}: cannot be made (an alert is open: 'Sure?')"
        for what in ("failure.png", "source.html")
    ] == [reason.rpartition("test_alert: ")[2] for reason in run.refused]


ASKED = """
    import pytest
    from real_browsers import playwright_context

    @pytest.fixture
    def context():
        with playwright_context() as context: yield context

    @pytest.fixture
    def page(context): return context.new_page()

    def test_fails(page, context, url, evidence):
        page.goto(url + "/?session_token=s3cr3t&page=7")
        page.evaluate("async () => { await fetch('/gone?api_key=s3cr3t&page=8') }")
        page.wait_for_function("document.title == 'Ready'")
        events = ("console", "weberror", "requestfailed", "response")
        evidence.text(" ".join(e for e in events if context._impl_obj.listeners(e)), name="heard")
        assert False
"""


@pytest.mark.parametrize(
    ("asked", "heard", "texts"),
    [
        ("console network", "console weberror requestfailed response", TEXTS),
        ("console", "console weberror", ("address.txt", "console.txt", "source.html")),
        ("network", "requestfailed response", ("address.txt", "network.txt", "source.html")),
        ("off", "", ("address.txt", "source.html")),
    ],
)
def test_what_pages_are_listened_to_for(
    run_and_read_spool: RunAndRead, asked: str, heard: str, texts: tuple[str, ...]
) -> None:
    """Nothing is listened to that is not asked for; secrets in addresses are masked in every text."""
    run = run_and_read_spool(ASKED, f"-oevidence_listen={asked}", apart=True)

    assert heard == run.content("test_fails", "heard.txt").decode()
    assert [*texts] == _texts(run, "test_fails")
    for text in texts:
        assert "s3cr3t" not in _text(run, "test_fails", f"page-call-{text}")
    address = _text(run, "test_fails", "page-call-address.txt")
    assert "/?session_token=[redacted]&page=7\n" in address
    if "network" in asked:
        network = _text(run, "test_fails", "page-call-network.txt")
        assert "/gone?api_key=[redacted]&page=8: 404 Not Found" in network


LOST = """
    import pytest
    from real_browsers import playwright_context

    @pytest.fixture(scope="session")
    def browser():
        with playwright_context() as context: yield context.browser

    @pytest.fixture
    def page(browser, url):
        page = browser.new_page()
        yield page
        page.close()

    @pytest.fixture(autouse=True)
    def ready(page, url):
        page.goto(url)
        page.wait_for_function("document.title == 'Ready'")

    def test_busy(page):
        page.evaluate("setTimeout(() => { while (true) {} }, 0)")
        assert False

    def test_closed(page):
        page.close()
        assert False

    def test_crashed(page):
        try: page.goto("chrome://crash", timeout=2000)
        except Exception: pass
        assert False

    def test_font_never_comes(page):
        page.route("**/*.woff2", lambda route: None)
        page.evaluate(
            "const font = new FontFace('F', 'url(/f.woff2)'); document.fonts.add(font); font.load(); 0")
        page.evaluate("document.body.style.fontFamily = 'F'")
        assert False
"""


def test_what_is_known_of_a_page_that_does_not_answer(run_and_read_spool: RunAndRead) -> None:
    """Address, console and network are kept without asking it; where the source is missing that is said."""
    run = run_and_read_spool(LOST, "--evidence-capture-limit=2", apart=True)

    run.result.assert_outcomes(failed=4)
    for test in ("test_busy", "test_closed", "test_crashed"):
        assert [*TEXTS[:3]] == _texts(run, test)
        _check_network(run, test)
        assert "url: http://127.0.0.1:" in _text(run, test, "page-call-address.txt")
    assert [*TEXTS] == _texts(run, "test_font_never_comes")
    _check_source(run, "test_font_never_comes", "page")
    missing = [reason.rpartition("::")[2].partition(": cannot")[0] for reason in run.refused]
    assert [
        *(
            f"{test}: page-call-{what}"
            for test in ("test_busy", "test_closed", "test_crashed")
            for what in ("failure.png", "source.html")
        ),
        "test_font_never_comes: page-call-failure.png",
    ] == missing


ASYNC = """
    import asyncio
    import threading
    import unittest
    import pytest
    import pytest_asyncio
    from playwright.async_api import async_playwright
    from real_browsers import FLAGS, program

    pytestmark = pytest.mark.asyncio

    async def start(playwright):
        browser = await playwright.chromium.launch(
            executable_path=program("chromium"), args=list(FLAGS))
        return browser, await browser.new_context()

    @pytest_asyncio.fixture
    async def context():
        async with async_playwright() as playwright:
            browser, context = await start(playwright)
            yield context
            heard = [context._impl_obj.listeners(event) for event in
                ("console", "weberror", "requestfailed", "response")]
            assert heard == [[], [], [], []]
            await browser.close()

    @pytest_asyncio.fixture
    async def page(context):
        return await context.new_page()

    async def test_fails(page, url, evidence):
        await page.goto(url)
        await page.wait_for_function("document.title == 'Ready'")
        evidence.screenshot(page, name="cannot-wait")
        await evidence.screenshot_async(page, name="awaited")
        await evidence.screenshot_async(object(), name="nothing")
        assert False

    async def test_closed(page, url):
        await page.goto(url)
        await page.wait_for_function("document.title == 'Ready'")
        await page.close()
        assert False

    @pytest.fixture
    def elsewhere():
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        async def make():
            playwright = await async_playwright().start()
            browser, context = await start(playwright)
            return playwright, await context.new_page()
        playwright, page = asyncio.run_coroutine_threadsafe(make(), loop).result()
        yield page
        asyncio.run_coroutine_threadsafe(playwright.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def test_loop_in_another_thread(elsewhere):
        assert False

    class TestOwnLoop(unittest.IsolatedAsyncioTestCase):
        async def test_own_loop(self):
            playwright = await async_playwright().start()
            browser, context = await start(playwright)
            self.page = await context.new_page()
            await browser.close()
            await playwright.stop()
            self.fail()
"""


def test_async_pages_tell_the_same(run_and_read_spool: RunAndRead) -> None:
    """Async pages are photographed and heard on their own loop, wherever it rests or runs; or a reason."""
    run = run_and_read_spool(ASYNC, "-p", "pytest_asyncio.plugin", apart=True)

    run.result.assert_outcomes(failed=4)
    assert [*TEXTS] == _texts(run, "test_fails")
    assert [*TEXTS[:3]] == _texts(run, "test_closed")
    _check_network(run, "test_closed")
    _check_source(run, "test_fails", "page")
    _check_network(run, "test_fails")
    pictures = [piece.name for piece in run.pieces("test_fails") if piece.kind == "screenshot"]
    assert ["awaited.png", "page-call-failure.png"] == pictures
    remark = run.piece("test_fails", "page-call-failure.png").remark
    assert remark.startswith("playwright async: Ready http://127.0.0.1:")
    elsewhere = run.piece("test_loop_in_another_thread", "elsewhere-call-failure.png")
    assert "playwright async: about:blank" == elsewhere.remark
    assert [
        "cannot-wait.png: cannot be made (its event loop runs in this thread) - "
        "write: await evidence.screenshot_async(page)",
        "nothing.png: cannot be made (object is nothing that can be photographed)",
        *(
            f"page-call-{what}: cannot be made ({why})"
            for why in ("the page is closed", "its event loop has ended")
            for what in ("failure.png", "source.html")
        ),
    ] == [reason.partition(": ")[2] for reason in run.refused]


def _texts(run: Run, test: str, page: str = "page") -> list[str]:
    """Return what the texts of a page are, in order."""
    start = f"{page}-call-"
    names = [piece.name for piece in run.pieces(test) if piece.kind == "page"]
    return [name.removeprefix(start) for name in names if name.startswith(start)]


def _text(run: Run, test: str, name: str) -> str:
    return run.content(test, name).decode()


def _check_source(run: Run, test: str, page: str) -> None:
    """Source and address are those of the page, without the secret."""
    source = _text(run, test, f"{page}-call-source.html")
    assert '<p id="key">' in source
    assert "key-4711-secret" not in source
    assert "title: Ready" in _text(run, test, f"{page}-call-address.txt")


def _check_network(run: Run, test: str) -> None:
    """Console and network say what went wrong, each line once."""
    console = _text(run, test, "page-call-console.txt").splitlines()
    assert 1 == len([line for line in console if line.startswith("warning: rates are old 7 (http")])
    assert ["uncaught: no rates"] == [line for line in console if line.startswith("uncaught")]
    network = _text(run, test, "page-call-network.txt").splitlines()
    failed = [line for line in network if "favicon" not in line]
    assert 2 == len(failed)
    assert any(line.startswith("GET http://127.0.0.1:1/no: net::ERR_") for line in failed)
    assert any(line.endswith("/missing.json?x=1: 404 Not Found") for line in failed)
