"""The pieces of one object and of its steps: looked for in all of them, sent to the one they belong to."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import TemporaryError
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
        a value for each. Only what one bad piece may have cost the whole request is raised, so that they
        are looked for and sent one by one.
        """
        groups = self._steps.sorted(*place, deliveries)
        results: Results = {}
        over: DeliveryError | None = None
        for at, own in groups.items():
            if over is not None:
                results.update(dict.fromkeys((one.key for one in own), over))
                continue
            try:
                results.update(self._attach(at, place, others, own, open_content))
            except DeliveryError as error:
                bad_piece = isinstance(error, PermanentError) and not error.whole_target
                if len(groups) == 1 or (bad_piece and len(own) > 1):
                    raise
                results.update(dict.fromkeys((one.key for one in own), error))
                if isinstance(error, TemporaryError | DestinationClosedError):
                    over = error  # surely not accepted holds for what was not even sent, too
        return results

    def _attach(
        self,
        at: Owner,
        place: Owner,
        others: Sequence[Target],
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
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
