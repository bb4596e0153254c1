"""The stop rules: when a target is left for this run, and when its whole destination is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from dataclasses import field

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..model import Target


FAILURES_TO_STOP = 5
FAILURES_OF_OTHERS = 2
LATER = "push again when it works"


class TargetLeftError(DeliveryError):
    """Nothing more is tried for one target in this run; the others of its destination go on."""

    next_step = LATER


@dataclass(slots=True, kw_only=True)
class Failing:
    """Counts one destination's failed calls in a row, over all its targets and of each by itself.

    `alone`: there is only one target to be served. `in_row` are the calls since one brought something,
    `by_target` those of each target since one for it did. The caller has the lock.
    """

    alone: bool = False
    in_row: Counter[Target] = field(default_factory=Counter)
    by_target: dict[Target, int] = field(default_factory=dict)

    def works(self, target: Target) -> None:
        """Note that a call for a target brought something."""
        self.in_row.clear()
        self.by_target.pop(target, None)

    def fails(self, target: Target, error: DeliveryError) -> None:
        """Note a failed call.

        Raises TargetLeftError with the fifth in a row of one target, DestinationClosedError with the fifth
        in a row where the destination had only one target from the start, or where at least two were for
        others than the target that fails most: one that only fails must not starve the others.
        """
        self.in_row[target] += 1
        self.by_target[target] = own = self.by_target.get(target, 0) + 1
        count = self.in_row.total()
        several = count - max(self.in_row.values()) >= FAILURES_OF_OTHERS
        if count >= FAILURES_TO_STOP and (self.alone or several):
            raise DestinationClosedError(_words(count, error), next_step=LATER)
        if own >= FAILURES_TO_STOP:
            raise TargetLeftError(_words(own, error))


def _words(count: int, error: DeliveryError) -> str:
    return f"{count} requests in a row failed, the last: {error}"
