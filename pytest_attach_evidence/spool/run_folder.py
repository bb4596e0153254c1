"""One run in the spool: its lock, its blobs, its journal."""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO

import filelock

from ..errors import SpoolBusyError
from ..errors import SpoolDamagedError
from ..errors import SpoolError
from ..model import Evidence
from ..model import Item
from ..model import Problem
from ..model import utc_text
from ..run_record import RunRecord
from ..run_record import Unmapped
from . import disk
from . import run_files
from .blobs import Blob
from .blobs import Blobs
from .journal import Entry
from .journal import Journal
from .record import read_record


FOLDERS = ("blobs", "journals", "deliveries")
LOCK = "lock"
TOKEN = "token"  # noqa: S105  # the name of a file
WORKER_LOCK = "lock-"
NAMES_A_LINE = 200
LONGEST_NAME = 1000


def _nothing(_line: str) -> None:
    """Tell nobody."""


class RunFolder:
    """One run in the spool."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.blobs = Blobs(path / "blobs")
        self.journal = self._new_journal()
        self._locks: dict[str, filelock.BaseFileLock] = {}
        self._process = os.getpid()

    @property
    def id(self) -> str:
        """The run's id, which is its folder's name."""
        return self.path.name

    @property
    def token(self) -> str:
        """What a process must be able to read to be sure that it sees the same folder."""
        try:
            return (self.path / TOKEN).read_text()
        except OSError as error:
            msg = f"{self.path} cannot be read ({error.strerror or error})"
            raise SpoolError(msg) from error

    def lock(
        self, *, wait_s: float = 0.0, workers_s: float = 0.0, told: Callable[[str], None] = _nothing
    ) -> None:
        """Take the run for this process until `release` or its end.

        Waits so long for a process that has it, and for workers whose session was killed, of which
        `told` is told. Raises SpoolBusyError where they do not end, SpoolDamagedError where its folders
        lead elsewhere.
        """
        self._expect_ours()
        lock = self._taken(self.path / LOCK, wait_s)
        try:
            self._expect_nobody(workers_s, told)
        except BaseException:
            lock.release()
            raise
        self._locks[LOCK] = lock
        self._process = os.getpid()
        self.journal = self._new_journal()

    def _new_journal(self) -> Journal:
        note_begun = partial(run_files.note_begun, self.path, "collecting")
        return Journal(self.path / "journals", note_begun=note_begun)

    def join(self, token: str) -> bool:
        """Take part in a run that another process holds; tell whether this is its folder.

        Raises SpoolError where the folder cannot be read.
        """
        if self.token != token:
            return False
        self._process = 0
        with contextlib.suppress(SpoolError):  # tried again with the first line
            self._hold()
        # Who takes the run of a killed session removes the token before looking for workers.
        return self.token == token

    def _taken(self, path: Path, wait_s: float = 0.0) -> filelock.BaseFileLock:
        """Return a lock file that is held now; a forked child does not inherit it."""
        lock = filelock.FileLock(path, mode=disk.FILE_MODE, thread_local=False)
        try:
            with warnings.catch_warnings():
                # Without locks of the file system filelock warns and takes a file for one, which a
                # killed process leaves for ever.
                warnings.simplefilter("error")
                lock.acquire(timeout=wait_s)
        except filelock.Timeout:
            msg = f"run {self.id} is being used by another process - try again when it has ended"
            raise SpoolBusyError(msg) from None
        # filelock tells in these three ways that a file system has no locks.
        except (OSError, NotImplementedError, Warning) as error:
            reason = getattr(error, "strerror", None) or error
            msg = f"run {self.id} cannot be locked ({reason})"
            raise SpoolError(msg) from error
        return lock

    def _hold(self) -> None:
        """Take the lock that tells that this process collects; a process has one beside its journal."""
        id = self.journal.id
        name = f"{WORKER_LOCK}{id}"
        lock = self._taken(self.path / name)
        if not (self.path / TOKEN).exists():
            lock.release()
            msg = f"run {self.id} was delivered already, since its session was killed"
            raise SpoolError(msg)
        self._locks[name] = lock
        self._process = os.getpid()

    def _expect_nobody(self, wait_s: float = 0.0, told: Callable[[str], None] = _nothing) -> None:
        """Raise SpoolBusyError where a worker of a killed session still collects."""
        ends_at = time.monotonic() + wait_s
        for path in sorted(self.path.glob(f"{WORKER_LOCK}*")):
            try:
                self._taken(path).release()
            except SpoolBusyError:
                if not wait_s:
                    raise
                told(f"run {self.id}: a worker or child of its session still runs, waiting for it")
                self._taken(path, max(0.0, ends_at - time.monotonic())).release()

    def _expect_ours(self) -> None:
        """Raise SpoolDamagedError where a link would lead what we write to another place."""
        locks = self.path.glob(f"{WORKER_LOCK}*")
        for path in (self.path, *(self.path / name for name in (*FOLDERS, LOCK)), *locks):
            # False where that may not be known: taking the lock tells.
            if os.path.islink(path):  # noqa: PTH114
                what = "it" if path == self.path else f"its {path.name}"
                seen = f"{what} is a link, which no run of ours has - see who made it"
                msg = f"run {self.id} is not used: {seen}"
                raise SpoolDamagedError(msg)

    def release(self) -> None:
        """Give the run free and close its journal."""
        self.journal.close()
        while self._locks:
            _, lock = self._locks.popitem()
            lock.release()

    def is_busy(self) -> bool:
        """Tell whether another process uses the run now."""
        try:
            self._expect_ours()
            self._taken(self.path / LOCK).release()
            self._expect_nobody()
        except SpoolBusyError:
            return True
        except SpoolError:
            pass
        return False

    @contextlib.contextmanager
    def locked(
        self, *, wait_s: float = 0.0, workers_s: float = 0.0, told: Callable[[str], None] = _nothing
    ) -> Iterator[None]:
        """Hold the run's lock for a while; waits and raises as `lock` does."""
        self.lock(wait_s=wait_s, workers_s=workers_s, told=told)
        try:
            yield
        finally:
            self.release()

    def put(self, blocks: Iterable[bytes], max_size: int | None = None) -> Blob:
        """Keep bytes; see `Blobs.put`."""
        return self.blobs.put(blocks, max_size)

    def write_begun(self, item: Item, *pieces: Evidence) -> None:
        """Record that an item began, with its first pieces."""
        self._append({"type": "begun", "item": item.to_json()}, *_lines(pieces))

    def write_pieces(self, *pieces: Evidence) -> None:
        """Record pieces of an item that is known already."""
        self._append(*_lines(pieces))

    def write_refused(self, problem: Problem) -> None:
        """Record that a piece could not be taken, and why."""
        self._append({"type": "refused", **asdict(problem)})

    def write_ended(self, item: Item, unwanted: Sequence[str]) -> None:
        """Record an item's outcome, its duration, its steps and which of its pieces nobody wants."""
        self._append(
            {
                "type": "ended",
                "item_id": item.id,
                "outcome": item.outcome,
                "duration_s": item.duration_s,
                "steps": list(item.steps),
                "unwanted": list(unwanted),
            }
        )

    def write_unwanted(self, unwanted: Sequence[str]) -> None:
        """Record pieces that turned out to be unwanted after their item had ended."""
        self._append({"type": "unwanted", "unwanted": list(unwanted)})

    def write_unmapped(self, tests: Mapping[Unmapped, Sequence[str]]) -> None:
        """Record tests of which no evidence is expected, a few in a line, by what is known of them."""
        short = {known: [name[:LONGEST_NAME] for name in names] for known, names in tests.items()}
        self._append(
            *(
                {"type": "unmapped", **known.to_json(), "tests": names[at : at + NAMES_A_LINE]}
                for known, names in short.items()
                for at in range(0, len(names), NAMES_A_LINE)
            )
        )

    def write_interrupted(self) -> None:
        """Record that the session is over though it never said so; its lock was free.

        From here on no worker joins it. Raises SpoolBusyError where one did meanwhile.
        """
        with contextlib.suppress(OSError):
            disk.remove(self.path / TOKEN)
        self._expect_nobody()
        self._append({"type": "finished", "at": utc_text(), "interrupted": True})

    def write_finished(self, exit_status: int, outcomes: dict[str, int]) -> None:
        """Record the end of the session, with the number of items per outcome."""
        entry = {
            "type": "finished",
            "at": utc_text(),
            "exit_status": exit_status,
            "outcomes": outcomes,
        }
        self._append(entry)

    def write_summary(self, document: Mapping[str, object]) -> None:
        """Write or replace the summary for programs; the caller holds the lock.

        A crash leaves the old one or the new one. Raises SpoolError where it cannot be written; the
        old one is still there then.
        """
        run_files.write_summary(self.path, document)

    def write_group(self, ids: Iterable[str]) -> None:
        """Remember, before anything is sent, which runs are delivered together with this one.

        The caller holds the lock. Raises SpoolError.
        """
        run_files.write_group(self.path, ids)

    def group(self) -> frozenset[str]:
        """Return the ids of the other runs that this one was ever delivered together with."""
        return run_files.group(self.path)

    def read(self) -> RunRecord:
        """Return everything the run's journals say; see `read_record`."""
        return read_record(self.path)

    def _append(self, *entries: Entry) -> None:
        """Write lines to this process's journal, under a lock of its own in a forked child.

        Raises SpoolError in a child that comes when a push has taken the run of its killed session.
        """
        if os.getpid() != self._process:
            self._hold()
        self.journal.append(*entries)

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


def _lines(pieces: Sequence[Evidence]) -> list[dict[str, object]]:
    return [{"type": "piece", "piece": piece.to_json()} for piece in pieces]
