"""The documented REST operations of Squash TM that evidence needs, typed.

Every URL is built from the configured root: hrefs in answers carry whatever scheme and host the server
believes it has behind its proxy, and are never followed.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from ..errors import TemporaryError
from ..errors import UncertainError
from ..rest.answers import ANSWER_LIMIT
from ..rest.answers import Answer
from ..rest.answers import Request
from ..rest.auth import Credentials
from ..rest.auth import basic
from ..rest.auth import bearer
from ..rest.body import Body
from ..rest.body import BytesBody
from ..rest.body import MultipartBody
from ..rest.body import Part
from ..rest.session import Session
from ..secrets import Secret
from .squash_tm_refusal import refused
from .squash_tm_shapes import Attachment
from .squash_tm_shapes import Execution
from .squash_tm_shapes import PlanItem
from .squash_tm_shapes import attachment_of
from .squash_tm_shapes import execution_of
from .squash_tm_shapes import extent_of
from .squash_tm_shapes import plan_item_of
from .squash_tm_shapes import rows_of


API = "/api/rest/latest"
PART = "files"
PAGE_SIZE = 50
LIST_LIMIT = 16 * 1024 * 1024
FAMILIES = ("test-plan-items", "iteration-test-plan-items")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of an upload."""

    name: str
    content: Body = field(repr=False)


def credentials_of(found: Sequence[Secret]) -> Credentials:
    """Return the credentials of one token, or of user and password.

    Servers read Basic credentials as ISO-8859-1 by default, so that is used wherever it can hold them.
    """
    if len(found) == 1:
        return bearer(unwrapped(found[0]))
    user, password = found
    try:
        return basic(user, password, encoding="iso-8859-1")
    except UnicodeEncodeError:
        return basic(user, password)


def unwrapped(token: Secret) -> Secret:
    """Return the token of three parts where it is wrapped in base64, as the UI's own call answers it."""
    text = token.reveal()
    if "." in text:
        return token
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return token
    inner = plain.decode("ascii", "replace")
    return Secret(inner, token.source) if re.fullmatch(r"[\w-]+(\.[\w-]+){2}", inner) else token


