"""Keeps the evidence of pytest runs safe and attaches it where it is needed."""

from __future__ import annotations

from ._version import __version__
from .collection import attach
from .model import Evidence
from .model import Outcome
from .model import Target
from .recorder import Recorder


__all__ = ["Evidence", "Outcome", "Recorder", "Target", "__version__", "attach"]
