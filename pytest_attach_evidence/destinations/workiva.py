"""Workiva: pieces become attachments of test phases, matrices and samples of a test form."""

from __future__ import annotations

import threading
from collections.abc import Container
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..errors import PermanentError
from ..errors import SettingsError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Limits
from ..model import Notes
from ..model import OpenContent
from ..model import Problem
from ..model import Receipt
from ..model import Target
from ..retry import Budget
from ..secrets import Secrets
from ..settings import Settings
from . import workiva_targets
from .base import Holding
from .base import Results
from .checked import one_by_one
from .workiva_examination import WorkivaExamination
from .workiva_holding import Listings
from .workiva_remote import WorkivaRemote
from .workiva_settings import WorkivaSettings
from .workiva_targets import ids_of
from .workiva_uploads import Uploads
from .workiva_watch import Pace
from .workiva_watch import matched


if TYPE_CHECKING:
    from ..apis.workiva import WorkivaApi


class Workiva:
    """Attaches pieces to a test form in one Workiva region.

    A target's id is the ids from test form to object, each percent-encoded, joined by slashes. The
    API knows no removal: whatever was attached twice stays twice, so a piece is sent again only after
    its operation has failed or was lost for long.
    """

    name = "workiva"
    # No size limit is documented: the 10 MB of a request concern the API host, not the upload URL's.
    limits = Limits(pieces_per_call=None)

    def __init__(self, settings: Settings, secrets: Secrets, budget: Budget) -> None:
        self._settings = WorkivaSettings(settings, secrets)
        self._budget = budget
        self._pace = Pace(budget)
        self._listings = Listings()
        self._lock = threading.Lock()
        self._api: WorkivaApi | None = None

    @property
    def origin(self) -> str:
        """The normalised base URL, '' while it is wrong (which `problems` says)."""
        try:
            return self._settings.base
        except SettingsError:
            return ""

    def problems(self, *, uploading: bool) -> list[str]:
        """Return what is wrong with address, version, hosts and (for uploads) credentials."""
        return self._settings.problems(uploading=uploading)

    def parse(self, text: str | int) -> Target:
        """Return the test phase, matrix or sample that a path of ids leads to.

        An id with a slash has it percent-encoded. Raises TargetError.
        """
        return workiva_targets.parse(text, self._settings.base)

    def wrong(self, target: Target) -> str:
        """Return why a target is no path of ids of ours."""
        return workiva_targets.wrong(target)

    def remote(self) -> WorkivaRemote:
        """Return what the API offers beside the upload.

        Raises DestinationClosedError for a CA bundle that cannot be used, and SettingsError for what
        `problems` names.
        """
        return WorkivaRemote(
            self._connect(patient=True), self._settings.base, self._budget, self._pace
        )

    def holding(self, target: Target, own: Container[str]) -> Holding | None:
        """Return what the newest list showed; Workiva documents no limit of what an object takes."""
        return self._listings.holding(target, own)

    def check(self, targets: Sequence[Target]) -> list[Problem]:
        """Return what stands in the way of each target; see `examination`."""
        return one_by_one(self.name, self, targets)

    def examination(self) -> WorkivaExamination:
        """Return what looks at Workiva before a run; sends nothing yet."""
        return WorkivaExamination(self._connected, self._listings)

    def find(self, target: Target, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Return receipts for the pieces whose key is in the name of an attachment of the target.

        Raises UncertainError where the list may not be read (graph:read is missing), and
        TemporaryError where it cannot be read to its end now.
        """
        try:
            listed = self._connected().attachments(ids_of(target))
            self._listings.saw(target, listed)
        except PermanentError as error:
            msg = f"{error} - {error.next_step}" if error.next_step else str(error)
            raise UncertainError(f"cannot tell what is attached: {msg}") from error
        keys = [delivery.key for delivery in deliveries]
        return matched(listed, keys, "found")

    def deliver(
        self,
        target: Target,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        notes: Notes,
    ) -> Results:
        """Attach all pieces of a target, in order, then wait until the target lists them.

        A piece that an earlier attempt began to send is looked for first. A lost answer to the start of
        an upload is a TemporaryError, since an upload without bytes attaches nothing; what was sent and
        has not ended when the time is over is an UncertainError.
        """
        uploads = Uploads(
            api=self._connected(),
            ids=ids_of(target),
            budget=self._budget,
            pace=self._pace,
            max_name=self.limits.max_name,
            open_content=open_content,
            notes=notes,
            seen=partial(self._listings.saw, target),
        )
        return uploads.run(deliveries)

    def close(self) -> None:
        """Release this thread's connections."""
        if self._api is not None:
            self._api.close()

    def _connected(self) -> WorkivaApi:
        with self._lock:
            if self._api is None:
                self._api = self._connect()
            return self._api

    def _connect(self, *, patient: bool = False) -> WorkivaApi:
        from ..apis.workiva import connect  # noqa: PLC0415  # it imports requests

        client_id, client_secret = self._settings.credentials
        return connect(
            base=self._settings.base,
            hosts=self._settings.hosts,
            version=self._settings.version,
            client_id=client_id,
            client_secret=client_secret,
            budget=self._budget,
            ca_bundle=self._settings.ca_bundle,
            patient=patient,
        )
