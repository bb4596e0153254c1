"""The folder where evidence waits: its sole reader and writer.

```
<evidence_dir>/            0700, with a README and a .gitignore
  <UTC>-<random>/          one run
    run.json               who, when, where; written once
    lock                   held while a session or a push works on the run
    token                  read by xdist workers, to be sure that they see the same disk
    blobs/<sha256>         the bytes
    journals/<id>.jsonl    one per process: items, pieces, outcomes
    deliveries/<n>-<id>.jsonl   one per delivering process: intents, receipts, failures, notes
```
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import IO

import filelock

from ..errors import SpoolBusyError
from ..errors import SpoolError
from ..model import Delivery
from ..model import Evidence
from ..model import Failure
from ..model import Item
from ..model import Problem
from ..model import Receipt
from ..model import Run
from ..model import RunRecord
from ..model import utc_text
from . import disk
from .blobs import Blob
from .blobs import Blobs
from .blobs import SourceFile
from .blobs import readable_size
from .journal import Journal
from .record import read_record


__all__ = ["DeliveryLog", "RunFolder", "SourceFile", "Spool", "readable_size"]

README = """\
Evidence of test runs waits here until it is delivered.

Every folder is one run. `attach-evidence status` lists what waits, `attach-evidence push` delivers it,
`attach-evidence clean` removes runs that are settled. Do not edit anything here: the journals are
chained by hashes, and what was changed is not delivered.
"""


class Spool:
    """All runs of one `evidence_dir`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, facts: Run) -> RunFolder:
        """Create the folder of a new run and take its lock.

        `facts.id` is ignored: the folder's name is the id. Raises SpoolError where the spool cannot be
        written.
        """
        try:
            disk.private_folder(self.folder)
            for name, text in (("README.txt", README), (".gitignore", "*\n")):
                if not (self.folder / name).exists():
                    disk.write_file(self.folder / name, text.encode())
            return self._new_run(facts)
        except OSError as error:
            msg = f"{self.folder} cannot be written ({error.strerror or error}) - name another evidence_dir"
            raise SpoolError(msg) from error

    def runs(self) -> list[RunFolder]:
        """Return every run, oldest first."""
        try:
            found = [
                p for p in self.folder.iterdir() if (p / "journals").is_dir() and not p.is_symlink()
            ]
        except FileNotFoundError:
            return []
        except OSError as error:
            msg = f"{self.folder} cannot be read ({error.strerror or error})"
            raise SpoolError(msg) from error
        return [RunFolder(path) for path in sorted(found)]

    def _new_run(self, facts: Run) -> RunFolder:
        while True:
            id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
            try:
                disk.make_folder(self.folder / id)
            except FileExistsError:
                continue
            break
        run = RunFolder(self.folder / id)
        run.lock()
        for name in ("blobs", "journals", "deliveries"):
            disk.make_folder(run.path / name)
        disk.write_file(run.path / "token", secrets.token_hex(16).encode())
        document = {"v": 1, **facts.to_json(), "id": id}
        disk.write_file(run.path / "run.json", json.dumps(document, indent=2).encode())
        return run


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

        Raises SpoolBusyError where another process has it.
        """
        lock = filelock.FileLock(self.path / "lock", mode=disk.FILE_MODE, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            msg = f"run {self.id} is being used by another process - try again when it has ended"
            raise SpoolBusyError(msg) from None
        except OSError as error:
            msg = f"run {self.id} cannot be locked ({error.strerror or error})"
            raise SpoolError(msg) from error
        self._lock = lock
        self.journal = Journal(self.path / "journals")

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
        except SpoolError:
            return True

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

    def read(self) -> RunRecord:
        """Return everything the run's journals say."""
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
        gone = self.path.with_name(f".gone-{self.path.name}")
        self.path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def _lines(pieces: Sequence[Evidence]) -> list[dict[str, object]]:
    return [{"type": "piece", "piece": piece.to_json()} for piece in pieces]


class DeliveryLog:
    """The delivery journals of one process, one in every run being delivered; threads may share it."""

    def __init__(self, runs: Iterable[RunFolder]) -> None:
        self._journals = {
            run.id: Journal(run.path / "deliveries", _next_number(run.path)) for run in runs
        }

    def intent(self, deliveries: Sequence[Delivery], attempts: dict[str, int]) -> None:
        """Record, before the first byte goes out, what is about to be sent."""
        now = utc_text()
        for run_id, own in _by_run(deliveries).items():
            attempt = max(attempts[d.key] for d in own)
            entry = {"type": "intent", "keys": [d.key for d in own], "attempt": attempt, "at": now}
            self._journals[run_id].append({**entry, "destination": own[0].target.destination})

    def receipt(self, delivery: Delivery, receipt: Receipt) -> None:
        """Record that a destination has a piece."""
        self._journals[delivery.item.run_id].append(
            {"type": "receipt", "receipt": receipt.to_json()}
        )

    def failure(self, delivery: Delivery, failure: Failure) -> None:
        """Record why a delivery is not settled."""
        self._journals[delivery.item.run_id].append(
            {"type": "failure", "failure": failure.to_json()}
        )

    def note(self, destination: str, name: str, value: str) -> None:
        """Remember a destination's note in every run being delivered."""
        for journal in self._journals.values():
            journal.append(
                {"type": "note", "destination": destination, "name": name, "value": value}
            )

    def to_conclude(self, destination: str, target: str) -> None:
        """Record that a target has to be told its outcome."""
        for journal in self._journals.values():
            journal.append({"type": "to-conclude", "destination": destination, "target": target})

    def concluded(self, destination: str, target: str) -> None:
        """Record that a target was told its outcome."""
        for journal in self._journals.values():
            journal.append({"type": "concluded", "destination": destination, "target": target})

    def close(self) -> None:
        """Close the journals; a thread that comes late writes nothing more."""
        for journal in self._journals.values():
            journal.close()


def _by_run(deliveries: Sequence[Delivery]) -> dict[str, list[Delivery]]:
    runs: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        runs.setdefault(delivery.item.run_id, []).append(delivery)
    return runs


def _next_number(run: Path) -> str:
    """Return the prefix that sorts a new delivery journal behind those there are."""
    return f"{sum(1 for _ in (run / 'deliveries').glob('*.jsonl')) + 1:06d}-"
