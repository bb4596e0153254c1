"""How the trials of a block are shared among processes, and when there are enough of them."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass

from .trials import Ground
from .trials import Tally


Job = Callable[[], Tally]
MOST = 40
"""So many trials are tried for each that is to be struck, before a series gives up."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one of several processes does: `part` of a block (1 is all), with a seed of its own."""

    seed: int
    part: float
    number: int = 0
    of: int = 1

    def chance(self, salt: int) -> random.Random:
        """Return what chooses by chance, in another way for every block and process."""
        return random.Random(f"{self.seed} {salt} {self.number}")

    def own(self, jobs: Iterator[Job], *, at_least: int = 1) -> Series:
        """Return this process's share of jobs that are all to be done, or of a part of them by chance."""
        wanted = list(jobs)
        count = max(at_least, round(len(wanted) * self.part))
        chosen = sorted(
            random.Random(self.seed).sample(range(len(wanted)), min(count, len(wanted)))
        )
        return Series((wanted[place] for place in chosen[self.number :: self.of]), None)

    def until_struck(self, goal: int, jobs: Iterator[Job]) -> Series:
        """Return trials of an endless choice, until this process's share of a goal was struck."""
        return Series(jobs, max(1, math.ceil(goal * self.part / self.of)))


@dataclass(frozen=True, slots=True)
class Series:
    """Trials one after the other; with a goal until so many of them were struck."""

    jobs: Iterator[Job]
    goal: int | None

    def run(self) -> Tally:
        """Do the trials. An error of the harness is a violation like any other, and ends none of them."""
        tally = Tally()
        for job in (
            self.jobs if self.goal is None else itertools.islice(self.jobs, self.goal * MOST)
        ):
            if self.goal is not None and tally.struck >= self.goal:
                break
            try:
                tally.add(job())
            except Exception as error:  # noqa: BLE001  # told with the trial it happened in
                tally.add(Tally(trials=1, red=[f"{job}: {type(error).__name__}: {error}"]))
        if self.goal is not None and tally.struck < self.goal:
            tally.red.append(f"only {tally.struck} of {self.goal} trials were struck")
        return tally


Choice = Callable[[Ground, Share], Iterator[Series]]
