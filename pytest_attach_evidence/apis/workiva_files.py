"""The operations of Workiva's Test Forms API that bring attachments back, as they are or converted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..rest.answers import Answer
from ..rest.answers import Request
from ..rest.answers import Sink
from ..rest.answers import refusal
from ..rest.origins import origin_of
from ..secrets import Secret
from .workiva_calls import Calls
from .workiva_calls import waited_for
from .workiva_login import NO_ACCESS
from .workiva_refusals import NO_SCOPE
from .workiva_refusals import without_address
from .workiva_refusals import words_of
from .workiva_shapes import Attachment
from .workiva_shapes import Started
from .workiva_shapes import attachments_in


MAX_HOPS = 3


@dataclass(frozen=True, slots=True)
class Files:
    """Fetches attachments; scope graph:read. `ids` and errors as in `WorkivaApi`.

    Each fetch is a POST that starts an operation; when that has completed, `read` gets what its
    `resource` leads to.
    """

    calls: Calls

    def attachment(self, ids: Sequence[str], id: str) -> Attachment:
        """Return one attachment.

        GET …/attachments/{id} (getTestPhaseAttachmentById, getMatrixAttachmentById,
        getSampleAttachmentById).
        """
        what = "the look at the attachment"
        found = self.calls.get(self.calls.url(ids, "attachments", id), what).fields()
        for attachment in attachments_in([found]):
            return attachment
        raise TemporaryError(f"{what}: an answer without fileName")

    def begin_download(self, ids: Sequence[str], id: str) -> Started:
        """Have the bytes of an attachment made ready.

        POST …/attachments/{id}/download (testPhaseAttachmentDownloadById,
        matrixAttachmentDownloadById, sampleAttachmentDownloadById), no body.
        """
        what = "the start of the download"
        return self._started(
            self.calls.start(self.calls.url(ids, "attachments", id, "download"), what)
        )

    def begin_export(self, ids: Sequence[str], id: str) -> Started:
        """Have an attachment made a PDF, the one format there is.

        POST …/attachments/{id}/export (testPhaseAttachmentExportById, matrixAttachmentExportById,
        sampleAttachmentExportById). What becomes of files that cannot be converted is not documented.
        """
        url = self.calls.url(ids, "attachments", id, "export")
        return self._started(self.calls.start(url, "the start of the export", {"format": "pdf"}))

    def begin_form_export(self, form: str) -> Started:
        """Have a whole test form made a workbook: POST /testForms/{id}/export (testFormExport), xlsx."""
        url = self.calls.url([form], "export")
        return self._started(self.calls.start(url, "the start of the export", {"format": "xlsx"}))

    def read(self, resource: Secret, into: Sink) -> None:
        """Write what a completed operation leads to into a file, block by block.

        GET <resourceUrl> with the bearer (text of testPhaseAttachmentDownloadById). Whether that
        redirects is not documented: at most 3 redirects to allowed origins are followed, to another
        origin without the bearer. Raises DestinationClosedError where an origin is not allowed, and
        PermanentError where the address is of no use any more.
        """
        url = self.calls.origins.resolve(resource.reveal())
        bearer = True
        for _ in range(1 + MAX_HOPS):
            answer = self.calls.session.send(
                Request(
                    method="GET",
                    url=url,
                    what="the file",
                    headers={"Accept": "*/*"},
                    credentials=self.calls.credentials if bearer else None,
                    into=into,
                )
            )
            location = answer.headers.get("Location")
            if answer.status == 200:
                return
            if not 300 <= answer.status < 400 or not location:
                break
            following = self.calls.origins.resolve(location, against=url)
            bearer = bearer and origin_of(following) == origin_of(url)
            url = following
        raise _unread(answer, Secret(url, resource.source))

    def _started(self, answer: Answer) -> Started:
        operation = answer.headers.get("Location")
        if not operation and answer.body:
            operation = answer.fields().get("operationLocation")
        if not isinstance(operation, str) or not operation:
            what = answer.request.what
            raise TemporaryError(f"{what}: HTTP {answer.status} without Location")
        return Started(
            operation=self.calls.kept_address(operation), retry_after_s=waited_for(answer)
        )


def _unread(answer: Answer, url: Secret) -> DeliveryError:
    """Return what a refused look at a resource means; its address may have ended meanwhile."""
    error = refusal(answer, without_address(words_of(answer), url))
    if answer.status == 401:
        return DestinationClosedError(str(error), why="authentication", next_step=NO_ACCESS)
    if answer.status in (403, 404, 410):
        hint = f"ask for the file anew, since its address lasts a short time only; {NO_SCOPE}"
        return PermanentError(str(error), next_step=hint)
    return error
