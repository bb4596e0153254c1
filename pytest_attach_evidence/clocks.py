"""What the clocks of this machine and of servers showed, so that a reader knows what moments are worth."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from email.utils import parsedate_to_datetime


MOST_SKEW_S = 60.0
MOST_JUMP_S = 2.0
CLOCK = "clock:"


@dataclass(slots=True)
class Clocks:
    """Notes how far clocks differ, from its creation on; nothing is corrected by it. For any thread.

    `skews` has the seconds by which the clock of a server is ahead of ours, by host, as first seen to be
    more than a minute; `ahead` has the same of every host that told the time, in whole seconds.
    """

    skews: dict[str, float] = field(default_factory=dict)
    ahead: dict[str, float] = field(default_factory=dict)
    wall_s: float = field(default_factory=time.time)
    monotonic_s: float = field(default_factory=time.monotonic)

    def heard(self, host: str, date: str | None) -> None:
        """Compare the Date header of an answer that came just now; whole seconds, and it may lack."""
        moment = http_date((date or "").strip())
        if moment is None:
            return
        ahead_s = moment.timestamp() - time.time()
        self.ahead.setdefault(host, ahead_s)
        if abs(ahead_s) > MOST_SKEW_S:
            self.skews.setdefault(host, ahead_s)

    def jumped_s(self) -> float:
        """Return by how much more this machine's clock moved on than time went by."""
        return (time.time() - self.wall_s) - (time.monotonic() - self.monotonic_s)

    def told(self) -> list[str]:
        """Return a line for each clock that cannot be believed."""
        lines = [
            f"{CLOCK} {host} is {_apart(seconds)} this machine, whose moments are recorded"
            for host, seconds in sorted(self.skews.items())
        ]
        if abs(jumped := self.jumped_s()) > MOST_JUMP_S:
            seen = f"this machine's jumped {jumped:+.0f} s meanwhile (it was set, or the machine slept)"
            lines.append(f"{CLOCK} {seen}")
        return lines


@dataclass(frozen=True, slots=True)
class Began:
    """When something began, on the clock that files have and on one that nobody sets."""

    wall_s: float = field(default_factory=time.time)
    monotonic_s: float = field(default_factory=time.monotonic)

    def on_files(self) -> float:
        """Return the moment for comparing with the times of files: the earlier, where a clock was set."""
        return min(self.wall_s, time.time() - (time.monotonic() - self.monotonic_s))


def _apart(seconds: float) -> str:
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'}"


def http_date(text: str) -> datetime | None:
    """Return the moment of an HTTP date in any of its three forms (RFC 9110, 5.6.7), else None."""
    if not re.match(r"[A-Za-z]{3,9},? ", text):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
