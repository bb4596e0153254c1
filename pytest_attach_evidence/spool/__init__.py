"""The folder where evidence waits: its sole reader and writer.

```
<evidence_dir>/            0700, with a README and a .gitignore
  <UTC>-<random>/          one run
    run.json               who, when, where; written once
    lock                   held while a session or a push works on the run
    lock-<id>              held while a worker or a forked child collects into the journal <id>
    token                  read by xdist workers, to be sure that they see the same disk; gone when a
                           push has taken the run of a killed session, which no worker may join then
    blobs/<sha256>         the bytes
    journals/<id>.jsonl    one per process: items, pieces, outcomes
    deliveries/<n>-<id>.jsonl   one per delivering process: intents, receipts, failures, notes
    collecting-<id>, delivery-<n>-<id>
                           there was a journal of this name, which it holds; written before its first line
    group                  the ids of the runs that this one was ever delivered together with
    evidence-summary.json  what became of the run, for programs; written after every delivery
```
"""

from __future__ import annotations

import contextlib
import json
import secrets
import stat
from datetime import UTC
from datetime import datetime
from pathlib import Path

from ..errors import SpoolError
from ..model import Run
from . import disk
from .blobs import SourceFile
from .blobs import readable_size
from .delivery_log import DeliveryLog
from .run_folder import RunFolder


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
            for name, text in ((disk.OURS, README), (".gitignore", "*\n")):
                if not (self.folder / name).exists():
                    disk.write_file(self.folder / name, text.encode())
            return self._new_run(facts)
        except OSError as error:
            msg = f"{self.folder} cannot be written ({error.strerror or error}) - name another evidence_dir"
            raise SpoolError(msg) from error

    def runs(self) -> list[RunFolder]:
        """Return every run, oldest first."""
        try:
            # What a removal left behind begins with a dot.
            seen = [path for path in self.folder.iterdir() if not path.name.startswith(".")]
            found = [p for p in seen if _is_run(p)]
        except FileNotFoundError:
            return []
        except OSError as error:
            msg = f"{self.folder} cannot be read ({error.strerror or error})"
            raise SpoolError(msg) from error
        return [RunFolder(path) for path in sorted(found, key=_begun)]

    def run(self, id: str) -> RunFolder | None:
        """Return the run of an id, None where there is none; an id may come from somebody else."""
        path = self.folder / id
        here = path.parent == self.folder and path.name == id and not id.startswith(".")
        return RunFolder(path) if here and _is_run(path) else None

    def _new_run(self, facts: Run) -> RunFolder:
        while True:
            id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
            try:
                disk.make_folder(self.folder / id)
            except FileExistsError:
                continue
            break
        run = RunFolder(self.folder / id)
        try:
            self._furnish(run, facts)
        except (OSError, SpoolError):
            run.release()
            with contextlib.suppress(OSError):
                disk.remove_folder(run.path)  # half a run would wait for ever
            raise
        return run

    def _furnish(self, run: RunFolder, facts: Run) -> None:
        """Lock a new run and write what every run holds."""
        run.lock()
        for name in ("blobs", "journals", "deliveries"):
            disk.make_folder(run.path / name)
        disk.write_file(run.path / "token", secrets.token_hex(16).encode())
        document = {"v": 1, **facts.to_json(), "id": run.id}
        disk.write_file(run.path / "run.json", json.dumps(document, indent=2).encode())
        run.journal.open()


def _is_run(path: Path) -> bool:
    """Tell whether a folder is a run; one that cannot be looked into may be, and is told later."""
    try:
        return not path.is_symlink() and stat.S_ISDIR((path / "journals").stat().st_mode)
    except PermissionError:
        return True
    except OSError:
        return False


def _begun(path: Path) -> tuple[str, int, str]:
    """Return what tells when a run began: the second in its name, and the moment of its first file."""
    second = path.name.partition("-")[0]
    try:
        return second, (path / "run.json").stat().st_mtime_ns, path.name
    except OSError:
        return second, 0, path.name
