"""Where the recorders of one process keep pieces, and under which rules."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Protocol

from .errors import AttachError
from .errors import SpoolError
from .model import Problem


if TYPE_CHECKING:
    from .redact import Redactor
    from .spool import RunFolder


TOO_LATE = "came after the end of the session - attach it before the last test or fixture ends"


class Camera(Protocol):
    """Makes screenshots of windows and pages: a PNG and a remark. Raises CaptureError."""

    def picture(self, subject: object) -> tuple[bytes, str]:
        """Photograph what a window or page shows now."""

    async def picture_async(self, subject: object) -> tuple[bytes, str]:
        """Do the same from a coroutine on the loop of the page."""


@dataclass(slots=True, kw_only=True)
class Keeper:
    """Where the recorders of one process keep pieces, and under which rules.

    `camera` makes screenshots. `broken` collects what even the spool
    could not record, `late` what came after `close`.
    """

    folder: RunFolder
    redactor: Redactor
    max_size: int
    camera: Camera | None = None
    broken: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    _gate: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def close(self) -> None:
        """Take nothing more: what is journalled when this returns is all there is to deliver."""
        with self._gate:
            self._closed = True

    @contextlib.contextmanager
    def taking(self) -> Iterator[None]:
        """Hold `close` off while a piece is journalled. Raises AttachError where it came too late."""
        with self._gate:
            self.check_open()
            yield

    def check_open(self) -> None:
        """Raise AttachError where the session is over."""
        if self._closed:
            raise AttachError(TOO_LATE)

    def refuse(self, problem: Problem) -> None:
        """Record that a piece could not be taken; never raises."""
        shown = replace(
            problem,
            subject=self.redactor.line(problem.subject),
            seen=self.redactor.line(problem.seen),
            next_step=self.redactor.line(problem.next_step),
        )
        if self._closed:
            self._say_late(shown)
            return
        try:
            self.folder.write_refused(shown)
        except SpoolError as error:
            self.broken.append(f"{shown} ({error})")

    def _say_late(self, problem: Problem) -> None:
        """Say at once what the summary may not be able to say any more, and record it if possible."""
        self.late.append(str(problem))
        with contextlib.suppress(SpoolError):
            self.folder.write_refused(problem)
        with contextlib.suppress(AttributeError, OSError, ValueError):  # nobody listens any more
            sys.stderr.write(f"evidence: not taken: {problem}\n")
