"""Whose windows and pages they are: a test has pictures of what it uses itself, in this attempt."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import RunAndRead
from .looked_at import looked_at
from .reading import Run


BROWSERS = Path(__file__).parents[1] / "capture"
COLOURS = {(255, 0, 0): "red", (0, 255, 0): "green", (0, 0, 255): "blue"}
FIGURE = """
    import matplotlib
    matplotlib.use("agg")
    import pytest
    from matplotlib.figure import Figure

    @pytest.fixture(scope="SCOPE")
    def screen(): return Figure(figsize=(1, 1), facecolor="COLOUR")
"""


def figure(colour: str, scope: str = "session") -> str:
    """Return the text of a fixture named `screen` that gives a figure of a colour."""
    return FIGURE.replace("COLOUR", colour).replace("SCOPE", scope)


def seen(run: Run, test: str) -> list[tuple[str, str]]:
    """Return the name of every picture of a test, and what it shows."""
    found = []
    for piece in run.pieces(test):
        if piece.kind == "screenshot":
            with run.folder.open_content(piece) as file:
                found.append((piece.name, COLOURS[looked_at(file.read())[1]]))
    return found


def test_fixtures_of_one_name_in_two_folders(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """What lives on from the neighbour's folder is not the test's, though it has the same name."""
    for folder, colour in (("a", "#ff0000"), ("b", "#0000ff")):
        pytester.mkpydir(folder)
        pytester.makepyfile(**{f"{folder}/conftest": figure(colour)})
    pytester.makepyfile(**{"a/test_a": "def test_a(screen): pass"})
    pytester.makepyfile(**{"b/test_b": "def test_b(screen): assert False"})

    run = run_and_read_spool("", apart=True)

    assert [("screen-call-failure.png", "blue")] == seen(run, "test_b")


def test_a_fixture_that_is_overridden(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """It counts only where the one that overrides it asks for it, for each test that uses it."""
    pytester.makeconftest(figure("#ff0000"))
    pytester.makepyfile(test_a="def test_a(screen): pass")
    alone = figure("#0000ff", "module") + "\n    def test_b(screen): assert False"
    both = alone.replace("def screen()", "def screen(screen)").replace("test_b", "test_c")
    again = "\n    def test_d(screen): assert False"
    pytester.makepyfile(test_b=alone, test_c=both + again)

    run = run_and_read_spool("", apart=True)

    assert [("screen-call-failure.png", "blue")] == seen(run, "test_b")
    expected = [("screen-call-failure.png", "red"), ("screen-2-call-failure.png", "blue")]
    assert expected == seen(run, "test_c")
    assert expected == seen(run, "test_d")


ASKS = {
    "not at all": "def screen(): return",
    "by an argument": "def screen(screen): return",
    "by an argument of a helper": "def screen(helper): return",
    "by that of a helper over another": """def helper(helper): pass
    @pytest.fixture
    def screen(helper): return""",
    "by its name": "def screen(request): request.getfixturevalue('screen'); return",
}
CLASS = """
    class TestIt:
        @pytest.fixture
        def screen(self): return Figure(figsize=(1, 1), facecolor="#00ff00")

        def test_c(self, screen): assert False
"""


@pytest.mark.parametrize("way", ASKS)
@pytest.mark.parametrize("outer", ["session", "function"])
def test_a_fixture_that_overrides_another_for_each_test(
    way: str, outer: str, pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """The other counts where it is asked for, however: alive it is for other tests' sake, too."""
    helper = "\n    @pytest.fixture\n    def helper(screen): return None"
    pytester.makeconftest(figure("#ff0000", outer) + helper)
    pytester.makepyfile(test_a="def test_a(screen): pass")
    own = figure("#0000ff", "function").replace("def screen(): return", ASKS[way])
    pytester.makepyfile(test_b=own + "\n    def test_b(screen): assert False" + CLASS)

    run = run_and_read_spool("", apart=True)

    expected = [("screen-call-failure.png", "red"), ("screen-2-call-failure.png", "blue")]
    alone = [("screen-call-failure.png", "blue")]
    assert (alone if way == "not at all" else expected) == seen(run, "test_b")
    assert [("screen-call-failure.png", "green")] == seen(run, "test_c")


