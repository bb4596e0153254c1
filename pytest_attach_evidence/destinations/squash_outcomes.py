"""The outcome that an execution gets: the worst of all tests that lead to it, however they spell it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

from ..errors import PermanentError
from ..model import Notes
from ..model import Outcome
from ..model import Target
from ..outcomes import worse
from .base import GroupNotes
from .squash_notes import each
from .squash_notes import latest_of
from .squash_notes import new_of
from .squash_notes import noted
from .squash_notes import place_of
from .squash_plan import Plans
from .squash_targets import EXECUTIONS
from .squash_targets import PLANNED


class Outcomes:
    """Knows the outcomes of the runs being delivered, by execution, and those of runs that are not.

    A run that is delivered together with others may go on alone. So whatever runs of a group share is
    noted in each of them, with the group's worst outcome, before anything is sent there.
    """

    def __init__(self, plans: Plans, origin: Callable[[], str]) -> None:
        self._plans = plans
        self._origin = origin
        self._given: Mapping[Target, Outcome] = {}
        self._read: dict[str, list[Target]] = {}

    def recall(self, outcomes: Mapping[Target, Outcome]) -> None:
        """Take the worst outcome of the items mapped to each target."""
        if outcomes is not self._given:
            self._given, self._read = outcomes, {}

    def keep(self, execution: int | str, place: str, outcome: Outcome, notes: Notes) -> Outcome:
        """Return the worst outcome of an execution, and note it in every run that is not alone.

        `place` is the plan item whose execution it is, '' where nobody knows; `outcome` one that counts
        in any case.
        """
        worst = outcome
        for target in self.meaning(execution, place, notes):
            worst = worse(worst, self._given[target])
        name = f"outcome:{self._origin()}:{execution}"
        known = _read(each(notes, name))
        runs = notes.runs if isinstance(notes, GroupNotes) else ()
        group = hashlib.sha256(" ".join(sorted(runs)).encode()).hexdigest()[:12]
        if len(runs) > 1:
            text = json.dumps({**known, group: worst}, sort_keys=True)
            if any(value != text for value in each(notes, name)):
                notes.put(name, text)
        for other, told in known.items():
            worst = worse(worst, told) if other != group else worst
        return worst

    def meaning(self, execution: int | str, place: str, notes: Notes) -> list[Target]:
        """Return the targets of the runs being delivered that mean an execution.

        What means no object, or not clearly one, means none. Raises TemporaryError where a plan cannot
        be read now.
        """
        if not self._read:
            self._read = _by_name(self._given, self._plans, self._origin(), notes)
        own = [place] if place else [one for one in self._read if _is_of(execution, one, notes)]
        return [target for one in (*own, str(execution)) for target in self._read.get(one, ())]


def _is_of(execution: int | str, place: str, notes: Notes) -> bool:
    return int(execution) in noted(notes, new_of(place), latest_of(place))


def _by_name(
    targets: Iterable[Target], plans: Plans, origin: str, notes: Notes
) -> dict[str, list[Target]]:
    """Return the targets of each plan item's place, and of each execution that is named."""
    found: dict[str, list[Target]] = {}
    for target in targets:
        if target.destination != "squash" or target.origin != origin:
            continue
        with contextlib.suppress(PermanentError):  # its plan cannot be read, so nothing goes there
            if target.kind in PLANNED:
                item = plans.meant(target, notes)
                if not isinstance(item, PermanentError):
                    found.setdefault(place_of(target, item), []).append(target)
            elif target.kind == EXECUTIONS and plans.confusion(target) is None:
                found.setdefault(target.id, []).append(target)
    return found


def _read(texts: Iterable[str]) -> dict[str, Outcome]:
    """Return the worst outcome that is noted for each group of runs; what is no such note says nothing."""
    found: dict[str, Outcome] = {}
    for text in texts:
        with contextlib.suppress(ValueError, AttributeError, RecursionError):
            for group, told in json.loads(text or "{}").items():
                found[group] = worse(found.get(group, Outcome(told)), Outcome(told))
    return found
