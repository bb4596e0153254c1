"""What the map says of an item: aliases and rows as levels beside those of the marks. Pure."""

from __future__ import annotations

from .held import Held
from .rules import Rules


__all__ = ["Held", "Rules"]
