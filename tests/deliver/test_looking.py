"""Looks at a destination and its objects: how many at once, what is asked again, when it ends."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from math import inf

import pytest

from pytest_attach_evidence.connections import Connection
from pytest_attach_evidence.deliver.looking import AT_ONCE
from pytest_attach_evidence.deliver.looking import look_at
from pytest_attach_evidence.destinations.checked import Again
from pytest_attach_evidence.destinations.checked import Look
from pytest_attach_evidence.errors import DeliveryError
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.model import Problem
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.retry import MAX_ATTEMPTS
from pytest_attach_evidence.retry import Budget

from .scripted import FakeBudget
from .scripted import Scripted


TARGETS = [Target.of("scripted", "", "thing", str(number)) for number in range(12)]
REFUSED = DestinationClosedError("HTTP 401", why="authentication", next_step="renew the token")


class Looking(Scripted):
    """A destination that answers looks with what a test wants: `first`, and `answers` in order."""

    def __init__(self, *answers: Look | DeliveryError, first: DeliveryError | None = None) -> None:
        super().__init__("scripted", FakeBudget(ends_at=inf))
        self.answers = list(answers)
        self.first = first
        self.lock = threading.Lock()
        self.asked: list[Target] = []
        self.now = self.most = self.begun = 0
        self.together: threading.Barrier | None = None

    def examination(self) -> Looking:
        """Return itself."""
        return self

    def doubts(self, targets: Sequence[Target]) -> list[Problem]:
        """Doubt nothing."""
        return []

    def begin(self, targets: Sequence[Target], again: Again) -> Look:
        """Answer the first look."""
        self.begun += 1
        if self.first is not None:
            raise self.first
        return Look()

    def look(self, target: Target) -> Look:
        """Answer a look, with as many others at the same time as there may be."""
        with self.lock:
            self.asked.append(target)
            self.now += 1
            self.most = max(self.most, self.now)
            found = self.answers.pop(0) if self.answers else None
        if self.together is not None:
            self.together.wait(10)
        with self.lock:
            self.now -= 1
        if isinstance(found, DeliveryError):
            raise found
        return found or Look(seen="there")


def test_each_object_is_looked_at_once_four_at_a_time() -> None:
    """However often it is named."""
    looking = Looking()
    looking.together = threading.Barrier(AT_ONCE)

    seen = look_at(looking, [*TARGETS, *TARGETS], Budget.lasting(20))

    assert sorted(map(str, TARGETS)) == sorted(map(str, looking.asked))
    assert TARGETS == list(seen.objects)
    assert AT_ONCE == looking.most


@pytest.mark.parametrize("after_s", [2.0, None], ids=["named", "not named"])
def test_what_is_turned_away_for_the_moment_is_asked_again(after_s: float | None) -> None:
    """Whether or not the server names a time; what is refused is not asked again."""
    busy, gone = TemporaryError("HTTP 503", retry_after_s=after_s), PermanentError("HTTP 404")
    looking = Looking(busy, Look(seen="there"), gone)
    budget = FakeBudget(ends_at=inf)

    seen = look_at(looking, TARGETS[:1], budget)
    later = look_at(looking, TARGETS[1:2], budget)

    assert "there" == seen.objects[TARGETS[0]].seen
    [problem] = later.objects[TARGETS[1]].problems
    assert ("", "HTTP 404") == (problem.why, problem.seen)
    assert (3, 1) == (len(looking.asked), len(budget.waited))


@pytest.mark.parametrize("throttled", [False, True])
def test_what_stays_turned_away_is_told(throttled: bool) -> None:
    """After as many attempts as a delivery has; a limiter that names no time is not waited for longer."""
    busy = TemporaryError("HTTP 503", throttled=throttled)
    looking = Looking(*[busy] * MAX_ATTEMPTS)

    seen = look_at(looking, TARGETS[:1], FakeBudget(ends_at=inf))

    [problem] = seen.objects[TARGETS[0]].problems
    assert ("waiting", "HTTP 503") == (problem.why, problem.seen)
    assert MAX_ATTEMPTS == len(looking.asked)


class Slow(Looking):
    """Takes a second for each object, and longer than there is for the first look where it is `away`."""

    away = False

    def begin(self, targets: Sequence[Target], again: Again) -> Look:
        """Answer, or not within the time."""
        if self.away:
            self.budget.now = self.budget.ends_at
            raise TemporaryError("no answer came")
        return super().begin(targets, again)

    def look(self, target: Target) -> Look:
        """Answer where the time lasts."""
        with self.lock:
            self.budget.now += 1.0
            if not self.budget.remaining_s():
                raise TemporaryError("the time for this request is over")
        return super().look(target)


@pytest.mark.parametrize(("away", "looked"), [(False, 4), (True, 0)])
def test_the_end_of_the_time_is_told_once(away: bool, looked: int) -> None:
    """It is no fault of the objects that nobody could look at any more, nor of a server that is slow."""
    slow = Slow()
    slow.budget.ends_at, slow.away = slow.budget.now + 5.0, away

    seen = look_at(slow, TARGETS, slow.budget)

    [problem] = seen.whole.problems
    expected = f"the time is over after {looked} of {len(TARGETS)} objects"
    assert (expected, "waiting") == (problem.seen, problem.why)
    assert "raise evidence_deadline" == problem.next_step
    assert [] == [one for look in seen.objects.values() for one in look.problems]
    assert len(TARGETS) - looked == sum(look.skipped for look in seen.objects.values())


def test_a_refused_login_ends_it() -> None:
    """It is told once; objects that nobody looked at are no problem of their own."""
    looking = Looking(REFUSED, REFUSED, REFUSED, REFUSED)

    seen = look_at(looking, TARGETS, Budget.lasting(20))

    problems = [one for look in seen.objects.values() for one in look.problems]
    assert ["scripted"] == [problem.subject for problem in problems]
    assert len(looking.asked) <= AT_ONCE
    assert len(TARGETS) - 1 == sum(look.skipped for look in seen.objects.values())


def test_nothing_is_asked_after_a_first_look_that_failed() -> None:
    """The problem is that of the destination."""
    looking = Looking(first=TemporaryError("no connection"))

    seen = look_at(looking, TARGETS, FakeBudget(ends_at=inf))

    [problem] = seen.whole.problems
    assert ("waiting", "try again later") == (problem.why, problem.next_step)
    assert (MAX_ATTEMPTS, []) == (looking.begun, looking.asked)
    assert all(look.skipped for look in seen.objects.values())


def test_a_destination_of_another_plugin_is_asked_as_ever() -> None:
    """It has `check` alone."""
    problem = Problem(subject="it", seen="is away")
    plain = Scripted("scripted", FakeBudget(ends_at=inf))
    plain.check = lambda targets: [problem]  # type: ignore[method-assign]  # what it answers

    assert (problem,) == look_at(plain, TARGETS, Budget.lasting(20)).whole.problems


class Hearing(Looking):
    """Notes a certificate and a clock when it begins."""

    def begin(self, targets: Sequence[Target], again: Again) -> Look:
        """Note what a request would have shown."""
        soon = datetime.now(UTC) + timedelta(days=2)
        self.budget.connections["https://a"] = Connection(origin="https://a", ends_at=soon)
        self.budget.clocks.ahead["a"] = self.budget.clocks.skews["a"] = 3600.0
        return super().begin(targets, again)


@pytest.mark.parametrize("first", [None, REFUSED])
def test_clocks_and_certificates_are_told(first: DeliveryError | None) -> None:
    """A clock that is wrong is a warning of its own, or what explains a refused login."""
    hearing = Hearing(first=first)

    seen = look_at(hearing, [], hearing.budget).whole

    told = [(one.severity, one.seen, one.next_step) for one in seen.problems]
    clock = "the clock of a is 3600 s ahead of this machine's"
    ends = next(one for one in told if "certificate of https://a ends" in one[1])
    assert "warning" == ends[0]
    [other] = [one for one in told if one is not ends]
    if first is None:
        assert ("warning", clock) == other[:2]
    else:
        assert ("error", f"HTTP 401; {clock}") == other[:2]
        assert other[2].endswith("else renew the token")
    assert "clock of a" in [fact.what for fact in seen.facts]
