"""The durable steps: every change the spool makes to the disk goes through these few functions."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..errors import SpoolError


FOLDER_MODE = 0o700
FILE_MODE = 0o600
OURS = "README.txt"
BINARY = getattr(os, "O_BINARY", 0)
NO_SURPRISES = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | BINARY


def make_folder(path: Path) -> None:
    """Create a folder that is ours alone; it must not exist."""
    path.mkdir(FOLDER_MODE)
    sync_folder(path.parent)


def ensure_folder(path: Path) -> None:
    """Make sure a folder exists, with those above it, and that their names are on the disk."""
    if not path.is_dir():
        ensure_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def private_folder(path: Path) -> None:
    """Make sure a folder exists, is no link, belongs to us and is closed to others.

    Raises SpoolError where somebody else could read or change what is in it.
    """
    with contextlib.suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        make_folder(path)
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode):
        msg = f"{path} is not a folder - remove it, or name another in evidence_dir"
        raise SpoolError(msg)
    if sys.platform != "win32":
        if facts.st_uid != os.geteuid():
            msg = (
                f"{path} belongs to user {facts.st_uid} - name a folder of your own in evidence_dir"
            )
            raise SpoolError(msg)
        if stat.S_IMODE(facts.st_mode) & 0o077:
            if any(path.iterdir()) and not (path / OURS).exists():
                msg = f"{path} holds something else - name a folder of its own in evidence_dir"
                raise SpoolError(msg)
            path.chmod(FOLDER_MODE)


def create(path: Path) -> int:
    """Create a file that must not exist and return its descriptor, open for appending."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | BINARY
    return os.open(path, flags, FILE_MODE)


def open_plain(path: Path) -> IO[bytes]:
    """Open a plain file for reading; a link, a FIFO and the like are an OSError, not waited for."""
    descriptor = os.open(path, os.O_RDONLY | NO_SURPRISES)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a plain file")


def write(descriptor: int, content: bytes | memoryview) -> None:
    """Write all of it."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def sync(descriptor: int) -> None:
    """Return when the file's content is on the disk. A failure is final: the bytes are not safe."""
    os.fsync(descriptor)


def sync_folder(path: Path) -> None:
    """Return when the names in a folder are on the disk (where the system lets one ask)."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(temporary: Path, path: Path) -> None:
    """Give a complete, synced file its name, replacing what had it."""
    temporary.replace(path)
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file; it may be gone already."""
    path.unlink(missing_ok=True)


@contextlib.contextmanager
def temporary(folder: Path) -> Iterator[tuple[Path, int]]:
    """Give a new file beside its final place; what was not published is removed."""
    path = folder / f".new-{secrets.token_hex(8)}"
    descriptor = create(path)
    try:
        try:
            yield path, descriptor
        finally:
            os.close(descriptor)
    finally:
        remove(path)


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files that a killed process left in a folder that only we write to now."""
    for path in folder.glob(".new-*"):
        remove(path)


def write_file(path: Path, content: bytes) -> None:
    """Write a whole file so that it is there completely or not at all, also after a power cut."""
    with temporary(path.parent) as (new, descriptor):
        write(descriptor, content)
        sync(descriptor)
        publish(new, path)
