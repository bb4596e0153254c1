"""What is configured for Rillsoft: the server, what scopes uploads, and which credentials are used."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ..errors import SettingsError
from ..rest.auth import TokenSource
from ..rest.auth import bearer
from ..rest.auth import token_end
from ..retry import Budget
from ..secrets import Secrets
from ..settings import Settings
from ..urls import base_url
from .rillsoft_targets import ID
from .rillsoft_targets import SCOPE


if TYPE_CHECKING:
    from ..apis.rillsoft import Rillsoft as Client
    from ..rest.auth import Credentials
    from ..rest.session import Session


LOGINS = (("RILLSOFT_TOKEN",), ("RILLSOFT_USER", "RILLSOFT_PASSWORD"))
BUNDLE_OR_MAP = (
    "set evidence_rillsoft_bundle = on to send them as one zip, "
    "or give each test an attachment of its own and set evidence_log and evidence_screenshot to off, "
    "which add pieces where a test fails"
)


class RillsoftSettings:
    """Reads the options and secrets of one destination; does no I/O before it is asked."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._settings = settings
        self._secrets = secrets
        options = settings.of("rillsoft")
        self._url = options.get("url", "").strip()
        self.scope = {name: options.get(name, "").strip() for name in SCOPE}
        self.bundles = options.get("bundle", "").strip() != "off"

    @property
    def url(self) -> str:
        """The normalised root of the server. Raises SettingsError."""
        if self._url:
            return base_url("evidence_rillsoft_url", self._url, self._settings.http_hosts)
        msg = (
            "evidence_rillsoft_url is not set - write the root of the Rillsoft Integration Server "
            "into pytest.ini"
        )
        raise SettingsError(msg)

    def client(self, budget: Budget) -> Client:
        """Return a client of the server; only this loads the HTTP library. Raises SettingsError."""
        from ..apis.rillsoft import Rillsoft as Client  # noqa: PLC0415
        from ..rest.origins import Origins  # noqa: PLC0415
        from ..rest.session import Session  # noqa: PLC0415

        origins = Origins(self.url, option="evidence_rillsoft_url")
        session = Session(origins, budget, ca_bundle=self._settings.ca_bundle)
        return Client(session, self._credentials(session))

    def login(self) -> tuple[str, datetime | None]:
        """Return where credentials come from, and when a token ends that tells it. Raises SettingsError."""
        found = self._secrets.first(*LOGINS)
        if found is None:
            raise SettingsError(*self._access_problems())
        return found[0].source, token_end(found[0]) if len(found) == 1 else None

    def problems(self, *, uploading: bool) -> list[str]:
        """Return every missing or wrong setting as one line."""
        found: list[str] = []
        try:
            _ = self.url
        except SettingsError as error:
            found += error.problems
        for name, id in self.scope.items():
            if id and not ID.fullmatch(id):
                hint = f"write the {name}'s id, a whole number"
                found.append(f"evidence_rillsoft_{name} is {id!r} - {hint}")
        if uploading:
            found += self._access_problems()
        return found

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

    def _credentials(self, session: Session) -> Credentials:
        from ..apis.rillsoft_login import log_in  # noqa: PLC0415

        secrets = self._secrets.first(*LOGINS)
        if secrets is None:
            raise SettingsError(*self._access_problems())
        if len(secrets) == 1:
            return bearer(*secrets)
        user, password = secrets
        return TokenSource(lambda: log_in(session, user, password))
