"""The long-running operations of the Workiva look-alike: how each gets to its end."""

from __future__ import annotations

import mimetypes
import threading
import uuid
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from pathlib import Path

from .store import Store
from .workiva_forms import Json
from .workiva_rules import WorkivaSwitches


STEPS = ("queued", "started", "completed")
FINAL = frozenset({"completed", "cancelled", "failed"})
TIMER_MARGIN_S = 0.005
USER = "sandbox-integration-user"
REASONS = {
    "failed": ("ProcessingFailed", "The sandbox was told to let this operation fail"),
    "cancelled": ("Cancelled", "The sandbox was told to cancel this operation"),
    "expired": ("NoContent", "No content arrived while the upload URL was valid"),
    "unconvertible": ("ConversionFailed", "A file of this type cannot be made a PDF"),
}


@dataclass(slots=True, kw_only=True)
class Operation:
    """One operation on `object`; `received` is where an upload's bytes wait for its end.

    `name` is the file name of an upload, and else the id of the attachment or form it is about.
    """

    kind: str
    object: str
    name: str
    outcome: str
    created_at: float
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "acknowledged"
    reason: str = ""
    updated_at: float = 0.0
    settling_since: float | None = None
    polls: int = 0
    polled_at: float | None = None
    received: Path | None = None
    claimed: bool = False

    def to_json(self, *, nulls: bool, result: Json) -> Json:
        """Return the operation as a poll shows it; `result` is what a completed one adds."""
        created = {"dateTime": moment(self.created_at), "user": {"id": USER}}
        updated = {"dateTime": moment(self.updated_at or self.created_at)}
        code, message = REASONS.get(self.reason, ("", ""))
        details = [{"code": code, "message": message, "target": "fileName"}] if code else None
        optional: Json = {"details": details, "resourceUrl": None}
        if self.status == "completed":
            optional |= {key: url for key, url in result.items() if key}
        return {
            "id": self.id,
            "status": self.status,
            "created": created,
            "updated": updated,
            "originalRequest": self.request_id,
            **{key: value for key, value in optional.items() if nulls or value is not None},
        }


class Operations:
    """All operations of the look-alike; an upload that completes is committed to the store."""

    def __init__(self, switches: WorkivaSwitches, store: Store) -> None:
        self._switches = switches
        self._store = store
        self._all: dict[str, Operation] = {}
        self._lock = threading.Lock()

    def begin(self, kind: str, object: str, name: str, reason: str = "") -> Operation:
        """Note a new operation; it stays `acknowledged` until `settle`, and fails if there is a reason."""
        operation = Operation(
            kind=kind,
            object=object,
            name=name,
            outcome="failed" if reason else self._switches.outcome,
            reason=reason,
            created_at=self._switches.clock(),
        )
        with self._lock:
            self._all[operation.id] = operation
        return operation

    def get(self, id: str) -> Operation | None:
        """Return one operation."""
        with self._lock:
            return self._all.get(id)

    def settle(self, operation: Operation) -> None:
        """Let an operation that has all it needs run to its end, whoever looks or does not."""
        operation.settling_since = self._switches.clock()
        self.advance()
        settle_s = self._switches.settle_s
        if settle_s and operation.status not in FINAL:
            timer = threading.Timer(settle_s + TIMER_MARGIN_S, self._advance_quietly)
            timer.daemon = True
            timer.start()

    def poll(self, operation: Operation) -> bool:
        """Count one poll and advance; return False if it came too fast to be answered."""
        now, last = self._switches.clock(), operation.polled_at
        if last is not None and now - last < self._switches.poll_interval_s:
            return False
        operation.polled_at = now
        if operation.settling_since is not None:
            operation.polls += 1
        self.advance()
        return True

    def unstick(self) -> None:
        """Let operations that were told to stay `started` go on to their end."""
        with self._lock:
            for operation in self._all.values():
                if operation.outcome == "stuck":
                    operation.outcome = "completed"

    def advance(self) -> None:
        """Bring every operation to where time and polls have taken it.

        When this returns, what had reached its end before is in the store.
        """
        with self._lock:
            for operation in self._all.values():
                if operation.status not in FINAL and self._ends_now(operation):
                    self._end(operation)

    def _end(self, operation: Operation) -> None:
        if operation.outcome == "completed":
            self._attach(operation)
        else:
            operation.reason = operation.reason or operation.outcome
        operation.updated_at = self._switches.clock()
        operation.status = operation.outcome

    def _attach(self, operation: Operation) -> None:
        if operation.received is None:
            return
        with operation.received.open("rb") as stream:
            self._store.commit(
                id=str(uuid.uuid4()),
                system="workiva",
                object=operation.object,
                name=operation.name,
                media_type=mimetypes.guess_type(operation.name)[0] or "application/octet-stream",
                stream=stream,
            )
        operation.received.unlink(missing_ok=True)

    def _advance_quietly(self) -> None:
        with suppress(OSError):  # the sandbox may have ended, and its folder with it
            self.advance()

    def _ends_now(self, operation: Operation) -> bool:
        now, since = self._switches.clock(), operation.settling_since
        if operation.claimed:
            return False
        if since is None:
            expired = now - operation.created_at > self._switches.upload_life_s
            if expired:
                operation.claimed, operation.outcome, operation.reason = True, "failed", "expired"
            return expired
        step = self._step(now - since, operation.polls)
        if operation.status in STEPS:
            step = max(step, STEPS.index(operation.status))
        if operation.outcome == "stuck":
            step = min(step, STEPS.index("started"))
        operation.claimed = STEPS[step] == "completed"
        if not operation.claimed and STEPS[step] != operation.status:
            operation.status, operation.updated_at = STEPS[step], now
        return operation.claimed

    def _step(self, gone_s: float, polls: int) -> int:
        shares = [0.0]
        for gone, needed in (
            (gone_s, self._switches.settle_s),
            (polls, self._switches.settle_polls),
        ):
            if needed is not None:
                shares.append(gone / needed if needed else 1.0)
        return min(2, int(max(shares) * 2))


def moment(seconds: float) -> str:
    """Return a time as the API writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
