"""What the spool is told of one item: its beginning, its pieces, its end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from . import naming
from .content import Masked
from .content import blocks_of
from .errors import SpoolError
from .keeper import Keeper
from .model import Evidence
from .model import Item
from .model import Outcome
from .model import Problem
from .model import utc_text
from .step_log import StepLog
from .zipped import ZippedFolder
from .zipped import is_folder


if TYPE_CHECKING:
    from .spool.blobs import Blob


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a piece before its bytes are kept.

    `until_rest`, of a file that nobody handed over: waits for whoever still writes to it, and returns a
    remark.
    """

    name: str
    kind: str
    media_type: str
    remark: str
    until_rest: Callable[[Path], str] | None = None


class ItemLog:
    """Writes the lines of one item: a test in one rerun, or the run itself.

    Without a keeper collecting is off and nothing is written. May be used from several threads.
    """

    def __init__(self, keeper: Keeper | None, item: Item) -> None:
        self._keeper = keeper
        self.item = item
        self.phase = ""
        self.failed = False
        self.skipped = False
        self._pieces: list[Evidence] = []
        self._begun = False
        self._ended = False
        self._dropped = False
        self._seq = 0
        self._files: dict[Path, tuple[int, int] | None] = {}
        self.step_log = StepLog()
        self._started = time.monotonic()
        self._process = os.getpid()
        self._lock = threading.RLock()

    @property
    def ended(self) -> bool:
        """Whether the item is over."""
        return self._ended

    @property
    def pieces(self) -> tuple[Evidence, ...]:
        """What was kept so far."""
        return tuple(self._pieces)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that were attached so far, each with its absolute path."""
        return tuple(self._files)

    def holds(self, path: Path) -> bool:
        """Whether a file was attached already and has not been written to since."""
        known = self._files.get(path.absolute())
        try:
            facts = path.stat()
        except OSError:
            return False
        return known == (facts.st_size, facts.st_mtime_ns)

    def masked(self, text: str) -> str:
        """Return text with every secret masked, which comes before any of it is changed or cut."""
        return text if self._keeper is None else self._keeper.redactor.text(text)

    def begin(self) -> None:
        """Record that a mapped item began: if the process dies, it counts as failed.

        An item that only the archive takes is recorded with its first piece.
        """
        with self._lock:
            if self._keeper is None or self._begun or not self.item.mapped:
                return
            try:
                self._keeper.folder.write_begun(self.item)
                self._begun = True
            except SpoolError as error:
                self._keeper.broken.append(f"{self.item.title}: it could not be recorded ({error})")

    def end(self) -> None:
        """Record the item's end, where it is mapped or has evidence. Later pieces are still taken.

        In a forked copy of the process in which the item began nothing is recorded: that one knows.
        """
        with self._lock:
            self._ended = True
            keeper = self._keeper
            outcome = (
                Outcome.FAILED
                if self.failed
                else Outcome.SKIPPED
                if self.skipped
                else Outcome.PASSED
            )
            duration = round(time.monotonic() - self._started, 3)
            steps = self.step_log.outcomes
            self.item = replace(self.item, outcome=outcome, duration_s=duration, steps=steps)
            if keeper is None or self._copied or not (self._begun or self.item.mapped):
                return
            unwanted = [] if self._keeps() else [piece.id for piece in self._pieces]
            try:
                if not self._begun:
                    keeper.folder.write_begun(self.item)
                    self._begun = True
                keeper.folder.write_ended(self.item, unwanted)
            except SpoolError as error:
                keeper.broken.append(
                    f"{self.item.title}: its outcome could not be recorded ({error})"
                )

    def drop(self) -> None:
        """Make everything of it unwanted, what comes later too, because a later rerun replaces it."""
        self._dropped = True
        if self._keeper is None or self._copied or not self._pieces:
            return
        try:
            self._keeper.folder.write_unwanted([piece.id for piece in self._pieces])
        except SpoolError as error:
            seen = f"its evidence could not be dropped ({error})"
            self._keeper.broken.append(f"{self.item.title}: {seen}")

    def refuse(self, subject: str, seen: str, *, warning: bool = False) -> None:
        """Record that a piece could not be taken; a warning does not count as lost evidence."""
        if self._keeper is not None:
            seen, _, next_step = seen.partition(" - ")
            problem = Problem(
                subject=f"{self.item.title}: {subject}",
                seen=seen,
                next_step=next_step,
                severity="warning" if warning else "error",
            )
            self._keeper.refuse(problem)

    @property
    def _copied(self) -> bool:
        return os.getpid() != self._process

    def _keeps(self) -> bool:
        return not self._dropped and self.item.keeps(failed=self.failed)

    def _keep(self, keeper: Keeper, facts: Facts, source: Any) -> Evidence:
        """Keep the bytes and write the line of a piece. Raises AttachError or SpoolError."""
        from .spool import SourceFile  # noqa: PLC0415  # not imported while collecting is off

        keeper.check_open()
        if isinstance(source, Path) and is_folder(source):
            return self._keep_folder(keeper, facts, source)
        file = SourceFile(source, keeper.max_size) if isinstance(source, Path) else None
        blocks = file if file is not None else blocks_of(source)
        binary = naming.is_binary(facts.media_type)
        sure = naming.is_text(facts.media_type)
        masked = None if binary else Masked(keeper.redactor, blocks, sure=sure)
        blob = keeper.folder.put(masked or blocks, keeper.max_size)
        remark = facts.remark
        if file is not None and (file.changed_since() if facts.until_rest else file.changed):
            waited = facts.until_rest(file.path) if facts.until_rest else ""
            blob = keeper.folder.put(masked or blocks, keeper.max_size)
            if waited or file.changed:
                remark = _joined(remark, waited or "was being written to while it was copied")
        redaction = masked.count if masked is not None and masked.text else None
        shown = str(source) if file is not None else ""
        if file is not None:
            self._files[file.path.absolute()] = file.version
        return self._record(keeper, replace(facts, remark=remark), blob, shown, redaction)

    def _keep_folder(self, keeper: Keeper, facts: Facts, path: Path) -> Evidence:
        """Keep a folder as a zip. Raises AttachError or SpoolError."""
        own = (keeper.folder.path.parent,)
        zipped = ZippedFolder(path, keeper.redactor, keeper.max_size, own)
        blob = keeper.folder.put(zipped, keeper.max_size)
        for name, seen in zipped.lost.items():
            self.refuse(f"{name} in {facts.name}", seen)
        facts = replace(facts, remark=_joined(facts.remark, zipped.remark))
        return self._record(keeper, facts, blob, str(path), zipped.count)

    def _record(
        self, keeper: Keeper, facts: Facts, blob: Blob, source: str, redaction: int | None
    ) -> Evidence:
        """Write the line of a piece whose bytes are kept."""
        self._seq += 1
        step = self.step_log.current
        piece = Evidence(
            id=f"{self._piece_owner(keeper)}-{self._seq}",
            item_id=self.item.id,
            seq=self._seq,
            kind=facts.kind,
            name=facts.name,
            media_type=facts.media_type,
            digest=blob.digest,
            size=blob.size,
            phase=self.phase,
            captured_at=utc_text(),
            source=keeper.redactor.line(source),
            redaction=redaction,
            step=keeper.redactor.line(step.title) if step is not None else "",
            step_number=step.number if step is not None else 0,
            remark=keeper.redactor.line(facts.remark),
        )
        self._write(keeper, piece)
        return piece

    def _piece_owner(self, keeper: Keeper) -> str:
        """Return the item's id, with that of the journal in a forked child, which counts for itself."""
        journal = keeper.folder.journal.id
        own = self.item.id.startswith(f"{journal}-")
        return self.item.id if own else f"{self.item.id}-{journal}"

    def _write(self, keeper: Keeper, piece: Evidence) -> None:
        with keeper.taking():
            if self._begun:
                keeper.folder.write_pieces(piece)
            else:
                keeper.folder.write_begun(self.item, piece)
                self._begun = True
                if self._ended and not self._copied:
                    keeper.folder.write_ended(self.item, [])
            self._pieces.append(piece)
            if self._ended and not self._keeps():
                keeper.folder.write_unwanted([piece.id])


def _joined(*remarks: str) -> str:
    return "; ".join(filter(None, remarks))
