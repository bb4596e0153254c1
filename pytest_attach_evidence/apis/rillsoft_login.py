"""The login of the Rillsoft Integration Server, whose answer no page that could be read describes."""

from __future__ import annotations

import base64
import json
from typing import Any

from ..errors import DestinationClosedError
from ..rest.answers import Request
from ..rest.auth import Token
from ..rest.body import BytesBody
from ..rest.session import Session
from ..secrets import Secret
from .rillsoft_refusals import CHECK_CREDENTIALS
from .rillsoft_refusals import refused
from .rillsoft_refusals import words_of


TOKEN_FIELDS = ("token", "access_token", "jwt")
# Where a success of this server has what it is about, or where others have it.
WRAPPERS = ("details", "data")


def log_in(session: Session, user: Secret, password: Secret) -> Token:
    """Return a token for a user name and a password.

    POST /api/v1/login (v1/login-with-username-and-password). The answer is not documented: the token is
    looked for under its customary names, at the top and where a success has its details. Raises
    DestinationClosedError where the login is refused or no token is found, else as `Session.send` and
    `refusal`.
    """
    document = {"username": user.reveal(), "password": password.reveal()}
    answer = session.send(
        Request(
            method="POST",
            url=f"{session.origins.base}/api/v1/login",
            what="the login",
            body=BytesBody.json(document),
            acts=False,
        )
    )
    if answer.status in (400, 401, 403, 404):
        seen = f"{answer.request.what}: HTTP {answer.status} ({words_of(answer)})"
        raise DestinationClosedError(seen, why="authentication", next_step=CHECK_CREDENTIALS)
    if answer.status not in (200, 201):
        raise refused(answer)
    if token := _token_in(answer.fields()):
        return Token(value=Secret(token, "the login"), life_s=_life_s(token))
    msg = f"the login: HTTP {answer.status} without a token under {', '.join(TOKEN_FIELDS)}"
    hint = "set PYTEST_EVIDENCE_RILLSOFT_TOKEN instead"
    raise DestinationClosedError(msg, why="authentication", next_step=hint)


def _token_in(document: Any) -> str:
    """Return the token that an object holds by itself, or one step further down; '' where none does."""
    inner = [document.get(name) for name in WRAPPERS]
    inner += [one for found in inner if isinstance(found, list) for one in found]
    for place in (document, *(one for one in inner if isinstance(one, dict))):
        for name in TOKEN_FIELDS:
            token = place.get(name)
            if isinstance(token, str) and token:
                return token
    return ""


def _life_s(token: str) -> float | None:
    """Return how long a JWT lives from its own two times, read without being verified."""
    try:
        payload = token.split(".")[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        life = float(claims["exp"]) - float(claims["iat"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    return life if life > 0 else None
