"""Huawei CodeArts Req as a destination: evidence becomes attachments of work items."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import SettingsError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Limits
from ..model import Notes
from ..model import OpenContent
from ..model import Problem
from ..model import Receipt
from ..model import Target
from ..naming import keys_in
from ..naming import remote_name
from ..rest.body import FileBody
from ..retry import Budget
from ..secrets import Secrets
from ..settings import Settings
from .base import Results
from .base import expect_whole_names
from .huawei_room import MAX_BYTES
from .huawei_room import MAX_COUNT
from .huawei_room import MEBIBYTE
from .huawei_room import Held
from .huawei_settings import HuaweiSettings
from .huawei_targets import SCRUM_ITEM
from .huawei_targets import WORK_ITEM_NUMBER
from .huawei_targets import parse_target
from .huawei_targets import wrong


if TYPE_CHECKING:
    from ..apis.codearts import CodeArts
    from ..apis.codearts_shapes import Attachment
    from ..rest.session import Session


# The gateway takes 12 MiB where a request is signed; the multipart body is a little more than the file.
MAX_SIGNED_BYTES = 12 * MEBIBYTE - 4096
MAKE_ROOM = "map tests to another work item, or remove attachments from this one"


class Huawei:
    """Attaches evidence to IPD work items, by id or number, and to Scrum items.

    One file per request. IPD attachments can be listed, so a lost answer can be resolved; Scrum
    attachments cannot.
    """

    name = "huawei"

    def __init__(self, settings: Settings, secrets: Secrets, budget: Budget) -> None:
        self._settings = HuaweiSettings(settings, secrets)
        self._budget = budget
        self._lock = threading.Lock()
        self._opened: CodeArts | None = None
        self._iam: Session | None = None
        self._issues: dict[Target, str] = {}
        self._held: dict[tuple[str, str], Held | None] = {}

    @property
    def origin(self) -> str:
        """The normalised endpoint, '' where it is not set or wrong."""
        try:
            return self._settings.url
        except SettingsError:
            return ""

    def problems(self, *, uploading: bool) -> list[str]:
        """Return what is wrong with the settings, a line each."""
        return self._settings.problems(uploading=uploading)

    @cached_property
    def limits(self) -> Limits:
        """What the service takes; a signed request is limited further by the gateway."""
        try:
            signed = self._settings.keys() is not None
        except SettingsError:
            signed = True
        return Limits(
            max_bytes=MAX_SIGNED_BYTES if signed else MAX_BYTES,
            max_per_target=MAX_COUNT,
            pieces_per_call=1,
            max_name=120,
        )

    def parse(self, text: str | int) -> Target:
        """Return the work item a text stands for; a number stays a number until delivery.

        Raises TargetError, and SettingsError where no endpoint is configured.
        """
        settings = self._settings
        return parse_target(text, origin=settings.url, default_project=settings.project)

    def wrong(self, target: Target) -> str:
        """Return why a target is none of CodeArts Req's (see `huawei_targets`)."""
        return wrong(target)

    def check(self, targets: Sequence[Target]) -> list[Problem]:
        """List the attachments of every target; Scrum items cannot be read.

        Ends with the first refused login, since further ones would lock the access key.
        """
        problems: list[Problem] = []
        try:
            for target in targets:
                problems += self._problems_of(target)
        except DestinationClosedError as error:
            seen, hint = str(error), error.next_step
            problems.append(Problem(subject=self.name, seen=seen, next_step=hint))
        return problems

    def find(self, target: Target, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Return receipts for listed attachments whose name carries the key and whose size is right.

        Raises UncertainError for Scrum items, and where the list is refused.
        """
        if target.kind == SCRUM_ITEM:
            msg = f"{target}: CodeArts has no documented list of a Scrum item's attachments"
            raise UncertainError(msg)
        try:
            attachments = self._attachments(target)
        except PermanentError as error:
            msg = f"{target}: whether the pieces arrived cannot be seen ({error})"
            raise UncertainError(msg) from error
        receipts = (_found(delivery, attachments) for delivery in deliveries)
        found = {receipt.key: receipt for receipt in receipts if receipt is not None}
        listed = [(name, one.size) for one in attachments for name in one.names]
        expect_whole_names(listed, deliveries, found, self.limits.max_name)
        return found

    def deliver(
        self,
        target: Target,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        notes: Notes,
    ) -> Results:
        """Attach each piece by a request of its own; nothing is sent to a work item that is full."""
        results: Results = {}
        for delivery in deliveries:
            try:
                results[delivery.key] = self._deliver_one(target, delivery, open_content)
            except DestinationClosedError as error:
                if not results:
                    raise
                return {**{later.key: error for later in deliveries}, **results}
            except DeliveryError as error:
                results[delivery.key] = error
        return results

    def close(self) -> None:
        """Close this thread's connections."""
        for opened in (self._opened, self._iam):
            if opened is not None:
                opened.close()

    def _deliver_one(
        self, target: Target, delivery: Delivery, open_content: OpenContent
    ) -> Receipt:
        evidence = delivery.evidence
        place = self._place(target)
        self._expect_room(target, place, evidence.size)
        if self._budget.stop.is_set() or not self._budget.remaining_s():
            msg = f"{evidence.name} was not sent, since the delivery has to end"
            raise TemporaryError(msg)
        client = self._client()
        upload = client.upload_scrum if target.kind == SCRUM_ITEM else client.upload
        name = remote_name(evidence.name, delivery.key, self.limits.max_name)
        content = FileBody(
            open=lambda: open_content(evidence),
            length=evidence.size,
            media_type=evidence.media_type,
        )
        try:
            stored = upload(*place, name, content)
        except UncertainError:
            self._held.pop(place, None)
            raise
        if held := self._held.get(place):
            self._held[place] = Held(held.count + 1, held.size + evidence.size)
        return Receipt(key=delivery.key, remote_id=stored.id, remote_name=name)

    def _expect_room(self, target: Target, place: tuple[str, str], size: int) -> None:
        """Raise PermanentError where the work item cannot take a piece of this size.

        Where the list is refused nothing is known, and the service decides.
        """
        if target.kind != SCRUM_ITEM and place not in self._held:
            try:
                self._attachments(target)
            except PermanentError:
                self._held[place] = None
        held = self._held.get(place)
        if held is not None and not held.takes(size):
            msg = f"{target} holds {held}; a piece of {size / MEBIBYTE:.1f} MB does not fit"
            raise PermanentError(msg, next_step=MAKE_ROOM)

    def _attachments(self, target: Target) -> list[Attachment]:
        """List a work item's attachments, and remember what it holds."""
        place = self._place(target)
        attachments = self._client().attachments(*place)
        self._held[place] = Held.of(attachments)
        return attachments

    def _place(self, target: Target) -> tuple[str, str]:
        """Return project and id of a target, looking up the number of a work item once."""
        project = target.scoped("project") or ""
        if target.kind != WORK_ITEM_NUMBER:
            return project, target.id
        if target not in self._issues:
            self._issues[target] = self._client().issue_id(project, target.id)
        return project, self._issues[target]

    def _problems_of(self, target: Target) -> list[Problem]:
        subject = str(target)
        if target.kind == SCRUM_ITEM:
            seen = "cannot be checked, since CodeArts has no documented list of its attachments"
            return [Problem(subject=subject, seen=seen, severity="warning")]
        try:
            held = Held.of(self._attachments(target))
        except (PermanentError, TemporaryError) as error:
            hint = getattr(error, "next_step", "") or "try again later"
            return [Problem(subject=subject, seen=str(error), next_step=hint)]
        seen = f"is full: {held}"
        return [] if held.takes(0) else [Problem(subject=subject, seen=seen, next_step=MAKE_ROOM)]

    def _client(self) -> CodeArts:
        """Return the client, built when it is first needed; only this loads the HTTP library."""
        with self._lock:
            if self._opened is None:
                from ..apis.codearts import CodeArts  # noqa: PLC0415

                session = self._settings.session(self._budget)
                credentials, self._iam = self._settings.credentials(self._budget)
                self._opened = CodeArts(session, credentials)
            return self._opened


def _found(delivery: Delivery, attachments: Iterable[Attachment]) -> Receipt | None:
    for attachment in attachments:
        for name in attachment.names:
            same_size = attachment.size in (None, delivery.evidence.size)
            if same_size and delivery.key in keys_in(name):
                return Receipt(
                    key=delivery.key,
                    remote_id=attachment.id or None,
                    remote_name=name,
                    how="found",
                )
    return None
