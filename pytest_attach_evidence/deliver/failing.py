"""The stop rules: when a target is left for this run, and when its whole destination is."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..model import Target


FAILURES_TO_STOP = 5
LATER = "push again when it works"


class TargetLeftError(DeliveryError):
    """Nothing more is tried for one target in this run; the others of its destination go on."""

    next_step = LATER


@dataclass(slots=True)
class Failing:
    """Counts one destination's failed calls in a row, over all its targets and of each by itself.

    `alone`: there is only one target to be served. The caller has the lock.
    """

    alone: bool = False
    in_row: int = 0
    targets: set[Target] = field(default_factory=set)
    by_target: dict[Target, int] = field(default_factory=dict)

    def works(self, target: Target) -> None:
        """Note that a call for a target brought something."""
        self.in_row = 0
        self.targets.clear()
        self.by_target.pop(target, None)

    def fails(self, target: Target, error: DeliveryError) -> None:
        """Note a failed call.

        Raises TargetLeftError with the fifth in a row of one target, DestinationClosedError with the fifth
        in a row where no target is left to be tried, or they were for several: one that only fails must
        not starve the others.
        """
        self.in_row += 1
        self.targets.add(target)
        self.by_target[target] = own = self.by_target.get(target, 0) + 1
        if self.in_row >= FAILURES_TO_STOP and (self.alone or len(self.targets) > 1):
            raise DestinationClosedError(_words(self.in_row, error), next_step=LATER)
        if own >= FAILURES_TO_STOP:
            raise TargetLeftError(_words(own, error))


def _words(count: int, error: DeliveryError) -> str:
    return f"{count} requests in a row failed, the last: {error}"
