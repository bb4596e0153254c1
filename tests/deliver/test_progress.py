"""What one sees while evidence is uploaded."""

from __future__ import annotations

import sys

import pytest

from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import State
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.report import progress


PIECE = Delivery(
    evidence=Evidence(
        id="1-1", item_id="1", seq=1, kind="file", name="a", media_type="", digest="", size=0
    ),
    item=Item(id="1", run_id="r", nodeid="n"),
    target=Target.of("archive", "", "folder", ""),
    key="k",
)


def told(total: int, done: int, *, terminal: bool = False) -> list[str]:
    """Return the lines that are written while so many deliveries are done."""
    lines: list[str] = []
    with progress.progress(total, terminal=terminal, write=lines.append) as tell:
        for _ in range(done):
            tell(PIECE, State.DELIVERED)
    return lines


def test_a_short_delivery_says_nothing() -> None:
    """Lines come every ten seconds, so that most runs have none."""
    assert [] == told(5, 5)


def test_a_long_delivery_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain line in CI; none for the end, which the summary tells."""
    monkeypatch.setattr(progress, "EVERY_S", 0.0)

    assert [
        "evidence: 1 of 3 deliveries done, Ctrl-C leaves the rest waiting",
        "evidence: 2 of 3 deliveries done, Ctrl-C leaves the rest waiting",
    ] == told(3, 3)


def test_a_reader_that_has_gone_away_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed pipe is no reason to end a delivery."""
    monkeypatch.setattr(progress, "EVERY_S", 0.0)

    def closed(line: str) -> None:
        raise BrokenPipeError

    with progress.progress(2, terminal=False, write=closed) as tell:
        tell(PIECE, State.DELIVERED)


def test_a_terminal_shows_a_bar_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output stays for the summary; no lines are written beside the bar."""
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    monkeypatch.setenv("FORCE_COLOR", "1")

    lines = told(2, 2, terminal=True)

    printed = capsys.readouterr()
    assert ([], "") == (lines, printed.out)
    assert "2/2" in printed.err


def test_a_terminal_without_rich_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not needed."""
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    monkeypatch.setitem(sys.modules, "rich.console", None)

    assert 1 == len(told(2, 2, terminal=True))
