"""The outcome that an execution gets: the worst of all tests that lead to it, however they spell it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import TypeVar

from ..model import Notes
from ..model import Outcome
from ..model import Target
from ..outcomes import EndedTest
from ..outcomes import worse
from .base import GroupNotes
from .squash_meanings import Meanings
from .squash_notes import each


Told = TypeVar("Told")


class Outcomes:
    """Knows the outcomes of the runs being delivered, by execution, and those of runs that are not.

    A run that is delivered together with others may go on alone. So whatever runs of a group share is
    noted in each of them, with the group's worst outcome, before anything is sent there.
    """

    def __init__(self, meanings: Meanings, origin: Callable[[], str]) -> None:
        self._meanings = meanings
        self._origin = origin
        self._given: Mapping[Target, Outcome] = {}
        self._tests: Mapping[Target, Sequence[EndedTest]] = {}

    def recall(self, outcomes: Mapping[Target, Outcome]) -> None:
        """Take the worst outcome of the items mapped to each target."""
        if outcomes is not self._given:
            self._given = outcomes
            self._meanings.recall(outcomes)

    def recount(self, tests: Mapping[Target, Sequence[EndedTest]]) -> None:
        """Take the tests that count for each target."""
        self._tests = tests

    def keep(self, execution: int | str, place: str, outcome: Outcome, notes: Notes) -> Outcome:
        """Return the worst outcome of an execution, and note it in every run that is not alone.

        `place` is the plan item whose execution it is, '' where nobody knows; `outcome` one that counts
        in any case. Asks nobody: targets whose plan is unread do not count.
        """
        worst = outcome
        for target in self._meanings.of(execution, place):
            worst = worse(worst, self._given[target])
        name = f"outcome:{self._origin()}:{execution}"
        known = _noted(each(notes, name), _outcome)
        for told in _of_others(notes, name, known, worst):
            worst = worse(worst, told)
        return worst

    def keep_steps(self, execution: int | str, place: str, notes: Notes) -> dict[int, Outcome]:
        """Return and note the worst outcome of each step of an execution, in the same way."""
        worst: dict[int, Outcome] = {}
        for test in self.tests(execution, place):
            worst = _worse_steps(worst, test.steps)
        name = f"steps:{self._origin()}:{execution}"
        known = _noted(each(notes, name), _steps)
        if worst or known:
            for told in _of_others(notes, name, known, worst):
                worst = _worse_steps(worst, told)
        return worst

    def tests(self, execution: int | str, place: str) -> list[EndedTest]:
        """Return the tests of the runs being delivered that count for an execution, each once."""
        targets = dict.fromkeys(self._meanings.of(execution, place))
        found = {t.item.id: t for target in targets for t in self._tests.get(target, ())}
        return list(found.values())


def _of_others(notes: Notes, name: str, known: Mapping[str, Told], own: Told) -> list[Told]:
    """Note what a group of several runs tells, in each of them; return what other groups told."""
    runs = notes.runs if isinstance(notes, GroupNotes) else ()
    group = hashlib.sha256(" ".join(sorted(runs)).encode()).hexdigest()[:12]
    if len(runs) > 1:
        text = json.dumps({**known, group: own}, sort_keys=True)
        if any(value != text for value in each(notes, name)):
            notes.put(name, text)
    return [told for other, told in known.items() if other != group]


def _noted(texts: Iterable[str], read: Callable[[Any, Told | None], Told]) -> dict[str, Told]:
    """Return what is noted for each group of runs; what is no such note says nothing."""
    found: dict[str, Told] = {}
    for text in texts:
        with contextlib.suppress(ValueError, AttributeError, RecursionError):
            for group, told in json.loads(text or "{}").items():
                found[group] = read(told, found.get(group))
    return found


def _outcome(told: Any, known: Outcome | None) -> Outcome:
    return worse(known or Outcome(told), Outcome(told))


def _steps(told: Any, known: dict[int, Outcome] | None) -> dict[int, Outcome]:
    """Return the worst outcome by number of step; numbers begin with 1, whatever a spool holds."""
    own = {int(n): Outcome(outcome) for n, outcome in told.items() if int(n) > 0}
    return _worse_steps(known or {}, own)


def _worse_steps(one: Mapping[int, Outcome], other: Mapping[int, Outcome]) -> dict[int, Outcome]:
    best = Outcome.SKIPPED
    return {n: worse(one.get(n, best), other.get(n, best)) for n in {**one, **other}}
