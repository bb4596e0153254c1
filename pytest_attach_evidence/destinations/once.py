"""What many want to know is asked for once, however many threads want it at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Hashable
from typing import Generic
from typing import TypeVar


K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Once(Generic[K, T]):
    """Asks for each thing once and remembers the answer; an ask that raises is none."""

    def __init__(self, ask: Callable[[K], T]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._locks: dict[K, threading.Lock] = {}
        self._answers: dict[K, T] = {}

    def of(self, thing: K) -> T:
        """Return the answer about a thing, once another thread that asks has it. Raises what the ask does."""
        with self._lock:
            own = self._locks.setdefault(thing, threading.Lock())
        with own:
            if thing not in self._answers:
                self._answers[thing] = self._ask(thing)
            return self._answers[thing]
