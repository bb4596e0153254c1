"""The Rillsoft Integration Server as a destination: evidence becomes the file of an attachment record."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
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
from ..naming import remote_name
from ..rest.auth import TokenSource
from ..rest.auth import bearer
from ..rest.body import FileBody
from ..retry import Budget
from ..secrets import Secrets
from ..settings import Settings
from ..urls import base_url
from .base import Results
from .rillsoft_bundle import Bundle
from .rillsoft_bundle import DamagedPieceError
from .rillsoft_targets import ID
from .rillsoft_targets import SCOPE
from .rillsoft_targets import parse_target
from .rillsoft_targets import wrong


if TYPE_CHECKING:
    from ..apis.rillsoft import Place
    from ..apis.rillsoft import Rillsoft as Client
    from ..rest.auth import Credentials
    from ..rest.session import Session


LOGINS = (("RILLSOFT_TOKEN",), ("RILLSOFT_USER", "RILLSOFT_PASSWORD"))


class Rillsoft:
    """Stores evidence as the file of an attachment record that exists already.

    A record holds one file, and another upload replaces it: all pieces of a run for one record go into
    one zip. The server has no list, but sending the same bytes again does no harm.
    """

    name = "rillsoft"

    def __init__(self, settings: Settings, secrets: Secrets, budget: Budget) -> None:
        self._settings = settings
        self._options = settings.of("rillsoft")
        self._secrets = secrets
        self._budget = budget
        self._lock = threading.Lock()
        self._opened: Client | None = None
        self.limits = Limits(
            max_name=120, pieces_per_call=None, repeat_is_harmless=True, replaces=True
        )

    @property
    def origin(self) -> str:
        """The normalised root of the server, '' where it is not set or wrong."""
        try:
            return self._base
        except SettingsError:
            return ""

    def problems(self, *, uploading: bool) -> list[str]:
        """Return what is wrong with the settings, a line each."""
        found: list[str] = []
        try:
            _ = self._base
        except SettingsError as error:
            found += error.problems
        for name in SCOPE:
            if (id := self._option(name)) and not ID.fullmatch(id):
                hint = f"write the {name}'s id, a whole number"
                found.append(f"evidence_rillsoft_{name} is {id!r} - {hint}")
        if uploading:
            found += self._access_problems()
        return found

    def parse(self, text: str | int) -> Target:
        """Return the attachment record a text stands for.

        Raises TargetError, and SettingsError where no server is configured.
        """
        scope = {name: self._option(name) for name in SCOPE}
        return parse_target(text, origin=self._base, **scope)

    def wrong(self, target: Target) -> str:
        """Return why a target is none of Rillsoft's (see `rillsoft_targets`)."""
        return wrong(target)

    def check(self, targets: Sequence[Target]) -> list[Problem]:
        """Ask for each client's projects; whether an attachment exists cannot be asked."""
        found: list[Problem] = []
        for client in sorted({target.scoped("client") or "" for target in targets}):
            try:
                self._client().projects(client)
            except DeliveryError as error:
                closed = isinstance(error, DestinationClosedError)
                subject = self.name if closed else f"{self.name} client {client}"
                hint = getattr(error, "next_step", "") or "try again later"
                found.append(Problem(subject=subject, seen=str(error), next_step=hint))
                if closed:
                    break
        return found

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
        if self._option("bundle") == "off":
            error = PermanentError(
                f"{len(deliveries)} pieces want {target}, which holds one file",
                next_step="set evidence_rillsoft_bundle = on to send them as one zip, or give each "
                "test an attachment of its own",
            )
            return {delivery.key: error for delivery in deliveries}
        return self._deliver_bundle(target, deliveries, open_content)

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
        self._client().upload(_place(target), name, body)
        return _receipts(target, [delivery], name)

    def _deliver_bundle(
        self, target: Target, deliveries: Sequence[Delivery], open_content: OpenContent
    ) -> Results:
        """Send one zip of all pieces, or nothing: it would push out a piece that it lacks."""
        name = remote_name("evidence.zip", deliveries[0].key, self.limits.max_name)
        try:
            with closing(self._bundle(deliveries, open_content)) as bundle:
                self._client().upload(_place(target), name, bundle.body)
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

    @property
    def _base(self) -> str:
        """The normalised root of the server. Raises SettingsError."""
        if url := self._option("url"):
            return base_url("evidence_rillsoft_url", url, self._settings.http_hosts)
        msg = (
            "evidence_rillsoft_url is not set - write the root of the Rillsoft Integration Server "
            "into pytest.ini"
        )
        raise SettingsError(msg)

    def _option(self, name: str) -> str:
        return self._options.get(name, "").strip()

    def _access_problems(self) -> list[str]:
        try:
            if self._secrets.first(*LOGINS) is not None:
                return []
        except SettingsError as error:
            return list(error.problems)
        return [
            "no credentials for rillsoft - set PYTEST_EVIDENCE_RILLSOFT_TOKEN, or "
            "PYTEST_EVIDENCE_RILLSOFT_USER and PYTEST_EVIDENCE_RILLSOFT_PASSWORD"
        ]

    def _client(self) -> Client:
        """Return the client, built when it is first needed; only this loads the HTTP library."""
        with self._lock:
            if self._opened is None:
                from ..apis.rillsoft import Rillsoft as Client  # noqa: PLC0415
                from ..rest.origins import Origins  # noqa: PLC0415
                from ..rest.session import Session  # noqa: PLC0415

                origins = Origins(self._base, option="evidence_rillsoft_url")
                session = Session(origins, self._budget, ca_bundle=self._settings.ca_bundle)
                self._opened = Client(session, self._credentials(session))
            return self._opened

    def _credentials(self, session: Session) -> Credentials:
        from ..apis.rillsoft import log_in  # noqa: PLC0415

        secrets = self._secrets.first(*LOGINS)
        if secrets is None:
            raise SettingsError(*self._access_problems())
        if len(secrets) == 1:
            return bearer(*secrets)
        user, password = secrets
        return TokenSource(lambda: log_in(session, user, password))


def _place(target: Target) -> Place:
    from ..apis.rillsoft import Place  # noqa: PLC0415

    return Place(
        client=target.scoped("client") or "",
        attachment=target.id,
        project=target.scoped("project"),
        portfolio=target.scoped("portfolio"),
    )


def _receipts(target: Target, deliveries: Sequence[Delivery], name: str) -> Results:
    return {d.key: Receipt(key=d.key, remote_id=target.id, remote_name=name) for d in deliveries}
