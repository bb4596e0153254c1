"""The pieces of one object and of its steps: looked for in all of them, sent to the one they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import OnceMoreError
from ..errors import PermanentError
from ..errors import SpoolDamagedError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Delivery
from ..model import OpenContent
from ..model import Receipt
from ..model import Target
from ..retry import Budget
from .base import Results
from .squash_attachments import Attachments
from .squash_steps import Owner
from .squash_steps import Steps


class Pieces:
    """Sends and finds pieces at an object, which may be an execution with steps."""

    def __init__(self, attachments: Attachments, steps: Steps, budget: Budget) -> None:
        self._attachments = attachments
        self._steps = steps
        self._budget = budget
        self._put_off: set[str] = set()

    def find(self, owner: str, id: str, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Return receipts for what an object and its steps hold.

        Raises UncertainError where a name was cut, or where a list is refused.
        """
        seen = self._attachments.find(owner, id, deliveries)
        rest = [one for one in deliveries if one.key not in seen]
        for (step, step_id), own in self._steps.elsewhere(owner, id, rest).items():
            seen.update(self._attachments.find(step, step_id, own))
        return seen

    def deliver(
        self,
        place: Owner,
        others: Sequence[Target],
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
    ) -> Results:
        """Attach pieces, in one request per object; `others` are the targets for which they may be there.

        What one request raises concerns the pieces of that request: where others brought theirs it is
        a value for each, and what one bad piece may have cost all of its request is sent one by one.
        Only where all pieces go to one object it is raised, and nothing has arrived then.
        """
        waiting = list(self._steps.sorted(*place, deliveries).items())
        if len(waiting) == 1:
            return dict(self._attach(place, others, open_content, *waiting[0]))
        results: Results = {}
        over: DeliveryError | None = None
        while waiting:
            at, own = waiting.pop(0)
            try:
                if over is not None:
                    raise over
                given, apart = self._attach_or_part(place, others, open_content, at, own)
            except DeliveryError as error:
                results.update(dict.fromkeys((one.key for one in own), error))
                if _takes_nothing(error):
                    over = error  # surely not accepted holds for what was not even sent, too
            except SpoolDamagedError as error:
                lost = UncertainError(f"the call broke off, since of one of its pieces {error}")
                results.update(dict.fromkeys((one.key for one in own), lost))
            else:
                results.update(given)
                waiting[:0] = [(at, [one]) for one in apart]
        return results

    def _attach_or_part(
        self,
        place: Owner,
        others: Sequence[Target],
        open_content: OpenContent,
        at: Owner,
        deliveries: Sequence[Delivery],
    ) -> tuple[dict[str, Receipt], list[Delivery]]:
        """Return receipts, and the pieces to send one by one: a refusal may be about one of them only.

        Raises DeliveryError for all of them.
        """
        try:
            return self._attach(place, others, open_content, at, deliveries), []
        except (PermanentError, OnceMoreError) as error:
            if len(deliveries) == 1 or not self._is_final(error, deliveries):
                raise
        seen: dict[str, Receipt] = {}
        with suppress(PermanentError, UncertainError):  # who may not look believes the refusal
            seen = self._attachments.find(*at, deliveries)
        return seen, [one for one in deliveries if one.key not in seen]

    def _is_final(self, error: DeliveryError, deliveries: Sequence[Delivery]) -> bool:
        """Tell whether pieces need not be tried together again, though perhaps one by one."""
        if isinstance(error, PermanentError):
            return not error.whole_target
        keys = {one.key for one in deliveries}
        known = keys <= self._put_off
        self._put_off |= keys
        return known

    def _attach(
        self,
        place: Owner,
        others: Sequence[Target],
        open_content: OpenContent,
        at: Owner,
        deliveries: Sequence[Delivery],
    ) -> dict[str, Receipt]:
        if self._budget.stop.is_set() or not self._budget.remaining_s():
            msg = f"{at[0]}/{at[1]}: the time is over, nothing was sent"
            raise TemporaryError(msg)
        found: dict[str, Receipt] = {}
        for looked_at in dict.fromkeys((at, place)):
            rest = [one for one in deliveries if one.key not in found]
            found.update(self._attachments.find_as(others, *looked_at, rest))
        rest = [one for one in deliveries if one.key not in found]
        if not rest:
            return found
        names = self._steps.titles(at[0], rest)
        return {**found, **self._attachments.send(*at, rest, open_content, names)}


def _takes_nothing(error: DeliveryError) -> bool:
    """Tell whether an error is about the whole server, not about what a request brought."""
    if isinstance(error, OnceMoreError):
        return False
    return isinstance(error, TemporaryError | DestinationClosedError)
