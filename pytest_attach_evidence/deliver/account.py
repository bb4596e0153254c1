"""One target's account: what was sent how often, what became of it, and the journal's lines about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..deliveries import LONG_AGO
from ..deliveries import open_state
from ..errors import DeliveryError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Failure
from ..model import Outcome
from ..model import Receipt
from ..model import State
from ..model import seconds_since
from ..model import utc_text
from ..outcomes import worse
from ..plan import Work
from ..retry import is_throttled
from .ground import UNRECORDED
from .ground import Ground
from .ground import Results


class Account:
    """Counts the attempts of one target's deliveries, and settles or fails each of them once.

    `tried` are the sends of this process, `spent` those that no limiter turned away, `sent_at` the
    moments (of the budget's clock) at which the last send whose answer is not known was over.
    """

    def __init__(self, work: Work, ground: Ground, results: Results) -> None:
        self.work = work
        self.ground = ground
        self.results = results
        self.sent_at = {key: self._over_at(key, at) for key, at in work.uncertain.items()}
        self.tried: dict[str, int] = {}
        self.spent: dict[str, int] = {}
        self._attempts = dict(work.attempts)
        self._seen: dict[str, UncertainError] = {}

    def _over_at(self, key: str, at: str) -> float:
        """Return when an earlier send was surely over, on the budget's clock.

        A process that died in it may have sent until this delivery began, and so may one of which the
        record is gone.
        """
        if at == LONG_AGO:
            return self.ground.begun_at
        age_s = _age_s(at)
        if key in self.work.unheard and age_s < self.ground.longest_send_s:
            return self.ground.begun_at
        return self.ground.budget.clock() - age_s

    def is_open(self, delivery: Delivery) -> bool:
        """Tell whether a delivery has neither a receipt nor a failure yet."""
        done = delivery.key in self.results.receipts or delivery.key in self.results.gone
        return not done and not self.has_failed(delivery)

    def has_failed(self, delivery: Delivery) -> bool:
        """Tell whether a delivery was given up in this process."""
        return delivery.key in self.results.failures

    def was_sent(self, delivery: Delivery) -> bool:
        """Tell whether a delivery was sent before, by this process or another."""
        return self._attempts.get(delivery.key, 0) > 0

    def is_settled(self, delivery: Delivery) -> bool:
        """Tell whether a delivery has a receipt."""
        return delivery.key in self.results.receipts

    def may_be_there(self, delivery: Delivery) -> bool:
        """Tell whether a delivery has a receipt, or was sent and nobody knows what became of it."""
        return self.is_settled(delivery) or delivery.key in self.ground.in_doubt

    def has_receipt(self) -> bool:
        """Tell whether at least one piece is at the target, no matter which process brought it."""
        keys = self.results.plan.keys[self.work.target]
        return any(key in self.results.receipts for key in keys)

    def outcome(self) -> Outcome:
        """Return the target's outcome, with those of the tests whose withdrawn pieces are there.

        The plan has it from now on: other targets may be the same object.
        """
        with self.ground.lock:
            outcomes = self.results.plan.outcomes
            for key, ended in self.work.withdrawn.items():
                if key in self.results.receipts:
                    outcomes[self.work.target] = worse(outcomes[self.work.target], ended)
            return outcomes[self.work.target]

    def begin(self, batch: Sequence[Delivery]) -> None:
        """Count an attempt and write the intent: from now on it is not known what became of it."""
        for delivery in batch:
            self._attempts[delivery.key] = self._attempts.get(delivery.key, 0) + 1
            self.tried[delivery.key] = self.tried.get(delivery.key, 0) + 1
            self.spent[delivery.key] = self.spent.get(delivery.key, 0) + 1
        self.ground.log.intent(batch, self._attempts)
        with self.ground.lock:
            self.ground.in_doubt.update(delivery.key for delivery in batch)
            self.ground.unrecorded.difference_update(delivery.key for delivery in batch)

    def lost(self, delivery: Delivery, error: UncertainError) -> None:
        """Note the moment of an attempt without a sound answer, and what was seen instead."""
        self.sent_at[delivery.key] = self.ground.budget.clock()
        self._seen[delivery.key] = error

    def leave_late(self, deliveries: Sequence[Delivery]) -> None:
        """Leave pieces that were sent and are not there yet, with what was seen when they were sent."""
        for delivery in deliveries:
            before = "was sent by an earlier process, which never heard more"
            if delivery.key in self.ground.unrecorded:
                before = UNRECORDED
            seen = self._seen.get(delivery.key) or before
            words = f"{seen}; it is not there yet, but a slow server may still store it"
            self.leave([delivery], UncertainError(words))

    def not_taken(self, delivery: Delivery, error: DeliveryError) -> None:
        """Note that the last attempt surely brought nothing."""
        if is_throttled(error):
            self.spent[delivery.key] -= 1
        with self.ground.lock:
            self.ground.in_doubt.discard(delivery.key)

    def settle(self, there: Sequence[tuple[Delivery, Receipt]]) -> None:
        """Write the receipts of the deliveries that have none yet: what one answer says, at once."""
        now = utc_text()
        settled = [
            (d, replace(receipt, at=now, attempts=max(1, self._attempts.get(d.key, 1))))
            for d, receipt in there
            if d.key not in self.results.receipts
        ]
        self.ground.log.receipt(*settled)
        with self.ground.lock:
            if not self.ground.ended:
                self.results.receipts.update((d.key, receipt) for d, receipt in settled)
                self.ground.in_doubt.difference_update(d.key for d, _ in settled)
        for delivery, receipt in settled:
            state = State.FOUND if receipt.how == "found" else State.DELIVERED
            self.ground.progress(delivery, state)

    def fail(
        self,
        delivery: Delivery,
        state: State,
        error: Exception,
        next_step: str = "",
        *,
        stuck: bool = False,
    ) -> None:
        """Write why a delivery that is still open is given up; `stuck`: until a person acts."""
        if not self.is_open(delivery):
            return
        failure = Failure(
            key=delivery.key,
            state=state,
            reason=self.ground.mask(str(error)),
            next_step=self.ground.mask(next_step or getattr(error, "next_step", "")),
            attempts=self._attempts.get(delivery.key, 0),
            at=utc_text(),
            stuck=stuck,
        )
        self.ground.log.failure(delivery, failure)
        with self.ground.lock:
            if not self.ground.ended:
                self.results.failures[delivery.key] = failure
        self.ground.progress(delivery, state)

    def give_up(self, delivery: Delivery) -> None:
        """Write that a piece is not at a target which it no longer has: the delivery is no more."""
        self.ground.log.gone(delivery)
        with self.ground.lock:
            if not self.ground.ended:
                self.results.gone.add(delivery.key)
                self.ground.in_doubt.discard(delivery.key)
        self.ground.progress(delivery, None)

    def hold(self, deliveries: Sequence[Delivery], error: Exception, next_step: str) -> None:
        """Leave what is still open until a person acts, since no push by itself can send it."""
        self.results.held.update(d.key for d in deliveries if self.is_open(d))
        self.leave(deliveries, error, next_step, stuck=True)

    def leave(
        self,
        deliveries: Sequence[Delivery],
        error: Exception,
        next_step: str = "",
        *,
        stuck: bool = False,
    ) -> None:
        """Leave what is still open to a later push: uncertain if it may be there, else waiting."""
        for delivery in deliveries:
            state = open_state(delivery.key, self.ground.in_doubt)
            self.fail(delivery, state, error, next_step, stuck=stuck)


def _age_s(at: str) -> float:
    """Return how long ago a noted moment was; 0 where the note cannot be read."""
    try:
        return seconds_since(at)
    except ValueError:
        return 0.0
