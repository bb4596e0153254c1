"""Turns what tests hand over into blocks of bytes: masked, streamed, written as CSV."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from itertools import chain
from pathlib import PurePath
from typing import IO
from typing import Any

from .errors import AttachError
from .objects import Image
from .redact import Redactor


BLOCK = 256 * 1024
Source = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image


class Masked:
    """Blocks with secrets masked; may be iterated again. `count` and `text` are of the last time.

    `sure`: the media type says that it is text. Else the first block decides: a NUL byte means that it
    is not, and everything is passed on as it is.
    """

    def __init__(self, redactor: Redactor, source: Iterable[bytes], *, sure: bool = True) -> None:
        self._redactor = redactor
        self._source = source
        self._sure = sure
        self.text = sure
        self.count = 0

    @property
    def size(self) -> int | None:
        """The size of the source, where it is known."""
        source = self._source
        known = sum(map(len, source)) if isinstance(source, list) else getattr(source, "size", None)
        return known if isinstance(known, int) else None

    def __iter__(self) -> Iterator[bytes]:
        self.count = 0
        blocks = iter(self._source)
        first = next(blocks, b"")
        self.text = self._sure or b"\0" not in first
        if not self.text:
            yield first
            yield from blocks
            return
        for block, count in self._redactor.stream(chain([first], blocks)):
            self.count += count
            yield block


def blocks_of(source: Any) -> Iterable[bytes]:
    """Return bytes or an open file as blocks."""
    if isinstance(source, bytes | bytearray | memoryview):
        view = memoryview(source).cast("B")
        return [bytes(view[at : at + BLOCK]) for at in range(0, len(view), BLOCK)]
    if callable(getattr(source, "read", None)):
        return _file_blocks(source)
    msg = (
        f"{type(source).__name__} cannot be attached - attach a path, bytes or an open binary file"
    )
    raise AttachError(msg)


def _file_blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        if not isinstance(block, bytes):
            msg = "the file is open as text - open it with mode 'rb'"
            raise AttachError(msg)
        yield block


def name_of_file(source: Any) -> str:
    """Return the name of an open file, '' for one without."""
    name = getattr(source, "name", "")
    return PurePath(name).name if isinstance(name, str) else ""


def json_bytes(document: Any) -> bytes:
    """Return a document as indented JSON; what JSON does not know, keys included, as its `str`."""
    text = json.dumps(_with_text_keys(document), indent=2, ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace")


def _with_text_keys(document: Any) -> Any:
    """Return a document whose keys JSON takes, the rest as it is."""
    if isinstance(document, Mapping):
        plain = str | int | float | bool | None
        return {
            key if isinstance(key, plain) else str(key): _with_text_keys(value)
            for key, value in document.items()
        }
    if isinstance(document, list | tuple):
        return [_with_text_keys(one) for one in document]
    return document


def csv_bytes(rows: Iterable[Any]) -> bytes:
    """Return rows as CSV: dictionaries, whose keys become the header, or sequences."""
    rows = list(rows)
    stream = io.StringIO(newline="")
    if rows and isinstance(rows[0], Mapping):
        header = list(dict.fromkeys(name for row in rows for name in row))
        writer = csv.DictWriter(stream, header)
        writer.writeheader()
        writer.writerows(rows)
    else:
        csv.writer(stream).writerows(rows)
    return stream.getvalue().encode("utf-8", "backslashreplace")
