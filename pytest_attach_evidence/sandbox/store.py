"""What the sandbox keeps: the bytes that were uploaded, and a ledger of every commit."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import IO


BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One attachment as the look-alike server holds it."""

    id: str
    system: str
    object: str
    name: str
    media_type: str
    size: int
    sha256: str
    path: Path
    stored_at: datetime


class Store:
    """The uploaded files of all systems, on disk, and the ledger of what was committed.

    `object` is the path of the thing that holds the attachment, such as `executions/1042`.
    The ledger only grows: replacing or removing a file leaves its commit in it, so that a test can
    count how often something was really stored. All methods may be called from several threads.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._files: list[StoredFile] = []
        self._ledger: list[StoredFile] = []
        self._temp = itertools.count(1)
        self._lock = threading.Lock()

    def receive(self, stream: IO[bytes], limit: int | None = None) -> tuple[Path, int, str]:
        """Copy a stream to disk block by block; return the path, the size and the SHA-256 in hex."""
        path = self._free_path()
        digest, size = hashlib.sha256(), 0
        with path.open("wb") as file:
            while block := stream.read(BLOCK if limit is None else min(BLOCK, limit - size)):
                digest.update(block)
                size += len(block)
                file.write(block)
        return path, size, digest.hexdigest()

    def commit(
        self,
        *,
        id: str,
        system: str,
        object: str,
        name: str,
        media_type: str,
        stream: IO[bytes],
        replace: bool = False,
    ) -> StoredFile:
        """Store one file on an object and write it into the ledger."""
        path, size, sha256 = self.receive(stream)
        stored = StoredFile(
            id=id,
            system=system,
            object=object,
            name=name,
            media_type=media_type,
            size=size,
            sha256=sha256,
            path=path,
            stored_at=datetime.now(UTC),
        )
        with self._lock:
            if replace:
                self._files = [f for f in self._files if (f.system, f.object) != (system, object)]
            self._files.append(stored)
            self._ledger.append(stored)
        return stored

    def copy(self, file: StoredFile, *, id: str, object: str) -> StoredFile:
        """Let another object hold the same bytes; nothing was uploaded, so no ledger entry."""
        copied = changed(file, id=id, object=object)
        with self._lock:
            self._files.append(copied)
        return copied

    def rename(self, system: str, id: str, name: str) -> None:
        """Give a held file another name; its ledger entry keeps the name it was stored under."""
        with self._lock:
            self._files = [
                changed(f, name=name) if (f.system, f.id) == (system, id) else f
                for f in self._files
            ]

    def clear(self) -> None:
        """Forget and delete every file and the ledger, as if the sandbox had just begun."""
        with self._lock:
            paths = {f.path for f in (*self._files, *self._ledger)}
            self._files.clear()
            self._ledger.clear()
        for path in paths:
            path.unlink(missing_ok=True)

    def files(self, system: str, object: str | None = None) -> list[StoredFile]:
        """Return what a system, or one object of it, holds now, oldest first."""
        return self._select(lambda f: f.system == system and object in (None, f.object))

    def file(self, system: str, id: str) -> StoredFile | None:
        """Return one held file by its id."""
        return next(iter(self._select(lambda f: (f.system, f.id) == (system, id))), None)

    def remove(self, system: str, id: str) -> None:
        """Take a file away from its object; its ledger entry stays."""
        with self._lock:
            self._files = [f for f in self._files if (f.system, f.id) != (system, id)]

    def ledger(self) -> list[StoredFile]:
        """Return every commit there ever was, oldest first."""
        with self._lock:
            return list(self._ledger)

    def _free_path(self) -> Path:
        """Create an empty file under the next free name (the folder may be from an earlier run)."""
        while True:
            path = self.folder / f"file-{next(self._temp):06d}"
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                continue
            return path

    def _select(self, wanted: Callable[[StoredFile], bool]) -> list[StoredFile]:
        with self._lock:
            return [f for f in self._files if wanted(f)]


def blocks(path: Path) -> Iterator[bytes]:
    """Read a stored file block by block."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
