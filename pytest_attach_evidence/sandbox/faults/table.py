"""All named faults of the sandbox, with one sentence each."""

from __future__ import annotations

from ..workiva_faults import WORKIVA
from .answers import ANSWERS
from .connection import AT_ACCEPT
from .connection import CONNECTION
from .documents import DOCUMENTS
from .fault import Action
from .fault import Actions


__all__ = ["ACTIONS", "AT_ACCEPT", "action_of", "listed"]

ACTIONS: Actions = {**CONNECTION, **ANSWERS, **DOCUMENTS, **WORKIVA}


def action_of(name: str) -> Action:
    """Return what a fault does; `status-503` is `status` with that number."""
    return ACTIONS[name if name in ACTIONS else "status"][1]


def listed() -> str:
    """Return a line per fault, for a person."""
    wide = max(map(len, ACTIONS))
    return "\n".join(f"  {name:{wide}}  {text}" for name, (text, _) in ACTIONS.items())
