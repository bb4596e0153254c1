"""`evidence_files`: what tests leave in their folders is taken before anybody removes it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.capture import output_folders
from pytest_attach_evidence.recorder import Recorder
from pytest_attach_evidence.spool import RunFolder

from .conftest import RunAndRead
from .conftest import RunRefused


WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
FILES = """
    import pathlib
    import unittest
    import pytest

    @pytest.fixture
    def output_path(request):
        folder = pathlib.Path("output", request.node.name)
        folder.mkdir(parents=True)
        return str(folder)

    @pytest.fixture
    def server(tmp_path):
        yield
        (tmp_path / "server.log").write_text("stopped")

    @pytest.fixture
    def bad_setup(tmp_path):
        (tmp_path / "setup.log").write_text("half")
        raise RuntimeError("no setup")

    def test_passes(tmp_path, server):
        (tmp_path / "logs" / "deep").mkdir(parents=True)
        (tmp_path / "logs" / "deep" / "a.log").write_text("deep")
        (tmp_path / "logs" / ".hidden").write_text("hidden")
        (tmp_path / "shot.png").write_bytes(b"png")
        (tmp_path / "other.txt").write_text("not asked for")

    def test_fails(tmp_path):
        (tmp_path / "shot.png").write_bytes(b"png")
        assert False

    def test_setup(bad_setup): pass

    def test_output(output_path):
        pathlib.Path(output_path, "shot.png").write_bytes(b"png")
        pathlib.Path(output_path, "logs").mkdir()
        pathlib.Path(output_path, "logs", "a.log").write_text("a")

    def test_attached(tmp_path, evidence):
        path = tmp_path / "shot.png"
        path.write_bytes(b"png")
        evidence.attach(path)
        changed = tmp_path / "run.log"
        changed.write_text("a")
        evidence.attach(changed)
        changed.write_text("a and b")

    def test_dynamic(request):
        folder = request.getfixturevalue("tmp_path")
        (folder / "run.log").write_text("dynamic")

    class TestCase(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def _folder(self, tmp_path): self.folder = tmp_path
        def test_case(self): (self.folder / "run.log").write_text("case")
"""
GLOBS = "evidence_files =\n  *.png\n  *.log\n  logs/**\n"
EXPECTED = {
    "::test_passes": ["server.log", "shot.png", "a.log"],
    "::test_fails": ["shot.png"],
    "::test_setup": ["setup.log"],
    "::test_output": ["shot.png", "a.log"],
    "::test_attached": ["shot.png", "run.log", "run.log"],
    "::test_dynamic": ["run.log"],
    "::test_case": ["run.log"],
}


@WORKERS
@pytest.mark.parametrize("policy", ["all", "failed", "none"])
def test_folders_of_tests(
    pytester: pytest.Pytester,
    run_and_read_spool: RunAndRead,
    workers: tuple[str, ...],
    policy: str,
) -> None:
    """Matching files of `tmp_path` and `output_path` are pieces, whatever pytest does to the folders."""
    pytester.makeini(f"[pytest]\nevidence_log = off\ntmp_path_retention_policy = {policy}\n{GLOBS}")

    run = run_and_read_spool(FILES, *workers)

    assert EXPECTED == {name: run.names(name) for name in EXPECTED}
    assert [b"a", b"a and b"] == [
        run.folder.open_content(piece).read()
        for piece in run.pieces("::test_attached")
        if piece.name == "run.log"
    ]
    piece = run.piece("::test_passes", "a.log")
    assert ("file", "teardown", "") == (piece.kind, piece.phase, piece.remark)
    assert piece.source.endswith("logs/deep/a.log")
    assert [] == run.refused


@WORKERS
def test_attempts(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """Each attempt of a repeated test has the files of its own folder."""
    pytester.makeini(f"[pytest]\nevidence_log = off\n{GLOBS}")
    suite = """
        import pytest
        attempts = []

        @pytest.mark.flaky(reruns=2)
        def test_it(tmp_path):
            attempts.append(1)
            (tmp_path / f"{len(attempts)}.log").write_text("x")
            assert len(attempts) == 3
    """

    run = run_and_read_spool(suite, "-p", "pytest_rerunfailures", *workers)

    names = {
        item.rerun: [p.name for p in run.wanted if p.item_id == item.id]
        for item in run.items("test_it")
    }
    assert {0: ["1.log"], 1: ["2.log"], 2: ["3.log"]} == names


def test_a_worker_that_dies(pytester: pytest.Pytester, run_and_read_spool: RunAndRead) -> None:
    """What ended tests left is safe, although the next test kills the worker."""
    pytester.makeini(f"[pytest]\nevidence_log = off\n{GLOBS}")
    suite = """
        import os
        def test_first(tmp_path): (tmp_path / "run.log").write_text("x")
        def test_second(): os._exit(3)
        def test_third(tmp_path): (tmp_path / "run.log").write_text("y")
    """

    run = run_and_read_spool(suite, "-n1")

    assert ["run.log"] == run.names("test_first") == run.names("test_third")


ODD = """
    import os

    def test_odd(tmp_path):
        os.mkfifo(tmp_path / "pipe.log")
        (tmp_path / "loop").symlink_to(tmp_path)
        (tmp_path / "gone.log").symlink_to("nowhere")
        (tmp_path / "passwd.log").symlink_to("/etc/passwd")
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "up").symlink_to("..")
        (tmp_path / "a" / "real.log").write_text("real")

    def test_large(tmp_path):
        (tmp_path / "large.log").write_bytes(b"x" * 5000)
        (tmp_path / "small.log").write_bytes(b"x")
