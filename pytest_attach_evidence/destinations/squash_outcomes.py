"""The outcome that an execution gets: the worst of all tests that lead to it, however they spell it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

from ..model import Notes
from ..model import Outcome
from ..model import Target
from ..outcomes import worse
from .base import GroupNotes
from .squash_meanings import Meanings
from .squash_notes import each


class Outcomes:
    """Knows the outcomes of the runs being delivered, by execution, and those of runs that are not.

    A run that is delivered together with others may go on alone. So whatever runs of a group share is
    noted in each of them, with the group's worst outcome, before anything is sent there.
    """

    def __init__(self, meanings: Meanings, origin: Callable[[], str]) -> None:
        self._meanings = meanings
        self._origin = origin
        self._given: Mapping[Target, Outcome] = {}

    def recall(self, outcomes: Mapping[Target, Outcome]) -> None:
        """Take the worst outcome of the items mapped to each target."""
        if outcomes is not self._given:
            self._given = outcomes
            self._meanings.recall(outcomes)

    def keep(self, execution: int | str, place: str, outcome: Outcome, notes: Notes) -> Outcome:
        """Return the worst outcome of an execution, and note it in every run that is not alone.

        `place` is the plan item whose execution it is, '' where nobody knows; `outcome` one that counts
        in any case. Asks nobody: targets whose plan is unread do not count.
        """
        worst = outcome
        for target in self._meanings.of(execution, place):
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


def _noted_outcomes(texts: Iterable[str]) -> dict[str, Outcome]:
    """Return the worst outcome that is noted for each group of runs; what is no such note says nothing."""
    found: dict[str, Outcome] = {}
    for text in texts:
        with contextlib.suppress(ValueError, AttributeError, RecursionError):
            for group, told in json.loads(text or "{}").items():
                found[group] = worse(found.get(group, Outcome(told)), Outcome(told))
    return found
