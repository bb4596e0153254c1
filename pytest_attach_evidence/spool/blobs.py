"""The bytes of the pieces, each in a file named by its SHA-256, written once."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import stat
import sys
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from typing import TYPE_CHECKING

from ..errors import AttachError
from ..errors import SpoolDamagedError
from . import disk


if TYPE_CHECKING:
    from typing_extensions import Buffer


BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Blob:
    """What became of bytes that were put: `digest` is `sha256:<hex>`."""

    digest: str
    size: int


class Blobs:
    """A folder of blobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, blocks: Iterable[bytes], max_size: int | None = None) -> Blob:
        """Keep bytes, hashing them in the same pass; they are on the disk when this returns.

        Raises AttachError where they are more than `max_size` or the disk does not take them.
        """
        try:
            return self._put(blocks, max_size)
        except OSError as error:
            raise AttachError(self._reason(error, _size_of(blocks))) from error

    def open(self, digest: str) -> IO[bytes]:
        """Open a blob for reading.

        Raises SpoolDamagedError where it is not there or is no plain file; reading it does so where
        the disk fails.
        """
        try:
            return io.BufferedReader(_Content(disk.open_plain(self.path(digest))), BLOCK)
        except OSError as error:
            raise _unreadable(error) from error

    def verify(self, digest: str, size: int) -> None:
        """Read a blob once.

        Raises SpoolDamagedError where it is not what was put.
        """
        found, seen = hashlib.sha256(), 0
        with self.open(digest) as file:
            held = os.fstat(file.fileno()).st_size
            if held != size:  # told at once, however large the file is
                msg = f"its bytes in the spool were changed ({held} bytes, {size} were kept)"
                raise SpoolDamagedError(msg)
            while block := file.read(BLOCK):
                found.update(block)
                seen += len(block)
        if f"sha256:{found.hexdigest()}" != digest or seen != size:
            msg = f"its bytes in the spool were changed ({seen} bytes, {size} were kept)"
            raise SpoolDamagedError(msg)

    def path(self, digest: str) -> Path:
        """Return where a blob is.

        Raises SpoolDamagedError where the text is no digest of ours.
        """
        name = digest.removeprefix("sha256:")
        if len(name) != 64 or not set(name) <= set("0123456789abcdef"):
            msg = "its digest in the journal is not a SHA-256"
            raise SpoolDamagedError(msg)
        return self.folder / name

    def _put(self, blocks: Iterable[bytes], max_size: int | None) -> Blob:
        digest, size = hashlib.sha256(), 0
        with disk.temporary(self.folder) as (new, descriptor):
            for block in blocks:
                size += len(block)
                if max_size is not None and size > max_size:
                    raise AttachError(too_large(size, max_size, more=True))
                digest.update(block)
                disk.write(descriptor, block)
            disk.sync(descriptor)
            path = self.folder / digest.hexdigest()
            if path.exists():
                # Another process may be between giving it its name and syncing that.
                disk.sync_folder(self.folder)
            else:
                disk.publish(new, path)
        return Blob(f"sha256:{digest.hexdigest()}", size)

    def _reason(self, error: OSError, size: int | None) -> str:
        shown = f"{readable_size(size)} " if size is not None else ""
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return f"{shown}cannot be kept in the spool ({error.strerror or error})"
        free = ""
        if sys.platform != "win32":
            facts = os.statvfs(self.folder)
            files = " and 0 files" if facts.f_files and not facts.f_favail else ""
            free = f", {readable_size(facts.f_bavail * facts.f_frsize)}{files} are free"
        return f"{shown}cannot be kept: the disk of the spool is full{free} - make room"


def _size_of(blocks: Iterable[bytes]) -> int | None:
    """Return the size of what could not be kept, where it is known; masking may have changed it."""
    if isinstance(blocks, list):
        return sum(map(len, blocks))
    size = getattr(blocks, "size", None)
    return size if isinstance(size, int) else None


class _Content(io.RawIOBase):
    """A blob's bytes; an error of the disk is damage of this one piece."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def readinto(self, buffer: Buffer) -> int:
        try:
            return self._file.readinto(buffer)
        except OSError as error:
            raise _unreadable(error) from error

    def close(self) -> None:
        self._file.close()
        super().close()


def _unreadable(error: OSError) -> SpoolDamagedError:
    return SpoolDamagedError(f"its bytes cannot be read from the spool ({error.strerror})")


def too_large(size: int, max_size: int, *, more: bool = False) -> str:
    """Return the message about a piece over the limit."""
    seen = f"more than {readable_size(max_size)}" if more else readable_size(size)
    limit = readable_size(max_size)
    return f"{seen}, evidence_max_size takes {limit} - raise it or attach less"


def readable_size(size: float) -> str:
    """Return a number of bytes for a person: `61.2 MB` with units of 1024."""
    for unit in ("B", "kB", "MB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"


class SourceFile:
    """A plain file to be snapshotted: iterating yields its blocks.

    Iterating raises AttachError for anything but a plain file that can be read: missing, a folder, a
    FIFO (which is not waited for), a device, a file of the proc kind, one larger than `max_size`.
    `changed` tells after an iteration whether the file was written to meanwhile, `changed_since` whether
    it was until now, `size` how large it was when it was opened, `version` what tells its content from a
    later one: size and time in ns.
    """

    def __init__(self, path: Path, max_size: int) -> None:
        self.path = path
        self.changed = False
        self.size: int | None = None
        self.version: tuple[int, int] | None = None
        self._max_size = max_size
        self._inode: tuple[int, int] | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Yield the file block by block."""
        with _open_source(self.path) as file:
            before = os.fstat(file.fileno())
            self.size = before.st_size
            if before.st_size > self._max_size:
                raise AttachError(too_large(before.st_size, self._max_size))
            if _is_made_up(before):
                msg = f"{self.path} is not a file on a disk - attach a copy"
                raise AttachError(msg)
            while block := file.read(BLOCK):
                yield block
            after = os.fstat(file.fileno())
        self._inode = (after.st_dev, after.st_ino)
        self.version = (after.st_size, after.st_mtime_ns)
        self.changed = (before.st_size, before.st_mtime_ns) != self.version

    def changed_since(self) -> bool:
        """Tell whether it was written to since the last iteration began; another in its place is not it."""
        try:
            now = self.path.stat()
        except OSError:
            return self.changed
        same = (now.st_dev, now.st_ino) == self._inode
        return self.changed or (same and (now.st_size, now.st_mtime_ns) != self.version)


def _is_made_up(file: os.stat_result) -> bool:
    """Tell whether an open file is one of the proc kind, wherever a link to it led just now."""
    for place in ("/proc", "/sys"):
        with contextlib.suppress(OSError):
            if os.stat(place).st_dev == file.st_dev != os.stat("/").st_dev:  # noqa: PTH116
                return True
    return False


def _open_source(path: Path) -> IO[bytes]:
    try:
        descriptor = os.open(path.resolve(), os.O_RDONLY | disk.NO_SURPRISES)
    except FileNotFoundError:
        msg = f"no such file: {path} - attach it after it was written"
        raise AttachError(msg) from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        msg = f"{path} cannot be read ({reason}) - check its type and permissions"
        raise AttachError(msg) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        msg = f"{path} is {_kind_of(mode)}, not a file - attach a plain file"
        raise AttachError(msg)
    return os.fdopen(descriptor, "rb")


def _kind_of(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")
