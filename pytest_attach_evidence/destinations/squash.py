"""The Squash TM destination: executions and eleven other owners of attachments, test cases by plan."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from typing import Literal

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import SettingsError
from ..errors import TargetError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Limits
from ..model import Notes
from ..model import OpenContent
from ..model import Outcome
from ..model import Problem
from ..model import Receipt
from ..model import Target
from ..naming import keys_in
from ..naming import remote_name
from ..plan import key_at
from ..retry import Budget
from ..secrets import Secrets
from ..settings import Settings
from .base import GroupNotes
from .base import Results
from .base import expect_whole_names
from .squash_executions import Executions
from .squash_notes import place_of
from .squash_options import SquashOptions
from .squash_outcomes import Outcomes
from .squash_plan import Plans
from .squash_targets import EXECUTIONS
from .squash_targets import PLANNED
from .squash_targets import target_of
from .squash_targets import wrong


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import Attachment
    from ..apis.squash_tm_shapes import PlanItem


STATUSES = {
    Outcome.PASSED: "SUCCESS",
    Outcome.FAILED: "FAILURE",
    Outcome.UNKNOWN: "FAILURE",
    Outcome.SKIPPED: "UNTESTABLE",
}


class Squash:
    """Attaches evidence in one Squash TM; a repeat is never blind, since attachments can be listed.

    A test case gets an execution of its line in the iteration's plan: a new one per delivery group, or
    the latest. Creating one sets the line back to READY, and `conclude` then gives the outcome; with
    `evidence_squash_status = off` and new executions the line stays READY until a person sets it.
    """

    name = "squash"
    limits = Limits(max_name=120, pieces_per_call=8, parallel_targets=1)

    def __init__(self, settings: Settings, secrets: Secrets, budget: Budget) -> None:
        self._options = SquashOptions.of(settings, secrets)
        self._budget = budget
        self._lock = threading.Lock()
        self._client: SquashTm | None = None
        self._plans = Plans(self._api)
        self._outcomes = Outcomes(self._plans, lambda: self.origin)
        self._executions = Executions(self._api, budget, new=self._options.new, before=self._before)

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
        """Return what stands in the way of each target: one cheap reading per target, or plan."""
        found = []
        for target in targets:
            try:
                self._look(target)
            except DeliveryError as error:
                hint = getattr(error, "next_step", "")
                found.append(Problem(subject=str(target), seen=str(error), next_step=hint))
                if isinstance(error, DestinationClosedError):
                    break
        return found

    def recall(self, notes: GroupNotes, outcomes: Mapping[Target, Outcome]) -> None:
        """Take the notes that say to which executions anything was sent."""
        self._executions.recall(notes)
        self._outcomes.recall(outcomes)

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
                attached = self._api().attachments(owner, id)
                seen = self._receipts(attached, deliveries, "found")
                listed = [(one.name, one.size) for one in attached]
                expect_whole_names(listed, deliveries, seen, self.limits.max_name)
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
        """Attach pieces in one request; a receipt for each key the answer names, others left out.

        Raises PermanentError for a target that is not exactly one object; refusals concern all pieces
        of the request.
        """
        if not deliveries:
            return {}
        owner, id = self._owner(target, notes)
        if self._budget.stop.is_set() or not self._budget.remaining_s():
            msg = f"{target}: the time is over, nothing was sent"
            raise TemporaryError(msg)
        found = self._otherwise_there(target, id, deliveries, notes) if owner == EXECUTIONS else {}
        rest = [one for one in deliveries if one.key not in found]
        attached = self._upload(owner, id, rest, open_content) if rest else []
        return {**found, **self._receipts(attached, rest, "answered")}

    def conclude(self, target: Target, outcome: Outcome, notes: Notes) -> None:
        """Give the target's execution the worst outcome of all that lead to it; other owners have none.

        By default only executions that we created get it; `evidence_squash_status = on` means the
        latest and explicitly named ones too, `off` none.
        """
        if not self._has_status(target):
            return
        executions, place = [target.id], ""
        if target.kind in PLANNED:
            item = self._plans.meant(target, notes)
            if isinstance(item, PermanentError):
                raise item
            place = place_of(target, item)
            executions = [str(id) for id in self._executions.concluded(target, item, notes)]
        for execution in executions:
            worst = self._outcomes.keep(execution, place, outcome, notes)
            self._api().set_status(execution, STATUSES[worst])

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

    def _has_status(self, target: Target) -> bool:
        """Tell whether a target's execution is told outcomes."""
        ours = target.kind in PLANNED and self._options.new
        told = self._options.status != "off" and (ours or self._options.status == "on")
        return told and target.kind in (*PLANNED, EXECUTIONS)

    def _before(self, target: Target, execution: int | str, place: str, notes: Notes) -> None:
        """Note the outcome in every run, before any knows that the execution gets its evidence."""
        if self._has_status(target):
            self._outcomes.keep(execution, place, Outcome.SKIPPED, notes)

    def _look(self, target: Target) -> None:
        """Read what a target names. Raises DeliveryError where it cannot get evidence."""
        if target.kind not in PLANNED:
            self._owner(target, None)
            self._api().entity(target.kind, target.id)
            return
        item = self._plans.item(target)
        if isinstance(item, PermanentError):
            raise item
        if not self._options.new:
            self._executions.latest(item)

    def _owner(self, target: Target, notes: Notes | None) -> tuple[str, str]:
        """Return owner and id of what gets the attachments, choosing an execution where needed."""
        if target.kind not in PLANNED:
            confusion = self._plans.confusion(target)
            if confusion is not None:
                raise confusion
            if notes is not None:
                self._before(target, target.id, "", notes)
            return target.kind, target.id
        item = self._plans.item(target)
        if isinstance(item, PermanentError):
            raise item
        assert notes is not None
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

    def _otherwise_there(
        self, target: Target, execution: str, deliveries: Sequence[Delivery], notes: Notes
    ) -> dict[str, Receipt]:
        """Return receipts for pieces that came to an execution under another spelling of the target.

        They carry the key of that spelling. Asks only where there is another one.
        """
        place = ""
        if target.kind in PLANNED and not isinstance(
            item := self._plans.item(target), PermanentError
        ):
            place = place_of(target, item)
        others = [t for t in self._outcomes.meaning(execution, place, notes) if t != target]
        aliases = {
            key_at(one.evidence, one.item, other): one for other in others for one in deliveries
        }
        attached: list[Attachment] = []
        with suppress(PermanentError, UncertainError):  # who may not look sends as ever
            attached = self._api().attachments(EXECUTIONS, execution) if others else []
        pieces = [replace(one, key=alias) for alias, one in aliases.items()]
        found = self._receipts(attached, pieces, "found")
        return {aliases[key].key: replace(r, key=aliases[key].key) for key, r in found.items()}

    def _upload(
        self, owner: str, id: str, deliveries: Sequence[Delivery], open_content: OpenContent
    ) -> list[Attachment]:
        from ..apis.squash_tm import File  # noqa: PLC0415  # loads the HTTP library
        from ..rest.body import FileBody  # noqa: PLC0415

        files = [
            File(
                name=remote_name(one.evidence.name, one.key, self.limits.max_name),
                content=FileBody(
                    open=partial(open_content, one.evidence),
                    length=one.evidence.size,
                    media_type=one.evidence.media_type,
                ),
            )
            for one in deliveries
        ]
        return self._api().upload(owner, id, files)

    def _receipts(
        self,
        attached: Iterable[Attachment],
        deliveries: Sequence[Delivery],
        how: Literal["answered", "found"],
    ) -> dict[str, Receipt]:
        """Return a receipt for each delivery whose key an attachment carries, if its size fits."""
        sizes = {one.key: one.evidence.size for one in deliveries}
        return {
            key: Receipt(
                key=key,
                remote_id=attachment.id,
                remote_name=attachment.name,
                remote_url=self._api().attachment_url(attachment.id),
                how=how,
            )
            for attachment in attached
            for key in keys_in(attachment.name)
            if key in sizes and attachment.size in (None, sizes[key])
        }
