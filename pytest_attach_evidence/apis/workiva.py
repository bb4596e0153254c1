"""The operations of Workiva's Test Forms API that attach evidence and prove it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import DestinationClosedError
from ..errors import OnceMoreError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..rest.answers import Request
from ..rest.answers import refusal
from ..rest.auth import Credentials
from ..rest.auth import Token
from ..rest.body import Body
from ..rest.body import BytesBody
from ..rest.origins import Origins
from ..rest.session import Session
from ..retry import Budget
from ..secrets import Secret
from .workiva_calls import Calls
from .workiva_calls import waited_for
from .workiva_files import Files
from .workiva_forms import Forms
from .workiva_login import NO_ACCESS
from .workiva_login import VERSIONS
from .workiva_login import Login
from .workiva_refusals import NO_LIMIT
from .workiva_refusals import NO_SCOPE
from .workiva_refusals import reasons_in
from .workiva_refusals import refused
from .workiva_refusals import without_address
from .workiva_refusals import words_of
from .workiva_shapes import Attachment
from .workiva_shapes import Operation
from .workiva_shapes import RefusedObjectError
from .workiva_shapes import Upload
from .workiva_shapes import attachments_in
from .workiva_shapes import text_in


DOMAIN = "wdesk.com"


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

    `forms` reads test forms and what is in them, `files` fetches what is attached. `ids` are the plain
    ids of test form, test phase, matrix and sample, as far down as they go. Every operation raises what
    `Session.send` raises, DestinationClosedError where the token is refused, RefusedObjectError for 403
    and 404, and else what a refusal stands for.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._put_refused = False
        self.forms = Forms(calls)
        self.files = Files(calls)

    @property
    def scopes(self) -> frozenset[str] | None:
        """The scopes of the newest token; None before the first one, or where it does not say."""
        return self._calls.login.scopes

    def log_in(self) -> Token:
        """Return a token that is good for a while yet, fetched where there is none."""
        return self._calls.credentials.token()

    def look(self, ids: Sequence[str]) -> str:
        """Return the name of an object that is there and visible, '' where it has none.

        getTestPhaseById, getMatrixById, getSampleById:
        GET /testForms/{id}/testPhases/{id}[/matrices/{id}[/samples/{id}]], scope graph:read.
        """
        found = self._calls.get(self._calls.url(ids), "the look at the object").fields()
        return text_in(found, "name")

    def attachments(self, ids: Sequence[str]) -> list[Attachment]:
        """Return every attachment of an object, from all pages.

        GET …/attachments (getTestPhaseAttachments, getMatrixAttachments, getSampleAttachments), scope
        graph:read. Raises TemporaryError rather than return a part.
        """
        url = self._calls.url(ids, "attachments")
        return attachments_in(self._calls.entries(url, "the list of attachments"))

    def begin_upload(self, ids: Sequence[str], name: str) -> Upload:
        """Ask for a place for the bytes of one file.

        POST …/attachmentUpload (testPhaseAttachmentUpload, matrixAttachmentUpload,
        sampleAttachmentUpload), scope graph:write. Attaches nothing, so that a repeat is harmless.
        Raises UncertainError where the answer lacks the upload URL or the operation, and
        DestinationClosedError where one of them is on an origin that is not allowed.
        """
        request = self._calls.request(
            "POST",
            self._calls.url(ids, "attachmentUpload"),
            "the start of the upload",
            body=BytesBody.json({"fileName": name}),
        )
        answer = self._calls.session.send(request)
        if not 200 <= answer.status < 300:
            raise refused(answer)
        found = answer.fields()
        operation = answer.headers.get("Location") or found.get("operationLocation")
        url = found.get("uploadUrl")
        for wanted, value in (("uploadUrl", url), ("Location", operation)):
            if not isinstance(value, str) or not value:
                raise UncertainError(f"{request.what}: HTTP {answer.status} without {wanted}")
        return Upload(
            operation=self._calls.kept_address(str(operation)),
            url=Secret(self._calls.origins.resolve(str(url)), "an answer of Workiva"),
            retry_after_s=waited_for(answer),
        )

    def put_content(self, upload: Upload, content: Body) -> None:
        """Send the bytes of an upload that was begun just now, once.

        PUT <uploadUrl> with the bearer (text of testPhaseAttachmentUpload); any 2xx is an answer, but
        only the list of attachments or the operation proves anything. The URL is never tried again with
        another token: the first 401 raises TemporaryError (the token may have ended meanwhile; a new
        upload gets a new one), a second in a row DestinationClosedError, a 403 PermanentError.
        The 10,485,760 bytes of a request to the API host do not concern the upload URL's.
        """
        request = Request(
            method="PUT",
            url=upload.url.reveal(),
            what="the upload",
            headers={"Accept": "*/*"},
            body=content,
            credentials=_Unrepeated(self._calls.credentials),
        )
        answer = self._calls.session.send(request)
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
        if isinstance(error, PermanentError | OnceMoreError) and answer.status == 413:
            error.next_step = NO_LIMIT
        raise error

    def operation(self, address: str) -> Operation:
        """Look at an operation: GET /operations/{operationId} (getOperationById), any token.

        Polls are limited to about one a second. Raises RefusedObjectError where it is not known, or
        where the address, which a spool from elsewhere may have noted, is not allowed: nothing is asked.
        """
        origins = self._calls.origins
        if not origins.allows(origins.absolute(address)):
            msg = "the address that was noted for the operation is not one of Workiva's"
            raise RefusedObjectError(msg, status=404, next_step="look at the target yourself")
        answer = self._calls.get(origins.resolve(address), "the look at the operation")
        found = answer.fields()
        # The prose of the documentation spells the key in the second way.
        url = found.get("resourceUrl") or found.get("resourceURL")
        return Operation(
            status=str(found.get("status") or "").lower(),
            reasons="; ".join(reasons_in(found.get("details"))),
            request=str(found.get("originalRequest") or ""),
            retry_after_s=waited_for(answer),
            resource=Secret(url, "an answer of Workiva") if isinstance(url, str) and url else None,
        )

    def close(self) -> None:
        """Close this thread's connections."""
        self._calls.session.close()


def connect(
    *,
    base: str,
    version: str,
    client_id: Secret,
    client_secret: Secret,
    budget: Budget,
    hosts: Iterable[str] = (),
    ca_bundle: str | None = None,
    patient: bool = False,
) -> WorkivaApi:
    """Return a client; no request is sent yet. `patient` as in `Calls`.

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
    return WorkivaApi(Calls(session=session, login=login, budget=budget, patient=patient))
