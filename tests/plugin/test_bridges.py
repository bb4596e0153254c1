"""What tests attach through other plugins is taken too, where `evidence_bridge` asks for it."""

from __future__ import annotations

import pytest

from .conftest import RunAndRead
from .conftest import RunRefused


WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
HTML = tuple(
    f"-p{name}" for name in ("pytest_metadata.plugin", "pytest_html.plugin", "pytest_html.fixtures")
)
EXTRAS = """
    import base64
    import pathlib
    import pytest
    import pytest_html
    from pytest_html import extras as make

    PNG = base64.b64encode(b"a small picture of a chart").decode()

    @pytest.fixture
    def late(extras):
        yield
        extras.append(make.text("after the call", name="late"))

    @pytest.fixture
    def bad_setup(extras):
        extras.append(make.text("before the failure", name="early"))
        raise RuntimeError("no setup")

    def test_sorts(extras):
        pathlib.Path("film.mp4").write_bytes(b"film")
        extras += [
            make.png(PNG, name="Shot"),
            make.image("data:image/png;base64," + PNG, name="Address"),
            make.mp4("film.mp4", name="Film"),
            make.image("http://localhost/a.png", name="Elsewhere"),
            make.json({"a": 1}, name="Answer"),
            make.text("words", name="Words"),
            make.html("<b>html</b>"),
            make.url("http://localhost/", name="Page"),
        ]

    def test_late(late): pass
    def test_early(bad_setup): pass
    def test_none(): pass
"""
CONFTEST = """
    import pytest
    from pytest_html import extras as make

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(item, call):
        outcome = yield
        report = outcome.get_result()
        if item.name == "test_none":
            report.extras = [*getattr(report, "extras", []), make.text(report.when, name=report.when)]
"""


@WORKERS
@pytest.mark.parametrize("report", [(), ("--html=out/report.html",)], ids=["alone", "with-report"])
def test_extras_of_pytest_html(
    pytester: pytest.Pytester,
    run_and_read_spool: RunAndRead,
    workers: tuple[str, ...],
    report: tuple[str, ...],
) -> None:
    """Every extra is a piece of its test, once: of the fixture, of hooks, before and after the call."""
    pytester.makeconftest(CONFTEST)

    run = run_and_read_spool(
        EXTRAS, "-oevidence_bridge=pytest-html", "--evidence-log=off", *HTML, *report, *workers
    )
    contents = {name: run.content("test_sorts", name) for name in run.names("test_sorts")}

    assert {
        "Shot.png": b"a small picture of a chart",
        "Address.png": b"a small picture of a chart",
        "Film.mp4": b"film",
        "Elsewhere.url.txt": b"http://localhost/a.png",
        "Answer.json": b'{"a": 1}',
        "Words.txt": b"words",
        "html.html": b"<b>html</b>",
        "Page.url.txt": b"http://localhost/",
    } == contents
    assert "screenshot" == run.piece("test_sorts", "Shot.png").kind
    assert ["late.txt"] == run.names("test_late")
    assert ["early.txt"] == run.names("test_early")
    assert ["setup.txt", "call.txt", "teardown.txt"] == run.names("test_none")
    assert [] == run.refused


WRONG = """
    from pytest_html import extras as make

    def test_it(extras):
        extras += [
            make.image("no such file.png"), "nonsense", None, make.text("kept", name="kept"),
            {"format_type": "text", "name": "half"},
        ]

    class Odd(dict):
        def get(self, key, default=None): raise RuntimeError("no answer")

    def test_paths(extras):
        import pathlib
        pathlib.Path("shots").mkdir()
        pathlib.Path("shots", "abcd12").write_bytes(b"of a path")
        extras += [
            make.image("shots/abcd12", name="there"),
            make.image("shots/ab", name="gone"),
            make.image(None, name="nothing"),
        ]

    def test_odd(extras):
        import base64
        extras += [
            Odd(),
            make.image("x" * 10_000 + "."),
            make.image(base64.encodebytes(bytes(range(256))).decode(), name="lines"),
            make.image(base64.encodebytes(bytes(range(256))).decode().replace("\\n", "\\r\\n"), name="crlf"),
            make.svg("data:image/svg+xml,%3Csvg/%3E", name="plain"),
            make.svg("data:image/svg+xml;charset=utf-8;base64,PHN2Zy8%2B", name="escaped"),
            make.text("kept", name="last"),
        ]
"""


def test_extras_that_are_none(run_and_read_spool: RunAndRead) -> None:
    """An extra that cannot be taken is named, and the others are taken (pytest-html itself breaks)."""
    run = run_and_read_spool(WRONG, "-oevidence_bridge=pytest-html", *HTML)

    run.result.assert_outcomes(passed=3)
    assert ["kept.txt", "half.txt"] == run.names("test_it")
    assert ["there.png"] == run.names("test_paths")
    assert b"of a path" == run.content("test_paths", "there.png")
    found = {name: run.content("test_odd", name) for name in run.names("test_odd")}
    assert {
        "lines.png": bytes(range(256)),
        "crlf.png": bytes(range(256)),
        "plain.svg": b"<svg/>",
        "escaped.svg": b"<svg/>",
        "last.txt": b"kept",
    } == found
    assert [
        "test_it: Image.png: no such file: no such file.png - attach it after it was written",
        "test_paths: gone.png: no such file: shots/ab - attach it after it was written",
        "test_paths: nothing.png: no such file: None - attach it after it was written",
        "test_odd: a pytest-html extra: cannot be taken (RuntimeError: no answer)",
    ] == [line.partition("::")[2] for line in run.refused[:4]]
    assert "(ValueError: neither base64 nor the path of a file)" in run.refused[4]
    assert 5 == len(run.refused)


