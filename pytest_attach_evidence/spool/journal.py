"""Append-only journals: one writer each, every line on the disk before it counts, chained by hashes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import threading
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
Entry = Mapping[str, Any]


class Journal:
    """The journal of one process in a folder, created with its first line.

    After a fork the child gets a journal of its own. Threads may append at the same time.
    """

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self.folder = folder
        self._prefix = prefix
        self._descriptor: int | None = None
        self._closed = False
        self._start()

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
        self._length = 0
        self._last = ""

    def _append(self, entries: tuple[Entry, ...]) -> None:
        if self._descriptor is None:
            self._descriptor = disk.create(self.folder / f"{self._prefix}{self._id}.jsonl")
        lines, last = [], self._last
        for entry in entries:
            line = _sealed(json.dumps({"v": VERSION, "prev": last, **entry}, separators=(",", ":")))
            last = hashlib.sha256(line).hexdigest()
            lines.append(line)
        text = b"".join(lines)
        disk.write(self._descriptor, text)
        disk.sync(self._descriptor)
        if self._length == 0:
            disk.sync_folder(self.folder)
        self._length += len(text)
        self._last = last

    def _undo(self) -> None:
        """Cut off what a failed write left, so that the next line does not continue it."""
        if self._descriptor is not None:
            try:
                os.ftruncate(self._descriptor, self._length)
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
    whose hash is not the one its sound successor recorded is damaged, as is one that is no entry.
    Lines of another version come with the damage `version`.
    """
    checked: list[Line] = []
    after: Line | None = None
    for line, digest in reversed(list(_lines(path))):
        sound = after is None or after.damage or after.entry.get("prev") == digest
        after = line if sound or line.damage else Line(line.place, {}, "changed afterwards")
        checked.append(after)
    return checked[::-1]


def _lines(path: Path) -> Iterator[tuple[Line, str]]:
    """Yield every complete line by itself, with its hash."""
    with disk.open_plain(path) as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            place = f"{path.name} line {number}"
            if len(line) > MAX_LINE:
                yield Line(place, {}, "longer than a line may be"), ""
            if len(line) > MAX_LINE or not line.endswith(b"\n"):
                break
            yield _read_line(place, line), hashlib.sha256(line).hexdigest()


def _sealed(text: str) -> bytes:
    """Return a line with a hash of itself at its end, for the time when it has no successor."""
    content = text.removesuffix("}").encode()
    return content + b',"sum":"%s"}\n' % hashlib.sha256(content).hexdigest()[:16].encode()


def _read_line(place: str, line: bytes) -> Line:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return Line(place, {}, "not readable")
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
        return Line(place, {}, "not readable")
    if entry.get("v") != VERSION:
        return Line(place, entry, "version")
    seal = SEAL.search(line)
    if not seal or hashlib.sha256(line[: seal.start()]).hexdigest()[:16].encode() != seal[1]:
        return Line(place, {}, "changed afterwards")
    return Line(place, entry)
