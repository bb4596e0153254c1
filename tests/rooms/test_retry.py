"""When to try again: pure rules, with clock and dice as arguments."""

from __future__ import annotations

import math
import threading
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_attach_evidence.errors import DeliveryError
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import OnceMoreError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.retry import MAX_ATTEMPTS
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.retry import backoff_s
from pytest_attach_evidence.retry import outwait
from pytest_attach_evidence.retry import retry_after_s
from pytest_attach_evidence.retry import wait_after
from tests.deliver.scripted import FakeBudget


NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
HTTP_NOW = format_datetime(NOW, usegmt=True)
SERVER_DATES = st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))
DATE_PARTS = ["Fri,", "Friday,", "Fri", "Mon,", "01", "-1", "99", "May", "Foo", "01-May-26", "2026"]
DATE_PARTS += [
    "99999",
    "0",
    "12:00:30",
    "25:61:61",
    "1:2",
    "GMT",
    "+9999",
    "-0000",
    "EST",
    "é",
    ",",
]
HEADERS = (
    st.none()
    | st.text(max_size=40)
    | SERVER_DATES.map(lambda moment: format_datetime(moment, usegmt=True))
    | st.lists(st.sampled_from(DATE_PARTS), max_size=8).map(" ".join)
)


@settings(max_examples=1500, deadline=None)
@given(value=HEADERS, date=HEADERS)
def test_any_header_gives_a_wait_or_nothing(value: str | None, date: str | None) -> None:
    """Whatever a server writes: seconds from 0 on, or None, and never an exception."""
    wait = retry_after_s(value, date, NOW)

    assert wait is None or (wait >= 0 and math.isfinite(wait))


@given(moment=SERVER_DATES, seconds=st.integers(-(10**6), 10**6))
def test_a_date_counts_from_the_answer_itself(moment: datetime, seconds: int) -> None:
    """A wrong clock here or there does not matter; a past date means now."""
    until = format_datetime(moment + timedelta(seconds=seconds), usegmt=True)

    wait = retry_after_s(until, format_datetime(moment, usegmt=True), NOW)

    assert max(0.0, float(seconds)) == wait


@pytest.mark.parametrize(
    ("value", "date", "expected"),
    [
        ("0", None, 0.0),
        (" 120 ", None, 120.0),
        ("Fri, 01 May 2026 12:00:30 GMT", None, 30.0),
        ("Fri, 01 May 2026 12:00:30 GMT", HTTP_NOW, 30.0),
        ("Friday, 01-May-26 12:00:30 GMT", HTTP_NOW, 30.0),
        ("Fri May  1 12:00:30 2026", HTTP_NOW, 30.0),
        ("Fri, 01 May 2026 11:00:00 GMT", HTTP_NOW, 0.0),
        ("Fri, 01 May 2026 12:00:30 GMT", "garbage", 30.0),
        ("-5", None, None),
        ("1.5", None, None),
        ("1e3", None, None),
        ("", None, None),
        (None, HTTP_NOW, None),
        ("soon", None, None),
        ("٤٢", None, None),
        ("9999999999", None, None),
    ],
)
def test_retry_after_is_read_as_the_standard_says(
    value: str | None, date: str | None, expected: float | None
) -> None:
    """Whole seconds or one of the three date forms of RFC 9110; anything else is no wait named."""
    assert expected == retry_after_s(value, date, NOW)


@pytest.mark.parametrize(
    ("attempt", "expected"), [(1, 1.0), (2, 2.0), (3, 4.0), (5, 16.0), (6, 30.0), (10_000, 30.0)]
)
def test_backoff_doubles_up_to_its_limit(attempt: int, expected: float) -> None:
    """The dice choose between nothing and the full wait."""
    assert (0.0, expected) == (backoff_s(attempt, lambda: 0.0), backoff_s(attempt, lambda: 1.0))


@pytest.mark.parametrize(
    ("error", "attempt", "harmless", "expected"),
    [
        (PermanentError("no"), 1, True, None),
        (DestinationClosedError("no"), 1, True, None),
        (TemporaryError("later"), 1, False, 1.0),
        (TemporaryError("later"), MAX_ATTEMPTS, False, None),
        (TemporaryError("later", retry_after_s=100.0), 1, False, 110.0),
        (TemporaryError("later", retry_after_s=0.0), 3, False, 4.0),
        (TemporaryError("later", retry_after_s=2.0), MAX_ATTEMPTS + 9, False, 30.0),
        (TemporaryError("429", throttled=True), 1, False, 1.0),
        (TemporaryError("429", throttled=True), MAX_ATTEMPTS + 9, False, 30.0),
        (UncertainError("lost"), 1, False, 60.0),
        (UncertainError("lost"), 1, True, 1.0),
        (UncertainError("lost"), MAX_ATTEMPTS, True, None),
    ],
)
def test_each_error_has_its_wait(
    error: DeliveryError, attempt: int, harmless: bool, expected: float | None
) -> None:
    """The kind of error decides: never, after a wait of ours, of the server's, or until it settled."""
    wait = wait_after(
        error, attempt, settle_s=60.0, repeat_is_harmless=harmless, jitter=lambda: 1.0
    )

    assert expected is wait or expected == pytest.approx(wait)


def test_a_budget_counts_down_and_never_below_nothing() -> None:
    """What is left is read from the clock, and a stop ends every wait at once."""
    moments = iter([10.0, 40.0, 1000.0])
    budget = Budget(ends_at=50.0, clock=lambda: next(moments))

    assert [40.0, 10.0, 0.0] == [budget.remaining_s() for _ in range(3)]
    assert budget.wait(0.0)
    budget.stop.set()
    assert not budget.wait(3600.0)


def test_each_budget_has_a_stop_of_its_own() -> None:
    """Stopping one delivery stops no other one."""
    one, other = Budget.lasting(1), Budget.lasting(1)
    one.stop.set()

    assert isinstance(other.stop, threading.Event)
    assert not other.stop.is_set()
    assert [30.0, 90.0] == [
        Budget.lasting(1, stall_s=1.0).settle_s,
        Budget.lasting(1, stall_s=45.0).settle_s,
    ]


@pytest.mark.parametrize(
    ("error", "left_s", "expected"),
    [
        (TemporaryError("429", throttled=True, retry_after_s=5.0), 60.0, [5.0, 5.5]),
        (TemporaryError("429", throttled=True, retry_after_s=5.0), 5.0, None),
        (TemporaryError("503"), 60.0, [0.0, 1.0]),
        (OnceMoreError("413", retry_after_s=5.0), 60.0, None),
        (UncertainError("lost"), 600.0, None),
        (PermanentError("no"), 600.0, None),
    ],
)
def test_only_what_was_turned_away_for_the_moment_is_waited_for(
    error: DeliveryError, left_s: float, expected: list[float] | None
) -> None:
    """A question that changes nothing may be asked again as long as there is time for it."""
    budget = FakeBudget(ends_at=1000.0 + left_s)

    assert (expected is not None) == outwait(error, 1, budget)
    assert expected is not None or [] == budget.waited
    assert all(expected[0] <= seconds <= expected[1] for seconds in budget.waited if expected)


def test_a_stop_ends_the_waiting() -> None:
    """Then nothing is asked again."""
    budget = FakeBudget(ends_at=9000.0)
    budget.stop.set()

    assert not outwait(TemporaryError("429", retry_after_s=5.0), 1, budget)
