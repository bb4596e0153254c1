"""The operations of the Rillsoft Integration Server (REST v2) that carry evidence, or lead to its places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from urllib.parse import urlencode

from ..errors import PermanentError
from ..rest.answers import Answer
from ..rest.answers import Request
from ..rest.answers import plain_line
from ..rest.auth import Credentials
from ..rest.body import Body
from ..rest.body import MultipartBody
from ..rest.body import Part
from ..rest.session import Session
from .rillsoft_refusals import expect_document
from .rillsoft_refusals import expect_success
from .rillsoft_shapes import Row
from .rillsoft_shapes import rows_in


# No list is documented to have pages, so all of it is one answer.
LIST_LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
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

    def upload(self, record: Record, filename: str, content: Body) -> None:
        """Store the file of an attachment record; what it held before is replaced.

        POST /api/v2/clients/{client_id}/attachments/{attachment_id} (v2/upload-attachment). Done is a
        201, or a 200, whose body says `success`; it tells neither name nor size. Raises UncertainError
        where the answer is not that.
        """
        scope = {"project_id": record.project, "portfolio_id": record.portfolio}
        query = urlencode({name: id for name, id in scope.items() if id is not None})
        path = f"{_client(record.client)}/attachments/{quote(record.attachment, safe='')}"
        answer = self._session.send(
            Request(
                method="POST",
                url=f"{self._root}{path}" + (f"?{query}" if query else ""),
                what=f"the upload of {filename} to {record}",
                body=MultipartBody([Part(field="file", filename=filename, content=content)]),
                credentials=self._credentials,
            )
        )
        expect_success(answer)

    def seen_projects(self, client: str) -> list[Row] | None:
        """Return the projects of a client that is open to us; None where no list is seen in the answer."""
        return rows_in(expect_document(self._list(client, "projects")), "project")

    def seen_portfolios(self, client: str) -> list[Row] | None:
        """Return the portfolios of a client likewise."""
        return rows_in(expect_document(self._list(client, "portfolios")), "portfolio")

    def projects(self, client: str) -> list[Row]:
        """Return the active projects of a client.

        GET /api/v2/clients/{client_id}/projects (v2, list of active projects of a client). The shape of
        the list is not documented; raises PermanentError where it is none we see rows in.
        """
        return _rows(self._list(client, "projects"), "project")

    def portfolios(self, client: str) -> list[Row]:
        """Return the portfolios of a client.

        GET /api/v2/clients/{client_id}/portfolios (v2/get-client-portfolios). Of its shape as `projects`.
        """
        return _rows(self._list(client, "portfolios"), "portfolio")

    def documents(self, client: str) -> list[Row]:
        """Return the active DMS documents of a client's projects.

        GET /api/v2/clients/{client_id}/dms/documents (v2, retrieve active DMS documents for the specified
        client projects); the samples send no query, so it is not asked for single projects. Documents
        are other things than attachment records. Of its shape as `projects`.
        """
        return _rows(self._list(client, "dms/documents"), "document")

    def close(self) -> None:
        """Close this thread's connections."""
        self._session.close()

    def _list(self, client: str, what: str) -> Answer:
        return self._session.send(
            Request(
                method="GET",
                url=f"{self._root}{_client(client)}/{what}",
                what=f"the {what.rpartition('/')[2]} of client {client}",
                credentials=self._credentials,
                answer_limit=LIST_LIMIT,
            )
        )

    @property
    def _root(self) -> str:
        return self._session.origins.base


def _rows(answer: Answer, kind: str) -> list[Row]:
    document = expect_document(answer)
    found = rows_in(document, kind)
    if found is None:
        seen = f"{_shape(document)} holds no list in a shape that we know"
        hint = "the vendor documents none; look at the server's own pages"
        raise PermanentError(f"{answer.request.what}: {seen}", next_step=hint)
    return found


def _shape(document: Any) -> str:
    """Return what can be said of a document without showing what is in it."""
    if isinstance(document, dict):
        return f"a JSON object of {plain_line(', '.join(document)) or 'nothing'}"
    return f"a JSON {type(document).__name__}"


def _client(id: str) -> str:
    return f"/api/v2/clients/{quote(id, safe='')}"
