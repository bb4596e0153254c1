"""The outcome that an execution gets: the worst of all tests that lead to it, however they spell it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

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
        self._read: _Read | None = None

    def recall(self, outcomes: Mapping[Target, Outcome]) -> None:
        """Take the worst outcome of the items mapped to each target."""
        if outcomes is not self._given:
            self._given, self._read = outcomes, None

    def choose(self, execution: int, place: str, notes: Notes) -> None:
        """Take an execution that gets the evidence of a plan item from now on."""
        self._of_group(notes).add(execution, place)

    def keep(self, execution: int | str, place: str, outcome: Outcome, notes: Notes) -> Outcome:
        """Return the worst outcome of an execution, and note it in every run that is not alone.

        `place` is the plan item whose execution it is, '' where nobody knows; `outcome` one that counts
        in any case.
        """
        worst = outcome
        for target in self.meaning(execution, place, notes):
            worst = worse(worst, self._given[target])
        name = f"outcome:{self._origin()}:{execution}"
        known = _noted_outcomes(each(notes, name))
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
        read = self._of_group(notes)
        own = [place] if place else read.places.get(int(execution), ())
        targets = [target for one in own for target in read.planned.get(one, ())]
        return targets + read.named.get(str(execution), [])

    def _of_group(self, notes: Notes) -> _Read:
        if self._read is None:
            self._read = _read_all(self._given, self._plans, self._origin(), notes)
        return self._read


@dataclass(slots=True)
class _Read:
    """What targets mean: those of each plan item's place, those of each named execution.

    `places` are the plan items that each execution is known to be of.
    """

    planned: dict[str, list[Target]] = field(default_factory=dict)
    named: dict[str, list[Target]] = field(default_factory=dict)
    places: dict[int, list[str]] = field(default_factory=dict)

    def add(self, execution: int, place: str) -> None:
        """Take an execution as a plan item's own."""
        known = self.places.setdefault(execution, [])
        if place not in known:
            known.append(place)


def _read_all(targets: Iterable[Target], plans: Plans, origin: str, notes: Notes) -> _Read:
    """Return what the targets of one Squash TM mean, by the plans and what is noted."""
    found = _Read()
    for target in targets:
        if target.destination != "squash" or target.origin != origin:
            continue
        with contextlib.suppress(PermanentError):  # its plan cannot be read, so nothing goes there
            if target.kind in PLANNED:
                item = plans.meant(target, notes)
                if not isinstance(item, PermanentError):
                    found.planned.setdefault(place_of(target, item), []).append(target)
            elif target.kind == EXECUTIONS and plans.confusion(target) is None:
                found.named.setdefault(target.id, []).append(target)
    for place in found.planned:
        for execution in noted(notes, new_of(place), latest_of(place)):
            found.add(execution, place)
    return found


def _noted_outcomes(texts: Iterable[str]) -> dict[str, Outcome]:
    """Return the worst outcome that is noted for each group of runs; what is no such note says nothing."""
    found: dict[str, Outcome] = {}
    for text in texts:
        with contextlib.suppress(ValueError, AttributeError, RecursionError):
            for group, told in json.loads(text or "{}").items():
                found[group] = worse(found.get(group, Outcome(told)), Outcome(told))
    return found
