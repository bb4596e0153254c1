"""The faults that wait for their requests."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from typing import Any

from ..body import UploadRequest
from .fault import FOR_EVER
from .fault import NUMBERS
from .fault import Fault
from .fault import checked
from .table import ACTIONS
from .table import AT_ACCEPT


class Faults:
    """The faults that wait, in the order in which they were added.

    `elsewhere` is where a redirect without `location` leads.
    """

    def __init__(self) -> None:
        self.elsewhere = ""
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: str, **values: object) -> None:
        """Let a fault happen; names and values are those of Fault.

        Raises ValueError for a name or value that does not exist.
        """
        added = checked(list(ACTIONS), fault, values)
        added.location = (added.location or "{elsewhere}").replace("{elsewhere}", self.elsewhere)
        if isinstance(added.value, str):
            added.value = added.value.replace("{elsewhere}", self.elsewhere)
        with self._lock:
            self._waiting.append(added)

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[dict[str, object]]:
        """Return what may still happen."""
        with self._lock:
            return [dataclasses.asdict(fault) for fault in self._waiting]

    def take(self, system: str, request: UploadRequest | None) -> Fault | None:
        """Return the fault that this request (None: this new connection) meets, if any; count it."""
        with self._lock:
            for fault in self._waiting:
                at_accept = fault.fault in AT_ACCEPT
                if at_accept is not (request is None) or not fault.matches(system, request):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.times != FOR_EVER:
                    fault.times -= 1
                    if fault.times < 1:
                        self._waiting.remove(fault)
                return fault
        return None


def from_text(text: str) -> dict[str, Any]:
    """Return the arguments of `Faults.add` for `NAME[:key=value,…]`, checked.

    Raises ValueError with one line.
    """
    name, _, rest = text.partition(":")
    values: dict[str, Any] = {}
    for pair in re.split(r",(?=[a-z_]+=)", rest) if rest else ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"{name}: {pair!r} is not key=value")
        values[key] = _value(name, key, value)
    checked(list(ACTIONS), name, values)
    return {"fault": name, **values}


def _value(fault: str, key: str, text: str) -> object:
    """Return a value of the command line as the type its key has."""
    if key in NUMBERS:
        try:
            return float(text) if key == "seconds" else int(text)
        except ValueError:
            raise ValueError(f"{fault}: {key}: {text!r} is not a number") from None
    if key == "done":
        if text not in ("true", "false"):
            raise ValueError(f"{fault}: done: {text!r} is neither true nor false")
        return text == "true"
    if key == "value" and (text == "null" or text[:1] in ("[", "{")) and text[-1:] in ("l]}"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
