"""Looks at destinations and the objects that tests are mapped to, several at once; changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import datetime

from ..clocks import Clocks
from ..destinations.base import Destination
from ..destinations.checked import SOON
from ..destinations.checked import Again
from ..destinations.checked import Examination
from ..destinations.checked import Examined
from ..destinations.checked import Fact
from ..destinations.checked import Look
from ..destinations.checked import begun
from ..destinations.checked import looked
from ..errors import DeliveryError
from ..errors import TemporaryError
from ..model import Problem
from ..model import Target
from ..model import utc_now
from ..retry import MAX_ATTEMPTS
from ..retry import Budget
from ..retry import outwait


AT_ONCE = 4
TOGETHER_S = 2.0
LATE = Look.none("not looked at, since the time is over")
MORE_TIME = "raise evidence_deadline"
SET_CLOCK = "set the clock of this machine or of the server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one destination: of it as a whole, and of each object."""

    whole: Look
    objects: Mapping[Target, Look] = field(default_factory=dict)


def look_at(destination: Destination, targets: Sequence[Target], budget: Budget) -> Seen:
    """Look at a destination and then at each of its targets once, four at a time.

    `targets` has each as often as tests lead to it.
    Nothing more is asked where the first look fails, or an object tells that nothing more is let in. What
    was turned away for the moment is asked again, as often as in a delivery, while the budget lasts; for how
    many it did not last is told once. The budget's clocks and connections are those of this destination
    afterwards.
    """
    budget.clocks, budget.connections = Clocks(), {}
    every = list(dict.fromkeys(targets))
    if not isinstance(destination, Examined):
        return Seen(whole=Look(problems=tuple(destination.check(every))))

    def again(error: DeliveryError, attempt: int) -> bool:
        # Not for ever where a limiter names no time: nothing is lost if nobody looks.
        named = isinstance(error, TemporaryError) and error.retry_after_s is not None
        return (named or attempt < MAX_ATTEMPTS) and outwait(error, attempt, budget)

    try:
        first = begun(destination.name, destination, targets, again)
        ended = _is_late(first.look, budget)
        objects = dict.fromkeys(every, LATE if ended else Look.none())
        if first.examination is not None and not ended:
            objects = _objects(first.examination, every, again, budget)
    finally:
        destination.close()
    look, name = first.look, destination.name
    if ended or LATE in objects.values():
        others = [one for one in look.problems if not (ended and one.why == "waiting")]
        look = replace(look, problems=(*others, _late(name, objects)))
    return Seen(whole=_with_surroundings(name, look, budget, utc_now()), objects=objects)


def _objects(
    examination: Examination, targets: Sequence[Target], again: Again, budget: Budget
) -> dict[Target, Look]:
    lock, over = threading.Lock(), threading.Event()

    def look(target: Target) -> Look:
        if over.is_set() or budget.stop.is_set():
            return Look.none()
        if not budget.remaining_s():
            return LATE
        found = looked(examination, target, again)
        if _is_late(found, budget):
            return LATE
        if any(problem.closes for problem in found.problems):
            with lock:  # others that were asked meanwhile say the same
                found = Look.none() if over.is_set() else found
                over.set()
        return found

    with ThreadPoolExecutor(AT_ONCE, "evidence-look") as together:
        try:
            return dict(zip(targets, together.map(look, targets), strict=True))
        except BaseException:
            budget.stop.set()
            raise


def _is_late(look: Look, budget: Budget) -> bool:
    """Tell whether it was the end of the time that a look ran into."""
    return not budget.remaining_s() and any(one.why == "waiting" for one in look.problems)


def _late(name: str, objects: Mapping[Target, Look]) -> Problem:
    """Return that the time did not last for all objects."""
    looked = sum(look != LATE for look in objects.values())
    seen = f"the time is over after {looked} of {len(objects)} objects"
    return Problem(subject=name, seen=seen, next_step=MORE_TIME, why="waiting")


def _with_surroundings(name: str, look: Look, budget: Budget, now: datetime) -> Look:
    """Return the look with what was learned of hosts: how they are reached, and what their clocks say."""
    facts, problems = [], list(look.problems)
    for connection in budget.connections.values():
        facts.append(Fact(what="connection", seen=str(connection)))
        if connection.ends_at is not None and connection.ends_at - now < SOON:
            seen = f"the certificate of {connection.origin} ends at {connection.ends_at:%Y-%m-%d}"
            hint = "have the server's certificate renewed"
            problems.append(_warning(name, seen, hint))
    for host, ahead_s in budget.clocks.ahead.items():
        facts.append(Fact(what=f"clock of {host}", seen=_apart(ahead_s)))
    for host, ahead_s in budget.clocks.skews.items():
        problems = _explained(name, problems, f"the clock of {host} is {_apart(ahead_s)}")
    return replace(look, facts=(*facts, *look.facts), problems=tuple(problems))


def _explained(name: str, problems: Sequence[Problem], seen: str) -> list[Problem]:
    """Return problems with a clock that is wrong: as what explains a refused login, else by itself."""
    refused = [one for one in problems if one.why == "authentication"]
    if not refused:
        hint = f"{SET_CLOCK}; moments of evidence are recorded as this machine tells them"
        return [*problems, _warning(name, seen, hint)]
    return [
        replace(one, seen=f"{one.seen}; {seen}", next_step=f"{SET_CLOCK}; else {one.next_step}")
        if one in refused
        else one
        for one in problems
    ]


def _apart(ahead_s: float) -> str:
    if abs(ahead_s) < TOGETHER_S:
        return "the same as this machine's"
    return f"{abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} this machine's"


def _warning(subject: str, seen: str, hint: str) -> Problem:
    return Problem(subject=subject, seen=seen, next_step=hint, severity="warning")
