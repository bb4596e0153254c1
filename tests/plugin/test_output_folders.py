"""`evidence_files`: what tests leave in their folders is taken before anybody removes it."""

from __future__ import annotations

import pytest

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
    import subprocess
    import sys
    import threading
    import time

    started = []

    def teardown_module():
        for process in started:
            process.kill()
            process.wait()

    GROW = "import sys, time\\nfor n in range(400):\\n open(sys.argv[1], 'a').write('x'); time.sleep(.01)"

    def test_odd(tmp_path):
        os.mkfifo(tmp_path / "pipe.log")
        (tmp_path / "loop").symlink_to(tmp_path)
        (tmp_path / "gone.log").symlink_to("nowhere")
        (tmp_path / "passwd.log").symlink_to("/etc/passwd")
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "up").symlink_to("..")
        (tmp_path / "a" / "real.log").write_text("real")

    def test_growing(tmp_path):
        started.append(subprocess.Popen([sys.executable, "-c", GROW, str(tmp_path / "server.log")]))
        while not (tmp_path / "server.log").exists():
            time.sleep(0.01)

    def test_soon_ready(tmp_path):
        def finish():
            with open(tmp_path / "soon.log", "w") as file:
                for n in range(20):
                    file.write("x")
                    file.flush()
                    time.sleep(0.01)
        threading.Thread(target=finish).start()
        while not (tmp_path / "soon.log").exists():
            time.sleep(0.001)

    def test_large(tmp_path):
        (tmp_path / "large.log").write_bytes(b"x" * 5000)
        (tmp_path / "small.log").write_bytes(b"x")
"""


@pytest.mark.skipif("not hasattr(__import__('os'), 'mkfifo')", reason="there are no FIFOs here")
def test_odd_folders(pytester: pytest.Pytester, run_and_read_spool: RunAndRead) -> None:
    """FIFOs and loops hold nothing up, growing files are waited for and marked, limits are kept."""
    pytester.makeini("[pytest]\nevidence_files = **/*.log\nevidence_max_size = 4K")

    run = run_and_read_spool(ODD)

    run.result.assert_outcomes(passed=4)
    assert ["real.log"] == run.names("test_odd")
    (growing,) = run.pieces("test_growing")
    assert growing.remark.startswith("was still growing after 2 s")
    assert ["soon.log"] == run.names("test_soon_ready")
    assert (20, "") == (
        run.piece("test_soon_ready", "soon.log").size,
        run.piece("test_soon_ready", "soon.log").remark,
    )
    assert ["small.log"] == run.names("test_large")
    (line,) = run.refused
    assert "test_large: large.log: 4.9 kB, evidence_max_size takes 4.0 kB" in line


@pytest.mark.parametrize("glob", ["/etc/*", "../*.log", "a/../../b"])
def test_globs_that_lead_elsewhere(
    pytester: pytest.Pytester, run_refused: RunRefused, glob: str
) -> None:
    """A glob cannot leave the folder of the test, and the session does not begin with such a one."""
    pytester.makeini(f"[pytest]\nevidence_files = {glob}")

    (problem,) = run_refused()

    assert problem.startswith(f"evidence_files has '{glob}', which leads elsewhere - ")


def test_no_globs_no_files(run_and_read_spool: RunAndRead) -> None:
    """Without `evidence_files` nothing is taken from anywhere."""
    run = run_and_read_spool(FILES, "--evidence-log=off")

    assert ["shot.png", "run.log"] == [piece.name for piece in run.wanted]