"""


@pytest.mark.skipif("not hasattr(__import__('os'), 'mkfifo')", reason="there are no FIFOs here")
def test_odd_folders(pytester: pytest.Pytester, run_and_read_spool: RunAndRead) -> None:
    """FIFOs and loops hold nothing up, and limits are kept."""
    pytester.makeini("[pytest]\nevidence_files = **/*.log\nevidence_max_size = 4K")

    run = run_and_read_spool(ODD)

    run.result.assert_outcomes(passed=2)
    assert ["real.log"] == run.names("test_odd")
    assert ["small.log"] == run.names("test_large")
    (line,) = run.refused
    assert "test_large: large.log: 4.9 kB, evidence_max_size takes 4.0 kB" in line


@pytest.mark.parametrize("rests", [True, False])
def test_a_file_that_is_written_to_while_it_is_copied(
    pytester: pytest.Pytester,
    run_and_read_spool: RunAndRead,
    monkeypatch: pytest.MonkeyPatch,
    rests: bool,
) -> None:
    """It is copied again when it rests; one that never does is taken as it is, and marked."""
    pytester.makeini("[pytest]\nevidence_log = off\nevidence_files = *.log")
    path = pytester.path / "out" / "server.log"
    put, sleep, copies = RunFolder.put, time.sleep, []

    def write() -> None:
        with path.open("a") as file:
            file.write("x")

    def written_to(self: RunFolder, *given: Any) -> Any:
        copies.append(put(self, *given))
        if len(copies) == 1 or not rests:
            write()
        return copies[-1]

    def waited(seconds: float) -> None:
        sleep(seconds)
        if not rests:
            write()

    monkeypatch.setattr(RunFolder, "put", written_to)
    monkeypatch.setattr(output_folders.time, "sleep", waited)
    suite = """
        import pathlib
        import pytest

        @pytest.fixture
        def output_path():
            pathlib.Path("out").mkdir()
            return "out"

        def test_it(output_path): pathlib.Path("out", "server.log").write_text("begun ")
    """

    run = run_and_read_spool(suite, mode="collect")

    (piece,) = run.pieces("test_it")
    assert 2 == len(copies)
    if rests:
        assert (b"begun x", "") == (run.content("test_it", "server.log"), piece.remark)
    else:
        assert piece.remark == "was still growing after 2 s"
        assert piece.size > len("begun x")


@pytest.mark.parametrize("glob", ["/etc/*", "../*.log", "a/../../b"])
def test_globs_that_lead_elsewhere(
    pytester: pytest.Pytester, run_refused: RunRefused, glob: str
) -> None:
    """A glob cannot leave the folder of the test, and the session does not begin with such a one."""
    pytester.makeini(f"[pytest]\nevidence_files = {glob}")

    (problem,) = run_refused()

    assert problem.startswith(f"evidence_files has '{glob}', which leads elsewhere - ")


SHARED = """
    import pathlib
    import shutil
    import pytest

    @pytest.fixture
    def output_path():
        return pathlib.Path("out")

    @pytest.fixture
    def late(output_path):
        yield
        (output_path / "late.png").write_bytes(b"late")

    def test_one(output_path): (output_path / "one.png").write_bytes(b"1")
    def test_two(output_path, late): (output_path / "two.png").write_bytes(b"2")
    def test_three(output_path): pass
    def test_four(output_path): (output_path / "one.png").write_bytes(b"1 and 4")
    def test_five(output_path): shutil.copy2("old.png", output_path / "five.png")

    attempts = []

    @pytest.mark.flaky(reruns=1)
    def test_six(output_path):
        attempts.append(1)
        (output_path / f"six-{len(attempts)}.png").write_bytes(b"6")
        assert len(attempts) == 2
