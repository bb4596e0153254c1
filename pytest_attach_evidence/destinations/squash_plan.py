"""Which line of an iteration's plan a test case target means."""

from __future__ import annotations

import contextlib
import difflib
import threading
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import PermanentError
from ..errors import TargetError
from ..model import Notes
from ..model import Target
from .base import GroupNotes
from .squash_names import iteration_named
from .squash_notes import each
from .squash_notes import item_of
from .squash_notes import iteration_of
from .squash_targets import AUTOMATED
from .squash_targets import ID
from .squash_targets import REFERENCE
from .squash_targets import TEST_CASE


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import PlanItem


class Plans:
    """The test plans of iterations, each read once; may be used from any thread.

    An iteration is named by its id, or by a path of names (see `squash_names`): which id that is is found
    out once and noted, so that no later push goes elsewhere because somebody renamed something.
    """

    def __init__(self, api: Callable[[], SquashTm], origin: Callable[[], str]) -> None:
        self._api = api
        self._origin = origin
        self._lock = threading.RLock()
        self._notes: GroupNotes | None = None
        self._plans: dict[str, list[PlanItem]] = {}
        self._ids: dict[str, str] = {}
        self._automated: dict[str, str | None] = {}

    def recall(self, notes: GroupNotes) -> None:
        """Take the notes that say which iterations names stood for: those of other runs may differ."""
        with self._lock:
            self._notes = notes
            self._ids.clear()

    def of(self, iteration: str) -> list[PlanItem]:
        """Return an iteration's plan. Raises DeliveryError; a failed reading is not remembered."""
        with self._lock:
            id = self.id_of(iteration)
            if id not in self._plans:
                try:
                    items = self._api().test_plan(id)
                except PermanentError as error:
                    hint = "correct evidence_squash_iteration, or let the account read that project"
                    raise PermanentError(str(error), next_step=hint) from error
                self._plans[id] = [replace(item, iteration=id) for item in items]
            return self._plans[id]

    def has(self, iteration: str | None) -> bool:
        """Tell whether an iteration's plan was read; asks nobody."""
        return iteration is not None and self._ids.get(iteration, iteration) in self._plans

    def item(self, target: Target) -> PlanItem | PermanentError:
        """Return the line of the plan a test case target means, or why there is not exactly one."""
        items = self.of(target.scoped("iteration") or "")
        if target.kind != AUTOMATED:
            return pick(items, target)
        cases = [id for id, text in self._references(items).items() if text == target.id]
        if len(cases) != 1:
            return _not_automated(target, cases)
        return pick(items, replace(target, kind=TEST_CASE, id=cases[0]))

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

    def id_of(self, iteration: str) -> str:
        """Return the id of an iteration; names stand for the noted one, else for what they name now.

        Raises DeliveryError.
        """
        with self._lock:
            if iteration not in self._ids:
                known = bool(ID.fullmatch(iteration))
                self._ids[iteration] = iteration if known else self._named(iteration)
            return self._ids[iteration]

    def _named(self, path: str) -> str:
        name = iteration_of(self._origin(), path)
        texts = each(self._notes, name)
        ids = {text for text in texts if ID.fullmatch(text)}
        if len(ids) > 1:
            seen = f"{path} stood for different iterations when these runs were pushed"
            msg = f"{seen} apart: {', '.join(sorted(ids))}"
            raise PermanentError(msg, next_step="push them apart again, with --retry-rejected")
        id = ids.pop() if ids else iteration_named(self._api(), path)
        if self._notes is not None and any(text != id for text in texts):
            self._notes.put(name, id)
        return id

    def _references(self, items: Sequence[PlanItem]) -> dict[str, str | None]:
        """Return the automated test reference of each test case of a plan; one request for each, once."""
        with self._lock:
            cases = dict.fromkeys(i.test_case_id for i in items if i.test_case_id is not None)
            for id in cases:
                if id not in self._automated:
                    self._automated[id] = self._api().automated_test_reference(id)
            return {id: self._automated[id] for id in cases}


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


def spelling_of(item: PlanItem, items: Sequence[PlanItem], parse: Callable[[str], Target]) -> str:
    """Return the shortest target text that means a line of a plan, '' where none does."""
    tail = f"[{item.dataset}]" if item.dataset else ""
    heads = [item.reference, f"#{item.test_case_id}", f"ref:{item.reference}"]
    texts = [f"{head}{end}" for head in heads if head for end in dict.fromkeys(("", tail))]
    for text in texts if item.test_case_id else ():
        with contextlib.suppress(TargetError):
            target = parse(text)
            if target.kind in (REFERENCE, TEST_CASE) and pick(items, target) == item:
                return text
    return ""


def _not_automated(target: Target, cases: Sequence[str]) -> PermanentError:
    where = f"in the plan of iteration {target.scoped('iteration')}"
    if cases:
        ids = ", ".join(f"#{id}" for id in cases)
        msg = (
            f"{len(cases)} test cases {where} have the automated test reference {target.id} ({ids})"
        )
        return PermanentError(msg, next_step=f"name one by its id, such as #{cases[0]}")
    msg = f"no test case {where} has the automated test reference {target.id}"
    return PermanentError(msg, next_step="add it to the plan, or correct the target")


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
