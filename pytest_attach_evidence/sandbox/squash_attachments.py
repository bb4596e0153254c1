"""The attachments of the Squash TM look-alike: upload, list, get, content, rename, delete."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .squash_problem import SquashProblem
from .squash_problem import business_rule
from .store import Store
from .store import StoredFile
from .store import blocks


MAX_NAME = 255
MAX_SUFFIX = 10
PART = "files"


class Attachments:
    """Keeps the attachments of all owners; every check comes before the first change.

    `max_bytes` and `extensions` are the upload filters (None and empty: off), objects in `locked`
    refuse every change.
    """

    def __init__(
        self,
        store: Store,
        *,
        max_bytes: int | None,
        extensions: frozenset[str],
        locked: frozenset[str],
    ) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._extensions = extensions
        self._locked = locked
        self._ids = itertools.count(5001)

    def of(self, object: str) -> list[StoredFile]:
        """Return what an object holds."""
        return self._store.files("squash", object)

    def one(self, id: int) -> StoredFile:
        """Return one attachment, or refuse with 404."""
        file = self._store.file("squash", str(id))
        if file is None:
            raise SquashProblem(404, f"No attachment with id {id}")
        return file

    def upload(self, request: Request, object: str) -> list[StoredFile]:
        """Store all files of a request on an object, or none of them."""
        self._refuse_locked(object)
        if request.mimetype != "multipart/form-data":
            raise SquashProblem(415, f"Content type '{request.mimetype}' not supported")
        if self._max_bytes is not None and (request.content_length or 0) > self._max_bytes:
            raise SquashProblem(413, "", {"maxUploadError": {"maxSize": self._max_bytes}})
        parts = list(request.files.items(multi=True))
        if not parts or request.form or any(name != PART for name, _ in parts):
            raise SquashProblem(400, f"Required request part '{PART}' is not present")
        files = [file for _, file in parts]
        for file in files:
            self._check_name(file.filename or "")
        return [self._commit(object, file) for file in files]

    def content(self, id: int) -> Response:
        """Answer the bytes of an attachment."""
        file = self.one(id)
        name = file.name.replace(" ", "_").encode("ascii", "replace").decode()
        response = Response(blocks(file.path), mimetype="application/octet-stream")
        response.content_length = file.size
        response.headers["Content-Disposition"] = f"attachment; filename={name}"
        return response

    def rename(self, id: int, parameters: Mapping[str, str]) -> StoredFile:
        """Give an attachment another stem; it keeps its extension."""
        file = self.one(id)
        self._refuse_locked(file.object)
        if not parameters.get("name"):
            raise SquashProblem(400, "Required request parameter 'name' is not present")
        name = f"{parameters['name']}.{_suffix(file.name)}"
        self._check_name(name)
        self._store.rename("squash", file.id, name)
        return self.one(id)

    def delete(self, object: str, ids: str) -> None:
        """Remove attachments of one object; an id that is not its own removes nothing at all."""
        self._refuse_locked(object)
        wanted = [id.strip() for id in ids.split(",")]
        if not all(id.isdecimal() for id in wanted):
            raise SquashProblem(400, "Parameter 'attachmentIds' must be a list of ids")
        if not set(wanted) <= {file.id for file in self.of(object)}:
            raise SquashProblem(404, f"{object} has no such attachment")
        for id in wanted:
            self._store.remove("squash", id)

    def copy(self, source: str, target: str) -> None:
        """Let a new object begin with the attachments of another one."""
        for file in self.of(source):
            self._store.copy(file, id=str(next(self._ids)), object=target)

    def _commit(self, object: str, file: FileStorage) -> StoredFile:
        return self._store.commit(
            id=str(next(self._ids)),
            system="squash",
            object=object,
            name=file.filename or "",
            media_type=file.mimetype,
            stream=file.stream,
        )

    def _check_name(self, name: str) -> None:
        """Refuse what the columns of the real database cannot hold."""
        stem, _, suffix = name.rpartition(".")
        if not stem or not 0 < len(suffix) <= MAX_SUFFIX or len(name) > MAX_NAME:
            raise SquashProblem(500, "could not execute statement")
        if self._extensions and suffix.lower() not in self._extensions:
            raise business_rule("FileTypeException", f"Files of type {suffix} are not allowed")

    def _refuse_locked(self, object: str) -> None:
        if object in self._locked:
            raise business_rule("MilestoneLockedException", "The milestone is locked")


def _suffix(name: str) -> str:
    return name.rpartition(".")[2]
