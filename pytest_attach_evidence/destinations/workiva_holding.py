"""How full the objects of Workiva are: what the newest list of each one showed."""

from __future__ import annotations

import threading
from collections.abc import Container
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from ..apis.workiva_shapes import Attachment
from ..model import Target
from ..naming import keys_in
from .base import Holding


@dataclass(slots=True)
class Listings:
    """Remembers the newest list of each target, for any thread."""

    _names: dict[Target, list[str]] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def saw(self, target: Target, listed: Sequence[Attachment]) -> None:
        """Remember a list."""
        with self._lock:
            self._names[target] = [attachment.name for attachment in listed]

    def holding(self, target: Target, own: Container[str]) -> Holding | None:
        """Return how full a target is; None where it was not listed."""
        with self._lock:
            names = self._names.get(target)
        if names is None:
            return None
        keys = [keys_in(name) for name in names]
        others = [of_one for of_one in keys if of_one and not any(key in own for key in of_one)]
        return Holding(all=len(names), of_others=len(others))
