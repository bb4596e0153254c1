"""The steps of a test with their times: what `evidence.step` and other plugins' steps leave behind."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass


MOST_STEPS = 10_000


@dataclass(slots=True, kw_only=True)
class Step:
    """One step: its title with those around it, when it began after its test, how long it took.

    `duration_s` is None while it lasts.
    """

    title: str
    at_s: float
    duration_s: float | None = None
    failed: bool = False

    def __str__(self) -> str:
        """Return the step as one line."""
        if self.duration_s is None:
            return f"{self.at_s:10.3f} s   not ended         {self.title}"
        how = "failed" if self.failed else "passed"
        return f"{self.at_s:10.3f} s {self.duration_s:10.3f} s  {how}  {self.title}"


class StepLog:
    """The steps of one item, in the order in which they began. `current` is the title of the innermost."""

    def __init__(self) -> None:
        self.current = ""
        self._steps: list[Step] = []
        self._began = time.monotonic()
        self._lock = threading.Lock()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps so far, at most 10,000."""
        return tuple(self._steps)

    def begin(self, title: str) -> Step:
        """Begin a step within the one that lasts."""
        whole = f"{self.current} / {title}" if self.current else title
        step = Step(title=" ".join(whole.split()), at_s=time.monotonic() - self._began)
        self.current = whole
        with self._lock:
            if len(self._steps) < MOST_STEPS:
                self._steps.append(step)
        return step

    def end(self, step: Step, before: str, *, failed: bool) -> None:
        """End a step and go back to the one before it."""
        step.duration_s = time.monotonic() - self._began - step.at_s
        step.failed = failed
        self.current = before
