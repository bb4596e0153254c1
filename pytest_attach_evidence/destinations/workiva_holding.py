"""How full the objects of Workiva are: what the newest list of each one showed."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from ..apis.workiva_shapes import Attachment
from ..model import Notes
from ..model import Target
from ..naming import keys_in
from .base import Holding


@dataclass(slots=True)
class Listings:
    """Remembers the newest list of each target, for any thread.

    `notes` are those of the runs at hand: a key that they know was sent by one of these.
    """

    notes: Notes | None = None
    _names: dict[Target, list[str]] = field(default_factory=dict, init=False)
    _own: set[str] = field(default_factory=set, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def own(self, keys: Iterable[str]) -> None:
        """Remember keys of the runs at hand."""
        with self._lock:
            self._own.update(keys)

    def saw(self, target: Target, listed: Sequence[Attachment]) -> None:
        """Remember a list."""
        with self._lock:
            self._names[target] = [attachment.name for attachment in listed]

    def holding(self, target: Target) -> Holding | None:
        """Return how full a target is; None where it was not listed."""
        with self._lock:
            names, own = self._names.get(target), frozenset(self._own)
        if names is None:
            return None
        others = [name for name in names if (keys := keys_in(name)) and not self._ours(keys, own)]
        return Holding(all=len(names), of_others=len(others))

    def _ours(self, keys: Iterable[str], own: frozenset[str]) -> bool:
        return any(
            key in own or (self.notes is not None and bool(self.notes.get(f"operation:{key}")))
            for key in keys
        )
