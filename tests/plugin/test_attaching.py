"""Handing evidence over: every kind of source, from every place, under every name."""

from __future__ import annotations

import json

import pytest

from .conftest import RunAndRead
from .conftest import Start
from .reading import Run


WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
SOURCES = """
    import io
    import pathlib
    import tempfile
    import pytest_attach_evidence

    def test_sources(evidence, tmp_path):
        path = tmp_path / "path.log"
        path.write_bytes(b"from a path")
        kept = evidence.attach(path)
        path.write_bytes(b"changed afterwards")
        assert (kept.name, kept.size, kept.seq) == ("path.log", 11, 1)
        evidence.attach(str(path), name="renamed.txt", kind="trace", remark="second")
        evidence.attach(b"bytes", name="bytes.png")
        evidence.attach(bytearray(b"array"))
        evidence.attach(memoryview(b"abcdef")[1:3], name="view.bin")
        evidence.attach(io.BytesIO(b"object" * 100_000), name="object.txt", media_type="x/y")
        with path.open("rb") as file:
            evidence.attach(file)
        with tempfile.TemporaryFile() as file:
            evidence.attach(file)
        evidence.attach(b"", name="empty.txt")
        evidence.attach(io.StringIO("grüße"))
        path.write_text("first\\nsecond\\n", encoding="utf-8")
        with path.open(encoding="utf-8") as file:
            file.readline()
            evidence.attach(file, name="rest.log")
        with path.open("rb") as file:
            file.seek(6)
            evidence.attach(file, name="rest.bin")

    def test_texts(evidence):
        evidence.text("grüße \\ud800", name="greeting")
        evidence.text(12)
        evidence.json({"ü": {1, }, (2, 3): b"x", "when": pathlib.Path("a"), "odd": "\\udcff"})
        evidence.json([float("inf")], name="numbers.json")
        evidence.table([{"a": 1, "b": "x,y"}, {"b": 'q"', "c": None}])
        evidence.table(((n, n * n) for n in range(2)), name="squares.csv")
        evidence.table([], name="nothing.csv")

    def test_steps(evidence):
        with evidence.step("outer"):
            with evidence.step("inner"):
                evidence.text("a", name="a.txt")
            evidence.text("b", name="b.txt")
            try:
                with evidence.step("fails"):
                    raise ValueError
            except ValueError:
                evidence.text("c", name="c.txt")
        evidence.text("d", name="d.txt")
"""


@WORKERS
def test_sources(run_and_read_spool: RunAndRead, workers: tuple[str, ...]) -> None:
    """Paths, bytes and open files, from where they stand, are copied when they are attached."""
    run = run_and_read_spool(SOURCES, *workers)
    facts = [(p.name, p.kind, p.media_type, p.size) for p in run.pieces("test_sources")]

    assert [
        ("path.log", "file", "text/plain", 11),
        ("renamed.txt", "trace", "text/plain", 18),
        ("bytes.png", "file", "image/png", 5),
        ("evidence.bin", "file", "application/octet-stream", 5),
        ("view.bin", "file", "application/octet-stream", 2),
        ("object.txt", "file", "x/y", 600_000),
        ("path.log", "file", "text/plain", 18),
        ("evidence.bin", "file", "application/octet-stream", 0),
        ("empty.txt", "file", "text/plain", 0),
        ("evidence.txt", "file", "text/plain", 7),
        ("rest.log", "file", "text/plain", 7),
        ("rest.bin", "file", "application/octet-stream", 7),
    ] == facts
    assert b"bc" == run.content("test_sources", "view.bin")
    assert b"second\n" == run.content("test_sources", "rest.log")
    assert b"second\n" == run.content("test_sources", "rest.bin")
    assert [] == run.refused
    assert ["call"] * 12 == [piece.phase for piece in run.pieces("test_sources")]