class SquashTm:
    """A client of one Squash TM. `root` is its address with the context path, without a final slash.

    Every method raises what `Session.send` raises, and for a refusal: DestinationClosedError (401, a
    redirect, an HTML 404 where no answer ever came from the API), PermanentError (400, 403, 404, 412,
    413), TemporaryError or UncertainError as `rest.session.refusal` sorts the rest.
    """

    def __init__(self, session: Session, root: str, credentials: Credentials) -> None:
        self._session = session
        self._root = root
        self._credentials = credentials
        self._reached = False
        self._family: str | None = None

    def attachment_url(self, id: str) -> str:
        """Return the API address of an attachment (addresses of the UI are not documented)."""
        return f"{self._root}{API}/attachments/{id}"

    def upload(self, owner: str, id: str, files: Sequence[File]) -> list[Attachment]:
        """Attach files to an object: POST /{owner}/{id}/attachments (ATT, Upload).

        Return what the answer lists, in no promised order. Raises UncertainError where the answer is
        not that list.
        """
        parts = [Part(field=PART, filename=file.name, content=file.content) for file in files]
        what = f"the upload to {owner}/{id} (files: {len(files)})"
        answer = self._send("POST", f"{owner}/{id}/attachments", what, body=MultipartBody(parts))
        return [
            attachment_of(row) for row in rows_of(self._accepted(answer).fields(), "attachments")
        ]

    def attachments(self, owner: str, id: str) -> list[Attachment]:
        """Return all attachments of an object: GET /{owner}/{id}/attachments.

        That list is advertised only for some owners; where it does not exist, the object itself shows
        them. Raises UncertainError where the object exists and does not tell, PermanentError where it
        does not exist: a gateway says so too while it does not know the way to Squash TM.
        """
        rows = self._list(f"{owner}/{id}/attachments", "attachments", absent=(404, 405))
        if rows is None:
            rows = self._inline_attachments(owner, id)
        return [attachment_of(row) for row in rows]

    def entity(self, owner: str, id: str) -> Mapping[str, Any]:
        """Return an object: GET /{owner}/{id} (EXEC, ITPI, TS and the like)."""
        answer = self._send("GET", f"{owner}/{id}", f"reading {owner}/{id}")
        return self._accepted(answer).fields()

    def test_plan(self, iteration: str) -> list[PlanItem]:
        """Return an iteration's whole plan: GET /iterations/{id}/test-plan."""
        rows = self._list(f"iterations/{iteration}/test-plan", "test-plan") or []
        return [plan_item_of(row) for row in rows if isinstance(row.get("id"), int)]

    def executions(self, item: PlanItem) -> list[Execution]:
        """Return a plan item's executions in the order of their ids: GET /{family}/{id} (ITPI, TPI).

        They are read from the item itself, whose abbreviated list is complete and short.
        """
        answer = self._accepted(self._on_item("GET", item, "", f"reading plan item {item.id}"))
        rows = answer.fields().get("executions")
        if not isinstance(rows, list):
            msg = f"reading plan item {item.id}: an item without a list of executions"
            raise TemporaryError(msg)
        found = [execution_of(row) for row in rows if isinstance(row, dict)]
        return sorted((one for one in found if one is not None), key=lambda one: one.id)

    def create_execution(self, item: PlanItem) -> Execution:
        """Create an execution: POST /{family}/{id}/executions.

        The item's status becomes READY. Raises UncertainError where the answer does not name it.
        """
        what = f"creating an execution of plan item {item.id}"
        body = BytesBody.json({})
        answer = self._accepted(self._on_item("POST", item, "/executions", what, body))
        execution = execution_of(answer.fields())
        if execution is None:
            msg = f"{what}: HTTP {answer.status} without the id of an execution"
            raise UncertainError(msg)
        return execution

    def set_status(self, execution: str, status: str) -> None:
        """Give an execution a status: PATCH /executions/{id}?fields=execution_status."""
        body = BytesBody.json({"_type": "execution", "execution_status": status})
        path = f"executions/{execution}?fields=execution_status"
        what = f"setting execution {execution} to {status}"
        self._accepted(self._send("PATCH", path, what, body=body)).fields()

    def close(self) -> None:
        """Close this thread's connections."""
        self._session.close()

    def _send(self, method: str, path: str, what: str, *, body: Body | None = None) -> Answer:
        request = Request(
            method=method,
            url=f"{self._root}{API}/{path}",
            what=f"Squash TM, {what}",
            body=body,
            credentials=self._credentials,
            answer_limit=LIST_LIMIT if method == "GET" else ANSWER_LIMIT,
        )
        answer = self._session.send(request)
        self._reached |= "json" in answer.headers.get("Content-Type", "").lower()
        return answer

    def _accepted(self, answer: Answer) -> Answer:
        """Return an answer that claims success; raise what any other stands for."""
        if answer.status in (200, 201):
            return answer
        raise refused(answer, reached=self._reached)

    def _on_item(
        self, method: str, item: PlanItem, tail: str, what: str, body: Body | None = None
    ) -> Answer:
        """Send a request about a plan item by the family of paths this version has."""
        own = next((name for name in FAMILIES if name == f"{item.type}s"), FAMILIES[0])
        first = self._family or own
        answer = self._send(method, f"{first}/{item.id}{tail}", what, body=body)
        if answer.status == 404 and self._family is None:
            other = next(name for name in FAMILIES if name != first)
            answer = self._send(method, f"{other}/{item.id}{tail}", what, body=body)
            first = other
        if answer.status in (200, 201):
            self._family = first
        return answer

    def _inline_attachments(self, owner: str, id: str) -> list[Mapping[str, Any]]:
        answer = self._send("GET", f"{owner}/{id}", f"reading {owner}/{id}")
        rows = self._accepted(answer).fields().get("attachments")
        if not isinstance(rows, list):
            msg = (
                f"Squash TM lists no attachments of {owner}/{id}, so nobody can tell what is there"
            )
            raise UncertainError(msg)
        return [row for row in rows if isinstance(row, dict)]

    def _list(
        self, path: str, key: str, *, absent: Sequence[int] = ()
    ) -> list[Mapping[str, Any]] | None:
        """Read a list to its last page; None where the first answer's status is in `absent`.

        Raises TemporaryError where the pages together hold less than they announce.
        """
        rows: dict[Any, Mapping[str, Any]] = {}
        number = 0
        while True:
            what = f"page {number + 1} of {path}"
            answer = self._send("GET", f"{path}?sort=id&page={number}&size={PAGE_SIZE}", what)
            if answer.status in absent and number == 0:
                return None
            document = self._accepted(answer).fields()
            before = len(rows)
            rows.update((row.get("id", object()), row) for row in rows_of(document, key))
            pages, elements = extent_of(document)
            number += 1
            if pages is None:
                if len(rows) == before:
                    return list(rows.values())
            elif number >= pages:
                if pages > 1 and len(rows) < elements:
                    msg = f"Squash TM, {path}: {len(rows)} of {elements} rows on {pages} pages"
                    raise TemporaryError(msg)
                return list(rows.values())
