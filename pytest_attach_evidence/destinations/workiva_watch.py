"""Waits until the uploads to one Workiva object have come to their end, and says how each ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Literal
from typing import Protocol

from ..apis.workiva_shapes import Attachment
from ..apis.workiva_shapes import Operation
from ..apis.workiva_shapes import RefusedObjectError
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Receipt
from ..naming import keys_in
from ..retry import Budget
from .base import Results


FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
POLL_EVERY_S = 1.0
LONGEST_POLL_WAIT_S = 30.0
POLLS_PER_ROUND = 3
UNLISTED_ROUNDS = 6

How = Literal["found", "listed"]


class Looking(Protocol):
    """The part of the API that looks and changes nothing."""

    def attachments(self, ids: Sequence[str]) -> list[Attachment]:
        """Return every attachment of an object."""

    def operation(self, address: str) -> Operation:
        """Return an operation as it is now."""


class Pace:
    """Lets requests of all threads begin at most one per `interval_s`."""

    def __init__(self, budget: Budget, interval_s: float = POLL_EVERY_S) -> None:
        self._budget = budget
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._next = 0.0

    def turn(self) -> bool:
        """Wait for this caller's turn; False if there is none before the time is over or stopped."""
        with self._lock:
            now = self._budget.clock()
            wait_s = max(0.0, self._next - now)
            if wait_s >= self._budget.remaining_s():
                return False
            self._next = now + wait_s + self._interval_s
        return self._budget.wait(wait_s)


@dataclass(slots=True, kw_only=True)
class Flight:
    """A piece whose bytes were sent, at least in part, and of which no end is known yet.

    `patient_until` is the moment of the budget's clock after which an operation that has not seen any
    bytes will not see them any more; `poll_at` when it may be looked at next.
    """

    key: str
    name: str
    operation: str
    patient_until: float
    poll_at: float
    seen: str = "sent"
    completed: bool = False
    unlisted: int = 0