"""


def test_a_folder_that_tests_share(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each test and attempt has the files that were written or put there during it, and no others'."""
    pytester.makeini("[pytest]\nevidence_log = off\nevidence_files = *.png")
    (pytester.path / "out").mkdir()
    for path in (pytester.path / "old.png", pytester.path / "out" / "of-yesterday.png"):
        path.write_bytes(b"old")
        os.utime(path, (0, 0))
    time_of = (pytester.path / "out" / "of-yesterday.png").stat().st_ctime
    monkeypatch.setattr(output_folders, "STEP_S", 0.1)
    while time.time() < time_of + 0.1:  # nobody can set the time at which a file was put there
        time.sleep(0.01)

    run = run_and_read_spool(SHARED, "-p", "pytest_rerunfailures")

    names = {name: run.names(f"::test_{name}") for name in ("one", "two", "three", "four", "five")}
    assert {
        "one": ["one.png"],
        "two": ["late.png", "two.png"],
        "three": [],
        "four": ["one.png"],
        "five": ["five.png"],
    } == names
    assert b"1 and 4" == run.content("::test_four", "one.png")
    assert [["six-1.png"], ["six-2.png"]] == [
        [piece.name for piece in run.wanted if piece.item_id == item.id]
        for item in run.items("::test_six")
    ]


HANDED = """
    import pathlib
    import pytest

    @pytest.fixture
    def output_path():
        return pathlib.Path("out")

    def test_one(output_path, evidence):
        path = output_path / "one.png"
        path.write_bytes(b"1")
        evidence.attach(path)

    def test_two(output_path): pass

    def test_without_the_fixture(evidence, record_property):
        path = pathlib.Path("out", "three.png")
        path.write_bytes(b"3")
        evidence.attach(path)
        pathlib.Path("out", "shot.png").write_bytes(b"shot")
        record_property("playwright_screenshot", "out/shot.png")

    def test_four(output_path): (output_path / "four.png").write_bytes(b"4")
"""


