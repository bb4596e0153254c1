"""`evidence_reruns = last` when something goes wrong between two attempts."""

from __future__ import annotations

import pytest

from pytest_attach_evidence.errors import SpoolError
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool

from .conftest import RunAndRead
from .conftest import Start


LAST = ("-p", "pytest_rerunfailures", "-o", "evidence_reruns=last", "-o", "evidence_log=off")
SUITE = """
    import os
    import pytest

    attempts = []

    @pytest.mark.flaky(reruns=1)
    def test_flaky(evidence):
        attempts.append(1)
        evidence.text("x", name=f"attempt-{{len(attempts)}}.txt")
        {end}
        assert len(attempts) == 2
"""


def test_a_kill_while_the_test_is_repeated(pytester: pytest.Pytester, start: Start) -> None:
    """The evidence of the attempt that failed stays until there is another in its place."""
    start(SUITE.format(end="len(attempts) == 1 or os._exit(9)"), *LAST, apart=True)

    (run,) = Spool(pytester.path / ".evidence").runs()
    record = run.read()
    wanted = [piece.name for piece in record.pieces if piece.id not in record.unwanted]
    assert ["attempt-1.txt", "attempt-2.txt"] == wanted


def test_a_spool_that_cannot_drop_the_earlier_attempt(
    monkeypatch: pytest.MonkeyPatch, run_and_read_spool: RunAndRead
) -> None:
    """Both are delivered, each at its attempt, and the trouble is the spool's: 74."""

    def refuse(self: RunFolder, unwanted: object) -> None:
        raise SpoolError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_unwanted", refuse)
        run = run_and_read_spool(SUITE.format(end="pass"), *LAST)

    pieces = {
        item.rerun: [piece.name for piece in run.wanted if piece.item_id == item.id]
        for item in run.items("test_flaky")
    }
    assert {0: ["attempt-1.txt"], 1: ["attempt-2.txt"]} == pieces
    assert "could not be dropped (no space left)" in run.output
    assert 74 == run.result.ret