def test_extras_are_not_taken_unasked(run_and_read_spool: RunAndRead) -> None:
    """Without the option, what is attached to a report stays there."""
    run = run_and_read_spool(EXTRAS, "--evidence-log=off", *HTML)

    assert [] == run.wanted


PROPERTIES = """
    import pathlib
    import pytest

    def test_paths(record_property, tmp_path):
        (tmp_path / "a.txt").write_text("a")
        pathlib.Path("b.txt").write_text("b")
        record_property("absolute", str(tmp_path / "a.txt"))
        record_property("relative", "b.txt")
        record_property("again", str(tmp_path / "a.txt"))
        record_property("folder", str(tmp_path))
        for value in ("missing.txt", "", "two\\nlines", "x" * 10_000, "a\\0b", 12, None):
            record_property("no file", value)

    attempts = []

    @pytest.mark.flaky(reruns=1)
    def test_twice(record_property, tmp_path):
        attempts.append(1)
        path = tmp_path / f"{len(attempts)}.txt"
        path.write_text("x")
        record_property("path", str(path))
        assert len(attempts) == 2
"""


@WORKERS
def test_paths_in_properties(run_and_read_spool: RunAndRead, workers: tuple[str, ...]) -> None:
    """A property that names a file brings it, once; whatever else it says is no trouble."""
    run = run_and_read_spool(
        PROPERTIES,
        "-oevidence_bridge=properties",
        "--evidence-log=off",
        *("-p", "pytest_rerunfailures"),
        *workers,
    )

    assert ["a.txt", "b.txt"] == run.names("test_paths")
    assert "record_property absolute" == run.piece("test_paths", "a.txt").remark
    first, second = run.items("test_twice")
    assert [["1.txt"], ["2.txt"]] == [
        [piece.name for piece in run.wanted if piece.item_id == item.id] for item in (first, second)
    ]
    assert [] == run.refused


ALLURE = """
    import threading
    import allure
    import pytest

    @pytest.fixture(scope="module")
    def server():
        allure.attach("up", "server", allure.attachment_type.TEXT)
        yield
        allure.attach("down", "server", allure.attachment_type.TEXT)

    def test_attaches(server, tmp_path):
        allure.attach("text", "note", allure.attachment_type.TEXT)
        allure.attach(b"png", "shot", allure.attachment_type.PNG)
        with allure.step("inner"):
            allure.attach('{"a": 1}', "answer.json", "application/json", "json")
        (tmp_path / "trace.log").write_text("trace")
        allure.attach.file(tmp_path / "trace.log")
        allure.attach(b"nameless")
        thread = threading.Thread(target=allure.attach, args=("from a thread", "thread"))
        thread.start()
        thread.join()

    def test_wrong(tmp_path):
        try:
            allure.attach.file(tmp_path / "missing.log", name="missing.log")
        except FileNotFoundError:
            pass
        try:
            allure.attach(object(), "odd")
        except TypeError:
            pass
"""
OF_ALLURE = ["note.txt", "shot.png", "answer.json", "trace.log", "attachment", "thread"]


@WORKERS
@pytest.mark.parametrize("results", [(), ("--alluredir=results",)], ids=["alone", "with-results"])
def test_attachments_of_allure(
    pytester: pytest.Pytester,
    run_and_read_spool: RunAndRead,
    workers: tuple[str, ...],
    results: tuple[str, ...],
) -> None:
    """`allure.attach` attaches evidence to the test that runs, with and without Allure's own results."""
    run = run_and_read_spool(
        ALLURE,
        "-oevidence_bridge=allure",
        "--evidence-log=off",
        *("-p", "allure_pytest.plugin"),
        *results,
        *workers,
    )

    run.result.assert_outcomes(passed=2)
    names = [name for name in run.names("test_attaches") if name != "server.txt"]
    assert OF_ALLURE == names
    assert "server.txt" == run.names("test_attaches")[0]
    assert "image/png" == run.piece("test_attaches", "shot.png").media_type
    assert b"from a thread" == run.content("test_attaches", "thread")
    assert "allure.attach" == run.piece("test_attaches", "note.txt").remark
    assert ["missing.log", "odd"] == [line.split(": ")[1] for line in run.refused]
    assert bool(results) == bool(list(pytester.path.glob("results/*-attachment.txt")))


def test_allure_is_let_go(run_and_read_spool: RunAndRead) -> None:
    """When the session is over nothing of ours is left with Allure."""
    import allure_commons

    run_and_read_spool(ALLURE, "-oevidence_bridge=allure", "-p", "allure_pytest.plugin")

    ours = [p for p in allure_commons.plugin_manager.get_plugins() if "evidence" in repr(p)]
    assert [] == ours


def test_unknown_bridge(run_refused: RunRefused, pytester: pytest.Pytester) -> None:
    """A name that is no bridge ends the session before its first test, with those there are."""
    pytester.makeini("[pytest]\nevidence_bridge = pytest-html junit")

    (problem,) = run_refused()

    expected = "evidence_bridge has 'junit' - choose from pytest-html, properties, allure"
    assert expected == problem


def test_nothing_that_is_listened_to(run_refused: RunRefused, pytester: pytest.Pytester) -> None:
    """So it is with what pages can be listened to for."""
    pytester.makeini("[pytest]\nevidence_listen = console cookies")

    (problem,) = run_refused()

    assert "evidence_listen has 'cookies' - choose from console, network, off" == problem