def test_texts(run_and_read_spool: RunAndRead) -> None:
    """Text, JSON and tables are written in UTF-8 whatever they hold, with their own media type."""
    run = run_and_read_spool(SOURCES)
    document = json.loads(run.content("test_texts", "document.json"))

    assert "grüße \\ud800" == run.content("test_texts", "greeting.txt").decode()
    assert {"ü": "{1}", "(2, 3)": "b'x'", "when": "a", "odd": "\udcff"} == document
    assert b'a,b,c\r\n1,"x,y",\r\n,"q""",\r\n' == run.content("test_texts", "table.csv")
    assert b"0,0\r\n1,1\r\n" == run.content("test_texts", "squares.csv")
    assert b"" == run.content("test_texts", "nothing.csv")
    types = ["text/plain", "text/plain", "application/json", "application/json", *["text/csv"] * 3]
    assert types == [piece.media_type for piece in run.pieces("test_texts")]
    assert [] == run.refused


def test_steps(run_and_read_spool: RunAndRead) -> None:
    """A piece says to which step it belongs, nested ones joined, also after a step that raised."""
    run = run_and_read_spool(SOURCES)

    assert ["outer / inner", "outer", "outer", ""] == [p.step for p in run.pieces("test_steps")]


NAMES = {
    "grüße.txt": "grüße.txt",
    "a \"quoted\" 'name'.txt": "a \"quoted\" 'name'.txt",
    "../../etc/passwd": "passwd",
    "C:\\\\temp\\\\x.txt": "x.txt",
    "a/b/": "b",
    "": "evidence.bin",
    "..": "evidence",
    "new\\nline\\x1b[31m.txt": "newline[31m.txt",
    "-rf": "-rf",
    "\\u202egnp.txt": "gnp.txt",
    "e\\u0301.txt": "é.txt",
}


@WORKERS
def test_names(run_and_read_spool: RunAndRead, workers: tuple[str, ...]) -> None:
    """Any name is taken; what no file system can hold is left out, and the extension stays."""
    lines = "".join(
        f'    evidence.attach(b"x", name="""{name}""")\n' for name in NAMES if '"' not in name
    )
    suite = (
        f"def test_names(evidence):\n{lines}    evidence.attach(b'x', name='a' * 300 + '.log')\n"
    )

    run = run_and_read_spool(suite, *workers)

    expected = [shown for name, shown in NAMES.items() if '"' not in name]
    assert [*expected, f"{'a' * 251}.log"] == run.names("test_names")
    assert "text/plain" == run.pieces("test_names")[-1].media_type
    assert run.line["pieces"] == run.line["delivered"]


PLACES = """
    import asyncio
    import threading
    import unittest
    import pytest
    import pytest_attach_evidence
    from concurrent.futures import ThreadPoolExecutor
    from helper import look

    @pytest.fixture(scope="session")
    def server(evidence_session):
        evidence_session.text("up", name="session-up.txt")
        yield
        evidence_session.text("down", name="session-down.txt")

    @pytest.fixture(scope="module")
    def database():
        pytest_attach_evidence.attach(b"m", name="module-up.txt")
        yield
        pytest_attach_evidence.attach(b"m", name="module-down.txt")

    @pytest.fixture
    def page(evidence):
        evidence.text("up", name="setup.txt")
        yield
        evidence.text("down", name="teardown.txt")

    def test_fixtures(server, database, page, evidence):
        look("helper.txt")

    def test_threads(evidence):
        thread = threading.Thread(target=look, args=["thread.txt"])
        thread.start()
        thread.join()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(look, [f"pool-{n:02}.txt" for n in range(20)]))

    @pytest.mark.asyncio
    async def test_async(evidence):
        look("loop.txt")
        await asyncio.gather(*(asyncio.to_thread(look, f"to-thread-{n}.txt") for n in range(3)))

    kept = []

    def test_early(evidence):
        kept.append(evidence)
        evidence.text("early", name="early.txt")

    def test_late(evidence):
        kept[0].text("late", name="late.txt")
        evidence.text("own", name="own.txt")

    class TestCase(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def _evidence(self, evidence):
            self.evidence = evidence

        def test_case(self):
            self.evidence.text("case", name="case.txt")
"""
HELPER = """
    from pytest_attach_evidence import attach

    def look(name):
        attach(name.encode(), name=name)
"""
CONFTEST = """
    import pytest
    import pytest_attach_evidence

    def hook(name):
        pytest_attach_evidence.attach(name.encode(), name=f"hook-{name}.txt")

    def pytest_sessionstart(): hook("sessionstart")
    def pytest_collection_finish(): hook("collection")
    def pytest_runtest_setup(item): hook("setup")
    def pytest_runtest_teardown(item): hook("teardown")
    def pytest_runtest_makereport(item, call): hook(f"makereport-{call.when}")
    def pytest_runtest_logfinish(): hook("logfinish")
    def pytest_sessionfinish(): hook("sessionfinish")
"""
EXPECTED = {
    "::test_fixtures": ["helper.txt", "module-up.txt", "setup.txt", "teardown.txt"],
    "::test_threads": [*(f"pool-{n:02}.txt" for n in range(20)), "thread.txt"],
    "::test_async": ["loop.txt", "to-thread-0.txt", "to-thread-1.txt", "to-thread-2.txt"],
    "::test_early": ["early.txt", "late.txt"],
    "::test_late": ["own.txt"],
    "::test_case": ["case.txt"],
}


