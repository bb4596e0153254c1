"""The operations of Workiva's Test Forms API that attach evidence and prove it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from urllib.parse import urlsplit

from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..rest.answers import Answer
from ..rest.answers import Request
from ..rest.answers import refusal
from ..rest.auth import Credentials
from ..rest.auth import TokenSource
from ..rest.body import Body
from ..rest.body import BytesBody
from ..rest.origins import Origins
from ..rest.origins import origin_of
from ..rest.session import Session
from ..retry import Budget
from ..retry import retry_after_s
from ..secrets import Secret
from .workiva_login import NO_ACCESS
from .workiva_login import VERSIONS
from .workiva_login import Login
from .workiva_refusals import NO_SCOPE
from .workiva_refusals import reasons_in
from .workiva_refusals import refused
from .workiva_refusals import without_address
from .workiva_refusals import words_of
from .workiva_shapes import Attachment
from .workiva_shapes import Operation
from .workiva_shapes import RefusedObjectError
from .workiva_shapes import Upload


DOMAIN = "wdesk.com"
KINDS = ("testForms", "testPhases", "matrices", "samples")
MAX_PAGES = 1000


@dataclass(frozen=True, slots=True)
class _Unrepeated:
    """Credentials of the one request that is never repeated; a refused token is dropped all the same."""

    credentials: Credentials

    def headers(self, method: str, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        return self.credentials.headers(method, url, headers)

    def renew(self, refused: Mapping[str, str]) -> bool:
        self.credentials.renew(refused)
        return False


class WorkivaApi:
    """A client of one Workiva region in one API version, for any thread.

    `ids` are the plain ids of test form, test phase, matrix and sample, as far down as they go. Every
    operation raises what `Session.send` raises, DestinationClosedError where the token is refused,
    RefusedObjectError for 403 and 404, and else what a refusal stands for.
    """

    def __init__(self, session: Session, login: Login, *, budget: Budget) -> None:
        self._session = session
        self._login = login
        self._version = login.version
        self._credentials = TokenSource(login.fetch, clock=budget.clock)
        self._put_refused = False

    @property
    def scopes(self) -> frozenset[str] | None:
        """The scopes of the newest token; None before the first one, or where it does not say."""
        return self._login.scopes

    def look(self, ids: Sequence[str]) -> None:
        """Return if the object is there and visible (getTestPhaseById, getMatrixById, getSampleById).

        GET /testForms/{id}/testPhases/{id}[/matrices/{id}[/samples/{id}]], scope graph:read.
        """
        self._get(self._url(ids), "the look at the object")

    def attachments(self, ids: Sequence[str]) -> list[Attachment]:
        """Return every attachment of an object, from all pages (getTestPhaseAttachments and the like).

        GET …/attachments, scope graph:read. Raises TemporaryError rather than return a part.
        """
        return [attachment for page in self._pages(ids) for attachment in _attachments(page)]

    def begin_upload(self, ids: Sequence[str], name: str) -> Upload:
        """Ask for a place for the bytes of one file (testPhaseAttachmentUpload and the like).

        POST …/attachmentUpload, scope graph:write. Attaches nothing, so that a repeat is harmless.
        Raises UncertainError where the answer lacks the upload URL or the operation, and
        DestinationClosedError where one of them is on an origin that is not allowed.
        """
        request = Request(
            method="POST",
            url=f"{self._url(ids)}/attachmentUpload",
            what="the start of the upload",
            headers=self._version.headers,
            body=BytesBody.json({"fileName": name}),
            credentials=self._credentials,
        )
        answer = self._session.send(request)
        if not 200 <= answer.status < 300:
            raise refused(answer)
        found = answer.fields()
        operation = answer.headers.get("Location") or found.get("operationLocation")
        url = found.get("uploadUrl")
        for wanted, value in (("uploadUrl", url), ("Location", operation)):
            if not isinstance(value, str) or not value:
                raise UncertainError(f"{request.what}: HTTP {answer.status} without {wanted}")
        return Upload(
            operation=self._address(str(operation)),
            url=Secret(self._session.origins.resolve(str(url)), "an answer of Workiva"),
            retry_after_s=_retry_after_s(answer),
        )

    def put_content(self, upload: Upload, content: Body) -> None:
        """Send the bytes of an upload that was begun just now, once.

        PUT <uploadUrl> with the bearer (text of testPhaseAttachmentUpload); any 2xx is an answer, but
        only the list of attachments or the operation proves anything. The URL is never tried again with
        another token: the first 401 raises TemporaryError (the token may have ended meanwhile; a new
        upload gets a new one), a second in a row DestinationClosedError, a 403 PermanentError. The
        10 MB payload limit of the API host does not concern the upload URL's.
        """
        request = Request(
            method="PUT",
            url=upload.url.reveal(),
            what="the upload",
            headers={"Accept": "*/*"},
            body=content,
            credentials=_Unrepeated(self._credentials),
        )
        answer = self._session.send(request)
        refused_before, self._put_refused = self._put_refused, answer.status == 401
        if 200 <= answer.status < 300:
            return
        error = refusal(answer, without_address(words_of(answer), upload.url))
        if answer.status == 401 and not refused_before:
            raise TemporaryError(str(error))
        if answer.status == 401:
            raise DestinationClosedError(str(error), why="authentication", next_step=NO_ACCESS)
        if answer.status == 403:
            raise PermanentError(str(error), next_step=NO_SCOPE)
        raise error

    def operation(self, address: str) -> Operation:
        """Look at an operation: GET /operations/{operationId} (getOperationById), any token.

        Polls are limited to about one a second. Raises RefusedObjectError where it is not known, or
        where the address, which a spool from elsewhere may have noted, is not allowed: nothing is asked.
        """
        if not self._session.origins.allows(self._session.origins.absolute(address)):
            msg = "the address that was noted for the operation is not one of Workiva's"
            raise RefusedObjectError(msg, status=404, next_step="look at the target yourself")
        answer = self._get(self._session.origins.resolve(address), "the look at the operation")
        found = answer.fields()
        return Operation(
            status=str(found.get("status") or "").lower(),
            reasons="; ".join(reasons_in(found.get("details"))),
            request=str(found.get("originalRequest") or ""),
            retry_after_s=_retry_after_s(answer),
        )

    def close(self) -> None:
        """Close this thread's connections."""
        self._session.close()

    def _pages(self, ids: Sequence[str]) -> Iterator[list[Any]]:
        url, seen, what = f"{self._url(ids)}/attachments", set[str](), "the list of attachments"
        while url:
            if url in seen or len(seen) == MAX_PAGES:
                raise TemporaryError(f"{what}: no end after {len(seen)} pages")
            seen.add(url)
            found = self._get(url, what).fields()
            entries, link = found.get("data"), found.get("@nextLink") or ""
            if not isinstance(entries, list) or not isinstance(link, str):
                raise TemporaryError(f"{what}: page {len(seen)} is not of the documented shape")
            yield entries
            url = self._session.origins.resolve(link, against=url) if link else ""

    def _get(self, url: str, what: str) -> Answer:
        answer = self._session.send(
            Request(
                method="GET",
                url=url,
                what=what,
                headers=self._version.headers,
                credentials=self._credentials,
            )
        )
        if answer.status != 200:
            raise refused(answer)
        return answer

    def _url(self, ids: Sequence[str]) -> str:
        path = (f"/{kind}/{quote(id, safe='')}" for kind, id in zip(KINDS, ids, strict=False))
        return f"{self._session.origins.base}{self._version.prefix}{''.join(path)}"

    def _address(self, location: str) -> str:
        """Return an operation's address so that it can be kept: without the API's own origin."""
        origins = self._session.origins
        absolute = origins.resolve(location)
        if origin_of(absolute) != origin_of(origins.base):
            return absolute
        parts = urlsplit(absolute)
        return parts._replace(scheme="", netloc="", fragment="").geturl()


def connect(
    *,
    base: str,
    version: str,
    client_id: Secret,
    client_secret: Secret,
    budget: Budget,
    hosts: Iterable[str] = (),
    ca_bundle: str | None = None,
) -> WorkivaApi:
    """Return a client; no request is sent yet.

    Raises DestinationClosedError where the CA bundle cannot be used.
    """
    origins = Origins(base, hosts=hosts, domains=(DOMAIN,), option="evidence_workiva_hosts")
    session = Session(origins, budget, ca_bundle=ca_bundle)
    login = Login(
        session=session,
        version=VERSIONS[version],
        client_id=client_id,
        client_secret=client_secret,
    )
    return WorkivaApi(session, login, budget=budget)


def _attachments(entries: Iterable[Any]) -> Iterator[Attachment]:
    for entry in entries:
        if isinstance(entry, dict) and isinstance(name := entry.get("fileName"), str):
            id = entry.get("id")
            yield Attachment(id=id if isinstance(id, str) and id else None, name=name)


def _retry_after_s(answer: Answer) -> float | None:
    return retry_after_s(answer.headers.get("Retry-After"), answer.headers.get("Date"))
