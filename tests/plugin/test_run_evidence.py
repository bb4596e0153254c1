"""Evidence of the run itself, and what other plugins' hooks add or learn."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .conftest import RunAndRead
from .conftest import RunRefused


WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
FAILING = "def test_it(evidence): evidence.text('a'); assert False"
PASSING = "def test_it(evidence): evidence.text('a')"


@WORKERS
def test_report_is_attached_complete(
    run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """The JUnit report is attached to the run after it was written."""
    run = run_and_read_spool(
        FAILING, "--junitxml=out/junit.xml", "-o", "evidence_reports=out/*.xml", *workers
    )

    assert ["junit.xml"] == run.names("")
    assert run.content("", "junit.xml").rstrip().endswith(b"</testsuites>")
    assert b'failures="1"' in run.content("", "junit.xml")
    assert ("report", "application/xml") == _kind(run.piece("", "junit.xml"))


def _kind(piece) -> tuple[str, str]:
    return piece.kind, piece.media_type


def test_report_elsewhere(
    pytester: pytest.Pytester, tmp_path: Path, run_and_read_spool: RunAndRead
) -> None:
    """A report may be named by an absolute pattern too."""
    path = tmp_path / "elsewhere" / "junit.xml"

    run = run_and_read_spool(
        PASSING, f"--junitxml={path}", "-o", f"evidence_reports={path.parent}/*.xml"
    )

    assert ["junit.xml"] == run.names("")


def test_unreadable_glob_is_refused(run_refused: RunRefused, pytester: pytest.Pytester) -> None:
    """A glob that no file system can be asked for ends the session before its first test."""
    pytester.makeini('[pytest]\nevidence_reports = "a\0b/*.xml"')

    (problem,) = run_refused()

    assert problem.startswith("evidence_reports has ")
    assert "which is no readable glob - " in problem


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("junit.xml", "no such report was written - mend evidence_reports or write it"),
        ("old*.xml", "is older than this run and was not attached - remove it"),
        ("folder", "no such report was written - mend evidence_reports or write it"),
    ],
)
def test_missing_and_stale_reports(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, pattern: str, expected: str
) -> None:
    """A report that is missing or left from an earlier run is named, and somebody must act."""
    old = pytester.path / "old.xml"
    old.write_text("<testsuites/>", encoding="utf-8")
    os.utime(old, (1_000_000_000, 1_000_000_000))
    pytester.mkdir("folder")

    run = run_and_read_spool(PASSING, "-o", f"evidence_reports={pattern}")

    assert [] == run.names("")
    assert 1 == run.output.count(expected)
    assert 65 == run.result.ret


@WORKERS
def test_targets_of_the_run(run_and_read_spool: RunAndRead, workers: tuple[str, ...]) -> None:
    """`evidence_run_targets` maps the run's own pieces, from every process."""
    run = run_and_read_spool(
        "def test_it(evidence_session): evidence_session.text('about the run')",
        *workers,
        "-oevidence_destinations=squash archive",
        "-oevidence_squash_url=http://127.0.0.1:9",
        "-oevidence_run_targets=squash=iterations/4",
        mode="collect",
    )

    assert ["squash 4"] == run.targets("")
    assert ("1", "2") == (run.line["pieces"], run.line["waiting"])


PLUGGED = """
    import json
    import pathlib
    import pytest
    from pytest_attach_evidence.destinations.archive import Archive

    class Folder(Archive):
        name = "folder"

        def __init__(self, settings, secrets, budget):
            super().__init__(settings, secrets, budget)
            self._folder = pathlib.Path(settings.of("folder")["path"]).absolute()

        def parse(self, text):
            from pytest_attach_evidence import Target
            return Target.of("folder", "", "shelf", str(text))

    def pytest_addoption(parser):
        parser.addini("evidence_folder_path", "where")
        parser.addoption("--evidence-folder-path", dest="evidence_folder_path", default=None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_evidence_destinations():
        return {"folder": Folder}

    @pytest.hookimpl(optionalhook=True)
    def pytest_evidence_redact(config):
        return ["pin-[0-9]+"]

    @pytest.hookimpl(optionalhook=True)
    def pytest_evidence_collect(item, report):
        if report.when == "call":
            import pytest_attach_evidence
            pytest_attach_evidence.attach(b"called", name="called.txt")
            return [
                ("text.log", "a pin-1234"), ("path.txt", pathlib.Path(__file__)), ("bytes.bin", b"x"),
                ("plain", "text"),
            ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_evidence_delivered(summary):
        pathlib.Path("summary.json").write_text(json.dumps(dict(summary)))
"""


