"""Files that are there completely or not at all, made of the durable steps in their right order."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from .. import steps
from ..errors import SpoolError


FOLDER_MODE = 0o700
OPEN_MODE = 0o777
FILE_MODE = 0o600
OURS = "README.txt"
BINARY = getattr(os, "O_BINARY", 0)
NO_SURPRISES = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | BINARY


def make_folder(path: Path) -> None:
    """Create a folder that is ours alone; it must not exist."""
    steps.current.make_folder(path, FOLDER_MODE)
    sync_folder(path.parent)


def ensure_folder(path: Path) -> None:
    """Make sure a folder exists, with those above it, and that their names are on the disk."""
    if not path.is_dir():
        ensure_folder(path.parent)
        with contextlib.suppress(FileExistsError):
            steps.current.make_folder(path, OPEN_MODE)
        sync_folder(path.parent)


def private_folder(path: Path) -> None:
    """Make sure a folder exists, is no link, belongs to us and is closed to others.

    Raises SpoolError where somebody else could read or change what is in it.
    """
    with contextlib.suppress(FileExistsError):
        ensure_folder(path.parent)
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
    return steps.current.create(path, os.O_WRONLY | os.O_APPEND | BINARY, FILE_MODE)


def open_plain(path: Path) -> io.BufferedReader:
    """Open a plain file for reading; a link, a FIFO and the like are an OSError, not waited for."""
    file = steps.current.open(path, NO_SURPRISES)
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(errno.EINVAL, "not a plain file")


def write(descriptor: int, content: bytes | memoryview) -> None:
    """Write all of it."""
    view = memoryview(content)
    while view:
        view = view[steps.current.write(descriptor, view) :]


def sync(descriptor: int) -> None:
    """Return when the file's content is on the disk. A failure is final: the bytes are not safe."""
    steps.current.sync(descriptor)


def sync_folder(path: Path) -> None:
    """Return when the names in a folder are on the disk (where the system lets one ask)."""
    steps.current.sync_folder(path)


def cut(descriptor: int, length: int) -> None:
    """Shorten a file to what counts."""
    steps.current.cut(descriptor, length)


def publish(temporary: Path, path: Path) -> None:
    """Give a complete, synced file its name, replacing what had it."""
    steps.current.rename(temporary, path)
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file; it may be gone already."""
    steps.current.remove(path)


def remove_folder(path: Path) -> None:
    """Remove a whole folder; its name is gone at once, what is in it may follow later."""
    gone = path.with_name(f".gone-{path.name}")
    steps.current.rename(path, gone)
    steps.current.remove_tree(gone)


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
