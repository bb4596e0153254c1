"""The seam of durable steps: every change of the disk and every byte of a request passes here.

The promises about crashes rest on the order of these few calls. A test puts its own `Steps` in their
place to end the process before, within and after each, to let one fail, or to write down what a power
cut would have kept.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import socket
import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path


class Steps:
    """The system calls themselves. Each raises OSError as the system does."""

    def make_folder(self, path: Path, mode: int) -> None:
        """Create a folder that must not exist."""
        path.mkdir(mode)

    def create(self, path: Path, flags: int, mode: int) -> int:
        """Create a file that must not exist; return its descriptor."""
        return os.open(path, os.O_CREAT | os.O_EXCL | flags, mode)

    def open(self, path: Path, flags: int) -> io.BufferedReader:
        """Open a file for reading."""
        return open(path, "rb", opener=lambda name, mode: os.open(name, mode | flags))

    def write(self, descriptor: int, content: memoryview) -> int:
        """Write at the end of a file; return how many bytes were taken."""
        return os.write(descriptor, content)

    def cut(self, descriptor: int, length: int) -> None:
        """Shorten a file."""
        os.ftruncate(descriptor, length)

    def sync(self, descriptor: int) -> None:
        """Return when a file's content is on the disk."""
        os.fsync(descriptor)

    def sync_folder(self, path: Path) -> None:
        """Return when the names in a folder are on the disk (where the system lets one ask)."""
        if sys.platform == "win32":
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file or folder another name, replacing the file that had it."""
        old.replace(new)

    def remove(self, path: Path) -> None:
        """Remove a file; it may be gone already."""
        path.unlink(missing_ok=True)

    def remove_tree(self, path: Path) -> None:
        """Remove a folder with all that is in it, as far as the system lets us."""
        shutil.rmtree(path, ignore_errors=True)

    def connect(self, connect: Callable[[], None]) -> None:
        """Open the connection for a request."""
        connect()

    def send(self, connection: socket.socket, content: memoryview) -> int:
        """Send some bytes of a request; return how many were taken."""
        return connection.send(content)

    def receive(self, connection: socket.socket, buffer: memoryview) -> int:
        """Receive some bytes of an answer; return how many came, 0 at its end."""
        return connection.recv_into(buffer)


current = Steps()
"""The steps that are taken; to be read as an attribute of this module each time."""


@contextlib.contextmanager
def taken_by(steps: Steps) -> Iterator[None]:
    """Let these steps be taken instead, by all threads of the process."""
    global current  # noqa: PLW0603  # one seam for the whole process is its point
    before, current = current, steps
    try:
        yield
    finally:
        current = before
