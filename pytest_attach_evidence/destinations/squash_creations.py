"""Requests for new executions whose answers may be lost, as they are noted. Pure."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

from ..model import seconds_since


@dataclass(frozen=True, slots=True)
class Creation:
    """A request for an execution: the highest number that the plan item's had then, and the moment."""

    highest: int
    moment: str


def creating(place: str) -> str:
    """Return the note of the request for a new execution of a plan item that is not answered yet."""
    return f"creating:{place}"


def creations_of(notes: Iterable[str]) -> list[Creation]:
    """Return the requests that were noted, each once: runs that were delivered together share one."""
    parts = [note.partition(" ") for note in dict.fromkeys(notes) if _is_creation(note)]
    return [Creation(int(highest), moment) for highest, _, moment in parts]


def are_all_from(creations: Sequence[Creation], executions: Sequence[int]) -> bool:
    """Tell whether each execution (in the order of their ids) can be that of a request of its own.

    What was there when a request was made is not from it.
    """
    return all(
        sum(creation.highest < id for creation in creations) >= number
        for number, id in enumerate(executions, start=1)
    )


def _is_creation(note: str) -> bool:
    """Tell whether a note is about a request: a number and a moment."""
    highest, _, moment = note.partition(" ")
    with contextlib.suppress(ValueError):
        seconds_since(moment)
        return re.fullmatch(r"[0-9]{1,18}", highest) is not None
    return False
