"""Append-only journals: one writer each, every line on the disk before it counts, chained by hashes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import threading
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import SpoolError
from . import disk


VERSION = 1
MAX_LINE = 1024 * 1024
SEAL = re.compile(rb',"sum":"([0-9a-f]{16})"}\n$')
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
UNREADABLE = "not readable"
Entry = Mapping[str, Any]


def _nothing(_name: str) -> None:
    """Tell nobody."""


class Journal:
    """The journal of one process in a folder, created with its first line or by `open`.

    After a fork the child gets a journal of its own. Threads may append at the same time. `note_begun` is
    told the file's name when that is on the disk, before there is any line; it may raise OSError.
    """

    def __init__(
        self, folder: Path, prefix: str = "", note_begun: Callable[[str], None] = _nothing
    ) -> None:
        self.folder = folder
        self._prefix = prefix
        self._note_begun = note_begun
        self._descriptor: int | None = None
        self._closed = False
        self._start()

    def open(self) -> None:
        """Create the file now, so that a folder without one has lost it. Raises OSError."""
        self._open()

    def append(self, *entries: Entry) -> None:
        """Write entries, one line each; they are on the disk when this returns.

        Raises SpoolError where that failed; then none of them counts.
        """
        if os.getpid() != self._process:
            self._start()
        with self._lock:
            if self._closed:
                msg = f"the journal in {self.folder} is closed"
                raise SpoolError(msg)
            try:
                self._append(entries)
            except OSError as error:
                self._undo()
                msg = f"the journal in {self.folder} cannot be written ({error.strerror or error})"
                raise SpoolError(msg) from error

    def close(self) -> None:
        """Close the file for good: a thread that comes late writes nothing more."""
        if os.getpid() != self._process:
            self._start()
        with self._lock:
            self._closed = True
            if self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor = None

    @property
    def id(self) -> str:
        """The random name of this process's journal, the same for its whole life."""
        if os.getpid() != self._process:
            self._start()
        return self._id

    def _start(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._id = secrets.token_hex(6)
        self._descriptor = None
        self._named = False
        self._length = 0
        self._last = ""

    @property
    def _name(self) -> str:
        return f"{self._prefix}{self._id}.jsonl"

    def _open(self) -> int:
        """Return the file, created if need be; its name is on the disk when this returns."""
        if self._descriptor is None:
            self._descriptor = disk.create(self.folder / self._name)
        if not self._named:
            disk.sync_folder(self.folder)
            self._note_begun(self._name)
            self._named = True
        return self._descriptor

    def _append(self, entries: tuple[Entry, ...]) -> None:
        descriptor = self._open()
        lines, last = [], self._last
        for entry in entries:
            line = _sealed(json.dumps({"v": VERSION, "prev": last, **entry}, separators=(",", ":")))
            last = hashlib.sha256(line).hexdigest()
            lines.append(line)
        text = b"".join(lines)
        disk.write(descriptor, text)
        disk.sync(descriptor)
        self._length += len(text)
        self._last = last

    def _undo(self) -> None:
        """Cut off what a failed write left, so that the next line does not continue it."""
        if self._descriptor is not None:
            try:
                disk.cut(self._descriptor, self._length)
            except OSError:
                with contextlib.suppress(OSError):
                    os.close(self._descriptor)
                self._start()


@dataclass(frozen=True, slots=True)
class Line:
    """One line that was read: its entry, or why it cannot be believed."""

    place: str
    entry: Entry
    damage: str = ""


def read(path: Path) -> list[Line]:
    """Return the lines of a journal.

    A last line without its end is what a crash leaves: it never counted and is passed over. A line
    whose hash is not the one its sound successor recorded is damaged, as is one that is no entry; so is
    the beginning where the first line that is there follows another. Lines of another version come
    with the damage `version`.
    """
    checked: list[Line] = []
    after: Line | None = None
    for line, digest in reversed(list(_lines(path))):
        sound = after is None or after.damage or after.entry.get("prev") == digest
        after = line if sound or line.damage else Line(line.place, {}, "changed afterwards")
        checked.append(after)
    if after is not None and not after.damage and after.entry.get("prev") != "":
        checked.append(Line(f"{path.name} line 1", {}, "what was before it is gone"))
    return checked[::-1]


def _lines(path: Path) -> Iterator[tuple[Line, str]]:
    """Yield every complete line by itself, with its hash."""
    with disk.open_plain(path) as file:
        number = first = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            place = f"{path.name} line {number}"
            whole = len(line) <= MAX_LINE and line.endswith(b"\n")
            read = _read_line(place, line) if whole else None
            if read is not None and read.damage == UNREADABLE:
                first = first or number
                continue
            if first:
                yield _row(path, first, number - 1), ""
                first = 0
            if read is None:
                if len(line) > MAX_LINE:
                    yield Line(place, {}, "longer than a line may be"), ""
                break
            yield read, hashlib.sha256(line).hexdigest()
        if first:
            yield _row(path, first, number), ""


def _row(path: Path, first: int, last: int) -> Line:
    """Return lines in a row that cannot be read as one, so that any number of them costs no memory."""
    lines = f"line {first}" if first == last else f"lines {first} to {last}"
    return Line(f"{path.name} {lines}", {}, UNREADABLE)


def _sealed(text: str) -> bytes:
    """Return a line with a hash of itself at its end, for the time when it has no successor."""
    content = text.removesuffix("}").encode()
    return content + b',"sum":"%s"}\n' % hashlib.sha256(content).hexdigest()[:16].encode()


def _no_number(text: str) -> float:
    """Refuse the NaN and Infinity that Python's JSON knows and no line of ours holds."""
    msg = f"{text} is no number"
    raise ValueError(msg)


def _read_line(place: str, line: bytes) -> Line:
    try:
        entry = json.loads(line, parse_constant=_no_number)
        if SURROGATE.search(line):
            json.dumps(entry, ensure_ascii=False).encode()  # half a character is no text
    except (ValueError, RecursionError):
        return Line(place, {}, UNREADABLE)
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
        return Line(place, {}, UNREADABLE)
    if entry.get("v") != VERSION:
        return Line(place, entry, "version")
    seal = SEAL.search(line)
    if not seal or hashlib.sha256(line[: seal.start()]).hexdigest()[:16].encode() != seal[1]:
        return Line(place, {}, "changed afterwards")
    return Line(place, entry)
