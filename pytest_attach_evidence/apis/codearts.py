"""The operations of Huawei CodeArts Req (IPD and Scrum work items) that carry evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from urllib.parse import urlencode

from ..errors import PermanentError
from ..rest.answers import Answer
from ..rest.answers import Request
from ..rest.answers import refusal
from ..rest.auth import Credentials
from ..rest.body import Body
from ..rest.body import BytesBody
from ..rest.body import MultipartBody
from ..rest.body import Part
from ..rest.session import Session
from .codearts_refusals import refused
from .codearts_signing import Signer


IPD = "/v1/ipdprojectservice/projects"
SCRUM = "/v4/projects"
CATEGORIES = ("RR", "SF", "IR", "SR", "AR", "US", "Epic", "FE", "Task", "Bug")
# A category list is at most 32 characters long, so all of them do not fit into one request.
CATEGORY_GROUPS = ("RR,SF,IR,SR,AR,US,Epic,FE", "Task,Bug")
DEEPEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attachment as a work item lists it. `names` are all names it is known by, `size` in bytes."""

    id: str
    names: tuple[str, ...]
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An upload that the service reports done. It need not tell the attachment's id."""

    id: str | None


class CodeArts:
    """A client of one CodeArts Req endpoint.

    Every operation raises what `Session.send` raises, and for refusals DestinationClosedError (401, a
    path that is not published), TemporaryError (throttled) or PermanentError.
    """

    def __init__(self, session: Session, credentials: Credentials) -> None:
        self._session = session
        self._credentials = credentials

    def upload(self, project: str, issue: str, filename: str, content: Body) -> Stored:
        """Attach a file to an IPD work item.

        POST …/issues/{issue_id}/attachments/upload (CreateIpdProjectIssueAttachment). Done is only what
        says `success` in a 200. Raises UncertainError where the answer is not a documented one.
        """
        path = f"{IPD}/{_segment(project)}/issues/{_segment(issue)}/attachments/upload"
        answer = self._post_file(path, filename, content)
        return Stored(id=_id_in(_result(answer)))

    def upload_scrum(self, project: str, issue: str, filename: str, content: Body) -> Stored:
        """Attach a file to a Scrum item.

        POST /v4/projects/{project_id}/issues/{issue_id}/attachments/upload (UploadAttachments). Done is
        a 200 with the attachment's id. Raises UncertainError where the answer is not a documented one.
        """
        path = f"{SCRUM}/{_segment(project)}/issues/{_segment(issue)}/attachments/upload"
        answer = self._post_file(path, filename, content)
        found = answer.fields() if answer.status == 200 else {}
        if found.get("error_code") or found.get("status", "success") != "success":
            raise refused(answer)
        if (id := _id_in(found)) is None:
            raise refused(answer)
        return Stored(id=id)

    def attachments(self, project: str, issue: str) -> list[Attachment]:
        """Return all attachments of an IPD work item; the service does not page them.

        GET …/attachments?issue_id=…&source_project_id=… (ShowIpdAttachmentByWorkItemId). Raises
        TemporaryError where the answer is not a list.
        """
        query = urlencode({"issue_id": issue, "source_project_id": project})
        url = f"{self._root}{IPD}/{_segment(project)}/attachments?{query}"
        answer = self._send(Request(method="GET", url=url, what="the list of attachments"))
        result = _result(answer)
        if not isinstance(result, list | None):
            raise refusal(answer, f"a result of type {type(result).__name__} where a list belongs")
        return [_attachment(entry) for entry in result or () if isinstance(entry, dict)]

    def issue_id(self, project: str, number: str) -> str:
        """Return the id of the IPD work item with a number such as US20261105123456.

        POST …/issues/tree?category=… (ShowIpdIssueTree), which changes nothing. Raises PermanentError
        where the project has no such work item, or several.
        """
        letters = re.sub(r"[0-9]+$", "", number)
        own = [name for name in CATEGORIES if name.casefold() == letters.casefold()]
        for category in (*own, *CATEGORY_GROUPS):
            ids = set(self._ids(project, category, number))
            if len(ids) > 1:
                msg = f"{len(ids)} work items of project {project} have the number {number}"
                raise PermanentError(msg, next_step="use the id of the one that is meant")
            if ids:
                return ids.pop()
        msg = f"no work item with the number {number} is visible in project {project}"
        raise PermanentError(msg, next_step="check the number, the project, and membership in it")

    def close(self) -> None:
        """Close this thread's connections."""
        self._session.close()

    @property
    def _root(self) -> str:
        return self._session.origins.base

    def _ids(self, project: str, category: str, number: str) -> Iterator[str]:
        query = urlencode({"category": category}, safe=",")
        url = f"{self._root}{IPD}/{_segment(project)}/issues/tree?{query}"
        request = Request(
            method="POST",
            url=url,
            what=f"the search for work item {number}",
            body=BytesBody.json({"number": [number]}),
            acts=False,
        )
        for issue in _objects(_result(self._send(request)), DEEPEST):
            same = str(issue.get("number", "")).casefold() == number.casefold()
            if same and (id := _digits(issue.get("id"))) is not None:
                yield id

    def _post_file(self, path: str, filename: str, content: Body) -> Answer:
        body = MultipartBody([Part(field="attachment", filename=filename, content=content)])
        request = Request(
            method="POST", url=f"{self._root}{path}", what=f"the upload of {filename}", body=body
        )
        answer = self._send(request)
        if answer.status != 200:
            raise refused(answer)
        return answer

    def _send(self, request: Request) -> Answer:
        credentials = self._credentials
        if isinstance(credentials, Signer) and isinstance(request.body, BytesBody):
            credentials = credentials.covering(request.body.content)
        return self._session.send(replace(request, credentials=credentials))


def _result(answer: Answer) -> Any:
    """Return the result in an IPD envelope that reports success."""
    found = answer.fields() if answer.status == 200 else {}
    if found.get("status") != "success":
        raise refused(answer)
    return found.get("result")


def _attachment(entry: Mapping[str, Any]) -> Attachment:
    fields = ("file_name", "store_filename", "title", "name")
    names = [entry.get(field) for field in fields]
    size = _digits(entry.get("file_size", entry.get("filesize")))
    return Attachment(
        id=_digits(entry.get("id")) or "",
        names=tuple(name for name in names if isinstance(name, str)),
        size=None if size is None else int(size),
    )


def _id_in(result: Any) -> str | None:
    """Return the attachment's id from an upload's result, which may be an object, a list or null."""
    if isinstance(result, list) and len(result) == 1:
        result = result[0]
    return _digits(result.get("id")) if isinstance(result, dict) else None


def _digits(value: Any) -> str | None:
    """Return a number, written as text or not, as its ASCII digits."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if re.fullmatch(r"[0-9]{1,20}", text) else None


def _objects(document: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """Yield every JSON object below a document, whatever the service calls the list it is in."""
    if isinstance(document, dict):
        yield document
    if depth and isinstance(document, dict | list):
        for inner in document.values() if isinstance(document, dict) else document:
            yield from _objects(inner, depth - 1)


def _segment(text: str) -> str:
    return quote(text, safe="")
