"""What the Squash TM destination notes: the executions of a plan item and of a target. Pure but for notes."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..deliveries import target_name
from ..model import Notes
from ..model import Target
from .base import GroupNotes
from .squash_targets import ID


if TYPE_CHECKING:
    from ..apis.squash_tm_shapes import PlanItem


def place_of(target: Target, item: PlanItem) -> str:
    """Return the name of a line of a plan, which all spellings of a test case share."""
    return f"{target.origin}:{item.iteration or target.scoped('iteration')}:{item.id}"


def iteration_of(origin: str, path: str) -> str:
    """Return the note of the iteration that a path of names stands for."""
    return f"iteration:{origin}:{path}"


def new_of(place: str) -> str:
    """Return the note of the new executions of a plan item."""
    return f"execution:{place}"


def latest_of(place: str) -> str:
    """Return the note of a plan item's execution that was the latest."""
    return f"latest:{place}"


def sent_to(target: Target) -> str:
    """Return the note of the executions to which anything for a target may have been sent."""
    return f"sent:{target_name(target)}"


def item_of(target: Target, items: Iterable[PlanItem], notes: Notes | None) -> PlanItem | None:
    """Return the line of a plan for which a target stood when something was sent for it, or None."""
    sent = set(noted(notes, sent_to(target)))
    for item in items if sent else ():
        place = place_of(target, item)
        if sent & set(noted(notes, new_of(place), latest_of(place))):
            return item
    return None


def each(notes: Notes | None, name: str) -> Sequence[str]:
    """Return what each run being delivered remembers under a name."""
    if isinstance(notes, GroupNotes):
        return notes.each(name)
    return [(notes.get(name) if notes is not None else None) or ""]


def noted(notes: Notes | None, *names: str) -> list[int]:
    """Return the executions that any run remembers under some names, in the order of the runs."""
    of_each = notes.each if isinstance(notes, GroupNotes) else partial(each, notes)
    words = [word for name in names for text in of_each(name) for word in text.split()]
    return [int(word) for word in dict.fromkeys(words) if ID.fullmatch(word)]


def remember(notes: Notes, name: str, execution: int) -> None:
    """Put an execution beside those that are noted, unless every run remembers them all."""
    ids = dict.fromkeys([*noted(notes, name), execution])
    text = " ".join(map(str, ids))
    if any(value != text for value in each(notes, name)):
        notes.put(name, text)
