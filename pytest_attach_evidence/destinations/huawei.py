"""Huawei CodeArts Req as a destination: evidence becomes attachments of work items."""

from __future__ import annotations

import threading
from collections.abc import Container
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
from .base import Holding
from .base import Results
from .base import expect_whole_names
from .checked import one_by_one
from .huawei_examination import NO_LIST
from .huawei_examination import HuaweiExamination
from .huawei_places import Places
from .huawei_room import MAX_COUNT
from .huawei_room import ProjectItem
from .huawei_room import Room
from .huawei_settings import HuaweiSettings
from .huawei_targets import SCRUM_ITEM
from .huawei_targets import parse_target
from .huawei_targets import wrong
from .remote import Remote


if TYPE_CHECKING:
    from ..apis.codearts import CodeArts
    from ..apis.codearts_shapes import Attachment
    from ..rest.session import Session


class Huawei:
    """Attaches evidence to IPD work items, by id or number, and to Scrum items.

    One file per request. Attachments can be listed, so a lost answer can be resolved: those of IPD work
    items by an operation of their own, those of a Scrum item where its detail has them.
    """

    name = "huawei"

    def __init__(self, settings: Settings, secrets: Secrets, budget: Budget) -> None:
        self._settings = HuaweiSettings(settings, secrets)
        self._budget = budget
        self._lock = threading.Lock()
        self._opened: CodeArts | None = None
        self._iam: Session | None = None
        self._places = Places(self._client)
        self._room = Room(self._settings.max_total)

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
        max_bytes, hint = self._settings.max_bytes()
        return Limits(
            max_bytes=max_bytes,
            max_per_target=MAX_COUNT,
            pieces_per_call=1,
            max_name=120,
            too_large_hint=hint,
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
        """Return what stands in the way of each target, and which settings look odd; see `examination`."""
        return one_by_one(self.name, self, targets)

    def examination(self) -> HuaweiExamination:
        """Return what looks at CodeArts Req before a run; sends nothing yet."""
        return HuaweiExamination(
            self._settings, self._room, self._client, self._places.of, self._attachments
        )

    def find(self, target: Target, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Return receipts for listed attachments whose name carries the key and whose size is right.

        Raises UncertainError where the list is refused, or is none.
        """
        try:
            attachments = self._attachments(target)
        except PermanentError as error:
            msg = f"{target}: whether the pieces arrived cannot be seen ({error})"
            raise UncertainError(msg) from error
        if attachments is None:
            raise UncertainError(f"{target}: {NO_LIST}")
        receipts = (_found(delivery, attachments) for delivery in deliveries)
        found = {receipt.key: receipt for receipt in receipts if receipt is not None}
        listed = [(name, one.size) for one in attachments for name in one.names]
        expect_whole_names(listed, deliveries, found, self.limits.max_name)
        return found

    def holding(self, target: Target, own: Container[str]) -> Holding | None:
        """Return what the newest list of a target showed, with what it took since; asks nobody."""
        place = self._places.known(target)
        return None if place is None else self._room.holding(target, place, own)

    def remote(self) -> Remote:
        """Return the vendor's other operations; sends nothing yet.

        Raises DestinationClosedError where settings or credentials do not allow it.
        """
        from .huawei_remote import HuaweiRemote  # noqa: PLC0415  # only commands need it

        try:
            settings = self._settings
            client, iam = settings.connect(self._budget, patient=True)
            origin, project = settings.url, settings.project
        except SettingsError as error:
            raise DestinationClosedError(str(error)) from error
        opened = [one for one in (client, iam) if one is not None]
        return HuaweiRemote(
            client, origin=origin, default_project=project, room=self._room, opened=opened
        )

    def deliver(
        self,
        target: Target,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        notes: Notes,
    ) -> Results:
        """Attach each piece by a request of its own; nothing is sent to a work item that is full.

        An IPD work item is listed once before the first piece is sent to it, and what it takes is
        counted. Where that list fails for now, so do the pieces; where it is refused, the service alone
        decides what fits.
        """
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
        place = self._places.of(target)
        if target.kind != SCRUM_ITEM and not self._room.knows(place):
            self._look(target, place)
        self._room.expect(target, place, evidence.size)
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
            self._room.forget(place)
            raise
        self._room.added(place, delivery)
        return Receipt(key=delivery.key, remote_id=stored.id, remote_name=name)

    def _look(self, target: Target, place: ProjectItem) -> None:
        try:
            self._attachments(target)
        except PermanentError:
            self._room.cannot_see(place)

    def _attachments(self, target: Target) -> Sequence[Attachment] | None:
        """List an item's attachments, and remember what it holds; None where it has no list."""
        place, client = self._places.of(target), self._client()
        scrum = target.kind == SCRUM_ITEM
        found = client.scrum_attachments(*place) if scrum else client.attachments(*place)
        if found is not None:
            self._room.saw(place, found)
        return found

    def _client(self) -> CodeArts:
        """Return the client, built when it is first needed."""
        with self._lock:
            if self._opened is None:
                self._opened, self._iam = self._settings.connect(self._budget)
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
