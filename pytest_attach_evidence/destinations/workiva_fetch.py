"""Waits until Workiva has a file ready, at its pace, and writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..apis.workiva_shapes import Operation
from ..apis.workiva_shapes import Started
from ..errors import PermanentError
from ..errors import TemporaryError
from ..retry import MAX_ATTEMPTS
from ..retry import Budget
from ..retry import is_throttled
from .workiva_watch import LONGEST_POLL_WAIT_S
from .workiva_watch import POLL_EVERY_S
from .workiva_watch import Pace
from .workiva_watch import standing


if TYPE_CHECKING:
    from ..apis.workiva import WorkivaApi
    from ..rest.answers import Sink


HEAD = 1024
SUPPORT = "ask Workiva's support with the request's id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of file, and what stands in its first bytes."""

    name: str
    begins: bytes


class _Head:
    """A file that remembers the first bytes that are written to it."""

    def __init__(self, into: Sink) -> None:
        self._into = into
        self.head = b""
        self.written = 0

    def write(self, block: bytes, /) -> int:
        self.head += block[: HEAD - len(self.head)]
        self.written += len(block)
        return self._into.write(block)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Brings what started operations make; polls of all threads share one pace."""

    api: WorkivaApi
    budget: Budget
    pace: Pace

    def write(
        self,
        started: Started,
        what: str,
        into: Sink,
        kind: Kind | None = None,
        hint: str = "",
    ) -> None:
        """Write what an operation makes into a file.

        Raises TemporaryError where it has not ended in time or was cancelled, PermanentError (with `hint`
        as a next step) where it has failed or where the file is not of the expected kind: what an error
        leaves in `into` is no file.
        """
        operation = self._ended(started, what)
        seen = f"{what}: {standing(operation)}"
        if operation.status == "cancelled":
            raise TemporaryError(seen)
        if operation.status == "failed":
            next_step = f"{hint}; {SUPPORT}" if hint else SUPPORT
            raise PermanentError(seen, next_step=next_step)
        if operation.resource is None:
            raise PermanentError(f"{seen}, without a resourceUrl", next_step=SUPPORT)
        file = _Head(into)
        self.api.files.read(operation.resource, file)
        if kind is not None and kind.begins not in file.head:
            msg = f"{what}: {file.written} bytes came that are no {kind.name}"
            raise PermanentError(msg, next_step="look whether a gateway answers for Workiva")

    def _ended(self, started: Started, what: str) -> Operation:
        """Poll until the operation has ended, not sooner than it wants, nor more than once a second."""
        wait_s, seen, failed = started.retry_after_s or POLL_EVERY_S, "started", 0
        while True:
            wait_s = min(max(wait_s, POLL_EVERY_S), LONGEST_POLL_WAIT_S)
            late = wait_s >= self.budget.remaining_s()
            if late or not self.budget.wait(wait_s) or not self.pace.turn():
                raise TemporaryError(f"{what}: {seen}; the time is over, or it was stopped")
            try:
                operation = self.api.operation(started.operation)
            except TemporaryError as error:
                failed += not is_throttled(error)
                if failed == MAX_ATTEMPTS:
                    raise
                wait_s, seen = error.retry_after_s or wait_s, str(error)
                continue
            if operation.status in ("completed", "cancelled", "failed"):
                return operation
            wait_s, seen, failed = operation.retry_after_s or 0.0, standing(operation), 0
