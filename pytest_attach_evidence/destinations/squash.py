"""The Squash TM destination: executions and eleven other owners of attachments, test cases by plan."""

from __future__ import annotations

import threading
from collections.abc import Container
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import PermanentError
from ..errors import SettingsError
from ..errors import TargetError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Limits
from ..model import Notes
from ..model import OpenContent
from ..model import Outcome
from ..model import Problem
from ..model import Receipt
from ..model import Target
from ..outcomes import EndedTest
from ..retry import Budget
from ..secrets import Secrets
from ..settings import Settings
from .base import GroupNotes
from .base import Holding
from .base import Results
from .checked import one_by_one
from .squash_attachments import MAX_NAME
from .squash_attachments import Attachments
from .squash_conclusions import Conclusions
from .squash_examination import SquashExamination
from .squash_executions import Executions
from .squash_meanings import Meanings
from .squash_notes import place_of
from .squash_options import SquashOptions
from .squash_outcomes import Outcomes
from .squash_pieces import Pieces
from .squash_plan import Plans
from .squash_steps import Owner
from .squash_steps import Steps
from .squash_targets import EXECUTIONS
from .squash_targets import PLANNED
from .squash_targets import target_of
from .squash_targets import wrong


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import PlanItem
    from .squash_remote import SquashRemote


