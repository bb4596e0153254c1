"""What all threads of one delivery stand on: the spool, the clock, the results."""

from __future__ import annotations

import threading
from collections import Counter
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import IO
from typing import Protocol

from ..destinations.base import GroupNotes
from ..destinations.base import Holding
from ..errors import DestinationClosedError
from ..model import Delivery
from ..model import Failure
from ..model import Problem
from ..model import Receipt
from ..model import State
from ..model import Target
from ..plan import Plan
from ..retry import LONGEST_SEND_S
from ..retry import Budget
from .failing import Failing


UNRECORDED = "may have been sent, since a part of the record is damaged or gone"


class Log(Protocol):
    """The durable memory of a delivery, as the spool keeps it."""

    def intent(self, deliveries: Sequence[Delivery], attempts: dict[str, int]) -> None:
        """Record what is about to be sent."""

    def receipt(self, *settled: tuple[Delivery, Receipt]) -> None:
        """Record what is there."""

    def failure(self, delivery: Delivery, failure: Failure) -> None:
        """Record why it is not."""

    def to_conclude(self, destination: str, target: str) -> None:
        """Record that a target has to be told its outcome."""

    def concluded(self, destination: str, target: str) -> None:
        """Record that a target was told its outcome."""

    def gone(self, delivery: Delivery) -> None:
        """Record that a piece is not at a target which it no longer has."""


class Watch(Protocol):
    """Somebody who tells a person what is going on."""

    def waits(self, destination: str, seconds: float, pieces: int, why: str) -> None:
        """Learn, in any thread, that so many pieces wait from now on."""

    def tick(self) -> None:
        """Learn, in the thread that called the engine, that time goes by."""


class Nobody:
    """A watch that tells nothing."""

    def waits(self, destination: str, seconds: float, pieces: int, why: str) -> None:
        """Do nothing."""

    def tick(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A file that a run had brought to an object that holds one, and that an upload to `target` replaced."""

    target: Target
    run_id: str
    receipt: Receipt


@dataclass(slots=True, kw_only=True)
class Results:
    """What became of a plan. Every delivery of the plan is in exactly one of the first two.

    `gone` are deliveries to targets that their piece no longer has: nothing was there, and the plan
    has lost them when the delivery is over.
    `undecidable` are uncertain deliveries of which no later look can tell more, `held` those that wait
    for a person; `closed` says why a destination was given up; `unconcluded` are targets that could not
    be told their outcome, and whether a person must act, `told` those for which that is decided;
    `holdings` is how full targets are, as far as anybody saw it, `replaced` what was there before where an
    object holds one file, `remarks` what destinations decided; `bugs` are errors of ours,
    `spool_errors` what the disk refused.
    """

    plan: Plan
    receipts: dict[str, Receipt] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    undecidable: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    closed: dict[str, DestinationClosedError] = field(default_factory=dict)
    unconcluded: list[tuple[Problem, bool]] = field(default_factory=list)
    told: set[Target] = field(default_factory=set)
    holdings: dict[Target, Holding] = field(default_factory=dict)
    replaced: list[Replaced] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    spool_errors: list[str] = field(default_factory=list)
    interrupted: bool = False

    def state_of(self, key: str) -> State:
        """Return the state of one delivery of the plan."""
        if receipt := self.receipts.get(key):
            return State.FOUND if receipt.how == "found" else State.DELIVERED
        return self.failures[key].state

    def counts(self) -> dict[State, int]:
        """Return how many deliveries are in each state."""
        found = Counter(map(self.state_of, self.plan.deliveries))
        return {state: found[state] for state in State}


@dataclass(slots=True, kw_only=True)
class Ground:
    """What all threads of one delivery stand on.

    `open_content` and `verify` read the spool, `notes` gives a destination's memory, `mask` takes
    secrets out of messages, `progress` is told of every delivery that is settled, failed or no more
    (None), `watch` of waits and of time that goes by. `ended` is set, under the lock, when results may
    no longer change. `failing` counts failed calls by destination; `in_doubt` are the keys that were
    sent, now or by an earlier process, and of which nobody knows whether they are there, `unrecorded` those
    among them of which only the record is doubtful. `begun_at` is a
    moment of the budget's clock, `longest_send_s` how long one send of an earlier process can have lasted.
    """

    budget: Budget
    log: Log
    open_content: Callable[[Delivery], IO[bytes]]
    verify: Callable[[Delivery], None]
    notes: Callable[[str], GroupNotes]
    mask: Callable[[str], str]
    progress: Callable[[Delivery, State | None], None]
    watch: Watch = field(default_factory=Nobody)
    lock: threading.RLock = field(default_factory=threading.RLock)
    ended: bool = False
    failing: defaultdict[str, Failing] = field(default_factory=lambda: defaultdict(Failing))
    in_doubt: set[str] = field(default_factory=set)
    unrecorded: set[str] = field(default_factory=set)
    begun_at: float = field(init=False)
    longest_send_s: float = field(init=False)

    def __post_init__(self) -> None:
        """Note when the delivery began, on the budget's clock, and how long a send may have lasted."""
        self.begun_at = self.budget.clock()
        self.longest_send_s = max(LONGEST_SEND_S, self.budget.remaining_s())
