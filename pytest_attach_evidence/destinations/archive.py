"""The archive: a folder with every piece under a readable name, and a list of hashes to check it by."""

from __future__ import annotations

import errno
import hashlib
import json
import threading
from collections.abc import Mapping
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from .. import naming
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import TargetError
from ..model import Delivery
from ..model import Limits
from ..model import Notes
from ..model import OpenContent
from ..model import Problem
from ..model import Receipt
from ..model import Target
from ..retry import Budget
from ..secrets import Secrets
from ..settings import Settings
from ..spool import disk
from .archive_examination import ArchiveExamination
from .base import Results
from .checked import one_by_one


BLOCK = 256 * 1024
MANIFEST = "manifest-sha256.txt"


class Archive:
    """Copies every piece into `<evidence_archive_dir>/<run>/data/<test>/<piece>`.

    Beside `data`, each run has `manifest-sha256.txt`, which `sha256sum -c` accepts, and `index.jsonl`
    with a line of facts for each file.
    """

    name = "archive"
    origin = ""
    limits = Limits(pieces_per_call=500, parallel_targets=1, repeat_is_harmless=True)

    def __init__(self, settings: Settings, secrets: Secrets, budget: Budget) -> None:
        self._folder = settings.archive_dir
        self._spool = settings.dir
        self._max_size = settings.max_size
        self._lock = threading.Lock()
        self._tidied: set[str] = set()

    def problems(self, *, uploading: bool) -> list[str]:
        """Return what is wrong with the folder's name."""
        if self._folder.exists() and not self._folder.is_dir():
            return [f"evidence_archive_dir is {self._folder}, which is not a folder - name another"]
        return []

    def parse(self, text: str | int) -> Target:
        """Return the one target the archive has; raises TargetError for any text but ''."""
        if text != "":
            msg = "the archive takes everything that is kept and has no targets - leave it out"
            raise TargetError(msg)
        return Target.of("archive", "", "folder", "")

    def check(self, targets: Sequence[Target]) -> list[Problem]:
        """Return why the folder cannot be written, or that it has little room."""
        return one_by_one(self.name, self, targets)

    def examination(self) -> ArchiveExamination:
        """Return what looks at the folder before a run; writes nothing."""
        return ArchiveExamination(self._folder, self._max_size)

    def find(self, target: Target, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Return receipts for those pieces whose file is there with the right bytes."""
        there = [d for d in deliveries if _sha256(self._path(d)) == d.evidence.sha256]
        try:
            self._expect_no_links(there)
            self._list(there)
        except OSError as error:
            raise self._refused(error) from error
        return {delivery.key: self._receipt(delivery, "found") for delivery in there}

    def deliver(
        self,
        target: Target,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        notes: Notes,
    ) -> Results:
        """Copy pieces, complete or not at all; raises DestinationClosedError if the disk refuses.

        The caller holds the locks of the pieces' runs, so that nobody else writes into their folders.
        """
        results: Results = {}
        try:
            self._expect_no_links(deliveries)
            self._tidy(deliveries)
            for delivery in deliveries:
                results[delivery.key] = self._copy(delivery, open_content)
            self._list([d for d in deliveries if isinstance(results[d.key], Receipt)])
        except OSError as error:
            raise self._refused(error) from error
        return results

    def keep(self, run_id: str, name: str, content: bytes) -> None:
        """Write or replace a file beside `data` of a run, where there is anything of it.

        Raises DestinationClosedError if the disk refuses. The caller holds the run's lock.
        """
        run = self._folder / _folder(run_id)
        own = [self._folder] if self._folder.is_relative_to(self._spool) else []
        try:
            if run.is_dir() and not any(path.is_symlink() for path in (*own, run)):
                disk.write_file(run / name, content)
        except OSError as error:
            raise self._refused(error) from error

    def close(self) -> None:
        """Do nothing: no connection is held."""

    def _tidy(self, deliveries: Sequence[Delivery]) -> None:
        """Remove what a killed process left, once in every folder that gets something."""
        runs, tests = _folders(deliveries)
        for place in (runs | tests) - self._tidied:
            disk.remove_leftovers(self._folder / place)
            self._tidied.add(place)

    def _copy(self, delivery: Delivery, open_content: OpenContent) -> Receipt | PermanentError:
        path = self._path(delivery)
        disk.ensure_folder(path.parent)
        digest = hashlib.sha256()
        with (
            open_content(delivery.evidence) as source,
            disk.temporary(path.parent) as (new, descriptor),
        ):
            while block := source.read(BLOCK):
                digest.update(block)
                disk.write(descriptor, block)
            if digest.hexdigest() != delivery.evidence.sha256:
                return PermanentError("the bytes in the spool are not those that were attached")
            disk.sync(descriptor)
            disk.publish(new, path)
        return self._receipt(delivery, "answered")

    def _list(self, deliveries: Sequence[Delivery]) -> None:
        """Add files to the hash list and the index of their runs, once."""
        for run in dict.fromkeys(self._run(delivery) for delivery in deliveries):
            own = [delivery for delivery in deliveries if self._run(delivery) == run]
            paths = {d.key: f"{_data(d)}/{_file(d)}" for d in own}
            index = [
                json.dumps({**_facts(d), "path": paths[d.key]}, ensure_ascii=False) for d in own
            ]
            with self._lock:
                _add_lines(run / "index.jsonl", index)
                _add_lines(run / MANIFEST, [f"{d.evidence.sha256}  {paths[d.key]}" for d in own])

    def _expect_no_links(self, deliveries: Sequence[Delivery]) -> None:
        """Raise OSError where a link below the archive, or the archive in a spool, leads elsewhere."""
        runs, tests = _folders(deliveries)
        below = [self._folder / place for place in (*runs, *(f"{r}/data" for r in runs), *tests)]
        own = [self._folder] if self._folder.is_relative_to(self._spool) else []
        for path in (*own, *below):
            if path.is_symlink():
                raise OSError(errno.ELOOP, f"{path.name} is a link, which leads elsewhere")

    def _refused(self, error: OSError) -> DestinationClosedError:
        msg = f"the archive {self._folder} cannot be written ({error.strerror or error})"
        return DestinationClosedError(msg, next_step="make room or name another folder")

    def _run(self, delivery: Delivery) -> Path:
        return self._folder / _folder(delivery.item.run_id)

    def _path(self, delivery: Delivery) -> Path:
        """Return where a piece goes: the test's readable folder, then its number and name."""
        return self._run(delivery) / _data(delivery) / _file(delivery)

    def _receipt(self, delivery: Delivery, how: str) -> Receipt:
        path = self._path(delivery)
        return Receipt(
            key=delivery.key,
            remote_id="/".join((_folder(delivery.item.run_id), _data(delivery), path.name)),
            remote_name=path.name,
            remote_url=path.as_uri(),
            how="found" if how == "found" else "answered",
        )


@lru_cache(maxsize=1024)
def _folder(run_id: str) -> str:
    """Return the name of a run's folder; one with a name that is none of ours shares no other's."""
    name = naming.slug(run_id, 100)
    return name if name == run_id else f"{name or 'run'}-{_short_hash(run_id)}"


def _folders(deliveries: Sequence[Delivery]) -> tuple[set[str], set[str]]:
    """Return the folders of runs and those of tests that deliveries go to, below the archive."""
    places = {(_folder(d.item.run_id), _data(d)) for d in deliveries}
    return {run for run, _ in places}, {f"{run}/{test}" for run, test in places}


def _data(delivery: Delivery) -> str:
    """Return the folder of a piece's test within its run's."""
    return f"data/{_test(delivery.item.nodeid, delivery.item.rerun)}"


@lru_cache(maxsize=1024)
def _test(nodeid: str, rerun: int) -> str:
    if not nodeid:
        return "run"
    again = f"-rerun{rerun}" if rerun else ""
    return f"{naming.slug(nodeid.rpartition('/')[2], 80)}{again}-{_short_hash(nodeid)}"


def _file(delivery: Delivery) -> str:
    return naming.archived_name(delivery.evidence.name, delivery.key, delivery.evidence.seq)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:6]