class Squash:
    """Attaches evidence in one Squash TM; a repeat is never blind, since attachments can be listed.

    A test case gets an execution of its line in the iteration's plan: a new one per delivery group, or
    the latest. Creating one sets the line back to READY, and `conclude` then gives the outcome; with
    `evidence_squash_status = off` and new executions the line stays READY until a person sets it.
    Evidence of a test's steps goes to the steps of the execution.
    """

    name = "squash"
    limits = Limits(max_name=MAX_NAME, pieces_per_call=8, parallel_targets=1)

    def __init__(self, settings: Settings, secrets: Secrets, budget: Budget) -> None:
        self._options = SquashOptions.of(settings, secrets)
        self._budget = budget
        self._lock = threading.Lock()
        self._client: SquashTm | None = None
        steps = Steps(self._api, on=self._options.steps == "on")
        self._attachments = Attachments(self._api)
        self._pieces = Pieces(self._attachments, steps, budget)
        self._served: dict[Target, Owner] = {}
        self._plans = Plans(self._api, lambda: self.origin)
        self._meanings = Meanings(self._plans, lambda: self.origin)
        self._outcomes = Outcomes(self._meanings, lambda: self.origin)
        self._conclusions = Conclusions(
            self._api, self._options, steps, self._meanings, self._outcomes
        )
        before = self._conclusions.before
        self._executions = Executions(self._api, budget, new=self._options.new, before=before)

    @property
    def origin(self) -> str:
        """The normalised root of Squash TM, '' where it is not set or wrong."""
        try:
            return self._options.origin()
        except SettingsError:
            return ""

    def problems(self, *, uploading: bool) -> list[str]:
        """Return what is wrong with its settings, a line each; reads secrets, asks nobody."""
        return self._options.problems(uploading=uploading)

    def parse(self, text: str | int) -> Target:
        """Return the target a text stands for (see `squash_targets`). Raises TargetError."""
        if wrong := self._options.problems(uploading=False):
            raise TargetError(wrong[0])
        return target_of(text, self.origin, self._options.iteration)

    def wrong(self, target: Target) -> str:
        """Return why a target is none of Squash TM's (see `squash_targets`)."""
        return wrong(target)

    def check(self, targets: Sequence[Target]) -> list[Problem]:
        """Return what stands in the way of each target; see `examination`."""
        return one_by_one(self.name, self, targets)

    def examination(self) -> SquashExamination:
        """Return what looks at Squash TM before a run; sends nothing yet."""
        return SquashExamination(self._options, self._api, self._plans, self._executions.latest)

    def recall(self, notes: GroupNotes, outcomes: Mapping[Target, Outcome]) -> None:
        """Take the notes that say to which executions anything was sent."""
        self._plans.recall(notes)
        self._executions.recall(notes)
        self._outcomes.recall(outcomes)

    def recount(self, tests: Mapping[Target, Sequence[EndedTest]]) -> None:
        """Take the tests, whose steps are told to the steps of executions."""
        self._outcomes.recount(tests)

    def find(self, target: Target, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Return receipts for what is attached already, by key and size; creates nothing.

        A test case's evidence is looked for in the executions that are noted as its own, else in the
        newest 20 of its line. Raises UncertainError where the listing is refused, or where it may be in
        an execution that nobody knows.
        """
        found: dict[str, Receipt] = {}
        if not deliveries:
            return found
        try:
            item = self._plans.item(target) if target.kind in PLANNED else None
            places, is_all = self._places(target, item)
            for owner, id in places:
                seen = self._pieces.find(owner, id, deliveries)
                if seen or len(places) == 1:
                    self._served[target] = (owner, id)
                if seen and item is not None and not isinstance(item, PermanentError):
                    self._executions.adopt(target, item, int(id))
                found = {**seen, **found}
                if len(found) == len(deliveries):
                    return found
        except PermanentError as error:
            msg = f"it cannot be seen what is there: {error}"
            raise UncertainError(msg) from error
        if found or is_all:
            return found
        msg = f"{target} has more executions than those that were looked at, and notes about it are lost"
        raise UncertainError(msg)

    def deliver(
        self,
        target: Target,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        notes: Notes,
    ) -> Results:
        """Attach pieces, in one request per object; a receipt for each key the answer names, others left out.

        Pieces of a step go to that step of the execution. Raises PermanentError for a target that is not
        exactly one object; refusals concern all pieces of a request.
        """
        if not deliveries:
            return {}
        owner, id = self._owner(target, notes)
        others = self._other_spellings(target, id, deliveries) if owner == EXECUTIONS else []
        self._served[target] = (owner, id)
        return self._pieces.deliver((owner, id), others, deliveries, open_content)

    def remote(self) -> SquashRemote:
        """Return Squash TM's other operations; raises DestinationClosedError without credentials."""
        from .squash_remote import SquashRemote  # noqa: PLC0415  # only commands need it

        api = self._options.connect(self._budget)
        return SquashRemote(api, self.origin, self._options.iteration)

    def holding(self, target: Target, own: Container[str]) -> Holding | None:
        """Return what the newest list of the object itself showed; a step's pieces are not in it."""
        place = self._served.get(target)
        return self._attachments.holding(*place, own) if place is not None else None

    def remarks(self) -> list[str]:
        """Return which executions were taken for those of unanswered requests, and which stay empty."""
        return list(self._executions.remarks)

    def concludes(self, target: Target) -> bool:
        """Tell whether a target gets a status, or a comment."""
        return self._conclusions.concludes(target)

    def conclude(self, target: Target, outcome: Outcome, notes: Notes) -> None:
        """Give the target's execution the worst outcome of all that lead to it; other owners have none.

        By default only executions that we created get it; `evidence_squash_status = on` means the
        latest and explicitly named ones too, `off` none. Its steps get theirs by the same rule. A comment
        is written wherever it is switched on.
        """
        if not self.concludes(target):
            return
        executions, place = [target.id], ""
        if target.kind in PLANNED:
            item = self._plans.meant(target, notes)
            if isinstance(item, PermanentError):
                raise item
            place = place_of(target, item)
            executions = [str(id) for id in self._executions.concluded(target, item, notes)]
        self._meanings.read(notes)
        for execution in executions:
            self._conclusions.conclude(target, execution, place, outcome, notes)

    def close(self) -> None:
        """Release this thread's connections."""
        if self._client is not None:
            self._client.close()

    def _api(self) -> SquashTm:
        """Return the API client, built when first needed, since it loads the HTTP library."""
        with self._lock:
            if self._client is None:
                self._client = self._options.connect(self._budget)
            return self._client

    def _owner(self, target: Target, notes: Notes) -> tuple[str, str]:
        """Return owner and id of what gets the attachments, choosing an execution where needed."""
        if target.kind not in PLANNED:
            confusion = self._plans.confusion(target)
            if confusion is not None:
                raise confusion
            if target.kind == EXECUTIONS:
                self._meanings.read(notes)
                self._conclusions.before(target, target.id, "", notes)
            return target.kind, target.id
        item = self._plans.item(target)
        if isinstance(item, PermanentError):
            raise item
        self._meanings.read(notes)  # before one is created, so that nothing comes before its note
        return EXECUTIONS, str(self._executions.choose(target, item, notes))

    def _places(
        self, target: Target, item: PlanItem | PermanentError | None
    ) -> tuple[list[tuple[str, str]], bool]:
        """Return owner and id of every object in which pieces may be, and whether those are all."""
        if item is None:
            return [(target.kind, target.id)], True
        if isinstance(item, PermanentError):
            try:
                ids, is_all = self._executions.candidates(target, None)
            except UncertainError as error:
                msg = f"{item}; {error}"
                raise UncertainError(msg) from item
        else:
            ids, is_all = self._executions.candidates(target, item)
        return [(EXECUTIONS, str(id)) for id in ids], is_all

    def _other_spellings(
        self, target: Target, execution: str, deliveries: Sequence[Delivery]
    ) -> list[Target]:
        """Return the other targets for which the pieces may be in an execution already."""
        place = ""
        if target.kind in PLANNED:
            item = self._plans.item(target)
            place = "" if isinstance(item, PermanentError) else place_of(target, item)
        return self._meanings.others(execution, place, deliveries)
