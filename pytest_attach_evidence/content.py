"""Turns what tests hand over into blocks of bytes: masked and streamed."""

from __future__ import annotations

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
Source = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | IO[str] | Image


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
    msg = f"{type(source).__name__} cannot be attached - attach a path, bytes or an open file"
    raise AttachError(msg)


def _file_blocks(file: IO[bytes] | IO[str]) -> Iterator[bytes]:
    """Yield an open file from where it stands to its end; text in UTF-8."""
    while block := file.read(BLOCK):
        if isinstance(block, str):
            yield block.encode("utf-8", "backslashreplace")
        elif isinstance(block, bytes | bytearray | memoryview):
            yield bytes(block)
        else:
            msg = f"its read() gives {type(block).__name__} - attach a file of bytes or of text"
            raise AttachError(msg)


def name_of_file(source: Any) -> str:
    """Return the name of an open file, or one that says whether it is text."""
    name = getattr(source, "name", "")
    known = PurePath(name).name if isinstance(name, str) else ""
    return known or ("evidence.txt" if isinstance(source, io.TextIOBase) else "evidence.bin")


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
