"""The attachment operations of Squash TM, alike for all twelve owners (chapter Attachments, ATT)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from urllib.parse import quote

from ..errors import PermanentError
from ..errors import UncertainError
from ..rest.answers import Sink
from ..rest.answers import refusal
from ..rest.body import Body
from ..rest.body import MultipartBody
from ..rest.body import Part
from .squash_tm_requests import API
from .squash_tm_requests import Requests
from .squash_tm_requests import Row
from .squash_tm_shapes import Attachment
from .squash_tm_shapes import attachment_of
from .squash_tm_shapes import rows_of
from .squash_tm_shapes import stem_of


PART = "files"
CONTENT_TYPES = "application/octet-stream, application/json"
MOST_IDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of an upload."""

    name: str
    content: Body = field(repr=False)


class AttachmentRequests(Requests):
    """Upload, list, get, content, rename and delete."""

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

    def attachment(self, id: str) -> Attachment:
        """Return one attachment in its full form: GET /attachments/{id} (ATT, Get)."""
        answer = self._send("GET", f"attachments/{id}", f"reading attachment {id}")
        return attachment_of(self._accepted(answer).fields())

    def download(self, id: str, into: Sink, size: int | None = None) -> None:
        """Write the bytes of an attachment: GET /attachments/{id}/content (ATT, Get content).

        Written block by block; JSON is accepted too, since a server words refusals only where it is.
        Raises TemporaryError where that is not the `size` of the list: a proxy may have answered.
        """
        path, what = f"attachments/{id}/content", f"downloading attachment {id}"
        counted = _Counted(into)
        answer = self._send("GET", path, what, headers={"Accept": CONTENT_TYPES}, into=counted)
        self._accepted(answer, (200,))
        if size not in (None, counted.size):
            raise refusal(answer, f"{counted.size} bytes, where {size} are listed")

    def rename(self, attachment: Attachment, name: str) -> Attachment:
        """Give an attachment another name: PATCH /attachments/{id}?name= (ATT, Rename).

        Only the stem is sent, as a parameter and without a body: the server itself adds the extension,
        so that a name sent with it would get it twice [src]. `name` may have it or not.
        """
        stem = quote(stem_of(name, attachment.file_type), safe="")
        path, what = f"attachments/{attachment.id}?name={stem}", f"renaming {attachment.id}"
        return attachment_of(self._accepted(self._send("PATCH", path, what)).fields())

    def delete(self, owner: str, id: str, attachments: Sequence[str]) -> None:
        """Remove attachments of an object: DELETE /{owner}/{id}/attachments?attachmentIds= (ATT, Delete).

        The documentation shows no status; every other DELETE of the API answers 204, so any of 200, 202
        and 204 counts as done. At most 100 ids travel in one request. Raises PermanentError for an
        attachment without an id, before anything is sent.
        """
        if not all(attachments):
            msg = f"an attachment of {owner}/{id} is listed without its id, so nothing was deleted"
            raise PermanentError(msg, next_step="delete it in Squash TM")
        for start in range(0, len(attachments), MOST_IDS):
            ids = ",".join(attachments[start : start + MOST_IDS])
            path = f"{owner}/{id}/attachments?attachmentIds={ids}"
            answer = self._send("DELETE", path, f"deleting attachments {ids} of {owner}/{id}")
            self._accepted(answer, (200, 202, 204))

    def _inline_attachments(self, owner: str, id: str) -> list[Row]:
        rows = self.entity(owner, id).get("attachments")
        if not isinstance(rows, list):
            msg = (
                f"Squash TM lists no attachments of {owner}/{id}, so nobody can tell what is there"
            )
            raise UncertainError(msg)
        return [row for row in rows if isinstance(row, dict)]


class _Counted:
    """Writes into a file, and counts the bytes."""

    def __init__(self, into: Sink) -> None:
        self._into = into
        self.size = 0

    def write(self, block: bytes, /) -> int:
        """Write a block."""
        self.size += len(block)
        return self._into.write(block)
