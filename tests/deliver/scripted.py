"""A destination whose every answer a test writes down beforehand, and a clock that only waits move."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Container
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from pytest_attach_evidence.destinations.base import Holding
from pytest_attach_evidence.destinations.base import Results
from pytest_attach_evidence.errors import DeliveryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Limits
from pytest_attach_evidence.model import Notes
from pytest_attach_evidence.model import OpenContent
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Problem
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.outcomes import EndedTest
from pytest_attach_evidence.retry import Budget


LOST = UncertainError("the answer was lost")


@dataclass(kw_only=True)
class FakeBudget(Budget):
    """A budget whose waits take no time: they move the clock. `waited` holds their lengths."""

    now: float = 1000.0
    waited: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = lambda: self.now

    def wait(self, seconds: float) -> bool:
        """Let the time pass at once."""
        self.waited.append(seconds)
        self.now += seconds
        return not self.stop.is_set()


@dataclass(frozen=True)
class Call:
    """One call that reached the destination. `what`: deliver, find or conclude."""

    what: str
    target: str
    pieces: tuple[str, ...]
    at: float


Step = Callable[["Scripted", Sequence[Delivery], Callable[[Delivery], bytes]], Results]
Look = Callable[["Scripted", Sequence[Delivery]], dict[str, Receipt]]


class Scripted:
    """Does what the scripts say, call by call, and then what a healthy destination does.

    `ledger` has the bytes of every commit by key. `script` holds steps for the calls of `deliver`,
    `by_target` those for one target, `looks` those of `find`, `conclusions` the errors of `conclude`.
    """

    def __init__(self, name: str, budget: FakeBudget, limits: Limits | None = None) -> None:
        self.name = name
        self.origin = f"https://{name}.test"
        self.budget = budget
        self.limits = limits or Limits(pieces_per_call=1)
        self.ledger: dict[str, list[bytes]] = {}
        self.script: list[Step] = []
        self.by_target: dict[str, list[Step]] = {}
        self.looks: list[Look] = []
        self.conclusions: list[Exception | None] = []
        self.outcomes: list[tuple[str, Outcome]] = []
        self.calls: list[Call] = []
        self.closed_by: list[str] = []
        self.busy = 0
        self.busiest = 0
        self._late: list[tuple[float, str, bytes]] = []
        self._lock = threading.RLock()

    def problems(self, *, uploading: bool) -> list[str]:
        """Have none."""
        return []

    def parse(self, text: str | int) -> Target:
        """Return the target of that id."""
        return Target.of(self.name, self.origin, "thing", str(text))

    def check(self, targets: Sequence[Target]) -> list[Problem]:
        """See nothing wrong."""
        return []

    def deliver(
        self,
        target: Target,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        notes: Notes,
    ) -> Results:
        """Do the next step of the target's script, else of the script, else take everything."""

        def content(delivery: Delivery) -> bytes:
            with open_content(delivery.evidence) as file:
                return file.read()

        with self._lock:
            self._note("deliver", target, deliveries)
            own = self.by_target.get(target.id) or self.script
            step = own.pop(0) if own else taken
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
        try:
            return step(self, deliveries, content)
        finally:
            with self._lock:
                self.busy -= 1

    def find(self, target: Target, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Do the next step of the looks, else say what is in the ledger by now."""
        with self._lock:
            self._note("find", target, deliveries)
            return self.looks.pop(0)(self, deliveries) if self.looks else ledger(self, deliveries)

    def close(self) -> None:
        """Note which thread is done."""
        self.closed_by.append(threading.current_thread().name)

    def commit(self, delivery: Delivery, content: bytes) -> None:
        """Store a piece once more."""
        with self._lock:
            self.ledger.setdefault(delivery.key, []).append(content)

    def commit_later(self, delivery: Delivery, content: bytes, seconds: float) -> None:
        """Store a piece when the clock has moved on."""
        self._late.append((self.budget.now + seconds, delivery.key, content))

    def settle(self) -> None:
        """Store what is due by now."""
        due = [one for one in self._late if one[0] <= self.budget.now]
        self._late = [one for one in self._late if one not in due]
        for _, key, content in due:
            self.ledger.setdefault(key, []).append(content)

    def did(self, what: str) -> list[tuple[str, ...]]:
        """Return the pieces of every call of one sort, in order."""
        return [call.pieces for call in self.calls if call.what == what]

    def _note(self, what: str, target: Target, deliveries: Sequence[Delivery]) -> None:
        names = tuple(delivery.evidence.name for delivery in deliveries)
        self.calls.append(Call(what, target.id, names, self.budget.now))


class Counting(Scripted):
    """The same for a destination that sees how full its targets are; it fails where it is told to."""

    broken: Exception | None = None

    def holding(self, target: Target, own: Container[str]) -> Holding | None:
        """Count everything that was stored."""
        if self.broken is not None:
            raise self.broken
        others = [key for key in self.ledger if key not in own]
        return Holding(all=len(self.ledger), of_others=len(others), left=100 - len(self.ledger))


class Explaining(Counting):
    """The same for one that has seen nothing of its targets, is told of the tests, and has remarks."""

    tests: Mapping[Target, Sequence[EndedTest]] | None = None

    def holding(self, target: Target, own: Container[str]) -> Holding | None:
        """Know nothing, since nothing was listed."""
        return None

    def recount(self, tests: Mapping[Target, Sequence[EndedTest]]) -> None:
        """Take the tests."""
        self.tests = tests

    def remarks(self) -> Sequence[str]:
        """Say a line about each target."""
        return [
            f"{target.id} has {len(own)} tests, s3cret"
            for target, own in (self.tests or {}).items()
        ]


class Concluding(Scripted):
    """The same for a destination that is told the outcome of each target."""

    def conclude(self, target: Target, outcome: Outcome, notes: Notes) -> None:
        """Raise the next of the prepared errors, else note the outcome."""
        with self._lock:
            self._note("conclude", target, ())
            error = self.conclusions.pop(0) if self.conclusions else None
            if error is not None:
                raise error
            self.outcomes.append((target.id, outcome))


def taken(one: Scripted, deliveries: Sequence[Delivery], content: Callable[..., bytes]) -> Results:
    """Store every piece and say so."""
    for delivery in deliveries:
        one.commit(delivery, content(delivery))
    return {d.key: Receipt(key=d.key, remote_id=d.key[:3], how="answered") for d in deliveries}


def raised(error: Exception) -> Step:
    """Return the step that stores nothing and raises an error."""

    def step(*_: object) -> Results:
        raise error

    return step


def value(error: DeliveryError, *names: str) -> Step:
    """Return the step that answers with an error for the pieces of those names, or for all."""

    def step(
        one: Scripted, deliveries: Sequence[Delivery], content: Callable[..., bytes]
    ) -> Results:
        bad = [d for d in deliveries if not names or d.evidence.name in names]
        good = [d for d in deliveries if d not in bad]
        return {**taken(one, good, content), **{d.key: error for d in bad}}

    return step


def answer_lost(
    one: Scripted, deliveries: Sequence[Delivery], content: Callable[..., bytes]
) -> Results:
    """Store every piece, then lose the answer."""
    taken(one, deliveries, content)
    raise LOST


def left_out(
    one: Scripted, deliveries: Sequence[Delivery], content: Callable[..., bytes]
) -> Results:
    """Store every piece and answer without a word about any."""
    taken(one, deliveries, content)
    return {}


def committed_after(seconds: float) -> Step:
    """Return the step that loses the answer and stores the pieces when the clock has moved on."""

    def step(
        one: Scripted, deliveries: Sequence[Delivery], content: Callable[..., bytes]
    ) -> Results:
        for delivery in deliveries:
            one.commit_later(delivery, content(delivery), seconds)
        raise LOST

    return step


def ledger(one: Scripted, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
    """Say truthfully what is there by now."""
    one.settle()
    keys = [d.key for d in deliveries if d.key in one.ledger]
    return {key: Receipt(key=key, remote_id=key[:3], how="found") for key in keys}


def look_raises(error: Exception) -> Look:
    """Return the look that fails."""

    def look(*_: object) -> dict[str, Receipt]:
        raise error

    return look
