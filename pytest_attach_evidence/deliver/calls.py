"""The calls to one destination for one target, and the stop rules that all its targets share."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import IO
from typing import TypeVar

from ..destinations.base import Destination
from ..destinations.base import Recalling
from ..destinations.base import Recounting
from ..destinations.base import Results as Answers
from ..errors import ConflictError
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import OnceMoreError
from ..errors import PermanentError
from ..errors import SpoolDamagedError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Evidence
from ..model import Receipt
from ..model import State
from ..retry import backoff_s
from ..retry import is_throttled
from ..retry import refusal_of
from .account import Account


LOOK = "before it is asked again what arrived"
Answered = TypeVar("Answered", Receipt | DeliveryError, DeliveryError)
DAMAGED_HINT = "the rest is delivered; keep the spool and look at its disk"


@dataclass(frozen=True, slots=True)
class Sent:
    """What failed in one call, by key; `as_one`: one bad piece may have cost all."""

    errors: dict[str, DeliveryError]
    as_one: bool = False

    def of(self, kind: type[DeliveryError], batch: Sequence[Delivery]) -> list[Delivery]:
        """Return the deliveries of a batch that failed in one way."""
        return [d for d in batch if isinstance(self.errors.get(d.key), kind)]


class Calls:
    """Sends pieces of one target and looks for them; settles whatever turns out to be there.

    Every call counts for the destination (see `failing`): one failure too many raises TargetLeftError or
    DestinationClosedError.
    `opened` is set with the first answer that shows that requests are accepted.
    """

    def __init__(self, destination: Destination, account: Account, opened: threading.Event) -> None:
        self._destination = destination
        self._account = account
        self._target = account.work.target
        self._ground = account.ground
        self._budget = account.ground.budget
        self._opened = opened
        self._notes = account.ground.notes(destination.name)
        self._by_evidence = {d.evidence: d for d in account.work.deliveries}
        self._unreadable: dict[str, SpoolDamagedError] = {}
        self._opened_last = ""
        self._once_more: set[str] = set()
        if isinstance(destination, Recalling):
            destination.recall(self._notes, account.results.plan.outcomes)
        if isinstance(destination, Recounting):
            destination.recount(account.results.plan.tests)

    def send(self, batch: Sequence[Delivery]) -> Sent:
        """Make one attempt for a batch: intent before, receipts after; return what failed and how.

        Raises DestinationClosedError where the destination takes no more, or the time is over.
        """
        self.check_time()
        self._account.begin(batch)
        answers, as_one = self._answers(batch)
        receipts = ((d, answers.get(d.key)) for d in batch)
        self._account.settle([(d, found) for d, found in receipts if isinstance(found, Receipt)])
        errors: dict[str, DeliveryError] = {}
        for delivery in batch:
            answer = answers.get(delivery.key, UncertainError("the answer says nothing about it"))
            if isinstance(answer, Receipt):
                continue
            damage = self._damage(delivery, answer)
            # Where a call replaces what is there, it is judged before the next one.
            if damage is not None and not self._destination.limits.replaces:
                self._account.fail(delivery, State.DAMAGED, damage, DAMAGED_HINT)
            else:
                errors[delivery.key] = answer
                self._note(delivery, answer)
        sent = Sent(errors, as_one)
        if closed := sent.of(DestinationClosedError, batch):
            for refused in sent.of(PermanentError, batch):
                self._account.fail(refused, State.REJECTED, errors[refused.key])
            raise errors[closed[0].key]
        self._judge(batch, sent)
        return sent

    def look(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Settle what is there; return what surely is not.

        Raises UncertainError where the destination can never tell, TemporaryError where it cannot
        tell while there is time.
        """
        attempt = 1
        while deliveries:
            self.check_time()
            try:
                return self._look(deliveries)
            except PermanentError as error:
                raise UncertainError(str(error)) from error
            except TemporaryError as error:
                self._failed(error)
                wait_s = max(error.retry_after_s or 0.0, backoff_s(attempt))
                if not self.pause(wait_s, len(deliveries), LOOK):
                    self.check_time()
                    raise
                attempt += 1
        return []

    def glance(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Look for pieces of which a server said that it did not take them; return those to send.

        A proxy may have said so after the server behind it stored them. Where nobody can ever tell its
        word is believed; raises TemporaryError where nobody can tell while there is time.
        """
        try:
            return self.look(deliveries)
        except UncertainError:
            return list(deliveries)

    def pause(self, seconds: float, pieces: int, why: str) -> bool:
        """Wait, if there is time for it; False where there is not, or the delivery was stopped.

        `why` completes the sentence that so many pieces are waiting so long.
        """
        if seconds > self._budget.remaining_s():
            return False
        self._ground.watch.waits(self._destination.name, seconds, pieces, why)
        return self._budget.wait(seconds)

    def check_time(self) -> None:
        """Raise DestinationClosedError when nothing more may be sent."""
        if self._budget.stop.is_set():
            raise DestinationClosedError("the delivery was interrupted", why="stopped")
        if self._budget.remaining_s() <= 0:
            raise DestinationClosedError("the time for delivery is over", why="stopped")
        if closed := self._account.results.closed.get(self._destination.name):
            raise closed

    def _answers(self, batch: Sequence[Delivery]) -> tuple[Answers, bool]:
        """Call the destination; an error that it raises becomes that of every piece."""
        try:
            answers = self._destination.deliver(self._target, batch, self._open, self._notes)
            return {key: self._refused_again(one, {key}) for key, one in answers.items()}, False
        except DeliveryError as raised:
            error = self._refused_again(raised, {delivery.key for delivery in batch})
            as_one = isinstance(error, PermanentError) and not error.whole_target
            return {d.key: error for d in batch}, as_one
        except SpoolDamagedError as error:
            self._unreadable.setdefault(self._opened_last, error)
            lost = UncertainError(f"the call broke off, since of another piece {error}")
            return {d.key: lost for d in batch}, False

    def _refused_again(self, answer: Answered, keys: set[str]) -> Answered | PermanentError:
        """Return an answer, or the refusal that it is where these pieces are not sent once more."""
        if not isinstance(answer, OnceMoreError):
            return answer
        again = keys <= self._once_more
        if refused := refusal_of(answer, self._budget.remaining_s(), again=again):
            return refused
        self._once_more |= keys
        return answer

    def _open(self, evidence: Evidence) -> IO[bytes]:
        delivery = self._by_evidence[evidence]
        self._opened_last = delivery.key
        try:
            return self._ground.open_content(delivery)
        except SpoolDamagedError as error:
            self._unreadable[delivery.key] = error
            raise

    def _damage(self, delivery: Delivery, answer: DeliveryError) -> SpoolDamagedError | None:
        """Return what is wrong with a piece's bytes, if that is why it did not arrive."""
        cause = answer.__cause__
        if isinstance(cause, SpoolDamagedError):
            return cause
        return self._unreadable.get(delivery.key)

    def _note(self, delivery: Delivery, error: DeliveryError) -> None:
        if isinstance(error, UncertainError):
            self._account.lost(delivery, error)
        else:
            self._account.not_taken(delivery, error)

    def _judge(self, batch: Sequence[Delivery], sent: Sent) -> None:
        """Open the lane after an answer; count a call that brought nothing.

        What is refused, for now or for good, is answered: that says nothing against the target.
        """
        failed = [*sent.of(TemporaryError, batch), *sent.of(UncertainError, batch)]
        failed = [d for d in failed if not _was_answered(sent.errors[d.key])]
        if len(failed) < len(batch):
            self._works()
        else:
            self._failed(sent.errors[failed[-1].key])

    def _look(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        tried = self._account.tried
        receipts = self._destination.find(self._target, deliveries)
        self._opened.set()
        if receipts:
            self._works()
        self._account.settle(
            [
                (d, replace(receipts[d.key], how="listed" if d.key in tried else "found"))
                for d in deliveries
                if d.key in receipts
            ]
        )
        return [delivery for delivery in deliveries if delivery.key not in receipts]

    def _works(self) -> None:
        self._opened.set()
        with self._ground.lock:
            self._ground.failing[self._destination.name].works(self._target)

    def _failed(self, error: DeliveryError) -> None:
        """Count a call that failed; raise when it was one too many.

        A destination that names a time for which one can wait, or whose limiter turns us away without
        naming any, is alive: that does not count.
        """
        after_s = error.retry_after_s if isinstance(error, TemporaryError) else None
        if after_s is None and is_throttled(error):
            return
        if after_s is not None and after_s <= self._budget.remaining_s():
            return
        with self._ground.lock:
            self._ground.failing[self._destination.name].fails(self._target, error)


def _was_answered(error: DeliveryError) -> bool:
    """Tell whether an error says something about a piece, and nothing against the destination."""
    waits_for_a_person = isinstance(error, UncertainError) and error.next_step
    return isinstance(error, ConflictError | OnceMoreError) or bool(waits_for_a_person)
