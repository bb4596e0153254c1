"""The operations of Huawei CodeArts Req (IPD and Scrum work items) that carry evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import BinaryIO
from typing import cast

from ..errors import PermanentError
from ..rest.answers import Answer
from ..rest.answers import Request
from ..rest.answers import refusal
from ..rest.body import Body
from ..rest.body import MultipartBody
from ..rest.body import Part
from .codearts_calls import IPD
from .codearts_calls import SCRUM
from .codearts_calls import fields_of
from .codearts_calls import result_of
from .codearts_calls import segment
from .codearts_items import WorkItems
from .codearts_refusals import refused
from .codearts_shapes import Attachment
from .codearts_shapes import Stored
from .codearts_shapes import attachment_of
from .codearts_shapes import digits
from .codearts_shapes import id_in
from .codearts_shapes import listed


LONGEST_REFUSAL = 4096


class CodeArts(WorkItems):
    """A client of one CodeArts Req endpoint.

    Every operation raises what `Session.send` raises, and for refusals DestinationClosedError (401, a
    path that is not published), TemporaryError (throttled) or PermanentError.
    """

    def upload(self, project: str, issue: str, filename: str, content: Body) -> Stored:
        """Attach a file to an IPD work item.

        POST …/issues/{issue_id}/attachments/upload (CreateIpdProjectIssueAttachment). Done is only what
        says `success` in a 200. Raises UncertainError where the answer is not a documented one.
        """
        path = f"{IPD}/{segment(project)}/issues/{segment(issue)}/attachments/upload"
        return Stored(id=id_in(result_of(self._post_file(path, filename, content))))

    def upload_scrum(self, project: str, issue: str, filename: str, content: Body) -> Stored:
        """Attach a file to a Scrum item.

        POST /v4/projects/{project_id}/issues/{issue_id}/attachments/upload (UploadAttachments). Done is
        a 200 with the attachment's id. Raises UncertainError where the answer is not a documented one.
        """
        answer = self._post_file(f"{_scrum(project, issue)}/upload", filename, content)
        found = fields_of(answer)
        if (id := id_in(found)) is None or found.get("status", "success") != "success":
            raise refused(answer)
        return Stored(id=id)

    def attachments(self, project: str, issue: str) -> list[Attachment]:
        """Return all attachments of an IPD work item; the service does not page them.

        GET …/attachments?issue_id=…&source_project_id=… (ShowIpdAttachmentByWorkItemId). Raises
        TemporaryError where the answer is not a list.
        """
        path, what = f"{IPD}/{segment(project)}/attachments", "the list of attachments"
        answer = self._get(path, what, issue_id=issue, source_project_id=project)
        result = result_of(answer)
        entries = [] if result is None else listed(result)
        if entries is None:
            raise refusal(answer, f"a result of type {type(result).__name__} where a list belongs")
        return [attachment_of(entry) for entry in entries if isinstance(entry, dict)]

    def scrum_attachments(self, project: str, issue: str) -> list[Attachment] | None:
        """Return all attachments of a Scrum item; None where the service does not tell (`scrum_item`)."""
        return self.scrum_item(project, issue)[1]

    def download(self, project: str, attachment: Attachment, into: BinaryIO) -> None:
        """Write the bytes of an IPD attachment into a file.

        GET …/attachments/download/{id} (DownloadIpdIssueAttachment): a 200 of the listed size is the file,
        whatever is in it. Where no size is listed, it is one unless it does not say so and is a refusal, or
        a web page in place of something else. What is written before an error is raised is no whole file.
        """
        path = (
            f"{IPD}/{segment(project)}/attachments/download/{_sure_id(attachment.id, 'download')}"
        )
        self._fetch(path, attachment, into)

    def download_scrum(
        self, project: str, issue: str, attachment: Attachment, into: BinaryIO
    ) -> None:
        """Write the bytes of a Scrum item's attachment into a file; see `download`.

        GET /v4/projects/{project_id}/issues/{issue_id}/attachments/{attachment_id} (DownloadAttachment).
        """
        path = f"{_scrum(project, issue)}/{_sure_id(attachment.id, 'download')}"
        self._fetch(path, attachment, into)

    def delete_scrum(self, project: str, issue: str, attachment: str) -> None:
        """Take an attachment off a Scrum item; one that was uploaded there is gone.

        DELETE /v4/projects/{project_id}/issues/{issue_id}/attachments/{attachment_id} (DeleteAttachment).
        Which status says so is not documented: 200 and 204 do. Raises UncertainError where it is not
        known whether it is gone.
        """
        url = self._url(f"{_scrum(project, issue)}/{_sure_id(attachment, 'deletion')}")
        what = f"the deletion of attachment {attachment}"
        answer = self._send(Request(method="DELETE", url=url, what=what))
        if answer.status == 204 or (answer.status == 200 and not answer.body.strip()):
            return
        if answer.status != 200 or _says_no(answer.body):
            raise refused(answer)
        answer.fields()

    def _post_file(self, path: str, filename: str, content: Body) -> Answer:
        body = MultipartBody([Part(field="attachment", filename=filename, content=content)])
        what = f"the upload of {filename}"
        answer = self._send(Request(method="POST", url=self._url(path), what=what, body=body))
        if answer.status != 200:
            raise refused(answer)
        return answer

    def _fetch(self, path: str, attachment: Attachment, into: BinaryIO) -> None:
        written = _Written(into)
        answer = self._send(
            Request(
                method="GET",
                url=self._url(path),
                what=f"the download of attachment {attachment.id}",
                headers={"Accept": "*/*"},
                into=cast(BinaryIO, written),
            )
        )
        if answer.status != 200:
            raise refused(answer)
        if attachment.size == written.length:
            return
        if "Content-Disposition" not in answer.headers:
            instead = replace(answer, body=written.begin)
            if _says_no(written.begin):
                raise refused(instead)
            if _is_page(answer) and not any(_names_page(name) for name in attachment.names):
                instead.document()  # raises: a page is no JSON
        if attachment.size is not None:
            raise refusal(answer, f"{written.length} bytes, where {attachment.size} are listed")


class _Written:
    """Writes into a file, and keeps what tells whether it is the file."""

    def __init__(self, into: BinaryIO) -> None:
        self._into = into
        self.begin = b""
        self.length = 0

    def write(self, block: bytes) -> int:
        """Write a block."""
        if len(self.begin) <= LONGEST_REFUSAL:
            self.begin = (self.begin + block)[: LONGEST_REFUSAL + 1]
        self.length += len(block)
        return self._into.write(block)


def _is_page(answer: Answer) -> bool:
    return answer.headers.get("Content-Type", "").lower().startswith("text/html")


def _names_page(name: str) -> bool:
    return name.lower().endswith((".html", ".htm"))


def _says_no(body: bytes) -> bool:
    """Tell whether a body is one of the service's refusals, which may come in a 200."""
    try:
        found = json.loads(body) if len(body) <= LONGEST_REFUSAL else None
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    failed = found.get("status") in ("failed", "error") and {"message", "result"} <= set(found)
    return failed or any(isinstance(found.get(name), str) for name in ("error_code", "errorCode"))


def _scrum(project: str, issue: str) -> str:
    return f"{SCRUM}/{segment(project)}/issues/{segment(issue)}/attachments"


def _sure_id(id: str, what: str) -> str:
    """Return an attachment's id. Raises PermanentError for none, which a path takes for all of them."""
    if digits(id) is None:
        msg = (
            f"the {what} of attachment {id!r}: that is no id of an attachment, so nothing was asked"
        )
        raise PermanentError(msg, next_step="do it on the page of the work item in CodeArts")
    return id
