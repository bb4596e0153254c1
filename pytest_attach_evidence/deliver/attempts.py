"""One target's deliveries: intent, attempt, receipt; a look before anything is sent a second time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from typing import IO

from ..destinations.base import Concluding
from ..destinations.base import Destination
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import SpoolDamagedError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Evidence
from ..model import Failure
from ..model import Problem
from ..model import Receipt
from ..model import State
from ..model import seconds_since
from ..model import utc_text
from ..plan import Work
from ..plan import target_name
from ..retry import backoff_s
from ..retry import wait_after
from .ground import Ground
from .ground import Results


FAILURES_TO_CLOSE = 5
UNKNOWN = UncertainError(
    "was sent and the answer was lost; it is not there yet, but a slow server may still store it"
)


def serve(
    work: Work,
    destination: Destination,
    ground: Ground,
    board: Results,
    *,
    opened: threading.Event,
) -> None:
    """Deliver one target's pieces in order, then tell the target the outcome.

    `opened` is set with the first answer that shows that requests are accepted. Raises
    DestinationClosedError where the destination is to be given up.
    """
    server = _Server(work, destination, ground, board, opened)
    try:
        server.deliver()
        server.conclude()
    except DestinationClosedError as error:
        server.leave(error)
        raise


class _Server:
    """Serves one target. Its state are the attempts made and the errors last seen, by key."""

    def __init__(
        self,
        work: Work,
        destination: Destination,
        ground: Ground,
        board: Results,
        opened: threading.Event,
    ) -> None:
        self._work = work
        self._destination = destination
        self._ground = ground
        self._budget = ground.budget
        self._board = board
        self._opened = opened
        self._notes = ground.notes(destination.name)
        self._by_evidence = {d.evidence.id: d for d in work.deliveries}
        self._attempts = dict(work.attempts)
        self._tried: dict[str, int] = {}
        self._sent_at = {k: ground.budget.clock() - _age_s(at) for k, at in work.uncertain.items()}
        self._settled = 0

    def deliver(self) -> None:
        """Serve all pieces: those of unknown fate are looked up first, the others sent in order."""
        if self._work.conclude:
            self._ground.log.to_conclude(self._destination.name, target_name(self._work.target))
        open_ones = [d for d in self._work.deliveries if self._sound(d)]
        unsure = [d for d in open_ones if d.key in self._work.uncertain]
        open_ones = [d for d in open_ones if d not in unsure]
        late = self._look_first(unsure)
        if self._destination.limits.replaces:
            open_ones, late = [d for d in self._work.deliveries if d in (*open_ones, *late)], []
        size = self._destination.limits.pieces_per_call or max(1, len(open_ones))
        for start in range(0, len(open_ones), size):
            late += self._try(open_ones[start : start + size])
        while late:
            late = self._try_again(late)

    def conclude(self) -> None:
        """Tell the target the outcome, once all its pieces were tried and at least one is there."""
        destination = self._destination
        if not self._work.conclude or not isinstance(destination, Concluding):
            return
        if not self._settled and self._work.deliveries:
            return
        for attempt in range(1, 4):
            try:
                destination.conclude(self._work.target, self._work.outcome, self._notes)
            except DestinationClosedError:
                raise
            except DeliveryError as error:
                last = attempt == 3 or isinstance(error, PermanentError)
                if last or not self._pause(backoff_s(attempt)):
                    self._unconcluded(error)
                    return
            else:
                self._ground.log.concluded(destination.name, target_name(self._work.target))
                return

    def leave(self, closed: DestinationClosedError) -> None:
        """Record why the pieces that remain wait, since the destination was given up."""
        for delivery in self._work.deliveries:
            known = delivery.key in self._board.receipts or delivery.key in self._board.failures
            if not known and delivery.key not in self._ground.in_flight:
                self._fail(delivery, State.WAITING, closed, closed.next_step)

    def _sound(self, delivery: Delivery) -> bool:
        """Check a piece's bytes against its hash: what was damaged must not leave the house."""
        try:
            self._ground.verify(delivery)
        except SpoolDamagedError as error:
            hint = "the rest is delivered; keep the spool and look at its disk"
            self._fail(delivery, State.DAMAGED, error, hint)
            return False
        return True

    def _try(self, batch: Sequence[Delivery]) -> list[Delivery]:
        """Send a batch until each piece is settled or failed; return those of unknown fate."""
        while batch:
            self._check_time()
            errors = self._send(batch)
            if len(batch) > 1 and self._refused_as_one(batch, errors):
                return [late for one in batch for late in self._try([one])]
            uncertain = [d for d in batch if isinstance(errors.get(d.key), UncertainError)]
            batch = [d for d in batch if d.key in errors and d not in uncertain]
            if uncertain and not self._destination.limits.listable:
                uncertain = self._look(uncertain)
            elif uncertain:
                found = self._find(uncertain)
                uncertain = [d for d in uncertain if d.key not in found]
                harmless = self._destination.limits.repeat_is_harmless
                batch, uncertain = ([*batch, *uncertain], []) if harmless else (batch, uncertain)
            batch = self._wait_for(batch, errors)
            if uncertain:
                return [*uncertain, *self._try(batch)]
        return []

    def _try_again(self, late: Sequence[Delivery]) -> list[Delivery]:
        """Look for pieces of unknown fate once their time has come, and send those not there."""
        ready_at = max(self._sent_at[d.key] for d in late) + self._budget.settle_s
        wait_s = ready_at - self._budget.clock()
        for delivery in late:
            if self._tried.get(delivery.key, 0) >= FAILURES_TO_CLOSE:
                self._fail(delivery, State.UNCERTAIN, UNKNOWN)
        late = [d for d in late if d.key not in self._board.failures]
        if wait_s > 0 and late and (wait_s > self._budget.remaining_s() or not self._pause(wait_s)):
            for delivery in late:
                self._fail(delivery, State.UNCERTAIN, UNKNOWN)
            return []
        remaining = self._look(late)
        size = self._destination.limits.pieces_per_call or max(1, len(remaining))
        again: list[Delivery] = []
        for start in range(0, len(remaining), size):
            again += self._try(remaining[start : start + size])
        return again

    def _look_first(self, unsure: Sequence[Delivery]) -> list[Delivery]:
        """Look up what an earlier process sent; return what is not there (yet)."""
        if self._destination.limits.repeat_is_harmless:
            return list(unsure)
        return self._look(unsure)

    def _look(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Settle those deliveries that are there; fail those of which nobody can tell."""
        if not deliveries:
            return []
        try:
            found = self._find(deliveries, final=True)
        except UncertainError as error:
            for delivery in deliveries:
                self._board.undecidable.add(delivery.key)
                hint = f"look at {self._work.target} yourself; push --retry-rejected sends it again"
                self._fail(delivery, State.UNCERTAIN, error, hint)
            return []
        return [d for d in deliveries if d.key not in found]

    def _find(self, deliveries: Sequence[Delivery], *, final: bool = False) -> set[str]:
        """Ask the destination which pieces are there and settle them; return their keys.

        A look that fails for a while finds nothing. Raises UncertainError, if `final`, where the
        destination cannot tell.
        """
        for attempt in range(1, FAILURES_TO_CLOSE + 1):
            try:
                receipts = self._destination.find(self._work.target, deliveries)
            except UncertainError:
                if final:
                    raise
                return set()
            except TemporaryError as error:
                self._failed_once(error)
                if attempt == FAILURES_TO_CLOSE or not self._pause(
                    error.retry_after_s or backoff_s(attempt)
                ):
                    return set()
                continue
            except PermanentError as error:
                if final:
                    raise UncertainError(str(error)) from error
                return set()
            self._settle_found(deliveries, receipts)
            return set(receipts)
        return set()

    def _settle_found(
        self, deliveries: Sequence[Delivery], receipts: Mapping[str, Receipt]
    ) -> None:
        if receipts:
            with self._ground.lock:
                self._ground.failing[self._destination.name] = 0
        for delivery in deliveries:
            if delivery.key in receipts:
                tried = delivery.key in self._tried
                receipt = replace(receipts[delivery.key], how="listed" if tried else "found")
                self._settle(delivery, receipt)

    def _send(self, batch: Sequence[Delivery]) -> dict[str, DeliveryError]:
        """Make one attempt for a batch: intent first, receipts after; return what failed and how."""
        ground = self._ground
        for delivery in batch:
            self._attempts[delivery.key] = self._attempts.get(delivery.key, 0) + 1
            self._tried[delivery.key] = self._tried.get(delivery.key, 0) + 1
        ground.log.intent(batch, self._attempts)
        with ground.lock:
            ground.in_flight.update(d.key for d in batch)
        try:
            answer = self._destination.deliver(self._work.target, batch, self._open, self._notes)
        except DeliveryError as error:
            answer = {delivery.key: error for delivery in batch}
        except SpoolDamagedError as error:
            answer = {
                delivery.key: UncertainError(f"its bytes could not be read ({error})")
                for delivery in batch
            }
        now = self._budget.clock()
        errors: dict[str, DeliveryError] = {}
        for delivery in batch:
            outcome = answer.get(delivery.key, UncertainError("the answer says nothing about it"))
            if isinstance(outcome, Receipt):
                self._settle(delivery, outcome)
            else:
                errors[delivery.key] = outcome
                self._sent_at[delivery.key] = now
                if not isinstance(outcome, UncertainError):
                    self._not_sent([delivery])
        closed = [e for e in errors.values() if isinstance(e, DestinationClosedError)]
        if closed:
            raise closed[0]
        self._watch(batch, errors)
        return errors

    def _wait_for(
        self, batch: Sequence[Delivery], errors: dict[str, DeliveryError]
    ) -> list[Delivery]:
        """Wait as the errors want; return what may be sent again, fail the rest."""
        again, longest = [], 0.0
        for delivery in batch:
            error, tried = errors[delivery.key], self._tried[delivery.key]
            if isinstance(error, PermanentError):
                if tried == 1 or not self._find([delivery]):
                    self._fail(delivery, State.REJECTED, error, error.next_step)
                continue
            wait_s = wait_after(
                error,
                tried,
                settle_s=self._budget.settle_s,
                repeat_is_harmless=self._destination.limits.repeat_is_harmless,
            )
            if wait_s is None or wait_s > self._budget.remaining_s():
                state = State.UNCERTAIN if isinstance(error, UncertainError) else State.WAITING
                self._fail(delivery, state, error)
                continue
            again.append(delivery)
            longest = max(longest, wait_s)
        if again and not self._pause(longest):
            self._check_time()
        if again and not self._destination.limits.repeat_is_harmless:
            found = self._find(again)
            again = [d for d in again if d.key not in found]
        return again

    def _refused_as_one(self, batch: Sequence[Delivery], errors: dict[str, DeliveryError]) -> bool:
        """Tell whether a call was refused as a whole, so that one bad piece may cost the others."""
        if self._destination.limits.replaces or len(errors) < len(batch):
            return False
        refusals = [e for e in errors.values() if isinstance(e, PermanentError) and not e.whole_target]
        return len(refusals) == len(batch)

    def _watch(self, batch: Sequence[Delivery], errors: dict[str, DeliveryError]) -> None:
        """Open the lane after an answer; close the destination when it fails again and again."""
        bad = [e for e in errors.values() if isinstance(e, TemporaryError | UncertainError)]
        if len(bad) < len(batch):
            self._opened.set()
            with self._ground.lock:
                self._ground.failing[self._destination.name] = 0
        elif bad:
            self._failed_once(bad[-1])

    def _failed_once(self, error: DeliveryError) -> None:
        name = self._destination.name
        with self._ground.lock:
            self._ground.failing[name] = count = self._ground.failing.get(name, 0) + 1
        if count >= FAILURES_TO_CLOSE:
            msg = f"{count} requests in a row failed, the last: {error}"
            raise DestinationClosedError(msg, next_step="")

    def _check_time(self) -> None:
        """Raise DestinationClosedError when nothing more may be sent."""
        if self._budget.stop.is_set():
            raise DestinationClosedError("the delivery was interrupted", why="stopped")
        if self._budget.remaining_s() <= 0:
            raise DestinationClosedError("the time for delivery is over", why="stopped")
        if self._destination.name in self._board.closed:
            raise self._board.closed[self._destination.name]

    def _pause(self, seconds: float) -> bool:
        """Wait, if there is time for it; False where the delivery is over."""
        return seconds <= self._budget.remaining_s() and self._budget.wait(seconds)

    def _open(self, evidence: Evidence) -> IO[bytes]:
        return self._ground.open_content(self._by_evidence[evidence.id])

    def _not_sent(self, batch: Sequence[Delivery]) -> None:
        with self._ground.lock:
            self._ground.in_flight.difference_update(d.key for d in batch)

    def _settle(self, delivery: Delivery, receipt: Receipt) -> None:
        self._settled += 1
        if delivery.key in self._board.receipts:
            return
        receipt = replace(
            receipt, at=utc_text(), attempts=max(1, self._attempts.get(delivery.key, 1))
        )
        self._ground.log.receipt(delivery, receipt)
        with self._ground.lock:
            if not self._ground.ended:
                self._board.receipts[delivery.key] = receipt
                self._ground.in_flight.discard(delivery.key)
        state = State.FOUND if receipt.how == "found" else State.DELIVERED
        self._ground.progress(delivery, state)

    def _fail(
        self, delivery: Delivery, state: State, error: Exception, next_step: str = ""
    ) -> None:
        if delivery.key in self._board.receipts:
            return
        failure = Failure(
            key=delivery.key,
            state=state,
            reason=self._ground.mask(str(error)),
            next_step=self._ground.mask(next_step),
            attempts=self._attempts.get(delivery.key, 0),
            at=utc_text(),
        )
        self._ground.log.failure(delivery, failure)
        with self._ground.lock:
            if not self._ground.ended:
                self._board.failures[delivery.key] = failure
        self._ground.progress(delivery, state)

    def _unconcluded(self, error: DeliveryError) -> None:
        subject = str(self._work.target)
        seen = self._ground.mask(f"its status could not be set: {error}")
        problem = Problem(subject=subject, seen=seen, next_step=getattr(error, "next_step", ""))
        with self._ground.lock:
            self._board.unconcluded.append((problem, isinstance(error, PermanentError)))


def _age_s(at: str) -> float:
    """Return how long ago a noted moment was; 0 where the note cannot be read."""
    try:
        return seconds_since(at)
    except ValueError:
        return 0.0