@pytest.mark.parametrize("place", ["ini", "flag"])
@WORKERS
def test_sample_plugin(
    pytester: pytest.Pytester,
    run_and_read_spool: RunAndRead,
    place: str,
    workers: tuple[str, ...],
) -> None:
    """Another plugin adds a destination with options of its own, masks, collects and learns the result."""
    pytester.makepyfile(plugged=PLUGGED)
    pytester.syspathinsert()
    ini = "evidence_folder_path = shelf" if place == "ini" else ""
    pytester.makeini(f"[pytest]\nevidence_destinations = folder\n{ini}")
    flag = ["--evidence-folder-path=shelf"] if place == "flag" else []
    suite = "import pytest\n@pytest.mark.evidence(folder=12)\ndef test_it(): pass"

    run = run_and_read_spool(suite, "-p", "plugged", *flag, *workers, apart=True)
    told = json.loads((pytester.path / "summary.json").read_text(encoding="utf-8"))

    assert ["called.txt", "text.log", "path.txt", "bytes.bin", "plain.txt"] == run.names("test_it")
    assert b"a [redacted]" == run.content("test_it", "text.log")
    assert 5 == len(list(pytester.path.glob("shelf/*/data/*/*")))
    assert run.line == {name: str(value) for name, value in told.items()}
    assert 0 == run.result.ret


KIND = """
    import pytest

    class DatabaseLog:
        def __init__(self):
            self.queries = []

        @pytest.fixture
        def database(self):
            self.queries.clear()
            return self.queries.append

        @pytest.hookimpl(optionalhook=True)
        def pytest_evidence_collect(self, item, report):
            if report.when == "call" and "database" in item.fixturenames:
                facts = {"kind": "queries", "media_type": "application/sql", "remark": "from the log"}
                yield "queries.sql", ";\\n".join(self.queries), facts

    def pytest_configure(config):
        config.pluginmanager.register(DatabaseLog())
"""


@WORKERS
def test_a_plugin_that_adds_a_kind_of_evidence(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """In under twenty lines another plugin adds evidence of a kind and a media type of its own."""
    assert len([line for line in KIND.splitlines() if line.strip()]) < 20
    pytester.makepyfile(database_log=KIND)
    pytester.syspathinsert()
    suite = """
        def test_queries(database):
            database("select 1")
            database("select 2")
            assert False

        def test_other(): pass
    """

    words = ("-p", "database_log", "--evidence-log=off", *workers)
    run = run_and_read_spool(suite, *words, apart=True)
    piece = run.piece("test_queries", "queries.sql")

    assert ("queries", "application/sql", "from the log", "call") == (
        piece.kind,
        piece.media_type,
        piece.remark,
        piece.phase,
    )
    assert b"select 1;\nselect 2" == run.content("test_queries", "queries.sql")
    assert [] == run.names("test_other")
    assert [] == run.refused


def test_hook_that_collects_and_raises(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """A collecting hook that raises changes no outcome; the summary names test, phase and error."""
    pytester.makeconftest("def pytest_evidence_collect(item, report): raise ValueError('no log')")

    run = run_and_read_spool(PASSING)

    run.result.assert_outcomes(passed=1)
    assert [
        f"test_inner.py::test_it: pytest_evidence_collect ({when}): "
        "raised ValueError: no log - mend the hook"
        for when in ("setup", "call", "teardown")
    ] == run.refused
    assert 65 == run.result.ret


@pytest.mark.parametrize("answer", ["12", "[1]", "['a']", "{'a': 1}", "iter([('a', 'x'), 1 / 0])"])
def test_hook_that_answers_nonsense(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, answer: str
) -> None:
    """An answer that is no list of pairs is named like an error."""
    pytester.makeconftest(f"""
        def pytest_evidence_collect(item, report):
            if report.when == "call":
                return {answer}
    """)

    run = run_and_read_spool(PASSING)

    run.result.assert_outcomes(passed=1)
    assert 1 == len(run.refused)
    assert 65 == run.result.ret


def test_hook_that_learns_and_raises(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """A hook that raises after the delivery is named; nothing was lost, so the status stays."""
    pytester.makeconftest("def pytest_evidence_delivered(summary): raise ValueError('no chat')")

    run = run_and_read_spool(PASSING)

    assert "pytest_evidence_delivered raised ValueError: no chat - mend the hook" in run.output
    assert 0 == run.result.ret
