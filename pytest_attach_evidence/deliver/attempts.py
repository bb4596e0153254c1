"""One target's deliveries: what is sent when, and a look before anything is sent a second time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from ..deliveries import target_name
from ..destinations.base import Concluding
from ..destinations.base import Destination
from ..errors import ConflictError
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Limits
from ..model import State
from ..plan import Work
from ..retry import MAX_ATTEMPTS
from ..retry import is_throttled
from ..retry import wait_after
from .account import Account
from .calls import Calls
from .concluding import conclude
from .failing import TargetLeftError
from .ground import Ground
from .ground import Results
from .soundness import sound


SETTLE = "until what was sent before may be sent again"
ASKED = "as its server asked"
AGAIN = "before it is tried again"


def serve(
    work: Work,
    destination: Destination,
    ground: Ground,
    results: Results,
    *,
    opened: threading.Event,
) -> None:
    """Deliver one target's pieces in order, then tell the target the outcome.

    `opened` is set with the first answer that shows that requests are accepted. Raises
    DestinationClosedError where the destination is to be given up.
    """
    account = Account(work, ground, results)
    calls = Calls(destination, account, opened)
    try:
        if work.conclude:
            ground.log.to_conclude(destination.name, target_name(work.target))
        pieces = _Pieces(destination.limits, account, calls)
        pieces.deliver([d for d in work.deliveries if d.key not in work.withdrawn])
        pieces.withdraw([d for d in work.deliveries if d.key in work.withdrawn])
        if work.conclude and isinstance(destination, Concluding) and account.has_receipt():
            conclude(destination, account, calls)
    except TargetLeftError as error:
        account.leave(work.deliveries, error)
    except DestinationClosedError as error:
        account.leave(work.deliveries, error)
        raise


class _Pieces:
    """The pieces of one target on their way.

    A piece is *late* when it was sent, its answer was lost and a look did not find it: it is looked
    for again, and only then sent again, when the server must have stored it if it ever will.
    """

    def __init__(self, limits: Limits, account: Account, calls: Calls) -> None:
        self._limits = limits
        self._account = account
        self._calls = calls
        self._work = account.work
        self._budget = account.ground.budget

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Serve pieces: those that were sent before are looked up first, the others sent in order.

        Every piece is checked right before it is sent, not earlier: the first request need not wait
        until all bytes of a large run were read, and what has arrived needs no bytes.
        """
        unsure: list[Delivery] = []
        if not self._limits.repeat_is_harmless:
            unsure = [d for d in deliveries if d.key in self._work.uncertain]
        late = self._looked_up(unsure, insist=self._work.insist)
        known = {d.key for d in late} | {d.key for d in unsure if not self._account.is_open(d)}
        rest = [d for d in deliveries if d.key not in known]
        if not self._limits.repeat_is_harmless:
            again = [d for d in rest if d.key in self._work.attempts]
            rest = _without(rest, _without(again, self._glanced(again)))
        for batch in self._batches(rest):
            late += self._send(batch)
        while late:
            late = self._send_again(late)

    def _sound(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        return sound(deliveries, self._account, self._calls, self._limits)

    def withdraw(self, deliveries: Sequence[Delivery]) -> None:
        """Give up pieces that have other targets now, once it is sure that they are not here."""
        absent = self._looked_up(deliveries, insist=self._work.insist)
        if self._work.insist and not absent:
            absent = [d for d in deliveries if self._account.is_open(d)]  # a person looked
        elif late := absent:
            ready_at = max(self._account.sent_at[d.key] for d in late) + self._budget.settle_s
            wait_s = max(0.0, ready_at - self._budget.clock())
            if not self._has_settled(late, wait_s):
                self._account.leave_late(late)
                return
            absent = self._looked_up(late) if wait_s else late
        for delivery in absent:
            self._account.give_up(delivery)

    def _batches(self, deliveries: Sequence[Delivery]) -> Iterator[Sequence[Delivery]]:
        """Yield the pieces of one call each; a target that is replaced gets all of them at once."""
        size = None if self._limits.replaces else self._limits.pieces_per_call
        size = size or max(1, len(deliveries))
        for start in range(0, len(deliveries), size):
            yield deliveries[start : start + size]

    def _send(self, batch: Sequence[Delivery]) -> list[Delivery]:
        """Send a batch until each piece is settled or failed; return those that are late.

        What is behind it waits as long: a piece that is refused for now holds it up once, for about
        a minute at most, and is rejected then.
        """
        late: list[Delivery] = []
        while batch := self._sound(batch):
            sent = self._calls.send(batch)
            if sent.as_one and len(batch) > 1 and not self._limits.replaces:
                rest = batch if self._limits.repeat_is_harmless else self._glanced(batch)
                return late + [one for piece in rest for one in self._send([piece])]
            self._reject(sent.of(PermanentError, batch), sent.errors)
            again, lost = sent.of(TemporaryError, batch), sent.of(UncertainError, batch)
            conflicts = sent.of(ConflictError, batch)
            if self._limits.repeat_is_harmless:
                self._refuse(conflicts, sent.errors)
                again = _only(batch, [*again, *_without(lost, conflicts)])
            else:
                absent = self._held(self._looked_up(lost), sent.errors)
                late += _without(absent, conflicts)
                refused = _only(absent, conflicts)
                if len(batch) > 1:
                    late += [one for piece in refused for one in self._send([piece])]
                else:
                    self._refuse(refused, sent.errors)
            batch = self._after_waiting(again, batch, sent.errors)
        return late

    def _reject(self, refused: Sequence[Delivery], errors: Mapping[str, DeliveryError]) -> None:
        """Give up what was refused, unless an earlier attempt turns out to have brought it there."""
        repeated = [d for d in refused if self._account.tried[d.key] > 1]
        self._refuse(_without(refused, _without(repeated, self._glanced(repeated))), errors)

    def _held(
        self, absent: Sequence[Delivery], errors: Mapping[str, DeliveryError]
    ) -> list[Delivery]:
        """Leave to a person what no look can tell more of before they acted; return the others."""
        for delivery in absent:
            if next_step := getattr(errors[delivery.key], "next_step", ""):
                self._account.hold([delivery], errors[delivery.key], next_step)
        return [delivery for delivery in absent if self._account.is_open(delivery)]

    def _refuse(self, refused: Sequence[Delivery], errors: Mapping[str, DeliveryError]) -> None:
        for delivery in refused:
            self._account.fail(delivery, State.REJECTED, errors[delivery.key])

    def _after_waiting(
        self,
        again: Sequence[Delivery],
        batch: Sequence[Delivery],
        errors: Mapping[str, DeliveryError],
    ) -> Sequence[Delivery]:
        """Wait as the errors want; return what to send next, leave what there is no time for."""
        waits = {d.key: self._wait_s(d, errors[d.key]) for d in again}
        if self._limits.replaces and None in waits.values():
            # What is sent without a piece would push it out.
            waits = dict.fromkeys(waits)
        for delivery in again:
            if waits[delivery.key] is None:
                self._account.leave([delivery], errors[delivery.key])
        again = [d for d in again if self._account.is_open(d)]
        if not again:
            return []
        asked = any(getattr(errors[d.key], "retry_after_s", None) for d in again)
        why = ASKED if asked else AGAIN
        if not self._calls.pause(max(waits[d.key] or 0.0 for d in again), len(again), why):
            self._calls.check_time()
            self._account.leave(again, errors[again[0].key])
            return []
        if self._limits.replaces:
            return [d for d in batch if not self._account.has_failed(d)]
        return again if self._limits.repeat_is_harmless else self._glanced(again)

    def _wait_s(self, delivery: Delivery, error: DeliveryError) -> float | None:
        """Return how long to wait before a piece is sent again, None where there is no time for it."""
        account = self._account
        tried = account.tried if is_throttled(error) else account.spent
        wait_s = wait_after(
            error,
            tried[delivery.key],
            settle_s=self._budget.settle_s,
            repeat_is_harmless=self._limits.repeat_is_harmless,
        )
        return None if wait_s is None or wait_s > self._budget.remaining_s() else wait_s

    def _send_again(self, late: Sequence[Delivery]) -> list[Delivery]:
        """Look for late pieces once their time has come, and send those that are not there."""
        spent = [d for d in late if self._account.spent.get(d.key, 0) >= MAX_ATTEMPTS]
        self._account.leave_late(spent)
        late = _without(late, spent)
        if not late:
            return []
        ready_at = max(self._account.sent_at[d.key] for d in late) + self._budget.settle_s
        wait_s = max(0.0, ready_at - self._budget.clock())
        if not self._has_settled(late, wait_s):
            self._account.leave_late(late)
            return []
        absent = self._looked_up(late)
        return [one for batch in self._batches(absent) for one in self._send(batch)]

    def _has_settled(self, late: Sequence[Delivery], wait_s: float) -> bool:
        """Wait until a slow server must have stored late pieces; False where there is no time for it."""
        if wait_s >= self._budget.remaining_s():
            return False
        return self._calls.pause(wait_s, len(late), SETTLE)

    def _glanced(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Look for pieces that should not be there; return those to send, leave them if nobody can tell."""
        try:
            return self._calls.glance(deliveries)
        except TemporaryError as error:
            self._account.leave(deliveries, error)
            return []

    def _looked_up(self, deliveries: Sequence[Delivery], *, insist: bool = False) -> list[Delivery]:
        """Look for pieces of unknown fate; return those that are not there, or not yet.

        Where nobody can tell they are left uncertain; `insist`: they stay open, to be sent again.
        """
        try:
            return self._calls.look(deliveries)
        except TemporaryError as error:
            self._account.leave(deliveries, error)
        except UncertainError as error:
            if insist:
                return []
            for delivery in deliveries:
                then = "forgets" if delivery.key in self._work.withdrawn else "sends"
                again = "" if delivery.key in self._work.withdrawn else " again"
                hint = (
                    f"look at {self._work.target} yourself; push --retry-rejected {then} it{again}"
                )
                self._account.results.undecidable.add(delivery.key)
                self._account.fail(delivery, State.UNCERTAIN, error, hint, stuck=True)
        return []


def _only(batch: Sequence[Delivery], some: Sequence[Delivery]) -> list[Delivery]:
    """Return some deliveries of a batch in the batch's order."""
    keys = {delivery.key for delivery in some}
    return [delivery for delivery in batch if delivery.key in keys]


def _without(batch: Sequence[Delivery], some: Sequence[Delivery]) -> list[Delivery]:
    """Return the other deliveries of a batch."""
    keys = {delivery.key for delivery in some}
    return [delivery for delivery in batch if delivery.key not in keys]
