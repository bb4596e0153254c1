"""Keeps the evidence of pytest runs safe and attaches it where it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING
from typing import Any

from ._version import __version__


if TYPE_CHECKING:
    from .collection import attach
    from .model import Evidence
    from .model import Outcome
    from .model import Target
    from .recorder import Recorder

__all__ = ["Evidence", "Outcome", "Recorder", "Target", "__version__", "attach"]

_HOMES = {
    "attach": "collection",
    "Evidence": "model",
    "Outcome": "model",
    "Recorder": "recorder",
    "Target": "model",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that an idle plugin costs nothing."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
