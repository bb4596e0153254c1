"""The attachments of the CodeArts Req look-alike: taken from a form on disk, shown and given."""

from __future__ import annotations

import itertools
import mimetypes
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from werkzeug.datastructures import FileStorage
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from .codearts_items import Json
from .codearts_items import Project
from .codearts_items import WorkItem
from .codearts_rules import BAD_PARAMETER
from .codearts_rules import CodeArtsSwitches
from .codearts_rules import service_refusal
from .store import Store
from .store import StoredFile
from .wire import RefusedError
from .wire import json_answer


FIELD = "attachment"
LONGEST_NAME = 256
TEXT_FIELD_LIMIT = 1024 * 1024
USER = {"id": "u0", "name": "sandbox-user", "nick_name": "Sandbox user"}


def object_of(project: Project, item: WorkItem) -> str:
    """Return the store's name for a work item."""
    return f"projects/{project.id}/issues/{item.id}"


class Attachments:
    """Takes files for work items, within the limits, and describes them."""

    def __init__(self, switches: CodeArtsSwitches, store: Store) -> None:
        self._switches = switches
        self._store = store
        self._long_ids = itertools.count(956_300_000_000_000_001)
        self._short_ids = itertools.count(5001)
        self._lock = threading.Lock()

    def take(self, project: Project, item: WorkItem, body: Path, content_type: str) -> StoredFile:
        """Attach the one file of a multipart body to a work item.

        Raises RefusedError if the body holds anything but one file part named `attachment`, or if
        the file breaks a limit; nothing is stored then.
        """
        with self._files(body, content_type) as files:
            if [file.name for file in files] != [FIELD]:
                raise invalid("attachment", "exactly one file part of this name is expected")
            (file,) = files
            name = file.filename or ""
            if not name or len(name) > LONGEST_NAME:
                raise invalid("attachment", f"a file name has 1 to {LONGEST_NAME} characters")
            size = file.stream.seek(0, os.SEEK_END)
            file.stream.seek(0)
            if size > self._switches.file_limit:
                raise invalid("attachment", f"{self._switches.file_limit} bytes are the limit")
            guessed = file.mimetype or mimetypes.guess_type(name)[0]
            with self._lock:
                self._check_room(project, item, size)
                return self._store.commit(
                    id=str(next(self._long_ids if project.kind == "ipd" else self._short_ids)),
                    system="huawei",
                    object=object_of(project, item),
                    name=name,
                    media_type=guessed or "application/octet-stream",
                    stream=file.stream,
                )

    def listed(self, project: Project, item: WorkItem) -> list[Json]:
        """Return the attachments of a work item as the IPD list shows them."""
        return [
            {
                "id": file.id,
                "issue_id": item.id,
                "file_size": file.size,
                self._switches.name_key: file.name,
                "title": file.sha256[:32],
                "attachment_type": Path(file.name).suffix.removeprefix("."),
                "created_by": USER,
                "modified_by": USER,
                "created_date": str(int(file.stored_at.timestamp() * 1000)),
            }
            for file in self._store.files("huawei", object_of(project, item))
        ]

    def accessories(self, project: Project, item: WorkItem) -> list[Json]:
        """Return the attachments of a Scrum item as its detail shows them; sizes are not told."""
        return [
            {
                "attachment_id": int(file.id),
                "issue_id": int(item.id),
                "file_name": file.name,
                "disk_file_name": file.sha256[:32] + Path(file.name).suffix,
                "container_type": "Issue",
                "creator_id": USER["id"],
                "created_date": file.stored_at.strftime("%Y-%m-%d %H:%M:%S"),
            }
            for file in self._store.files("huawei", object_of(project, item))
        ]

    def held(self, id: str, object: str) -> StoredFile:
        """Return an attachment whose object begins with a path; raise RefusedError if none does."""
        file = self._store.file("huawei", id)
        if file is None or not f"{file.object}/".startswith(f"{object}/"):
            raise invalid("attachment_id", "there is no such attachment")
        return file

    def _check_room(self, project: Project, item: WorkItem, size: int) -> None:
        held = self._store.files("huawei", object_of(project, item))
        full = ""
        if len(held) >= self._switches.item_count:
            full = f"The work item has {len(held)} attachments."
        elif sum(file.size for file in held) + size > self._switches.item_limit:
            full = f"The work item takes {self._switches.item_limit} bytes of attachments."
        if full and project.kind == "ipd":
            raise RefusedError(json_answer({"status": "error", "message": full, "result": None}))
        if full:
            raise service_refusal(BAD_PARAMETER, full)

    @contextmanager
    def _files(self, body: Path, content_type: str) -> Iterator[list[FileStorage]]:
        mimetype, options = parse_options_header(content_type)
        with ExitStack() as open_files:

            def on_disk(*_: object, **__: object) -> IO[bytes]:
                file = tempfile.TemporaryFile(dir=self._store.folder)  # noqa: SIM115 - the stack closes it
                return open_files.enter_context(file)

            parser = FormDataParser(
                stream_factory=on_disk, max_form_memory_size=TEXT_FIELD_LIMIT, silent=False
            )
            stream = open_files.enter_context(body.open("rb"))
            try:
                _, _, files = parser.parse(stream, mimetype, body.stat().st_size, options)
            except ValueError as error:
                raise invalid("body", f"the form cannot be read ({error})") from None
            yield [file for _, files_of_name in files.lists() for file in files_of_name]


def uploaded(file: StoredFile, item: WorkItem) -> Json:
    """Return an attachment as an IPD upload may answer it."""
    return {
        "id": file.id,
        "workitem_id": item.id,
        "filesize": str(file.size),
        "store_filename": file.name,
        "title": file.sha256[:32],
        "progress": 100,
    }


def scrum_uploaded(file: StoredFile, project: Project, item: WorkItem) -> Json:
    """Return an attachment as a Scrum upload answers it."""
    return {
        "id": int(file.id),
        "issue_id": int(item.id),
        "project_id": project.id,
        "disk_filename": file.sha256[:32] + Path(file.name).suffix,
        "file_name": file.name,
        "size": str(file.size),
    }


def invalid(parameter: str, why: str) -> RefusedError:
    """Return the service's answer to a wrong parameter, to be raised."""
    return service_refusal(BAD_PARAMETER, f"Invalid parameter {parameter}: {why}.")