@WORKERS
def test_places(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """Helpers, threads, coroutines, fixtures of any scope and late comers reach the right item."""
    pytester.makepyfile(helper=HELPER)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    dist = ("--dist=loadfile",) if workers else ()

    run = run_and_read_spool(PLACES, "-p", "pytest_asyncio.plugin", *workers, *dist)
    of_the_run = [name for name in run.names("") if name.startswith("session")]

    assert {6: "passed"} == {run.result.parseoutcomes()["passed"]: "passed"}
    assert EXPECTED == {name: _without_module_down(run, name) for name in EXPECTED}
    assert ["session-up.txt", "session-down.txt"] == of_the_run
    assert ["setup", "setup", "call", "teardown"] == [
        p.phase for p in run.pieces("::test_fixtures")
    ]


def _without_module_down(run: Run, name: str) -> list[str]:
    """Return sorted names; the module's teardown belongs to whatever test came last."""
    return sorted(found for found in run.names(name) if found != "module-down.txt")


@WORKERS
def test_hooks_of_a_conftest(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """`attach` in hooks goes to the item that runs, between items to the run, up to its very end."""
    pytester.makeconftest(CONFTEST)

    run = run_and_read_spool("def test_it(): pass", *workers)
    own = ["setup", "makereport-setup", "makereport-call", "teardown", "makereport-teardown"]
    in_both = ["sessionstart", "collection", "sessionfinish"] if not workers else []

    assert [f"hook-{name}.txt" for name in own] == run.names("test_it")
    assert {f"hook-{name}.txt" for name in (*in_both, "logfinish")} <= set(run.names(""))
    assert (3 if workers else 1) == run.names("").count("hook-sessionfinish.txt")


SCOPES = """
    import pytest
    from pytest_attach_evidence import attach

    def scoped(scope):
        @pytest.fixture(scope=scope)
        def fixture(evidence_session):
            attach(b"u", name=f"{scope}-up.txt")
            evidence_session.text("u", name=f"{scope}-run.txt")
            yield
            attach(b"d", name=f"{scope}-down.txt")
        return fixture

    session, module, klass = scoped("session"), scoped("module"), scoped("class")

    @pytest.mark.usefixtures("session", "module", "klass")
    class TestClass:
        def test_first(self): pass
        def test_second(self): pass

    def test_third(session, module): pass
    def test_last(): pass
"""


@WORKERS
def test_fixtures_of_wider_scopes(run_and_read_spool: RunAndRead, workers: tuple[str, ...]) -> None:
    """`attach` belongs to the test that runs: the first user, and whoever runs when the scope ends.

    `evidence_session` belongs to the run.
    """
    dist = ("--dist=loadfile",) if workers else ()

    run = run_and_read_spool(SCOPES, *workers, *dist)

    found = {name: run.names(f"::test_{name}") for name in ("first", "second", "third", "last")}
    assert {
        "first": ["session-up.txt", "module-up.txt", "class-up.txt"],
        "second": ["class-down.txt"],
        "third": [],
        "last": ["module-down.txt", "session-down.txt"],
    } == found
    assert ["session-run.txt", "module-run.txt", "class-run.txt"] == run.names("")


def test_attach_without_a_session(start: Start) -> None:
    """`attach` outside of pytest or after its end takes nothing and does not complain."""
    suite = """
        import subprocess
        import sys

        def test_it():
            code = "import pytest_attach_evidence as p; print(p.attach(b'x'))"
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
            assert ("None\\n", "") == (done.stdout, done.stderr)
    """

    start(suite).assert_outcomes(passed=1)