def _facts(delivery: Delivery) -> Mapping[str, object]:
    item, piece = delivery.item, delivery.evidence
    return {
        "key": delivery.key,
        "test": item.nodeid,
        "rerun": item.rerun,
        "outcome": item.outcome,
        "name": piece.name,
        "kind": piece.kind,
        "media_type": piece.media_type,
        "size": piece.size,
        "sha256": piece.sha256,
        "captured_at": piece.captured_at,
        "phase": piece.phase,
        "step": piece.step,
        "remark": piece.remark,
        "redaction": piece.redaction,
    }


def _add_lines(path: Path, lines: Sequence[str]) -> None:
    """Add the lines that a file does not have yet; it is replaced as a whole."""
    before = _content(path).split("\n")[:-1]
    known = set(before)
    new = [line for line in lines if line not in known]
    if new:
        disk.write_file(path, "".join(f"{line}\n" for line in (*before, *new)).encode())


def _content(path: Path) -> str:
    """Return the text of a plain file, '' where there is none. Raises OSError for a link and the like."""
    try:
        with disk.open_plain(path) as file:
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _sha256(path: Path) -> str:
    """Return the hash of a plain file, '' where there is none."""
    try:
        with disk.open_plain(path) as file:
            digest = hashlib.sha256()
            while block := file.read(BLOCK):
                digest.update(block)
            return digest.hexdigest()
    except OSError:
        return ""
