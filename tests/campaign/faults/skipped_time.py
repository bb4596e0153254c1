"""Time that is skipped where somebody would have waited, and goes on by itself everywhere else."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime

from pytest_attach_evidence import model
from pytest_attach_evidence.retry import Budget


class SkippedTime:
    """A clock that goes on as ours does, and jumps where somebody would have waited."""

    def __init__(self) -> None:
        self._skips: list[tuple[datetime, float]] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return monotonic seconds."""
        with self._lock:
            return time.monotonic() + sum(seconds for _, seconds in self._skips)

    def skip(self, seconds: float) -> None:
        """Let time pass at once."""
        with self._lock:
            self._skips.append((datetime.now(UTC), seconds))

    def seconds_since(self, text: str) -> float:
        """Return how long ago a noted moment was, with what was skipped since."""
        moment = datetime.fromisoformat(text)
        with self._lock:
            skipped = sum(seconds for at, seconds in self._skips if at >= moment)
        return model.seconds_since(text) + skipped


@dataclass(kw_only=True)
class SkippingBudget(Budget):
    """A budget whose waits take no time; `waited` holds their lengths."""

    time: SkippedTime
    waited: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = self.time

    def wait(self, seconds: float) -> bool:
        """Let the time pass at once."""
        self.waited.append(seconds)
        self.time.skip(seconds)
        return not self.stop.is_set()