def test_what_an_earlier_test_attached_itself(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """A file in a shared folder goes to no other test after one has got it, in whatever way."""
    pytester.makeini("[pytest]\nevidence_log = off\nevidence_files = *.png")
    (pytester.path / "out").mkdir()

    run = run_and_read_spool(HANDED)

    assert ["one.png"] == run.names("::test_one")
    assert [] == run.names("::test_two")
    assert ["three.png", "shot.png"] == run.names("::test_without_the_fixture")
    assert ["four.png"] == run.names("::test_four")
    assert [] == run.refused


def test_a_folder_that_cannot_be_looked_through_in_time(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow disk holds no test: what was found until then is taken, and where the look ended is said."""
    pytester.makeini("[pytest]\nevidence_log = off\nevidence_files = **/*.png")
    monkeypatch.setattr(output_folders, "LIMIT_S", 1.0)
    is_file = Path.is_file

    def slowly(self: Path) -> bool:
        time.sleep(0.2 if self.suffix == ".png" else 0)
        return is_file(self)

    monkeypatch.setattr(Path, "is_file", slowly)
    suite = """
        def test_it(tmp_path):
            for number in range(100):
                (tmp_path / f"{number:02}.png").write_bytes(b"x")
    """

    began = time.monotonic()
    run = run_and_read_spool(suite)

    assert time.monotonic() - began < 10
    assert ["00.png", "01.png"] == run.names("test_it")[:2]
    (reason,) = run.refused
    assert "took too long to look through, from " in reason
    assert ".png on nothing was looked at - " in reason


def test_files_that_nobody_writes_to_are_not_waited_for(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is copied and looked at again; only where it changed meanwhile a test waits."""
    pytester.makeini("[pytest]\nevidence_files = *.log")
    waits: list[float] = []
    monkeypatch.setattr(output_folders, "QUIET_S", 0.04711)  # others sleep, too
    monkeypatch.setattr(output_folders.time, "sleep", waits.append)

    run = run_and_read_spool("def test_it(tmp_path): (tmp_path / 'a.log').write_text('x')")

    assert ["a.log"] == run.names("test_it")
    assert 0.04711 not in waits


def test_a_file_that_is_gone_when_it_is_to_be_taken(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody tidied up: the summary notes it, the others are taken, and nothing counts as lost."""
    pytester.makeini("[pytest]\nevidence_files = *.log")
    attach_found = Recorder.attach_found

    def tidied_up(self: Recorder, path: Path, until_rest: Callable[[Path], str]) -> object:
        if path.name == "b.log":
            path.unlink()
        return attach_found(self, path, until_rest)

    monkeypatch.setattr(Recorder, "attach_found", tidied_up)
    suite = """
        def test_it(tmp_path):
            for name in "abc":
                (tmp_path / f"{name}.log").write_text(name)
    """

    run = run_and_read_spool(suite)

    assert ["a.log", "c.log"] == run.names("test_it")
    (problem,) = run.record.refused
    assert "warning" == problem.severity
    assert "b.log: no such file: " in str(problem)
    assert 0 == run.result.ret


ROBOT = """
    import pathlib

    def test_robot(tmp_path):
        folder = tmp_path / "results"
        (folder / "browser" / "screenshot").mkdir(parents=True)
        for name in ("output.xml", "log.html", "report.html", "selenium-screenshot-1.png",
                     "browser/screenshot/fail-screenshot-1.png"):
            (folder / name).write_text(f"<p>{name}</p>")
        assert False
"""


@WORKERS
def test_the_folder_of_a_robot_run(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """What a test tool in the manner of Robot Framework writes below `tmp_path` is taken file by file."""
    pytester.makeini("[pytest]\nevidence_log = off\nevidence_files = results/**")

    run = run_and_read_spool(ROBOT, *workers)

    expected = [
        *("log.html", "output.xml", "report.html", "selenium-screenshot-1.png"),
        "fail-screenshot-1.png",
    ]
    assert expected == run.names("test_robot")
    assert b"<p>output.xml</p>" == run.content("test_robot", "output.xml")
    assert "text/html" == run.piece("test_robot", "log.html").media_type


def test_a_file_that_a_plugin_names_and_that_is_not_there(run_and_read_spool: RunAndRead) -> None:
    """What pytest-playwright says it kept and that is gone is named, not passed over."""
    suite = """
        def test_it(record_property):
            record_property("playwright_screenshot", "gone.png")
    """

    run = run_and_read_spool(suite, "--evidence-log=off")

    assert ["test_it: gone.png: pytest-playwright names it, and there is no such file"] == [
        line.partition("::")[2] for line in run.refused
    ]


def test_no_globs_no_files(run_and_read_spool: RunAndRead) -> None:
    """Without `evidence_files` nothing is taken from anywhere."""
    run = run_and_read_spool(FILES, "--evidence-log=off")

    assert ["shot.png", "run.log"] == [piece.name for piece in run.wanted]
