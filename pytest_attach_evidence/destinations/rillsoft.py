"""The Rillsoft Integration Server as a destination: evidence becomes the file of an attachment record."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

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
from ..naming import remote_name
from ..rest.body import FileBody
from ..retry import Budget
from ..secrets import Secrets
from ..settings import Settings
from .base import Results
from .checked import one_by_one
from .rillsoft_bundle import Bundle
from .rillsoft_bundle import DamagedPieceError
from .rillsoft_examination import RillsoftExamination
from .rillsoft_remote import RillsoftRemote
from .rillsoft_settings import BUNDLE_OR_MAP
from .rillsoft_settings import RillsoftSettings
from .rillsoft_targets import parse_target
from .rillsoft_targets import wrong


if TYPE_CHECKING:
    from ..apis.rillsoft import Record
    from ..apis.rillsoft import Rillsoft as Client


class Rillsoft:
    """Stores evidence as the file of an attachment record that exists already.

    A record holds one file, and another upload replaces it: all pieces of a run for one record go into
    one zip. The server has no list, but sending the same bytes again does no harm.
    """

    name = "rillsoft"

    def __init__(self, settings: Settings, secrets: Secrets, budget: Budget) -> None:
        self._settings = RillsoftSettings(settings, secrets)
        self._budget = budget
        self._lock = threading.Lock()
        self._opened: Client | None = None
        self.limits = Limits(
            max_name=120,
            pieces_per_call=None,
            repeat_is_harmless=True,
            replaces=True,
            max_together=None if self._settings.bundles else 1,
            together_hint=BUNDLE_OR_MAP,
        )

    @property
    def origin(self) -> str:
        """The normalised root of the server, '' where it is not set or wrong."""
        try:
            return self._settings.url
        except SettingsError:
            return ""

    def problems(self, *, uploading: bool) -> list[str]:
        """Return what is wrong with the settings, a line each."""
        return self._settings.problems(uploading=uploading)

    def parse(self, text: str | int) -> Target:
        """Return the attachment record a text stands for.

        Raises TargetError, and SettingsError where no server is configured.
        """
        return parse_target(text, origin=self._settings.url, **self._settings.scope)

    def wrong(self, target: Target) -> str:
        """Return why a target is none of Rillsoft's (see `rillsoft_targets`)."""
        return wrong(target)

    def holder(self, target: Target) -> Target:
        """Return the record itself: project and portfolio only scope the way to it."""
        client = target.scoped("client")
        return Target.of(self.name, target.origin, target.kind, target.id, client=client)

    def check(self, targets: Sequence[Target]) -> list[Problem]:
        """Return what stands in the way of each client; whether an attachment exists cannot be asked."""
        return one_by_one(self.name, self, targets)

    def examination(self) -> RillsoftExamination:
        """Return what looks at Rillsoft before a run; sends nothing yet."""
        return RillsoftExamination(self._settings, self._client)

    def find(self, target: Target, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Raise UncertainError: nothing that is documented shows what a record holds."""
        msg = f"{target}: Rillsoft has no documented list of attachments"
        raise UncertainError(msg)

    def deliver(
        self,
        target: Target,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        notes: Notes,
    ) -> Results:
        """Store one piece as it is, several as one zip; all of a run for the record belong together."""
        if not deliveries:
            return {}
        if len(deliveries) == 1:
            return self._deliver_one(target, deliveries[0], open_content)
        if not self._settings.bundles:  # pieces of runs that were sent apart, and nobody heard more
            msg = f"{len(deliveries)} pieces want {target}, which holds one file"
            error = PermanentError(msg, next_step=BUNDLE_OR_MAP)
            return {delivery.key: error for delivery in deliveries}
        return self._deliver_bundle(target, deliveries, open_content)

    def remote(self) -> RillsoftRemote:
        """Return the vendor's other operations. Raises DestinationClosedError where nothing allows them."""
        try:
            url, configured = self._settings.url, self._settings.scope["client"]
            return RillsoftRemote(self._client(), self.parse, url, configured)
        except SettingsError as error:
            raise DestinationClosedError("; ".join(error.problems), why="configuration") from error

    def close(self) -> None:
        """Close this thread's connections."""
        if self._opened is not None:
            self._opened.close()

    def _deliver_one(
        self, target: Target, delivery: Delivery, open_content: OpenContent
    ) -> Results:
        evidence = delivery.evidence
        self._goes_on()
        name = remote_name(evidence.name, delivery.key, self.limits.max_name)
        body = FileBody(
            open=lambda: open_content(evidence),
            length=evidence.size,
            media_type=evidence.media_type,
        )
        self._client().upload(_record(target), name, body)
        return _receipts(target, [delivery], name)

    def _deliver_bundle(
        self, target: Target, deliveries: Sequence[Delivery], open_content: OpenContent
    ) -> Results:
        """Send one zip of all pieces, or nothing: it would push out a piece that it lacks."""
        name = remote_name("evidence.zip", deliveries[0].key, self.limits.max_name)
        try:
            with closing(self._bundle(deliveries, open_content)) as bundle:
                self._client().upload(_record(target), name, bundle.body)
        except DamagedPieceError as error:
            msg = f"nothing was sent, since it would be without a piece: {error}"
            raise TemporaryError(msg) from None
        return _receipts(target, deliveries, name)

    def _bundle(self, deliveries: Sequence[Delivery], open_content: OpenContent) -> Bundle:
        try:
            return Bundle.of(
                deliveries, open_content, max_name=self.limits.max_name, goes_on=self._goes_on
            )
        except OSError as error:
            msg = (
                f"a zip of {len(deliveries)} pieces could not be packed ({error.strerror or error})"
            )
            raise TemporaryError(msg) from error

    def _goes_on(self) -> None:
        """Raise where the delivery has to end; nothing was sent yet."""
        if self._budget.stop.is_set() or not self._budget.remaining_s():
            msg = "nothing was sent, since the delivery has to end"
            raise TemporaryError(msg)

    def _client(self) -> Client:
        """Return the client, built when it is first needed."""
        with self._lock:
            if self._opened is None:
                self._opened = self._settings.client(self._budget)
            return self._opened


def _record(target: Target) -> Record:
    from ..apis.rillsoft import Record  # noqa: PLC0415

    return Record(
        client=target.scoped("client") or "",
        attachment=target.id,
        project=target.scoped("project"),
        portfolio=target.scoped("portfolio"),
    )


def _receipts(target: Target, deliveries: Sequence[Delivery], name: str) -> Results:
    return {d.key: Receipt(key=d.key, remote_id=target.id, remote_name=name) for d in deliveries}
