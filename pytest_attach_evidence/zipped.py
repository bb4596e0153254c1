"""A folder as one zip, made while it is read: masked like single files, and the same for the same files."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterable
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from . import naming
from .content import Masked
from .errors import AttachError
from .redact import Redactor


if TYPE_CHECKING:
    from typing_extensions import Buffer

MOST_FILES = 10_000
MOST_NAMED = 3
# The earliest time a zip can hold, so that the same files give the same bytes.
FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def is_folder(path: Path) -> bool:
    """Tell whether a path leads to a folder; False where that cannot be known."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


class ZippedFolder:
    """The blocks of a zip of a folder.

    Holds the plain files below the folder, sorted, named by their path in it. Links are not followed,
    and nothing but plain files is opened. `own` are folders that are not looked into. After an iteration
    `count` is how many places were masked, `lost` the files that should be there and could not be read,
    with the reason, and `remark` tells what was left out and what was being written to.

    Iterating raises AttachError for a folder without a file or with more than 10,000.
    """

    size = None

    def __init__(
        self, path: Path, redactor: Redactor, max_size: int, own: Iterable[Path] = ()
    ) -> None:
        self.path = path
        self.count = 0
        self.lost: dict[str, str] = {}
        self._redactor = redactor
        self._max_size = max_size
        self._own = {str(folder.absolute()) for folder in own}
        self._left_out: list[str] = []
        self._written: list[str] = []

    @property
    def remark(self) -> str:
        """What a reader must know about the zip."""
        parts = (("left out: ", self._left_out), ("was being written to: ", self._written))
        return "; ".join(f"{words}{_listed(names)}" for words, names in parts if names)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the zip block by block."""
        self.count, self.lost, self._left_out, self._written = 0, {}, [], []
        paths = self._files()
        outlet = _Outlet()
        with zipfile.ZipFile(outlet, "w") as archive:
            for path in paths:
                yield from self._packed(archive, outlet, path)
            if not archive.filelist:
                seen = self.remark or "nothing is in it"
                msg = f"{self.path} is a folder without files ({seen}) - attach it later"
                raise AttachError(msg)
        yield from outlet.taken()

    def _files(self) -> list[Path]:
        """Return the plain files, sorted by their names; notes what else there is."""
        found: list[Path] = []
        for folder, folders, names in os.walk(self.path, onerror=self._unreadable):
            folders[:] = sorted(name for name in folders if self._enters(Path(folder, name)))
            found += (path for name in sorted(names) if self._takes(path := Path(folder, name)))
            if len(found) > MOST_FILES:
                msg = f"{self.path} holds more than {MOST_FILES} files - attach a part of it"
                raise AttachError(msg)
        return sorted(found, key=str)

    def _packed(self, archive: zipfile.ZipFile, outlet: _Outlet, path: Path) -> Iterator[bytes]:
        from .spool import SourceFile  # noqa: PLC0415  # not imported while collecting is off

        media_type = naming.media_type_of(path.name)
        file = SourceFile(path, self._max_size)
        sure = naming.is_text(media_type)
        masked = None if naming.is_binary(media_type) else Masked(self._redactor, file, sure=sure)
        blocks = iter(masked or file)
        try:
            first = next(blocks, b"")
        except AttachError as error:
            self.lost[self._name(path)] = str(error).removeprefix(f"{path} ")
            self._leave_out(path, "cannot be taken")
            return
        with archive.open(self._entry(path, media_type, file.size or 0), "w") as packed:
            for block in chain([first], blocks):
                packed.write(block)
                yield from outlet.taken()
        self.count += masked.count if masked is not None and masked.text else 0
        if file.changed:
            self._written.append(self._name(path))

    def _entry(self, path: Path, media_type: str, size: int) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(self._name(path), FIXED_TIME)
        packed = naming.is_compressed(media_type)
        entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        entry.create_system = 3
        entry.external_attr = 0o600 << 16
        entry.file_size = size  # tells whether the entry needs 64 bits
        return entry

    def _name(self, path: Path) -> str:
        name = path.relative_to(self.path).as_posix()
        return self._redactor.text(name.encode("utf-8", "backslashreplace").decode())

    def _enters(self, path: Path) -> bool:
        if path.is_symlink():
            self._leave_out(path, "a link")
            return False
        return str(path.absolute()) not in self._own

    def _takes(self, path: Path) -> bool:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            self._leave_out(path, "a link" if stat.S_ISLNK(mode) else "not a file")
        return stat.S_ISREG(mode)

    def _unreadable(self, error: OSError) -> None:
        self._leave_out(Path(error.filename or self.path), error.strerror or "unreadable")

    def _leave_out(self, path: Path, why: str) -> None:
        self._left_out.append(f"{self._name(path)} ({why})")


class _Outlet(io.RawIOBase):
    """Takes what a zip consists of, and gives it on block by block."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, block: Buffer) -> int:
        self._blocks.append(bytes(block))
        return len(self._blocks[-1])

    def taken(self) -> list[bytes]:
        """Return what was written since the last time."""
        blocks, self._blocks = self._blocks, []
        return blocks


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