@dataclass(slots=True, kw_only=True)
class Watch:
    """Looks after flights of one object in rounds: one list for all, then operations of the missing.

    `how` is the word of the receipts of what is listed, `seen` is told every list. `closed` is why `run`
    ended early, if it did.
    """

    api: Looking
    ids: Sequence[str]
    budget: Budget
    pace: Pace
    how: How
    seen: Callable[[list[Attachment]], None]
    _open: dict[str, Flight] = field(default_factory=dict, init=False)
    _results: Results = field(default_factory=dict, init=False)
    _unlistable: bool = field(default=False, init=False)
    closed: DestinationClosedError | None = field(default=None, init=False)

    def run(self, flights: Iterable[Flight]) -> Results:
        """Return how each flight ended, by key.

        A receipt: it is attached (listed; or its operation has completed, where listing is not
        allowed). TemporaryError: cancelled, or its bytes never arrived. PermanentError: failed.
        UncertainError: no end was seen while there was time.
        """
        self._open = {flight.key: flight for flight in flights}
        why = self._rounds()
        for flight in self._open.values():
            self._results[flight.key] = UncertainError(f"{flight.name}: {flight.seen}; {why}")
        return self._results

    def _rounds(self) -> str:
        """Go round until nothing is open; return why that was given up, if it was."""
        pause_s, why = FIRST_PAUSE_S, "the time is over"
        while self._open and self.budget.remaining_s() > 0 and not self.budget.stop.is_set():
            wait_s, why = pause_s, "the time is over"
            try:
                self._round()
            except TemporaryError as error:
                wait_s, why = max(pause_s, error.retry_after_s or 0.0), str(error)
            except DestinationClosedError as error:
                self.closed = error
                return str(error)
            except PermanentError as error:
                return str(error)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            if self._open and (wait_s >= self.budget.remaining_s() or not self.budget.wait(wait_s)):
                break
        return why

    def _round(self) -> None:
        self._list()
        if self._poll():
            self._list()

    def _list(self) -> None:
        """Settle what is listed. A list that may not be read is not asked for again."""
        if self._unlistable:
            return
        try:
            listed = self.api.attachments(self.ids)
        except RefusedObjectError as error:
            if error.status != 403:
                raise
            self._unlistable = True
            return
        self.seen(listed)
        for key, receipt in matched(listed, list(self._open), self.how).items():
            self._settle(self._open[key], receipt)
        for flight in [flight for flight in self._open.values() if flight.completed]:
            flight.unlisted += 1
            if flight.unlisted >= UNLISTED_ROUNDS:
                msg = f"{flight.name}: {flight.seen}, but it is not among the {len(listed)} attachments"
                self._settle(flight, UncertainError(msg))

    def _poll(self) -> bool:
        """Look at the operations that have waited longest; return whether one has completed."""
        now, completed = self.budget.clock(), False
        waiting = [flight for flight in self._open.values() if not flight.completed]
        due = [flight for flight in waiting if flight.poll_at <= now]
        for flight in sorted(due, key=lambda flight: flight.poll_at)[:POLLS_PER_ROUND]:
            if not self.pace.turn():
                break
            self._look(flight)
            completed = completed or flight.completed
        return completed

    def _look(self, flight: Flight) -> None:
        flight.poll_at = self.budget.clock() + POLL_EVERY_S
        try:
            operation = self.api.operation(flight.operation)
        except RefusedObjectError as error:
            flight.seen = str(error)
            if error.status == 404 and not self._unlistable:
                self._lose(flight)
            return
        wait_s = max(POLL_EVERY_S, operation.retry_after_s or 0.0)
        flight.poll_at = self.budget.clock() + min(wait_s, LONGEST_POLL_WAIT_S)
        flight.seen = standing(operation)
        if operation.status in ENDED:
            self._end(flight, operation)
        elif operation.status == "acknowledged":
            self._lose(flight)

    def _end(self, flight: Flight, operation: Operation) -> None:
        flight.completed = operation.status == "completed"
        msg = f"{flight.name}: {flight.seen}"
        if (error := ENDED[operation.status]) is not None:
            self._settle(flight, error(msg))
        elif self._unlistable:
            self._settle(flight, Receipt(key=flight.key, remote_name=flight.name, how="answered"))

    def _lose(self, flight: Flight) -> None:
        """Give a flight up whose operation has waited too long for bytes."""
        if self.budget.clock() >= flight.patient_until:
            msg = f"{flight.name}: {flight.seen}, so its bytes did not arrive"
            self._settle(flight, TemporaryError(msg))

    def _settle(self, flight: Flight, result: Receipt | DeliveryError) -> None:
        del self._open[flight.key]
        self._results[flight.key] = result


def matched(listed: Iterable[Attachment], keys: Iterable[str], how: How) -> dict[str, Receipt]:
    """Return receipts for the keys that the names of attachments carry; of several the first."""
    wanted, found = set(keys), dict[str, Receipt]()
    for attachment in listed:
        for key in keys_in(attachment.name):
            if key in wanted and key not in found:
                found[key] = Receipt(
                    key=key, remote_id=attachment.id, remote_name=attachment.name, how=how
                )
    return found


def _permanent(msg: str) -> PermanentError:
    next_step = "ask Workiva's support with the request's id, then push with --retry-rejected"
    return PermanentError(msg, next_step=next_step)


ENDED: dict[str, Callable[[str], DeliveryError] | None] = {
    "completed": None,
    "cancelled": TemporaryError,
    "failed": _permanent,
}


def standing(operation: Operation) -> str:
    """Say how an operation stands, for a person and for Workiva's support."""
    reasons = f" ({operation.reasons[:200]})" if operation.reasons else ""
    request = f", request {operation.request[:64]}" if operation.request else ""
    state = f"is {operation.status[:32]!r}" if operation.status else "has no status"
    return f"its operation {state}{reasons}{request}"
