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


class Shown:
    """A progress whose time a test moves; `lines` is what was written."""

    def __init__(self, total: int, *, remaining_s: float = 100.0) -> None:
        self.now = 1000.0
        self.ends_at = self.now + remaining_s
        self.lines: list[str] = []
        self.told = progress.Progress(
            total,
            self.lines.append,
            bar=None,
            remaining_s=lambda: self.ends_at - self.now,
            clock=lambda: self.now,
        )

    def after(self, seconds: float) -> list[str]:
        """Let time go by, in fifths of a second as the engine does; return what was written since."""
        before = len(self.lines)
        for _ in range(int(seconds * 5)):
            self.now += 0.2
            self.told.tick()
        return self.lines[before:]


def test_a_short_delivery_says_nothing() -> None:
    """Lines come every ten seconds, so that most runs have none; short waits are not worth one."""
    shown = Shown(3)
    shown.told.waits("squash", 2.5, 1, "before it is tried again")

    for _ in range(3):
        assert [] == shown.after(3)
        shown.told(PIECE, State.DELIVERED)

    assert [] == shown.after(60)


def test_a_long_delivery_says_how_far_it_is_and_how_long_it_may_take() -> None:
    """A plain line every ten seconds, also while nothing happens; none for the end."""
    shown = Shown(2)
    shown.told(PIECE, State.DELIVERED)

    assert [
        "evidence: 1 of 2 deliveries done; at most 90 s more; Ctrl-C leaves the rest waiting",
        "evidence: 1 of 2 deliveries done; at most 80 s more; Ctrl-C leaves the rest waiting",
    ] == shown.after(20.5)
    shown.told(PIECE, State.DELIVERED)
    assert [] == shown.after(30)


def test_a_wait_is_told_at_once_and_counted_down() -> None:
    """For what, how long, how many pieces, and how to stop; then every ten seconds until it is over."""
    shown = Shown(5, remaining_s=200)
    shown.after(1)
    shown.told.waits("huawei", 58, 2, "until what was sent before may be sent again")
    shown.told.waits("huawei", 40, 1, "until what was sent before may be sent again")

    (first,) = shown.after(1)
    later = shown.after(70)

    assert (
        "evidence: 0 of 5 deliveries done; huawei is waiting 58 s until what was sent before may be "
        "sent again (3 pieces); at most 199 s more; Ctrl-C leaves the rest waiting" == first
    )
    assert (
        "huawei is waiting 48 s until what was sent before may be sent again (3 pieces)" in later[0]
    )
    assert (
        "huawei is waiting 8 s until what was sent before may be sent again (2 pieces)" in later[4]
    )
    assert 7 == len(later)
    assert "waiting" not in later[5].replace(progress.STOP, "")


def test_every_destination_says_its_first_wait_at_once() -> None:
    """A second wait for the same reason waits for the next line."""
    shown = Shown(5)
    shown.told.waits("huawei", 20, 1, "as its server asked")
    shown.after(1)
    shown.told.waits("squash", 20, 1, "as its server asked")
    assert 1 == len(shown.after(1))
    shown.told.waits("squash", 20, 4, "as its server asked")

    assert [] == shown.after(5)
    (line,) = shown.after(5)
    assert "; squash is waiting 11 s as its server asked (5 pieces); " in line


def test_a_reader_that_has_gone_away_stops_nothing() -> None:
    """A closed pipe is no reason to end a delivery."""

    def closed(line: str) -> None:
        raise BrokenPipeError

    with progress.progress(2, terminal=False, write=closed) as told:
        told.waits("squash", 60, 1, "as its server asked")
        told.tick()


def shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Show a wait and two deliveries on a terminal; return the lines that were written."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    lines: list[str] = []
    with progress.progress(2, terminal=True, write=lines.append, remaining_s=lambda: 90) as told:
        told(PIECE, State.DELIVERED)
        told.waits("squash", 60, 1, "as its server asked")
        told.tick()
        told(PIECE, State.DELIVERED)
    return lines


def test_a_terminal_shows_a_bar_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output stays for the summary; waits stand beside the bar, no lines are written."""
    lines = shown_on_a_terminal(monkeypatch)

    printed = capsys.readouterr()
    assert ([], "") == (lines, printed.out)
    assert "2/2" in printed.err
    told = "squash is waiting 60 s as its server asked (1 piece); at most 90 s more; "
    assert told + progress.STOP in printed.err


def test_a_terminal_without_rich_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not needed."""
    monkeypatch.setitem(sys.modules, "rich.console", None)

    assert 1 == len(shown_on_a_terminal(monkeypatch))
