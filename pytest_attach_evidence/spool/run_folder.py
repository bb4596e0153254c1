"""One run in the spool: its lock, its blobs, its journal."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO

import filelock

from ..errors import SpoolBusyError
from ..errors import SpoolDamagedError
from ..errors import SpoolError
from ..model import Evidence
from ..model import Item
from ..model import Problem
from ..model import RunRecord
from ..model import utc_text
from . import disk
from .blobs import Blob
from .blobs import Blobs
from .journal import Journal
from .record import read_record


FOLDERS = ("blobs", "journals", "deliveries")
SUMMARY = "evidence-summary.json"


class RunFolder:
    """One run in the spool."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.blobs = Blobs(path / "blobs")
        self.journal = Journal(path / "journals")
        self._lock: filelock.BaseFileLock | None = None

    @property
    def id(self) -> str:
        """The run's id, which is its folder's name."""
        return self.path.name

    @property
    def token(self) -> str:
        """What a process must be able to read to be sure that it sees the same folder."""
        try:
            return (self.path / "token").read_text()
        except OSError as error:
            msg = f"{self.path} cannot be read ({error.strerror or error})"
            raise SpoolError(msg) from error

    def lock(self) -> None:
        """Take the run for this process until `release` or its end.

        Raises SpoolBusyError where another process has it, SpoolDamagedError where its folders lead
        elsewhere.
        """
        lock = filelock.FileLock(self.path / "lock", mode=disk.FILE_MODE, thread_local=False)
        try:
            self._expect_ours()
            with warnings.catch_warnings():
                # Without locks of the file system filelock warns and takes a file for one, which a
                # killed process leaves for ever.
                warnings.simplefilter("error")
                lock.acquire(timeout=0)
        except filelock.Timeout:
            msg = f"run {self.id} is being used by another process - try again when it has ended"
            raise SpoolBusyError(msg) from None
        # filelock tells in these three ways that a file system has no locks.
        except (OSError, NotImplementedError, Warning) as error:
            reason = getattr(error, "strerror", None) or error
            msg = f"run {self.id} cannot be locked ({reason})"
            raise SpoolError(msg) from error
        self._lock = lock
        self.journal = Journal(self.path / "journals")

    def _expect_ours(self) -> None:
        """Raise SpoolDamagedError where a link would lead what we write to another place."""
        for path in (self.path, *(self.path / name for name in (*FOLDERS, "lock"))):
            if path.is_symlink():
                what = "it" if path == self.path else f"its {path.name}"
                seen = f"{what} is a link, which no run of ours has - see who made it"
                msg = f"run {self.id} is not used: {seen}"
                raise SpoolDamagedError(msg)

    def release(self) -> None:
        """Give the run free and close its journal."""
        self.journal.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def is_busy(self) -> bool:
        """Tell whether another process uses the run now."""
        try:
            with self.locked():
                return False
        except SpoolBusyError:
            return True
        except SpoolError:
            return False

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's lock for a while; raises SpoolBusyError as `lock` does."""
        self.lock()
        try:
            yield
        finally:
            self.release()

    def put(self, blocks: Iterable[bytes], max_size: int | None = None) -> Blob:
        """Keep bytes; see `Blobs.put`."""
        return self.blobs.put(blocks, max_size)

    def write_begun(self, item: Item, *pieces: Evidence) -> None:
        """Record that an item began, with its first pieces."""
        self.journal.append({"type": "begun", "item": item.to_json()}, *_lines(pieces))

    def write_pieces(self, *pieces: Evidence) -> None:
        """Record pieces of an item that is known already."""
        self.journal.append(*_lines(pieces))

    def write_refused(self, problem: Problem) -> None:
        """Record that a piece could not be taken, and why."""
        self.journal.append({"type": "refused", **asdict(problem)})

    def write_ended(self, item: Item, unwanted: Sequence[str]) -> None:
        """Record an item's outcome, its duration and which of its pieces nobody wants."""
        self.journal.append(
            {
                "type": "ended",
                "item_id": item.id,
                "outcome": item.outcome,
                "duration_s": item.duration_s,
                "unwanted": list(unwanted),
            }
        )

    def write_unwanted(self, unwanted: Sequence[str]) -> None:
        """Record pieces that turned out to be unwanted after their item had ended."""
        self.journal.append({"type": "unwanted", "unwanted": list(unwanted)})

    def write_interrupted(self) -> None:
        """Record that the session is over though it never said so; its lock was free."""
        self.journal.append({"type": "finished", "at": utc_text(), "interrupted": True})

    def write_finished(self, exit_status: int, outcomes: dict[str, int]) -> None:
        """Record the end of the session, with the number of items per outcome."""
        entry = {
            "type": "finished",
            "at": utc_text(),
            "exit_status": exit_status,
            "outcomes": outcomes,
        }
        self.journal.append(entry)

    def write_summary(self, document: Mapping[str, object]) -> None:
        """Write or replace the summary for programs; the caller holds the lock.

        A crash leaves the old one or the new one. Raises SpoolError where it cannot be written; the
        old one is still there then.
        """
        parts = (f"{_json(name)}: {_lines_of(value)}" for name, value in document.items())
        text = "{\n" + ",\n".join(parts) + "\n}\n"
        try:
            disk.remove_leftovers(self.path)
            disk.write_file(self.path / SUMMARY, text.encode("utf-8", "replace"))
        except OSError as error:
            msg = f"{self.path / SUMMARY} cannot be written ({error.strerror or error})"
            raise SpoolError(msg) from error

    def read(self) -> RunRecord:
        """Return everything the run's journals say; see `read_record`."""
        return read_record(self.path)

    def open_content(self, evidence: Evidence) -> IO[bytes]:
        """Open a piece's bytes; raises SpoolDamagedError."""
        return self.blobs.open(evidence.digest)

    def drop_blobs(self, digests: Iterable[str]) -> None:
        """Remove blobs that nobody wants."""
        for digest in digests:
            disk.remove(self.blobs.path(digest))

    def remove(self) -> None:
        """Remove the whole run. The caller holds its lock and knows that it is settled."""
        disk.remove_folder(self.path)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines_of(value: object) -> str:
    """Return JSON with a line for each element of a list, which reads well and is fast to make."""
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_json, value)) + "\n]"
    return _json(value)


def _lines(pieces: Sequence[Evidence]) -> list[dict[str, object]]:
    return [{"type": "piece", "piece": piece.to_json()} for piece in pieces]
