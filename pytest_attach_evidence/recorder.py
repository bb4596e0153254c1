"""What tests attach with: the object behind the `evidence` fixture."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import Any
from typing import ParamSpec

import pytest

from . import naming
from .content import Masked
from .content import Source
from .content import blocks_of
from .content import csv_bytes
from .content import json_bytes
from .content import name_of_file
from .errors import AttachError
from .errors import SpoolError
from .keeper import Keeper
from .model import Evidence
from .model import Item
from .model import Outcome
from .model import Problem
from .model import utc_text


Given = ParamSpec("Given")
MAX_STEPS = 1000
"""The outermost steps whose ends are recorded, so that a test with a loop still has a line that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What is known of a piece before its bytes are kept."""

    name: str
    kind: str
    media_type: str
    remark: str


def _never_raising(attach: Callable[Given, Evidence | None]) -> Callable[Given, Evidence | None]:
    """Refuse what cannot even be named: nothing that a test hands over may change its outcome."""

    @functools.wraps(attach)
    def call(*args: Given.args, **options: Given.kwargs) -> Evidence | None:
        try:
            return attach(*args, **options)
        except Exception as error:  # noqa: BLE001  # anything may come out of the user's objects
            recorder: Any = args[0]
            recorder.refuse(
                "a piece", f"cannot be taken ({type(error).__name__} of its name or kind)"
            )
            return None

    return call


class Recorder:
    """Attaches evidence to one item: a test in one rerun, or the run itself.

    Every method returns the kept piece, or None where it was refused (which the summary says, with the
    reason) or where collecting is off. None of them raises because of the evidence. May be used from
    several threads.
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
        self._seq = 0
        self._step = ""
        self._step_number = 0
        self._steps: list[Outcome] = []
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

    @_never_raising
    def attach(
        self,
        source: Source,
        *,
        name: str | None = None,
        kind: str = "file",
        media_type: str | None = None,
        remark: str = "",
    ) -> Evidence | None:
        """Attach a file: a path, bytes, or an open binary file, which is read to its end.

        The bytes are copied now: what happens to the file later does not matter. `name` is needed for
        bytes; the media type follows from the name. Secrets are masked in text (see `evidence_redact`).
        """
        if isinstance(source, str | os.PathLike):
            path = Path(source)
            return self._attach(path, name or path.name or str(path), kind, media_type, remark)
        name = name or name_of_file(source) or "evidence.bin"
        return self._attach(source, name, kind, media_type, remark)

    def text(self, text: str, *, name: str = "text.txt") -> Evidence | None:
        """Attach text, in UTF-8. A name without an extension gets the usual one, here and below."""
        return self._made(
            name, "text", "txt", lambda: str(text).encode("utf-8", "backslashreplace")
        )

    def json(self, document: Any, *, name: str = "document.json") -> Evidence | None:
        """Attach a document as indented JSON; what JSON does not know is written as its `str`."""
        return self._made(name, "json", "json", lambda: json_bytes(document))

    def table(
        self,
        rows: Iterable[Mapping[str, Any]] | Iterable[Sequence[Any]],
        *,
        name: str = "table.csv",
    ) -> Evidence | None:
        """Attach rows as CSV (RFC 4180): dictionaries, whose keys become the header, or sequences."""
        return self._made(name, "table", "csv", lambda: csv_bytes(rows))

    def screenshot(self, subject: object, *, name: str = "screenshot") -> Evidence | None:
        """Attach a picture of a Selenium driver or a Playwright page, as it looks now."""
        if self._keeper is None or self._keeper.picture is None:
            return None
        picture = self._keeper.picture
        name = name if naming.extension_of(name) == "png" else f"{name}.png"
        remarks: list[str] = []

        def content() -> bytes:
            png, remark = picture(subject)
            remarks.append(remark)
            return png

        return self._made(name, "screenshot", "png", content, remarks)

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Say to which step the evidence attached meanwhile belongs; steps may be nested.

        The outermost steps are counted, and how each ended is recorded: a destination whose objects have
        steps, too, takes them for those of the same number.
        """
        before, number = self._step, self._step_number
        if not number:
            self._steps.append(Outcome.UNKNOWN)
            self._step_number = len(self._steps)
        self._step = f"{before} / {title}" if before else title
        outcome = Outcome.FAILED
        try:
            yield
            outcome = Outcome.PASSED
        except (pytest.skip.Exception, pytest.xfail.Exception):
            outcome = Outcome.SKIPPED
            raise
        finally:
            if not number:
                self._steps[self._step_number - 1] = outcome
            self._step, self._step_number = before, number

    def begin(self) -> None:
        """Record that a mapped item began: if the process dies, it counts as failed.

        An item that only the archive takes is recorded with its first piece.
        """
        with self._lock:
            if self._keeper is None or self._begun or not self._mapped:
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
            if keeper is None or self._copied or not (self._begun or self._mapped):
                return
            outcome = (
                Outcome.FAILED
                if self.failed
                else Outcome.SKIPPED
                if self.skipped
                else Outcome.PASSED
            )
            duration = round(time.monotonic() - self._started, 3)
            steps = tuple(self._steps[:MAX_STEPS])
            self.item = replace(self.item, outcome=outcome, duration_s=duration, steps=steps)
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
        """Make everything attached so far unwanted, because a later rerun replaces it."""
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
    def _mapped(self) -> bool:
        return any(target.origin for target in self.item.targets)  # the archive takes all

    @property
    def _copied(self) -> bool:
        return os.getpid() != self._process

    def _keeps(self) -> bool:
        return self.item.keeps(failed=self.failed)

    @_never_raising
    def _made(
        self,
        name: str,
        kind: str,
        extension: str,
        content: Callable[[], bytes],
        remarks: list[str] | None = None,
    ) -> Evidence | None:
        """Attach bytes that have to be made first; making them may fail."""
        if self._keeper is None:
            return None
        try:
            made = content()
        except Exception as error:  # noqa: BLE001  # anything may come out of the user's objects
            words = str(error) or type(error).__name__
            self.refuse(
                name, f"cannot be made ({words})", warning=kind == "screenshot" and self.failed
            )
            return None
        usual = naming.media_type_of(f"x.{extension}")
        name = str(name) if naming.extension_of(str(name)) else f"{name}.{extension}"
        told = naming.media_type_of(name)
        media_type = told if naming.is_text(told) == naming.is_text(usual) else usual
        return self._attach(made, name, kind, media_type, "; ".join(remarks or ()))

    def _attach(
        self, source: Any, name: str, kind: str, media_type: str | None = None, remark: str = ""
    ) -> Evidence | None:
        keeper = self._keeper
        if keeper is None:
            return None
        shown = naming.clean_name(keeper.redactor.text(str(name)))
        facts = _Facts(
            name=shown,
            kind=keeper.redactor.line(str(kind)),
            media_type=keeper.redactor.line(str(media_type or naming.media_type_of(shown))),
            remark=str(remark),
        )
        try:
            with self._lock:
                return self._keep(keeper, facts, source)
        except AttachError as error:
            self.refuse(shown, str(error))
        except SpoolError as error:
            self.refuse(shown, f"cannot be kept ({error})")
        except Exception as error:  # noqa: BLE001  # never change a test's outcome
            self.refuse(shown, f"cannot be taken ({type(error).__name__}: {error})")
        return None

    def _keep(self, keeper: Keeper, facts: _Facts, source: Any) -> Evidence:
        from .spool import SourceFile  # noqa: PLC0415  # not imported while collecting is off

        keeper.check_open()
        file = SourceFile(source, keeper.max_size) if isinstance(source, Path) else None
        blocks = file if file is not None else blocks_of(source)
        binary = naming.is_binary(facts.media_type)
        sure = naming.is_text(facts.media_type)
        masked = None if binary else Masked(keeper.redactor, blocks, sure=sure)
        blob = keeper.folder.put(masked or blocks, keeper.max_size)
        remarks = [facts.remark]
        if file is not None and file.changed:
            blob = keeper.folder.put(masked or blocks, keeper.max_size)
            if file.changed:
                remarks.append("was being written to while it was copied")
        self._seq += 1
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
            source=keeper.redactor.line(str(source)) if file is not None else "",
            redaction=masked.count if masked is not None and masked.text else None,
            step=keeper.redactor.line(self._step),
            step_number=self._step_number,
            remark=keeper.redactor.line("; ".join(filter(None, remarks))),
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
            self._pieces.append(piece)
            if self._ended and not self._keeps():
                keeper.folder.write_unwanted([piece.id])
