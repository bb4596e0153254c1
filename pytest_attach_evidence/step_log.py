"""The steps of a test: which of them code is in, how each ended, and when."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass

from .model import Outcome


MAX_STEPS = 1000
"""The outermost steps whose ends are recorded, so that a test with a loop still has a line that is read."""
MOST_LINES = 10_000
"""The steps that the log of a test lists."""


@dataclass(slots=True, eq=False, kw_only=True)
class Step:
    """A step that some code is in; `around` is what it was in before, which another item may own.

    The title names the steps around it, too. `at_s` is when it began after its test, `duration_s` how
    long it took: None while it lasts.
    """

    owner: StepLog
    around: Step | None
    title: str
    number: int
    outermost: bool
    at_s: float
    duration_s: float | None = None
    outcome: Outcome = Outcome.UNKNOWN

    def __str__(self) -> str:
        """Return the step as one line."""
        title = " ".join(self.title.split())
        if self.duration_s is None:
            return f"{self.at_s:10.3f} s   not ended         {title}"
        return f"{self.at_s:10.3f} s {self.duration_s:10.3f} s  {self.outcome:<7} {title}"


_innermost: ContextVar[Step | None] = ContextVar("evidence_step", default=None)


class StepLog:
    """The steps of one item, in the order in which they began. May be used from several threads."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._outcomes: list[Outcome] = []
        self._began = time.monotonic()
        self._lock = threading.Lock()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps so far, nested ones too, at most `MOST_LINES`."""
        return tuple(self._steps)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """How the outermost steps ended so far, at most `MAX_STEPS`."""
        return tuple(self._outcomes[:MAX_STEPS])

    @property
    def current(self) -> Step | None:
        """The innermost step of this item that this task or thread is in: steps may end in any order."""
        step = _innermost.get()
        while step is not None and (step.duration_s is not None or step.owner is not self):
            step = step.around
        return step

    def begin(self, title: str) -> Step:
        """Begin a step within the one that lasts."""
        outer, around = self.current, _innermost.get()
        while around is not None and around.duration_s is not None:
            around = around.around
        with self._lock:
            if outer is None:
                self._outcomes.append(Outcome.UNKNOWN)
            step = Step(
                owner=self,
                around=around,
                title=title if outer is None else f"{outer.title} / {title}",
                number=len(self._outcomes) if outer is None else outer.number,
                outermost=outer is None,
                at_s=time.monotonic() - self._began,
            )
            if len(self._steps) < MOST_LINES:
                self._steps.append(step)
        _innermost.set(step)
        return step

    def end(self, step: Step, outcome: Outcome) -> None:
        """End a step. It may have begun in another context, as in a fixture: there is no way back."""
        step.duration_s = time.monotonic() - self._began - step.at_s
        step.outcome = outcome
        if step.outermost:
            self._outcomes[step.number - 1] = outcome
        if _innermost.get() is step:
            _innermost.set(step.around)
