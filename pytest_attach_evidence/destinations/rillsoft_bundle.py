"""Several pieces as one file: a zip that is always the same for the same pieces."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable
from collections.abc import Sequence
from typing import IO

from ..errors import SpoolDamagedError
from ..model import Delivery
from ..model import OpenContent
from ..naming import is_compressed
from ..naming import remote_name
from ..rest.body import FileBody


BLOCK = 256 * 1024
MANIFEST = "manifest-sha256.txt"
MEDIA_TYPE = "application/zip"
# The earliest time a zip can hold, so that the same pieces give the same bytes.
FIXED_TIME = (1980, 1, 1, 0, 0, 0)


class DamagedPieceError(SpoolDamagedError):
    """One piece cannot be packed, since its bytes are not those that were recorded."""

    def __init__(self, delivery: Delivery, reason: str) -> None:
        super().__init__(f"{delivery.title}: {reason}")
        self.delivery = delivery


class Bundle:
    """A zip of pieces in a temporary file without a name, so that nothing is left behind.

    The entries are in the order given, named as the pieces would be in a destination, and followed by
    `manifest-sha256.txt`, which `sha256sum -c` reads. Needs disk for all of them, and little memory.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size

    @classmethod
    def of(
        cls,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        *,
        max_name: int,
        goes_on: Callable[[], None],
    ) -> Bundle:
        """Pack the pieces; `goes_on` is called before each block and may raise to end it.

        Raises DamagedPieceError for a piece whose bytes are not those recorded, and OSError.
        """
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        try:
            with zipfile.ZipFile(file, "w") as archive:
                lines = []
                for delivery in deliveries:
                    name = remote_name(delivery.evidence.name, delivery.key, max_name)
                    _pack(archive, name, delivery, open_content, goes_on)
                    lines.append(f"{delivery.evidence.sha256}  {name}\n")
                archive.writestr(_entry(MANIFEST, zipfile.ZIP_DEFLATED), "".join(lines))
            return cls(file, file.tell())
        except BaseException:
            file.close()
            raise

    @property
    def body(self) -> FileBody:
        """The zip as the content of a request; it can be sent several times."""
        return FileBody(open=self._again, length=self._size, media_type=MEDIA_TYPE)

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    def _again(self) -> IO[bytes]:
        again = os.fdopen(os.dup(self._file.fileno()), "rb")
        again.seek(0)
        return again


def _pack(
    archive: zipfile.ZipFile,
    name: str,
    delivery: Delivery,
    open_content: OpenContent,
    goes_on: Callable[[], None],
) -> None:
    evidence, digest, size = delivery.evidence, hashlib.sha256(), 0
    entry = _entry(name, _compression(evidence.media_type))
    entry.file_size = evidence.size  # tells the archive whether the entry needs 64 bits
    try:
        with open_content(evidence) as content, archive.open(entry, "w") as packed:
            while block := content.read(BLOCK):
                goes_on()
                size += len(block)
                if size > evidence.size:
                    break
                digest.update(block)
                packed.write(block)
    except SpoolDamagedError as error:
        raise DamagedPieceError(delivery, str(error)) from error
    if (size, digest.hexdigest()) != (evidence.size, evidence.sha256):
        reason = f"{size} bytes were read that are not the {evidence.size} recorded"
        raise DamagedPieceError(delivery, reason)


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, FIXED_TIME)
    entry.compress_type = compression
    entry.create_system = 3
    entry.external_attr = 0o600 << 16
    return entry


def _compression(media_type: str) -> int:
    return zipfile.ZIP_STORED if is_compressed(media_type) else zipfile.ZIP_DEFLATED
