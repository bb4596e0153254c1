"""The steps of executions: which of them gets a piece, and what is told to each."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..model import Delivery
from .squash_targets import EXECUTION_STEPS
from .squash_targets import EXECUTIONS


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import ExecutionStep


Owner = tuple[str, str]
"""An object that holds attachments: the kind of owner, as in addresses, and its id."""

MAX_TITLE = 40


class Steps:
    """The steps of each execution, read once: an execution has those its test case had at its creation.

    `evidence.step` number n of a test is step n of the execution. A piece from outside of any step, of a
    step that the execution does not have, or with `on` false, belongs to the execution itself.
    """

    def __init__(self, api: Callable[[], SquashTm], *, on: bool) -> None:
        self._api = api
        self._on = on
        self._known: dict[str, list[ExecutionStep]] = {}

    def of(self, execution: str) -> list[ExecutionStep]:
        """Return the steps of an execution in their order. Raises DeliveryError."""
        if execution not in self._known:
            self._known[execution] = self._api().steps(execution)
        return self._known[execution]

    def sorted(
        self, owner: str, id: str, deliveries: Sequence[Delivery]
    ) -> dict[Owner, list[Delivery]]:
        """Return the pieces by the object that gets them, in order; asks only where steps matter."""
        found: dict[Owner, list[Delivery]] = {}
        for one in deliveries:
            place = self._step(owner, id, one) if self._on else None
            found.setdefault(place or (owner, id), []).append(one)
        return found

    def elsewhere(
        self, owner: str, id: str, deliveries: Sequence[Delivery]
    ) -> dict[Owner, list[Delivery]]:
        """Return the pieces by the step in which they are, if they are not at the execution itself.

        Whether steps get evidence may have been set otherwise when they were sent.
        """
        found: dict[Owner, list[Delivery]] = {}
        for one in deliveries:
            if (place := self._step(owner, id, one)) is not None:
                found.setdefault(place, []).append(one)
        return found

    def titles(self, owner: str, deliveries: Sequence[Delivery]) -> dict[str, str]:
        """Return names with the step's title for pieces whose step the execution does not have, by key."""
        if not self._on or owner != EXECUTIONS:
            return {}
        return {one.key: titled(one) for one in deliveries if one.evidence.step_number}

    def tell(self, execution: str, number: int, status: str) -> None:
        """Set the status of a step, if the execution has one of that number. Raises DeliveryError."""
        steps = self.of(execution) if self._on else []
        if 0 < number <= len(steps):
            self._api().set_step_status(steps[number - 1].id, status)

    def _step(self, owner: str, id: str, delivery: Delivery) -> Owner | None:
        number = delivery.evidence.step_number
        if owner != EXECUTIONS or number < 1:
            return None
        steps = self.of(id)
        return (EXECUTION_STEPS, steps[number - 1].id) if number <= len(steps) else None


def titled(delivery: Delivery) -> str:
    """Return a piece's name with number and title of its step before it."""
    piece = delivery.evidence
    title = piece.step.replace("/", "-")[:MAX_TITLE]
    return f"step {piece.step_number} {title} {piece.name}"
