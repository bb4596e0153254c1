"""The operations of the Rillsoft Integration Server (REST v2) that carry evidence."""

from __future__ import annotations

import base64
import dataclasses
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from urllib.parse import urlencode

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..rest.answers import Answer
from ..rest.answers import Request
from ..rest.answers import plain_line
from ..rest.answers import refusal
from ..rest.auth import Credentials
from ..rest.auth import Token
from ..rest.body import Body
from ..rest.body import BytesBody
from ..rest.body import MultipartBody
from ..rest.body import Part
from ..rest.session import Session
from ..secrets import Secret


TOKEN_FIELDS = ("token", "access_token", "jwt")
CHECK_CREDENTIALS = (
    "check PYTEST_EVIDENCE_RILLSOFT_TOKEN (it may have ended), "
    "or PYTEST_EVIDENCE_RILLSOFT_USER and _PASSWORD"
)
CHECK_FILE = "check the ids, and the server's upload limit: it may drop a part that is too large"
CHECK_IDS = "check the ids; the answer does not tell which of them is unknown"
CHECK_ROLE = "ask for the right to change attachments of this client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An attachment record of a client, and what scopes the upload to it."""

    client: str
    attachment: str
    project: str | None = None
    portfolio: str | None = None

    def __str__(self) -> str:
        """Name every id, since a 404 does not."""
        scope = (("project", self.project), ("portfolio", self.portfolio))
        more = "".join(f", {name} {id}" for name, id in scope if id is not None)
        return f"client {self.client}, attachment {self.attachment}{more}"


class Rillsoft:
    """A client of one Rillsoft Integration Server.

    Every operation raises what `Session.send` raises, and for refusals DestinationClosedError (401),
    TemporaryError or PermanentError.
    """

    def __init__(self, session: Session, credentials: Credentials) -> None:
        self._session = session
        self._credentials = credentials

    def upload(self, place: Place, filename: str, content: Body) -> None:
        """Store the file of an attachment record; what it held before is replaced.

        POST /api/v2/clients/{client_id}/attachments/{attachment_id} (v2/upload-attachment). Done is a
        201, or a 200, whose body says `success`; it tells neither name nor size. Raises UncertainError
        where the answer is not that.
        """
        scope = {"project_id": place.project, "portfolio_id": place.portfolio}
        query = urlencode({name: id for name, id in scope.items() if id is not None})
        path = f"{_client(place.client)}/attachments/{quote(place.attachment, safe='')}"
        answer = self._session.send(
            Request(
                method="POST",
                url=f"{self._root}{path}" + (f"?{query}" if query else ""),
                what=f"the upload of {filename} to {place}",
                body=MultipartBody([Part(field="file", filename=filename, content=content)]),
                credentials=self._credentials,
            )
        )
        _expect_success(answer)

    def projects(self, client: str) -> None:
        """Ask for the projects of a client, to see that the server and the client are open to us.

        GET /api/v2/clients/{client_id}/projects (v2, list of active projects of a client). The shape of
        the list is not documented, so any JSON document will do.
        """
        answer = self._session.send(
            Request(
                method="GET",
                url=f"{self._root}{_client(client)}/projects",
                what=f"the projects of client {client}",
                credentials=self._credentials,
            )
        )
        if answer.status != 200:
            raise refused(answer)
        answer.document()

    def close(self) -> None:
        """Close this thread's connections."""
        self._session.close()

    @property
    def _root(self) -> str:
        return self._session.origins.base


def log_in(session: Session, user: Secret, password: Secret) -> Token:
    """Return a token for a user name and a password.

    POST /api/v1/login (v1/login-with-username-and-password). The answer is not documented: the token is
    looked for under its customary names. Raises DestinationClosedError where the login is refused or
    no token is found, else as `Session.send` and `refusal`.
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
        seen = f"{answer.request.what}: HTTP {answer.status} ({_words(answer)})"
        raise DestinationClosedError(seen, why="authentication", next_step=CHECK_CREDENTIALS)
    if answer.status not in (200, 201):
        raise refused(answer)
    fields = answer.fields()
    found = [fields.get(name) for name in TOKEN_FIELDS]
    if token := next((text for text in found if isinstance(text, str) and text), None):
        return Token(value=Secret(token, "the login"), life_s=_life_s(token))
    msg = f"the login: HTTP {answer.status} without a token under {', '.join(TOKEN_FIELDS)}"
    hint = "set PYTEST_EVIDENCE_RILLSOFT_TOKEN instead"
    raise DestinationClosedError(msg, why="authentication", next_step=hint)


def refused(answer: Answer, note: str = "") -> DeliveryError:
    """Return the error for an answer that is not a success: `message` and `details` in one line."""
    words = _words(answer) + note
    seen = f"{answer.request.what}: HTTP {answer.status} ({words})"
    if answer.status == 401:
        return DestinationClosedError(seen, why="authentication", next_step=CHECK_CREDENTIALS)
    hints = {400: CHECK_FILE, 403: CHECK_ROLE, 404: CHECK_IDS}
    if answer.status in hints:
        return PermanentError(seen, next_step=hints[answer.status])
    return refusal(answer, words)


def _expect_success(answer: Answer) -> None:
    """Raise unless the answer is a 201 or 200 whose body says `success`, with no other code."""
    if answer.status not in (200, 201):
        raise refused(answer)
    fields = answer.fields()
    code, status = fields.get("code", answer.status), fields.get("status")
    if status == "success" and str(code) in ("200", "201"):
        return
    if isinstance(code, int) and 400 <= code < 600:
        told = dataclasses.replace(answer, status=code)
        raise refused(told, f"; told inside HTTP {answer.status}")
    if status == "error":
        raise PermanentError(f"{answer.request.what}: HTTP {answer.status} ({_words(answer)})")
    raise refusal(answer, _words(answer))


def _words(answer: Answer) -> str:
    """Return `message: details`, whatever type the details have; else what there is."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return answer.words()
    if not isinstance(document, dict) or not isinstance(document.get("message"), str):
        return answer.words()
    details = document.get("details")
    if details in (None, "", [], {}):
        return plain_line(document["message"])
    shown = details if isinstance(details, str) else json.dumps(details, separators=(",", ":"))
    return plain_line(f"{document['message']}: {shown}")


def _life_s(token: str) -> float | None:
    """Return how long a JWT lives from its own two times, read without being verified."""
    try:
        payload = token.split(".")[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        life = float(claims["exp"]) - float(claims["iat"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    return life if life > 0 else None


def _client(id: str) -> str:
    return f"/api/v2/clients/{quote(id, safe='')}"
