"""The body of one request: counted while it is read, its uploaded parts kept in files."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO
from typing import Any

from werkzeug.wrappers import Request


BLOCK = 64 * 1024


class Body(io.RawIOBase):
    """The body of one request; counts what was read, so that the rest can be thrown away."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream = stream
        self.length = length
        self.taken = 0
        self._most = length
        self._pause: Callable[[], object] | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read at most up to the end of this body."""
        view = memoryview(buffer)
        data = self._stream.read(min(len(view), self.length - self.taken, self._most))
        if self._pause is not None:
            self._pause()
        view[: len(data)] = data
        self.taken += len(data)
        return len(data)

    def read_slowly(self, most: int, pause: Callable[[], object]) -> None:
        """Read at most so many bytes at once from now on, with a pause after each time."""
        self._most, self._pause = most, pause

    def throw_away(self, most: int) -> bool:
        """Read and forget the rest; return False if more than `most` bytes or the client is gone."""
        most += self.taken
        while self.taken < min(self.length, most) and self.read(BLOCK):
            pass
        return self.taken == self.length


class UploadRequest(Request):
    """A request whose uploaded parts lie in files of a folder, never in memory as a whole."""

    def __init__(self, environ: dict[str, Any], folder: Path, body: Body) -> None:
        super().__init__(environ)
        self.folder = folder
        self.body = body
        self._parts: list[IO[bytes]] = []

    def _get_file_stream(self, *_facts: object, **_more: object) -> IO[bytes]:
        part: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=BLOCK, dir=str(self.folder))  # noqa: SIM115 - closed in close()
        self._parts.append(part)
        return part

    def close(self) -> None:
        """Close the parts, those of a body that broke off included."""
        super().close()
        for part in self._parts:
            part.close()
