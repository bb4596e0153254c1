"""Workiva: pieces become attachments of test phases, matrices and samples of a test form."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote
from urllib.parse import unquote

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import SettingsError
from ..errors import TargetError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Limits
from ..model import Notes
from ..model import OpenContent
from ..model import Problem
from ..model import Receipt
from ..model import Target
from ..retry import Budget
from ..secrets import PREFIX
from ..secrets import Secret
from ..secrets import Secrets
from ..settings import Settings
from ..urls import base_url
from .base import Results
from .workiva_uploads import Uploads
from .workiva_watch import Pace
from .workiva_watch import matched


if TYPE_CHECKING:
    from ..apis.workiva import WorkivaApi


URL = "https://api.app.wdesk.com"
VERSIONS = ("2026-01-01", "2022-01-01")
CREDENTIALS = ("WORKIVA_CLIENT_ID", "WORKIVA_CLIENT_SECRET")
KINDS = {2: "test-phase", 3: "matrix", 4: "sample"}
EXPECTED = "'<form>/<phase>', '<form>/<phase>/<matrix>' or '<form>/<phase>/<matrix>/<sample>'"
RUINED_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-][0-9]+")
BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


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
        self._settings = settings
        self._secrets = secrets
        self._budget = budget
        self._pace = Pace(budget)
        self._lock = threading.Lock()
        self._api: WorkivaApi | None = None

    @property
    def origin(self) -> str:
        """The normalised base URL, '' while it is wrong (which `problems` says)."""
        try:
            return self._base()
        except SettingsError:
            return ""

    def problems(self, *, uploading: bool) -> list[str]:
        """Return what is wrong with address, version, hosts and (for uploads) credentials."""
        checks: list[Callable[[], object]] = [self._base, self._version, self._hosts]
        if uploading:
            checks.append(self._credentials)
        found: list[str] = []
        for check in checks:
            try:
                check()
            except SettingsError as error:
                found += error.problems
        return found

    def parse(self, text: str | int) -> Target:
        """Return the test phase, matrix or sample that a path of ids leads to.

        An id with a slash has it percent-encoded. Raises TargetError.
        """
        if not isinstance(text, str):
            raise TargetError(f"{text!r} is not a path of ids - write {EXPECTED}")
        ids = text.split("/")
        if len(ids) not in KINDS:
            raise TargetError(f"{text!r} is not a path of 2 to 4 ids - write {EXPECTED}")
        for why in filter(None, map(_wrong, ids)):
            raise TargetError(f"{text!r}: {why} - write {EXPECTED}")
        path = "/".join(quote(unquote(id), safe="") for id in ids)
        return Target.of(self.name, self._base(), KINDS[len(ids)], path)

    def wrong(self, target: Target) -> str:
        """Return why a target is no path of ids of ours."""
        ids = target.id.split("/")
        if KINDS.get(len(ids)) == target.kind and not any(map(_wrong, ids)):
            return ""
        return f"{target.kind} {target.id} is no target of Workiva"

    def check(self, targets: Sequence[Target]) -> list[Problem]:
        """Read each target once, and look whether the token may write."""
        found = []
        for target in targets:
            try:
                self._connected().look(ids_of(target))
            except DeliveryError as error:
                closed = isinstance(error, DestinationClosedError)
                next_step = getattr(error, "next_step", "")
                subject = self.name if closed else str(target)
                found.append(Problem(subject=subject, seen=str(error), next_step=next_step))
                if closed:
                    return found
        scopes = self._connected().scopes if targets else None
        if scopes is not None and "graph:write" not in scopes:
            seen = "the token has no scope graph:write, so nothing can be attached"
            next_step = "add the scope to the API grant in Workiva"
            found.append(Problem(subject=self.name, seen=seen, next_step=next_step))
        return found

    def find(self, target: Target, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Return receipts for the pieces whose key is in the name of an attachment of the target.

        Raises UncertainError where the list may not be read (graph:read is missing), and
        TemporaryError where it cannot be read to its end now.
        """
        try:
            listed = self._connected().attachments(ids_of(target))
        except PermanentError as error:
            msg = f"{error} - {error.next_step}" if error.next_step else str(error)
            raise UncertainError(f"cannot tell what is attached: {msg}") from error
        return matched(listed, [delivery.key for delivery in deliveries], "found")

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
        )
        return uploads.run(deliveries)

    def close(self) -> None:
        """Release this thread's connections."""
        if self._api is not None:
            self._api.close()

    def _connected(self) -> WorkivaApi:
        with self._lock:
            if self._api is None:
                from ..apis.workiva import connect  # noqa: PLC0415  # it imports requests

                client_id, client_secret = self._credentials()
                self._api = connect(
                    base=self._base(),
                    hosts=self._hosts(),
                    version=self._version(),
                    client_id=client_id,
                    client_secret=client_secret,
                    budget=self._budget,
                    ca_bundle=self._settings.ca_bundle,
                )
            return self._api

    def _base(self) -> str:
        text = self._settings.of(self.name).get("url") or URL
        url = base_url("evidence_workiva_url", text, self._settings.http_hosts)
        if url.endswith("/platform/v1"):
            hint = "leave that out, and set evidence_workiva_version to 2022-01-01"
            raise SettingsError(f"evidence_workiva_url ends in /platform/v1 - {hint}")
        return url

    def _version(self) -> str:
        text = self._settings.of(self.name).get("version") or VERSIONS[0]
        if text not in VERSIONS:
            raise SettingsError(
                f"evidence_workiva_version is {text!r} - write {' or '.join(VERSIONS)}"
            )
        return text

    def _hosts(self) -> list[str]:
        option = "evidence_workiva_hosts"
        found = []
        for text in re.split(r"[\s,]+", self._settings.of(self.name).get("hosts", "").strip()):
            if "*" in text:
                raise SettingsError(f"{option} has {text!r} - name each host without an asterisk")
            if text:
                url = text if "://" in text else f"https://{text}"
                found.append(base_url(option, url, self._settings.http_hosts))
        return found

    def _credentials(self) -> tuple[Secret, Secret]:
        found = [self._secrets.get(name) for name in CREDENTIALS]
        missing = [
            PREFIX + name for name, secret in zip(CREDENTIALS, found, strict=True) if not secret
        ]
        client_id, client_secret = found
        if client_id is None or client_secret is None:
            raise SettingsError(f"no credentials for workiva - set {' and '.join(missing)}")
        return client_id, client_secret


def ids_of(target: Target) -> list[str]:
    """Return the plain ids from test form to the object of a target."""
    return [unquote(id) for id in target.id.split("/")]


def _wrong(id: str) -> str | None:
    """Return why a part of a target text cannot be an id."""
    plain = unquote(id)
    if not plain.strip() or plain in (".", ".."):
        return "a part is empty" if not plain.strip() else f"a part is {plain!r}"
    if BROKEN_PERCENT.search(id):
        return f"the percent sign in {id!r} has to be %25"
    if "\ufffd" in plain or any(c.isspace() or not c.isprintable() for c in plain):
        return f"{plain!r} has blanks or characters that no id has"
    if any(c.isnumeric() and not c.isascii() for c in plain):
        return f"{plain!r} has digits other than 0 to 9"
    if RUINED_NUMBER.fullmatch(plain):
        return f"{plain!r} is a number that a spreadsheet has ruined"
    return None
