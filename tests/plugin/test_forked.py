"""Processes that a test forks and that run on to the end of the session, as its copy."""

from __future__ import annotations

import os

import pytest

from pytest_attach_evidence.spool import RunFolder

from .conftest import RunAndRead
from .conftest import Start
from .reading import LINE
from .reading import everything_printed


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
FORKING = """
    import os, sys
    import pytest

    @pytest.mark.evidence(when={when!r})
    def test_forks(evidence):
        evidence.text("before", name="before.txt")
        child = os.fork()
        if child == 0:
            evidence.text("in the child", name="child.txt")
            sys.exit(0)  # which pytest takes for a failed test
        os.waitpid(child, 0)
        evidence.text("after", name="after.txt")

    def test_next(evidence):
        evidence.text("next", name="next.txt")
"""


@pytest.mark.parametrize("mode", ["upload", "collect"])
def test_a_copy_of_the_session_delivers_nothing(run_and_read_spool: RunAndRead, mode: str) -> None:
    """It has no summary either: one process says what became of the run, once; all is kept."""
    suite = FORKING.format(when="always")

    run = run_and_read_spool(suite, "-o", "evidence_log=off", mode=mode, apart=True)

    journals = list((run.folder.path / "deliveries").iterdir())
    pieces = sorted(piece.name for piece in run.wanted)
    assert ["after.txt", "before.txt", "child.txt", "next.txt", "next.txt"] == pieces
    assert (mode == "upload") == (len(journals) == 1) == (run.line["delivered"] == "5")
    assert 1 == len(LINE.findall(run.output))
    assert 0 == run.result.ret


def test_a_copy_decides_nothing_about_what_began_before_it(run_and_read_spool: RunAndRead) -> None:
    """The test failed in the child and passed in its own process, which alone says how it ended."""
    suite = FORKING.format(when="passed")

    run = run_and_read_spool(suite, "-o", "evidence_log=off", apart=True)

    assert "passed" == run.item("test_forks").outcome
    assert {"after.txt", "before.txt", "child.txt"} == set(run.names("test_forks"))


HOLDING = """
    import os, sys
    from pathlib import Path
    from pytest_attach_evidence.spool import RunFolder

    def test_forks():
        child = os.fork()
        if child == 0:
            sys.exit(0)
        os.waitpid(child, 0)

    def test_run_is_held():
        if os.fork() == 0:
            (run,) = [one.parent for one in Path(".evidence").glob("*/lock")]
            Path(f"busy-{RunFolder(run).is_busy()}").touch()
            os._exit(0)
        os.wait()
"""


def test_a_copy_does_not_let_the_run_go(pytester: pytest.Pytester, start: Start) -> None:
    """While its own process still collects, nobody else may take the run."""
    result = start(HOLDING, apart=True)

    assert 1 == len(LINE.findall(everything_printed(result)))
    assert ["busy-True"] == [path.name for path in pytester.path.glob("busy-*")]
    (run,) = [path.parent for path in pytester.path.glob(".evidence/*/lock")]
    assert not RunFolder(run).is_busy()
