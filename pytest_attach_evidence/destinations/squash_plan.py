"""Which line of an iteration's plan, and which of its executions, gets the evidence of a test case."""

from __future__ import annotations

import contextlib
import difflib
import re
import threading
from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import DeliveryError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Notes
from ..model import Target
from ..model import seconds_since
from ..model import utc_text
from ..retry import Budget
from .squash_targets import ID
from .squash_targets import REFERENCE


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import PlanItem


READY = "READY"
NEWEST = 20


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

    def item(self, target: Target) -> PlanItem | PermanentError:
        """Return the line of the plan a test case target means, or why there is not exactly one."""
        return pick(self.of(target.scoped("iteration") or ""), target)

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


class Executions:
    """The execution of each plan item that gets evidence: the latest, or a new one per delivery group.

    What was chosen is kept in the delivery's notes, and here for the life of the object, so that all
    pieces, and a later push of the same runs, go to the same execution. May be used from any thread.
    """

    def __init__(self, api: Callable[[], SquashTm], budget: Budget, *, new: bool) -> None:
        self._api = api
        self._budget = budget
        self._new = new
        self._lock = threading.RLock()
        self._chosen: dict[str, int] = {}

    def known(self, target: Target, item: PlanItem, notes: Notes | None = None) -> int | None:
        """Return the execution chosen before, or None.

        One that only the notes know must be among the plan item's own: a spool from elsewhere may
        have noted any.
        """
        place = _place(target, item)
        noted = notes.get(self._note(place)) if notes is not None else None
        if place not in self._chosen and noted and ID.fullmatch(noted):
            own = {one.id for one in self._api().executions(item)}
            self._chosen.update({place: int(noted)} if int(noted) in own else {})
        return self._chosen.get(place)

    def choose(self, target: Target, item: PlanItem, notes: Notes) -> int:
        """Return the execution that gets the evidence; creates it if it has to be new.

        Raises PermanentError where the latest is wanted and there is none, UncertainError where an
        execution may have been created and it cannot be told which.
        """
        place = _place(target, item)
        with self._lock:
            known = self.known(target, item, notes)
            if known is not None:
                return known
            chosen = self._once(place, item, notes) if self._new else self.latest(item)
            notes.put(self._note(place), str(chosen))
            self._chosen[place] = chosen
            return chosen

    def candidates(self, target: Target, item: PlanItem) -> list[int]:
        """Return the executions in which our evidence may be, newest first.

        The one chosen before is the only one; else the newest 20 (keys are unique, so whichever has a
        key has it from us).
        """
        known = self.known(target, item)
        if known is not None:
            return [known]
        return [one.id for one in reversed(self._api().executions(item)[-NEWEST:])]

    def recall(self, target: Target, item: PlanItem, execution: int) -> None:
        """Remember an execution in which our evidence was found."""
        self._chosen.setdefault(_place(target, item), execution)

    def latest(self, item: PlanItem) -> int:
        """Return the newest execution of a plan item. Raises PermanentError where there is none."""
        executions = self._api().executions(item)
        if executions:
            return executions[-1].id
        msg = f"plan item {item.id} has never been executed, so there is no latest execution"
        hint = "execute it once in Squash TM, or set evidence_squash_execution to new"
        raise PermanentError(msg, next_step=hint)

    def _note(self, place: str) -> str:
        return f"execution:{place}" if self._new else f"latest:{place}"

    def _once(self, place: str, item: PlanItem, notes: Notes) -> int:
        """Create an execution, or adopt the one that an earlier, unanswered request created."""
        name = f"creating:{place}"
        asked = _believed(notes.get(name))
        created = self._created_since(asked, item) if asked else None
        if created is not None:
            return created
        highest = max((one.id for one in self._api().executions(item)), default=0)
        if self._budget.stop.is_set() or not self._budget.remaining_s():
            msg = f"plan item {item.id}: the time is over, no execution was created"
            raise TemporaryError(msg)
        asked = f"{highest} {utc_text()}"
        notes.put(name, asked)
        try:
            return self._api().create_execution(item).id
        except UncertainError:
            created = self._created_since(asked, item)
            if created is None:
                raise
            return created
        except DeliveryError:
            notes.put(name, "")  # surely not created, so nothing is to be adopted later
            raise

    def _created_since(self, asked: str, item: PlanItem) -> int | None:
        """Return the only fresh execution above the highest of then; None: surely none was created."""
        highest, _, moment = asked.partition(" ")
        executions = self._api().executions(item)
        fresh = [one.id for one in executions if one.id > int(highest) and one.status == READY]
        if len(fresh) == 1:
            return fresh[0]
        age_s = seconds_since(moment)
        since = f"since the request of {age_s:.0f} s ago whose answer was lost"
        if fresh:
            ids = ", ".join(map(str, fresh))
            seen = f"plan item {item.id} got {len(fresh)} new executions {since} ({ids})"
            msg = f"{seen}; which one is ours cannot be told"
            raise UncertainError(msg)
        if age_s < self._budget.settle_s:
            msg = f"plan item {item.id} got no new execution yet {since}"
            raise UncertainError(msg)
        return None


def _believed(asked: str | None) -> str | None:
    """Return a note about a request if it is one: a number and a moment."""
    highest, _, moment = (asked or "").partition(" ")
    with contextlib.suppress(ValueError):
        seconds_since(moment)
        return asked if re.fullmatch(r"[0-9]{1,18}", highest) else None
    return None


def _place(target: Target, item: PlanItem) -> str:
    return f"{target.origin}:{target.scoped('iteration')}:{item.id}"
