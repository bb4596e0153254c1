"""What clocks showed: told where a reader must know it, and silent where they agree."""

from __future__ import annotations

import time
from datetime import UTC
from datetime import datetime
from email.utils import format_datetime

import pytest

from pytest_attach_evidence.clocks import Clocks


def header(seconds: float) -> str:
    """Return the Date header of a server whose clock is that many seconds ahead of this machine's."""
    return format_datetime(datetime.fromtimestamp(time.time() + seconds, UTC), usegmt=True)


@pytest.mark.parametrize("date", [None, "", "soon", "Fri, 99 May 2026 12:00:00 GMT"])
def test_clocks_that_agree_or_cannot_be_read_are_not_told(date: str | None) -> None:
    """A minute is less than a queue before the answer may take."""
    clocks = Clocks()
    for heard in (date, header(0), header(55), header(-55)):
        clocks.heard("host", heard)

    assert [] == clocks.told()


def test_each_server_is_told_once_as_it_was_first_seen() -> None:
    """Of hosts in order, with the direction."""
    clocks = Clocks()
    for host, seconds in (("b", -3600), ("a", 10), ("a", 90_000), ("a", 0), ("b", 7200)):
        clocks.heard(host, header(seconds))

    assert [("a", 25), ("b", -1)] == [(h, round(s / 3600)) for h, s in sorted(clocks.skews.items())]
    first, second = clocks.told()
    assert "a is 90000 s ahead of" in first or "a is 89999 s ahead of" in first
    assert second.startswith("clock: b is 3600 s behind this") or "3601 s behind" in second


@pytest.mark.parametrize(
    ("seconds", "expected"), [(1.0, []), (-1.0, []), (86_400.0, ["+86400"]), (-9.0, ["-9"])]
)
def test_a_jump_is_what_the_clock_moved_beside_the_time_that_went_by(
    seconds: float, expected: list[str]
) -> None:
    """Also back; a second or two is what setting it gently does."""
    clocks = Clocks()
    clocks.wall_s -= seconds

    assert expected == [line.split()[4] for line in clocks.told()]
