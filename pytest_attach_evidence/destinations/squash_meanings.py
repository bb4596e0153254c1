"""What the targets of the runs being delivered mean: which of them lead to one execution."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence

from ..errors import PermanentError
from ..errors import TemporaryError
from ..model import Delivery
from ..model import Notes
from ..model import Target
from .squash_notes import latest_of
from .squash_notes import new_of
from .squash_notes import noted
from .squash_notes import place_of
from .squash_notes import sent_to
from .squash_plan import Plans
from .squash_targets import EXECUTIONS
from .squash_targets import PLANNED
from .squash_targets import wrong


READINGS = 3


class Meanings:
    """Knows the targets by the plan items and executions that they mean; only `read` asks anybody.

    What means no object, or not clearly one, means none. Where a plan cannot be read now, its targets
    are unread: they mean executions to which something was sent for them.
    """

    def __init__(self, plans: Plans, origin: Callable[[], str]) -> None:
        self._plans = plans
        self._origin = origin
        self.recall(())

    def recall(self, targets: Iterable[Target]) -> None:
        """Take the targets of the runs being delivered, of any destination.

        What no mark can spell, which a spool from elsewhere may hold, means nothing.
        """
        own = (one for one in targets if one.destination == "squash")
        self._unread = dict.fromkeys(one for one in own if not wrong(one))
        self._errors: dict[str | None, TemporaryError] = {}
        self._tried: Counter[str | None] = Counter()
        self._planned: dict[str, list[Target]] = {}
        self._named: dict[str, list[Target]] = {}
        self._places: dict[int, list[str]] = {}
        self._sent: dict[int, list[Target]] = {}

    def read(self, notes: Notes, *, again: bool = False) -> None:
        """Read the plan of every target, each once; `again`: those too that could not be read before.

        A plan is asked for three times at most. Raises DestinationClosedError.
        """
        errors = {
            iteration: error
            for iteration, error in self._errors.items()
            if not self._plans.has(iteration) and (not again or self._tried[iteration] >= READINGS)
        }
        if not self._unread or (self._errors and len(errors) == len(self._errors)):
            return
        unread, origin = [], self._origin()
        for target in self._unread:
            iteration = target.scoped("iteration")
            try:
                if target.origin == origin and iteration not in errors:
                    self._sort(target, notes)
            except TemporaryError as error:
                errors[iteration] = error
                self._tried[iteration] += 1
            if target.origin == origin and iteration in errors:
                unread.append(target)
        self._unread, self._errors, self._sent = dict.fromkeys(unread), errors, {}
        for target in unread:
            for execution in noted(notes, sent_to(target)):
                self._sent.setdefault(execution, []).append(target)

    def choose(self, execution: int, place: str) -> None:
        """Take an execution as a plan item's own."""
        known = self._places.setdefault(execution, [])
        if place not in known:
            known.append(place)

    def of(self, execution: int | str, place: str) -> list[Target]:
        """Return the targets that mean an execution.

        `place` is the plan item whose execution it is, '' where nobody knows.
        """
        own = [place] if place else self._places.get(int(execution), ())
        targets = [target for one in own for target in self._planned.get(one, ())]
        return targets + self._named.get(str(execution), []) + self._sent.get(int(execution), [])

    def others(self, execution: str, place: str, deliveries: Sequence[Delivery]) -> list[Target]:
        """Return the targets for which pieces may be at an execution, but for their own."""
        known = self.of(execution, place)
        own = {delivery.target for delivery in deliveries}
        maybe = [target for delivery in deliveries for target in delivery.item.targets]
        for iteration in self._errors:
            origin = self._origin()
            maybe.append(Target.of("squash", origin, EXECUTIONS, execution, iteration=iteration))
        known += [target for target in maybe if target in self._unread]
        return [target for target in dict.fromkeys(known) if target not in own]

    def expect_read(self, execution: str, place: str, notes: Notes) -> None:
        """Read again what may mean an execution. Raises TemporaryError where it is still unread."""
        if self._in_doubt(execution, place) is not None:
            self.read(notes, again=True)
        if (target := self._in_doubt(execution, place)) is not None:
            error = self._errors[target.scoped("iteration")]
            msg = f"it cannot be seen whether {target} means execution {execution}: {error}"
            wait_s, throttled = error.retry_after_s, error.throttled
            raise TemporaryError(msg, retry_after_s=wait_s, throttled=throttled) from error

    def _in_doubt(self, execution: str, place: str) -> Target | None:
        for target in self._unread:
            if target.id == execution if target.kind == EXECUTIONS else not place:
                return target
        return None

    def _sort(self, target: Target, notes: Notes) -> None:
        """Put a target to what it means. Raises TemporaryError where its plan cannot be read now."""
        with contextlib.suppress(PermanentError):  # its plan cannot be read, so nothing goes there
            if target.kind in PLANNED:
                item = self._plans.meant(target, notes)
                if not isinstance(item, PermanentError):
                    self._plan(target, place_of(target, item), notes)
            elif target.kind == EXECUTIONS and self._plans.confusion(target) is None:
                self._named.setdefault(target.id, []).append(target)

    def _plan(self, target: Target, place: str, notes: Notes) -> None:
        if place not in self._planned:
            for execution in noted(notes, new_of(place), latest_of(place)):
                self.choose(execution, place)
        self._planned.setdefault(place, []).append(target)
