"""Workiva's versions and tokens: where each version lives, and how a bearer is fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..rest.answers import Answer
from ..rest.answers import Request
from ..rest.answers import busy
from ..rest.answers import plain_line
from ..rest.answers import refusal
from ..rest.auth import Token
from ..rest.body import BytesBody
from ..rest.session import Session
from ..retry import retry_after_s
from ..secrets import Secret


OVERLOADED = "temporarily_unavailable"
BROKEN = "server_error"
NO_ACCESS = (
    "check PYTEST_EVIDENCE_WORKIVA_CLIENT_ID and PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET, and the API "
    "grant's expiry date, IP allow-list and region"
)
WRONG_PLACE = "check evidence_workiva_url (the region) and evidence_workiva_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """How one version of the API is addressed: path and header have to belong together."""

    prefix: str
    login_path: str
    headers: Mapping[str, str]


VERSIONS = {
    "2026-01-01": Version(
        prefix="", login_path="/oauth2/token", headers={"X-Version": "2026-01-01"}
    ),
    "2022-01-01": Version(prefix="/platform/v1", login_path="/iam/v1/oauth2/token", headers={}),
}


@dataclass(slots=True, kw_only=True)
class Login:
    """Fetches bearers with the client credentials of an API grant, from the API's own origin only.

    `scopes` are those of the newest token; None: not said.
    """

    session: Session
    version: Version
    client_id: Secret
    client_secret: Secret
    scopes: frozenset[str] | None = field(default=None, init=False)

    def fetch(self) -> Token:
        """Fetch a token: POST /oauth2/token (tokenRequest), /iam/v1/oauth2/token in 2022-01-01.

        Raises DestinationClosedError where the credentials or the address are refused, TemporaryError
        where the service cannot answer now.
        """
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.client_id.reveal(),
            "client_secret": self.client_secret.reveal(),
        }
        answer = self.session.send(
            Request(
                method="POST",
                url=f"{self.session.origins.base}{self.version.login_path}",
                what="the token request",
                headers=self.version.headers,
                body=BytesBody.form(fields),
                acts=False,
            )
        )
        if not 200 <= answer.status < 300:
            raise _refused(answer)
        return self._token(answer)

    def _token(self, answer: Answer) -> Token:
        try:
            found = answer.fields()
        except TemporaryError as error:
            raise DestinationClosedError(str(error), next_step=WRONG_PLACE) from error
        value = found.get("access_token")
        if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]+", value):
            msg = f"the token request: HTTP {answer.status} without a usable access_token"
            raise DestinationClosedError(msg, next_step=WRONG_PLACE)
        scopes = found.get("scope")
        self.scopes = frozenset(scopes.split()) if isinstance(scopes, str) and scopes else None
        return Token(
            value=Secret(value, "a token of Workiva"), life_s=_seconds(found.get("expires_in"))
        )


def _refused(answer: Answer) -> DeliveryError:
    """Return what a refused token request means: it has an error shape of its own."""
    code, words = _said(answer)
    error = refusal(answer, words)
    if answer.status in (400, 401) and code in (OVERLOADED, BROKEN):
        wait_s = retry_after_s(answer.headers.get("Retry-After"), answer.headers.get("Date"))
        if code == OVERLOADED:
            return busy(str(error), wait_s)
        return TemporaryError(str(error), retry_after_s=wait_s)
    if answer.status in (400, 401, 403):
        return DestinationClosedError(str(error), why="authentication", next_step=NO_ACCESS)
    if isinstance(error, PermanentError):
        return DestinationClosedError(str(error), next_step=WRONG_PLACE)
    return error


def _said(answer: Answer) -> tuple[str, str]:
    """Return the code and the words of `{"error": …, "error_description": …}`, else any words."""
    try:
        found: Any = answer.fields()
    except DeliveryError:
        found = {}
    code, description = found.get("error"), found.get("error_description")
    if not isinstance(code, str):
        return "", answer.words()
    more = f": {plain_line(description)}" if isinstance(description, str) and description else ""
    return code, plain_line(code) + more


def _seconds(value: Any) -> float | None:
    """Return a token's life, or None where it is not said in whole or fractional seconds."""
    text = "" if isinstance(value, bool) else str(value)
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else None
