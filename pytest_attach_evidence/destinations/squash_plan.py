"""Which line of an iteration's plan a test case target means."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import PermanentError
from ..model import Notes
from ..model import Target
from .squash_notes import item_of
from .squash_targets import REFERENCE


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import PlanItem


class Plans:
    """The test plans of iterations, each read once; may be used from any thread."""

    def __init__(self, api: Callable[[], SquashTm]) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._plans: dict[str, list[PlanItem]] = {}

    def of(self, iteration: str) -> list[PlanItem]:
        """Return an iteration's plan. Raises DeliveryError; a failed reading is not remembered."""
        with self._lock:
            if iteration not in self._plans:
                try:
                    self._plans[iteration] = self._api().test_plan(iteration)
                except PermanentError as error:
                    hint = "correct evidence_squash_iteration, or let the account read that project"
                    raise PermanentError(str(error), next_step=hint) from error
            return self._plans[iteration]

    def has(self, iteration: str | None) -> bool:
        """Tell whether an iteration's plan was read."""
        return iteration in self._plans

    def item(self, target: Target) -> PlanItem | PermanentError:
        """Return the line of the plan a test case target means, or why there is not exactly one."""
        return pick(self.of(target.scoped("iteration") or ""), target)

    def meant(self, target: Target, notes: Notes | None) -> PlanItem | PermanentError:
        """Return the same, or the line that was meant when something was sent for a test case.

        It may be called otherwise in Squash TM by now.
        """
        item = self.item(target)
        if isinstance(item, PermanentError):
            return item_of(target, self.of(target.scoped("iteration") or ""), notes) or item
        return item

    def confusion(self, target: Target) -> PermanentError | None:
        """Return why a bare number is no clear target: its plan holds a reference like it."""
        iteration = target.scoped("iteration")
        if iteration is None or all(i.reference != target.id for i in self.of(iteration)):
            return None
        msg = (
            f"{target.id} may be execution {target.id}, or the test case with the reference "
            f"{target.id} in the plan of iteration {iteration}"
        )
        hint = f"write executions/{target.id} or ref:{target.id}"
        return PermanentError(msg, next_step=hint)


def pick(items: Sequence[PlanItem], target: Target) -> PlanItem | PermanentError:
    """Return the one line of a plan that a target means, or an error that says what is there.

    Without a dataset in the target, the only line of the test case is meant, or its only line without
    a dataset.
    """
    planned = [item for item in items if _names(item) and _is_meant(item, target)]
    if not planned:
        return _not_planned(items, target)
    wanted = target.scoped("dataset")
    fitting = [item for item in planned if item.dataset == wanted]
    if len(fitting) == 1:
        return fitting[0]
    if wanted is None and len(planned) == 1:
        return planned[0]
    seen = ", ".join(sorted({i.dataset or "(none)" for i in planned}))
    where = f"the plan of iteration {target.scoped('iteration')}"
    if len(fitting) > 1:
        ids = ", ".join(str(item.id) for item in fitting)
        msg = f"{_spelled(target)} is in {where} {len(fitting)} times (items {ids})"
        return PermanentError(msg, next_step="name an execution, such as executions/1042")
    if wanted is None:
        msg = f"{_spelled(target)} is in {where} {len(planned)} times, with the datasets {seen}"
        return PermanentError(msg, next_step=f"write the dataset: {_spelled(target)}[...]")
    msg = f"{_spelled(target)} is in {where} without the dataset {wanted!r}, but with {seen}"
    return PermanentError(msg, next_step="correct the dataset, or plan the test case with it")


def _names(item: PlanItem) -> bool:
    return item.test_case_id is not None


def _is_meant(item: PlanItem, target: Target) -> bool:
    return target.id == (item.reference if target.kind == REFERENCE else item.test_case_id)


def _spelled(target: Target) -> str:
    return target.id if target.kind == REFERENCE else f"#{target.id}"


def _not_planned(items: Sequence[PlanItem], target: Target) -> PermanentError:
    what = "reference" if target.kind == REFERENCE else "id"
    msg = (
        f"no test case with the {what} {target.id} is among the {len(items)} lines of the plan of "
        f"iteration {target.scoped('iteration')}"
    )
    known = {item.reference for item in items if item.reference}
    near = difflib.get_close_matches(target.id, known, n=1) if target.kind == REFERENCE else []
    hint = f"; nearest is {near[0]}" if near else ""
    return PermanentError(msg, next_step=f"add it to the plan, or correct the target{hint}")
