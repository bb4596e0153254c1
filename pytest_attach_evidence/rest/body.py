"""Request bodies: built anew for every attempt, streamed in large blocks, their length known before."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO
from typing import Any
from typing import Protocol
from urllib.parse import urlencode

from ..errors import SpoolDamagedError


BLOCK = 256 * 1024
LONGEST_HEADER = 255


class Body(Protocol):
    """What a request carries. Iterating yields the bytes once more from the beginning."""

    @property
    def media_type(self) -> str:
        """The value of the Content-Type header."""

    @property
    def length(self) -> int:
        """The number of bytes, exactly."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes in blocks."""


@dataclass(frozen=True, slots=True)
class BytesBody:
    """A small body that is in memory anyway."""

    content: bytes
    media_type: str

    @classmethod
    def json(cls, document: Any) -> BytesBody:
        """Return a JSON document as a body."""
        return cls(json.dumps(document, separators=(",", ":")).encode(), "application/json")

    @classmethod
    def form(cls, fields: Mapping[str, str]) -> BytesBody:
        """Return form fields as a body."""
        media_type = "application/x-www-form-urlencoded;charset=UTF-8"
        return cls(urlencode(fields).encode(), media_type)

    @property
    def length(self) -> int:
        """The number of bytes."""
        return len(self.content)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the content, if there is any."""
        if self.content:
            yield self.content


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBody:
    """The bytes of one file. `open` gives them from the beginning each time it is called.

    Raises SpoolDamagedError while it is read where the file is not as long as `length` says.
    """

    open: Callable[[], IO[bytes]]
    length: int
    media_type: str = "application/octet-stream"

    def __iter__(self) -> Iterator[bytes]:
        """Yield the file block by block."""
        seen = 0
        with self.open() as file:
            while block := file.read(BLOCK):
                seen += len(block)
                if seen > self.length:
                    break
                yield block
        if seen != self.length:
            msg = f"{seen} bytes were read where {self.length} are recorded"
            raise SpoolDamagedError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of a multipart body. `filename` is plain ASCII, as `naming` makes it."""

    field: str
    filename: str
    content: Body


class MultipartBody:
    """A `multipart/form-data` body (RFC 7578) of files, never held in memory.

    The boundary is chosen at random once and stays the same for every attempt, since a signature may
    cover it.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        self._boundary = secrets.token_hex(16)

    @property
    def media_type(self) -> str:
        """The Content-Type with the boundary."""
        return f"multipart/form-data; boundary={self._boundary}"

    @property
    def length(self) -> int:
        """The number of bytes of all parts, their headers and the boundaries."""
        parts = sum(len(self._head(part)) + part.content.length + 2 for part in self._parts)
        return parts + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the parts in order."""
        for part in self._parts:
            yield self._head(part)
            yield from part.content
            yield b"\r\n"
        yield self._end

    @property
    def _end(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()

    def _head(self, part: Part) -> bytes:
        name = "".join(c for c in part.filename if c.isprintable()).replace('"', "%22")
        return (
            f"--{self._boundary}\r\n"
            f'Content-Disposition: form-data; name="{part.field}"; filename="{name}"\r\n'
            f"Content-Type: {_header_text(part.content.media_type)}\r\n\r\n"
        ).encode()


def _header_text(media_type: str) -> str:
    """Return a media type as a header takes it: a spool from elsewhere may hold line breaks in it."""
    plain = "".join(c for c in media_type if c.isascii() and c.isprintable())
    return plain[:LONGEST_HEADER] or "application/octet-stream"
