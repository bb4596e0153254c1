"""Which execution of a plan item gets the evidence of a test case, and in which it may be already."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import DeliveryError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Notes
from ..model import Target
from ..model import utc_text
from ..retry import Budget
from .base import GroupNotes
from .squash_adoption import Adoption
from .squash_creations import creating
from .squash_creations import creations_of
from .squash_notes import each
from .squash_notes import latest_of
from .squash_notes import new_of
from .squash_notes import noted
from .squash_notes import place_of
from .squash_notes import remember
from .squash_notes import sent_to
from .squash_targets import EXECUTIONS


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import PlanItem


NEWEST = 20
GONE_HINT = "name an execution (executions/<id>) and push --remap, or attach it in a new run"


class Executions:
    """The execution of each plan item that gets evidence: the latest, or a new one per delivery group.

    What was chosen is noted before anything is sent there, and kept here for the life of the object, so
    that all pieces, and a later push of the same runs, go to the same execution. `before` is called with
    target, execution, its plan item's place and the notes before that. May be used from any thread.
    """

    def __init__(
        self,
        api: Callable[[], SquashTm],
        budget: Budget,
        *,
        new: bool,
        before: Callable[[Target, int, str, Notes], None],
    ) -> None:
        self._before = before
        self._api = api
        self._budget = budget
        self._new = new
        self._note = new_of if new else latest_of
        self._lock = threading.RLock()
        self._chosen: dict[str, int] = {}
        self._notes: GroupNotes | None = None
        self._adoption = Adoption(api, budget)

    @property
    def remarks(self) -> list[str]:
        """A line for each execution that was adopted."""
        return self._adoption.remarks

    def recall(self, notes: GroupNotes) -> None:
        """Take the notes by which `candidates` knows where something was sent."""
        self._notes = notes

    def choose(self, target: Target, item: PlanItem, notes: Notes) -> int:
        """Return the execution that gets the evidence; creates it if it has to be new.

        What an unanswered request created comes first, beside what other runs have. Raises PermanentError
        where the latest is wanted and there is none, or where the execution that was chosen before is gone,
        UncertainError where one may yet be created, or nobody can tell which one a lost answer was about.
        """
        place = place_of(target, item)
        with self._lock:
            chosen = self._adopted(place, item, notes) or self._chosen.get(place)
            chosen = chosen or self._kept(place, item, notes)
            if chosen is None:
                chosen = self._create(place, item, notes) if self._new else self.latest(item)
            self._before(target, chosen, place, notes)
            remember(notes, self._note(place), chosen)
            remember(notes, sent_to(target), chosen)
            if any(each(notes, asking := creating(place))):
                notes.put(asking, "")  # what is created from now on is not ours
            self._chosen[place] = chosen
            return chosen

    def candidates(self, target: Target, item: PlanItem | None) -> tuple[list[int], bool]:
        """Return the executions in which our evidence may be, and whether it can be in no other.

        They are those that were noted; where there are none the newest 20 of the plan item (keys are
        unique, so whichever has a key has it from us). `item` is None where the target means none any
        more. Raises UncertainError where nobody knows where to look.
        """
        if item is None:
            if self._notes is not None and (there := noted(self._notes, sent_to(target))):
                return there, self._notes.whole
            msg = "no execution is known to which anything was sent"
            raise UncertainError(msg)
        place = place_of(target, item)
        chosen = [self._chosen[place]] if place in self._chosen else []
        of_item = noted(self._notes, new_of(place), latest_of(place))
        of_target = noted(self._notes, sent_to(target))
        if chosen and not set(of_item + of_target) - set(chosen):
            return chosen, True
        own = [one.id for one in reversed(self._api().executions(item))]
        # What was noted for this item and is not among its executions was removed with all it held.
        there = [id for id in own if id in chosen + of_item]
        there += [id for id in of_target if id not in of_item]
        if self._notes is not None and self._notes.whole and (of_item or of_target):
            return there, True
        rest = [id for id in own[:NEWEST] if id not in there]
        # Every execution is noted before anything is sent to it.
        is_all = len(own) <= NEWEST or (self._notes is not None and self._notes.whole)
        return there + rest, is_all

    def adopt(self, target: Target, item: PlanItem, execution: int) -> None:
        """Remember an execution in which our evidence was found, if it is the plan item's."""
        place = place_of(target, item)
        with self._lock:
            if place not in self._chosen and execution in self._ids(item):
                self._chosen[place] = execution

    def concluded(self, target: Target, item: PlanItem, notes: Notes) -> list[int]:
        """Return the executions whose status tells the outcome: every one that runs had apart before.

        Raises PermanentError where none is known, or those that were are gone.
        """
        place = place_of(target, item)
        with self._lock:
            known = [self._chosen[place]] if place in self._chosen else []
            there = noted(notes, self._note(place))
            if there and set(there) != set(known):
                known = self._existing(there, item)
        if known:
            return known
        msg = f"{target}: no execution is known to hold its evidence, so none got a status"
        raise PermanentError(msg, next_step="set the status in Squash TM")

    def latest(self, item: PlanItem) -> int:
        """Return the newest execution of a plan item. Raises PermanentError where there is none."""
        executions = self._api().executions(item)
        if executions:
            return executions[-1].id
        msg = f"plan item {item.id} has never been executed, so there is no latest execution"
        hint = "execute it once in Squash TM, or set evidence_squash_execution to new"
        raise PermanentError(msg, next_step=hint)

    def _ids(self, item: PlanItem) -> set[int]:
        return {one.id for one in self._api().executions(item)}

    def _kept(self, place: str, item: PlanItem, notes: Notes) -> int | None:
        """Return the execution that an earlier process chose; None: none was."""
        there = noted(notes, self._note(place))
        existing = self._existing(there, item) if there else []
        return existing[-1] if existing else None

    def _existing(self, ids: list[int], item: PlanItem) -> list[int]:
        """Return those that are the plan item's own: a spool from elsewhere may have noted any.

        Raises PermanentError where one is gone and no other is left.
        """
        own = self._ids(item)
        existing = [id for id in ids if id in own]
        for id in ids if not existing else ():
            try:
                self._api().entity(EXECUTIONS, str(id))
            except PermanentError as error:
                msg = f"plan item {item.id} has no execution {id} any more, which got this run's evidence"
                raise PermanentError(msg, next_step=GONE_HINT, whole_target=True) from error
        return existing

    def _create(self, place: str, item: PlanItem, notes: Notes) -> int:
        """Create an execution; where its answer is lost, adopt what came of it."""
        name = creating(place)
        highest = max((one.id for one in self._api().executions(item)), default=0)
        if self._budget.stop.is_set() or not self._budget.remaining_s():
            msg = f"plan item {item.id}: the time is over, no execution was created"
            raise TemporaryError(msg)
        asked = f"{highest} {utc_text()}"
        notes.put(name, asked)
        try:
            return self._api().create_execution(item).id
        except UncertainError:
            created = self._adoption.adopted(creations_of([asked]), item, ())
            if created is None:
                raise
            return created
        except DeliveryError:
            notes.put(name, "")  # surely not created, so nothing is to be adopted later
            raise

    def _adopted(self, place: str, item: PlanItem, notes: Notes) -> int | None:
        """Return what unanswered requests created; one would stay READY if it were not told the outcome."""
        creations = creations_of(each(notes, creating(place))) if self._new else []
        known = noted(notes, new_of(place), latest_of(place))
        return self._adoption.adopted(creations, item, known) if creations else None
