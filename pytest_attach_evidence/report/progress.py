"""Progress while evidence is uploaded: a bar on a terminal, a plain line now and then elsewhere.

Fast deliveries say nothing. One that waits says at once for what, how long, and how to stop it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from ..model import Delivery
from ..model import State


EVERY_S = 10.0
LONG_S = 3.0
STOP = "Ctrl-C leaves the rest waiting"


@dataclass(frozen=True, slots=True)
class _Wait:
    until: float
    pieces: int


class Progress:
    """Learns from any thread how a delivery goes on; `tick` is called by the one that may write."""

    def __init__(
        self,
        total: int,
        write: Callable[[str], None],
        *,
        bar: _Bar | None,
        remaining_s: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._total = total
        self._write = write
        self._bar = bar
        self._remaining_s = remaining_s
        self._clock = clock
        self._lock = threading.Lock()
        self._done = 0
        self._last = clock()
        self._waits: dict[tuple[str, str], list[_Wait]] = {}
        self._said: set[tuple[str, str]] = set()

    def __call__(self, delivery: Delivery, state: State | None) -> None:
        """Note that a delivery is settled, failed or no more."""
        with self._lock:
            self._done += 1
        if self._bar is not None:
            self._bar.advance()

    def waits(self, destination: str, seconds: float, pieces: int, why: str) -> None:
        """Note that so many pieces of a destination wait from now on, and why."""
        with self._lock:
            wait = _Wait(self._clock() + seconds, pieces)
            self._waits.setdefault((destination, why), []).append(wait)

    def tick(self) -> None:
        """Show what is to be shown now: a wait that is new and long, else a line every ten seconds."""
        with self._lock:
            waits = self._waiting()
            done = self._done
        if self._bar is not None:
            self._bar.describe("; ".join([*waits.values(), *self._bounds()]))
            return
        new = [place for place in waits if place not in self._said]
        now = self._clock()
        if done >= self._total or not (new or now - self._last >= EVERY_S):
            return
        self._last = now
        self._said.update(new)
        shown = f"{done} of {self._total} deliveries done"
        with contextlib.suppress(OSError, ValueError):  # nobody listens any more
            self._write(f"evidence: {'; '.join([shown, *waits.values(), *self._bounds()])}")

    def _waiting(self) -> dict[tuple[str, str], str]:
        """Return what is waited for now, in words; short waits are of no interest, nor are past ones."""
        now, found = self._clock(), {}
        for place, all_ in self._waits.items():
            self._waits[place] = left = [wait for wait in all_ if wait.until > now]
            longest = max((wait.until - now for wait in left), default=0.0)
            if longest >= LONG_S or (left and place in self._said):
                pieces = sum(wait.pieces for wait in left)
                count = f" ({pieces} {'piece' if pieces == 1 else 'pieces'})" if pieces else ""
                destination, why = place
                found[place] = f"{destination} is waiting {longest:.0f} s {why}{count}"
        return found

    def _bounds(self) -> list[str]:
        """Return how long everything may still take, and how to stop it."""
        remaining = self._remaining_s()
        return [*([f"at most {remaining:.0f} s more"] if remaining < inf else []), STOP]


@contextlib.contextmanager
def progress(
    total: int,
    *,
    terminal: bool,
    write: Callable[[str], None],
    remaining_s: Callable[[], float] = lambda: inf,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Progress]:
    """Give what is to be told how a delivery goes on.

    On a terminal a bar is shown if `rich` is installed; else `write` gets lines. `remaining_s` says how
    many seconds it may still take at most.
    """
    with _bar(total) if terminal and total else contextlib.nullcontext() as bar:
        yield Progress(total, write, bar=bar, remaining_s=remaining_s, clock=clock)


@dataclass(frozen=True, slots=True)
class _Bar:
    """What a bar can show."""

    advance: Callable[[], None]
    describe: Callable[[str], None]


@contextlib.contextmanager
def _bar(total: int) -> Iterator[_Bar | None]:
    try:
        from rich.console import Console  # noqa: PLC0415  # an extra
        from rich.progress import BarColumn  # noqa: PLC0415
        from rich.progress import MofNCompleteColumn  # noqa: PLC0415
        from rich.progress import Progress as Shown  # noqa: PLC0415
        from rich.progress import TextColumn  # noqa: PLC0415
        from rich.progress import TimeElapsedColumn  # noqa: PLC0415
    except ImportError:
        yield None
        return
    text = TextColumn("{task.description}", markup=False)
    columns = ("evidence", BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), text)
    with Shown(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=total)
        yield _Bar(
            advance=lambda: shown.advance(task),
            describe=lambda words: shown.update(task, description=words),
        )