def test_a_fixture_asks_for_more_by_name(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """What one of a wider scope asked for counts for each of its tests, though it overrides another."""
    popup = figure("#00ff00").replace("def screen", "def popup")
    pytester.makeconftest(figure("#ff0000") + popup)
    suite = """
        import pytest

        @pytest.fixture(scope="module")
        def screen(request):
            request.getfixturevalue("screen")
            request.getfixturevalue("popup")

        def test_first(screen): assert False
        def test_second(screen): assert False
    """

    run = run_and_read_spool(suite, apart=True)

    expected = [("screen-call-failure.png", "red"), ("popup-call-failure.png", "green")]
    assert expected == seen(run, "test_first") == seen(run, "test_second")


def test_a_name_that_means_another_fixture_later(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """What a fixture asked for counts, not what its name stood for when the item had all."""
    helper = """
    @pytest.fixture(scope="session")
    def helper(request): request.getfixturevalue("screen")
    """
    pytester.makeconftest(figure("#ff0000") + helper)
    over = figure("#0000ff").replace("def screen()", "def screen(helper)")
    pytester.makepyfile(test_a=over + "\n    def test_a(screen): pass")
    pytester.makepyfile(test_b="def test_b(helper): assert False")

    run = run_and_read_spool("", apart=True)

    assert [("screen-call-failure.png", "red")] == seen(run, "test_b")


WIDENED = """
    @pytest.fixture
    def application(request):
        if hasattr(request, "param"): request.getfixturevalue("screen")

    each = pytest.mark.parametrize("application", ["a"], indirect=True, scope="module")

    def test_plain(application): pass
    @each
    def test_begins(application): pass
    @each
    def test_goes_on(application): assert False
    def test_other(): assert False
    def test_plain_again(application): assert False
"""


def test_a_parameter_of_a_wider_scope(run_and_read_spool: RunAndRead) -> None:
    """A fixture that a parameter keeps alive counts for the tests that use it, with what it asked for."""
    run = run_and_read_spool(figure("#0000ff") + WIDENED, apart=True)

    assert [("screen-call-failure.png", "blue")] == seen(run, "test_goes_on[a]")
    assert [] == seen(run, "test_other")
    assert [] == seen(run, "test_plain_again")


BEHIND = """
    @pytest.fixture(scope="session")
    def application(request):
        request.getfixturevalue("screen")
        return "running"

    def test_uses_it(screen): pass
    def test_begins(GIVENapplication): pass
    def test_goes_on(application): assert False
"""


@pytest.mark.parametrize("given", ["", "screen, "])
def test_a_fixture_that_another_asked_for(given: str, run_and_read_spool: RunAndRead) -> None:
    """It counts for all tests of that other one, also where it was there before."""
    suite = BEHIND.replace("GIVEN", given)
    run = run_and_read_spool(figure("#0000ff") + suite, apart=True)

    assert [("screen-call-failure.png", "blue")] == seen(run, "test_goes_on")


PAGES = """
    import pytest
    from real_browsers import playwright_context

    @pytest.fixture(scope="session")
    def browser():
        with playwright_context() as context: yield context.browser

    def painted(page, colour):
        page.set_content(f"<body style='background: {colour}'>")
        return page

    @pytest.fixture(scope="session")
    def admin_page(browser):
        page = painted(browser.new_page(), "#f00")
        yield page
        page.close()

    @pytest.fixture(scope="session")
    def admin_context(browser):
        context = browser.new_context()
        yield context
        context.close()

    @pytest.fixture
    def page(browser):
        page = painted(browser.new_page(), "#00f")
        yield page
        page.close()

    def test_admin(admin_page, admin_context):
        painted(admin_context.new_page(), "#f00")
        assert False

    def test_customer(page):
        painted(page.context.browser.new_page(), "#0f0")
        assert False
"""


def test_pages_of_other_tests_in_the_same_browser(
    run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what a browser lists, a test has its own pages and those that it opened."""
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))

    run = run_and_read_spool(PAGES, "--evidence-capture-limit=30", apart=True)

    assert [
        ("admin_page-call-failure.png", "red"),
        ("admin_context-call-failure.png", "red"),
    ] == seen(run, "test_admin")
    assert [
        ("page-call-failure.png", "blue"),
        ("browser-call-failure.png", "green"),
    ] == seen(run, "test_customer")
    assert [] == run.refused


WINDOWS = """
    import pytest
    from PySide6.QtWidgets import QApplication, QLabel

    @pytest.fixture(scope="session")
    def application(): return QApplication.instance() or QApplication([])

    def window(colour):
        label = QLabel()
        label.resize(100, 100)
        label.setStyleSheet(f"background: {colour}")
        label.show()
        return label

    @pytest.fixture(scope="session")
    def others(application): return window("#ff0000")

    @pytest.fixture
    def own(application): return window("#0000ff")

    def test_others(others): pass

    def test_it(own):
        dialog = window("#00ff00")
        assert False
"""


def test_windows_of_other_tests_on_the_same_screen(
    run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what is on the screen, a test has its own windows and those that no fixture gave."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")

    run = run_and_read_spool(WINDOWS, apart=True)

    assert [
        ("own-call-failure.png", "blue"),
        ("window-call-failure.png", "green"),
    ] == seen(run, "test_it")


def test_figures_of_the_attempt_before(run_and_read_spool: RunAndRead) -> None:
    """Each attempt of a repeated test has the figures that were opened during it."""
    suite = """
        import matplotlib
        matplotlib.use("agg")
        import pytest
        from matplotlib import pyplot

        attempts = ["#ff0000", "#0000ff"]

        @pytest.mark.flaky(reruns=1)
        def test_it():
            pyplot.figure(figsize=(1, 1), facecolor=attempts.pop(0))
            assert False
    """

    run = run_and_read_spool(suite, "-p", "pytest_rerunfailures", apart=True)

    assert [
        ("figure-call-failure.png", "red"),
        ("figure-call-failure.png", "blue"),
    ] == seen(run, "test_it")
