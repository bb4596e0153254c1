"""Time that tests of Workiva skip: tokens end and operations take long without anybody waiting."""

from __future__ import annotations

import threading
import time


class SkippedTime(threading.Event):
    """A stop signal whose waits take no time: they move the clock of a budget instead."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0
        self._lock = threading.Lock()

    def wait(self, timeout: float | None = None) -> bool:
        """Pretend to wait."""
        with self._lock:
            self.skipped_s += timeout or 0.0
        return self.is_set()

    def now(self) -> float:
        """Return monotonic seconds, those that were skipped included."""
        return time.monotonic() + self.skipped_s

    def today(self) -> float:
        """Return seconds since the epoch likewise."""
        return time.time() + self.skipped_s
