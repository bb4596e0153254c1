"""IAM of Huawei Cloud: a user and a password for a token of one region."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..errors import DestinationClosedError
from ..rest.answers import Request
from ..rest.answers import refusal
from ..rest.auth import Token
from ..rest.body import BytesBody
from ..rest.session import Session
from ..secrets import Secret


CHECK_LOGIN = (
    "check PYTEST_EVIDENCE_HUAWEI_USER, _PASSWORD and _DOMAIN; "
    "the account of a HUAWEI ID needs an IAM user"
)


def fetch_token(
    session: Session, *, user: Secret, password: Secret, domain: Secret, region: str
) -> Token:
    """Return a token for the services of a region.

    POST /v3/auth/tokens?nocatalog=true (api-iam, KeystoneCreateUserTokenByPassword); the token is in the
    header X-Subject-Token of a 201. A lost answer leaves an unused token behind, which is harmless.
    Raises DestinationClosedError where the login is refused, else as `Session.send` and `refusal`.
    """
    answer = session.send(
        Request(
            method="POST",
            url=f"{session.origins.base}/v3/auth/tokens?nocatalog=true",
            what="the login at IAM",
            body=BytesBody.json(_login(user, password, domain, region)),
            acts=False,
        )
    )
    if answer.status in (400, 401, 403, 404):
        msg = f"{answer.request.what}: HTTP {answer.status} ({answer.words()})"
        raise DestinationClosedError(msg, why="authentication", next_step=CHECK_LOGIN)
    token = answer.headers.get("X-Subject-Token", "")
    if answer.status != 201 or not token:
        raise refusal(answer, "no token in the answer" if answer.status == 201 else None)
    return Token(value=Secret(token, "the login at IAM"), life_s=_life_s(answer.fields()))


def _login(user: Secret, password: Secret, domain: Secret, region: str) -> Mapping[str, Any]:
    person = {
        "name": user.reveal(),
        "password": password.reveal(),
        "domain": {"name": domain.reveal()},
    }
    return {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": person}},
            "scope": {"project": {"name": region}},
        }
    }


def _life_s(fields: Mapping[str, Any]) -> float | None:
    """Return how long a token lives by IAM's own clock, so that a wrong one here does not matter."""
    token = fields.get("token")
    try:
        issued, expires = (
            datetime.fromisoformat(token[name])  # type: ignore[index]  # TypeError is caught
            for name in ("issued_at", "expires_at")
        )
        return (expires - issued).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None
