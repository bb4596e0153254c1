"""When to try again: pure rules of waiting, and the time a delivery may take."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime

from .clocks import Clocks
from .clocks import http_date
from .connections import Connection
from .errors import DeliveryError
from .errors import DestinationClosedError
from .errors import OnceMoreError
from .errors import PermanentError
from .errors import TemporaryError
from .errors import UncertainError


BASE_WAIT_S = 1.0
MAX_WAIT_S = 30.0
MAX_ATTEMPTS = 5
MIN_SETTLE_S = 30.0
STALL_S = 30.0
LONGEST_SEND_S = 3600.0
LONGEST_ONCE_MORE_S = 60.0
SPREAD = 0.1


def _never() -> threading.Event:
    return threading.Event()


@dataclass(slots=True, kw_only=True)
class Budget:
    """The time a delivery may take, and the way to end it early.

    `ends_at` is a moment of `clock` (monotonic seconds). `stop` may be set from any thread: every wait
    and every request ends soon after. `clocks` notes what servers say of the time, `connections` by origin
    how each was reached.
    """

    ends_at: float
    clock: Callable[[], float] = time.monotonic
    stop: threading.Event = field(default_factory=_never)
    stall_s: float = STALL_S
    clocks: Clocks = field(default_factory=Clocks)
    connections: dict[str, Connection] = field(default_factory=dict)

    @classmethod
    def lasting(cls, seconds: float, *, stall_s: float = STALL_S) -> Budget:
        """Return a budget that begins now."""
        return cls(ends_at=time.monotonic() + seconds, stall_s=stall_s)

    def remaining_s(self) -> float:
        """Return the seconds left, never below 0."""
        return max(0.0, self.ends_at - self.clock())

    def wait(self, seconds: float) -> bool:
        """Wait; return False if the delivery was stopped meanwhile."""
        return not self.stop.wait(seconds)

    @property
    def settle_s(self) -> float:
        """How long after an uncertain send a server may still commit it."""
        return max(MIN_SETTLE_S, 2 * self.stall_s)


def is_throttled(error: DeliveryError) -> bool:
    """Tell whether a limiter turned an attempt away: it counts neither as one nor as a failure."""
    return isinstance(error, TemporaryError) and error.throttled


def backoff_s(attempt: int, jitter: Callable[[], float] = random.random) -> float:
    """Return the seconds to wait after a failed attempt (counted from 1): full jitter, at most 30."""
    return float(min(MAX_WAIT_S, BASE_WAIT_S * 2 ** min(attempt - 1, 10))) * jitter()


def wait_after(
    error: DeliveryError,
    attempt: int,
    *,
    settle_s: float,
    repeat_is_harmless: bool,
    jitter: Callable[[], float] = random.random,
) -> float | None:
    """Return the seconds to wait before the next attempt, or None where there is none in this run.

    A time that the destination named is kept and spread by up to a tenth, so that parallel jobs do
    not come back in step. An uncertain piece waits until the server must have settled it. For one that
    was throttled no number of attempts is too large.
    """
    if isinstance(error, PermanentError | DestinationClosedError):
        return None
    if isinstance(error, TemporaryError) and error.retry_after_s is not None:
        return max(error.retry_after_s * (1 + jitter() * SPREAD), backoff_s(attempt, jitter))
    if attempt >= MAX_ATTEMPTS and not is_throttled(error):
        return None
    if isinstance(error, UncertainError) and not repeat_is_harmless:
        return max(settle_s, backoff_s(attempt, jitter))
    return backoff_s(attempt, jitter)


def refusal_of(error: OnceMoreError, remaining_s: float, *, again: bool) -> PermanentError | None:
    """Return the refusal that one for now comes to, None where it is tried once more.

    `again`: this is the second. The first is final, too, where the time it names is longer than a minute,
    which nothing else should wait for, or does not fit into what is left: a later push would know
    nothing of it and wait in turn, so that a person decides.
    """
    if again:
        return PermanentError(str(error), next_step=error.next_step)
    after_s = error.retry_after_s
    if after_s <= LONGEST_ONCE_MORE_S and after_s * (1 + SPREAD) <= remaining_s:
        return None
    then = error.next_step or "attach a smaller file"
    return PermanentError(
        f"{error}; the server takes it again in {after_s:.0f} s at the earliest",
        next_step=f"attach-evidence push --retry-rejected after that time; or {then}",
    )


def outwait(error: DeliveryError, attempt: int, budget: Budget) -> bool:
    """Wait until what changes nothing may be asked again; False where there is no such moment.

    Only what turned a request away for the moment is waited for, as long as the budget lasts.
    """
    if not isinstance(error, TemporaryError) or isinstance(error, OnceMoreError):
        return False
    wait_s = wait_after(error, attempt, settle_s=0.0, repeat_is_harmless=True)
    return wait_s is not None and wait_s < budget.remaining_s() and budget.wait(wait_s)


def retry_after_s(value: str | None, date: str | None, now: datetime | None = None) -> float | None:
    """Read a Retry-After header (RFC 9110, 10.2.3): whole seconds, or a date.

    A date counts from the answer's own Date header, so that a wrong clock here does not matter; a past
    date is 0. Anything else (negative, fractional, empty) is None: the caller backs off by itself.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    until = http_date(text)
    if until is None:
        return None
    start = http_date((date or "").strip()) or now or datetime.now(UTC)
    return max(0.0, (until - start).total_seconds())
