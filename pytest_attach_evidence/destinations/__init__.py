"""The destinations by name. Naming them imports none of them."""

from __future__ import annotations

import importlib
from typing import cast

from .base import Factory


CLASSES = {
    "archive": "Archive",
    "squash": "Squash",
    "workiva": "Workiva",
    "huawei": "Huawei",
    "rillsoft": "Rillsoft",
}


def factory(name: str) -> Factory:
    """Return what builds a destination of ours; raises KeyError for a name that is not in `CLASSES`."""
    module = importlib.import_module(f".{name}", __package__)
    return cast(Factory, getattr(module, CLASSES[name]))
