"""Progress while evidence is uploaded: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator

from ..model import Delivery
from ..model import State


EVERY_S = 10.0
Told = Callable[[Delivery, State], None]


@contextlib.contextmanager
def progress(total: int, *, terminal: bool, write: Callable[[str], None]) -> Iterator[Told]:
    """Give what is to be called for each delivery that is done; it may be called from any thread.

    On a terminal a bar is shown if `rich` is installed; else `write` gets a line every ten seconds.
    """
    bar = _bar(total) if terminal and total else contextlib.nullcontext()
    lock = threading.Lock()
    done, last = 0, time.monotonic()
    with bar as advance:

        def told(delivery: Delivery, state: State) -> None:
            nonlocal done, last
            with lock:
                done += 1
                if advance is not None:
                    advance()
                elif done < total and time.monotonic() - last >= EVERY_S:
                    last = time.monotonic()
                    line = f"{done} of {total} deliveries done, Ctrl-C leaves the rest waiting"
                    with contextlib.suppress(OSError, ValueError):  # nobody listens any more
                        write(f"evidence: {line}")

        yield told


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[], None] | None]:
    try:
        from rich.console import Console  # noqa: PLC0415  # an extra
        from rich.progress import BarColumn  # noqa: PLC0415
        from rich.progress import MofNCompleteColumn  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415
        from rich.progress import TimeElapsedColumn  # noqa: PLC0415
    except ImportError:
        yield None
        return
    columns = ("evidence", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("evidence", total=total)
        yield lambda: shown.advance(task)
