"""What a look at a destination shows before any test runs: facts, and what stands in the way."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Literal
from typing import Protocol
from typing import TypeVar
from typing import runtime_checkable

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import SettingsError
from ..model import Problem
from ..model import Target
from ..model import utc_now
from .base import Holding


T = TypeVar("T")
LATER = "try again later"
SOON = timedelta(days=7)
Again = Callable[[DeliveryError, int], bool]
"""Waits after a failed attempt (counted from 1), and tells whether there is another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that was learned: about what, what was seen, and where that comes from ('': not said).

    `known`: whether it is more than the reason why nobody can tell.
    """

    what: str
    seen: str
    origin: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look showed, of a destination as a whole or of one object.

    `seen` is the object in a few words, `holding` how full it is, where that could be seen; `facts` are
    those of the whole. What has a problem may have been seen all the same. `skipped`: nobody looked;
    `known`: whether all that decides was told.
    """

    seen: str = ""
    facts: tuple[Fact, ...] = ()
    problems: tuple[Problem, ...] = ()
    holding: Holding | None = None
    skipped: bool = False
    known: bool = True

    @classmethod
    def none(cls, why: str = "not looked at") -> Look:
        """Return the look that nobody took."""
        return cls(seen=why, skipped=True)


class Examination(Protocol):
    """Looks at one destination with its settings; nothing there is changed by it.

    `begin` comes first and alone, so that credentials that are refused are tried once; `look` may then be
    called from several threads, once for each object. Both raise DeliveryError for what concerns all that
    was to be seen.
    """

    def doubts(self, targets: Sequence[Target]) -> list[Problem]:
        """Return what looks odd in the settings and the targets, and may be right; asks nobody.

        A target is there as often as tests lead to it.
        """

    def begin(self, targets: Sequence[Target], again: Again) -> Look:
        """Look at what all targets need: reach the system, log in, read what they lie in.

        Called again after an error for which `again` waited; what concerns some targets alone, and is no
        reason to raise, is to be `attempted` with it here.
        """

    def look(self, target: Target) -> Look:
        """Look at one object."""


@runtime_checkable
class Examined(Protocol):
    """A destination that can be looked at."""

    def examination(self) -> Examination:
        """Return what looks at it; sends nothing yet. Raises DestinationClosedError, SettingsError."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The look at a destination as a whole; `examination` is None where no object can be looked at."""

    examination: Examination | None
    look: Look


def never(error: DeliveryError, attempt: int) -> bool:
    """Wait for nothing: one attempt is enough."""
    return False


def begun(
    name: str, destination: Examined, targets: Sequence[Target], again: Again = never
) -> Begun:
    """Return the first look at a destination, whatever it raises."""
    try:
        examination = destination.examination()
        look = attempted(lambda: examination.begin(targets, again), again)
    except (DeliveryError, SettingsError) as error:
        return Begun(None, Look(problems=(problem_of(name, error),)))
    problems = (*look.problems, *examination.doubts(targets))
    return Begun(examination, dataclasses.replace(look, problems=problems))


def looked(examination: Examination, target: Target, again: Again = never) -> Look:
    """Return the look at an object, whatever it raises."""
    try:
        return attempted(lambda: examination.look(target), again)
    except DeliveryError as error:
        closed = isinstance(error, DestinationClosedError)
        subject = target.destination if closed else str(target)
        return Look(problems=(problem_of(subject, error),))


def attempted(look: Callable[[], T], again: Again) -> T:
    """Return what a look gives, asked again as long as `again` says so. Raises its last DeliveryError."""
    for attempt in itertools.count(1):
        try:
            return look()
        except DeliveryError as error:
            if not again(error, attempt):
                raise
    raise AssertionError  # there is always another number


def one_by_one(name: str, destination: Examined, targets: Sequence[Target]) -> list[Problem]:
    """Return what stands in the way of targets, each looked at once; stops where nothing more is let in.

    Without a target nobody is asked.
    """
    if not targets:
        return destination.examination().doubts(targets)
    first = begun(name, destination, targets)
    found = list(first.look.problems)
    if first.examination is None:
        return found
    for target in dict.fromkeys(targets):
        problems = looked(first.examination, target).problems
        found += problems
        if any(problem.closes for problem in problems):
            break
    return found


def lasting(name: str, source: str, until: datetime | None) -> Look:
    """Return what is to be said of credentials that end at a moment (None: nobody tells)."""
    if until is None:
        unknown = Fact(what="end of the credentials", seen="not told", origin=source, known=False)
        return Look(facts=(unknown,))
    shown = f"{until:%Y-%m-%d %H:%M} UTC"
    facts = (Fact(what="end of the credentials", seen=shown, origin=source),)
    left = until - utc_now()
    if left >= SOON:
        return Look(facts=facts)
    seen = f"{source} ends at {shown}"
    problem = Problem(subject=name, seen=seen, next_step="make a new one", severity="warning")
    return Look(facts=facts, problems=(problem,))


def ended(error: DestinationClosedError, until: datetime | None) -> DestinationClosedError:
    """Return a refusal with what explains it: the moment at which the credentials ended."""
    if error.why != "authentication" or until is None or until > utc_now():
        return error
    msg = f"{error}; the token ended at {until:%Y-%m-%d %H:%M} UTC"
    return DestinationClosedError(msg, why=error.why, next_step="make a new token")


def problem_of(subject: str, error: DeliveryError | SettingsError) -> Problem:
    """Return what an error means for a person: what was seen, what to do, and of what sort it is."""
    hint = getattr(error, "next_step", "") or LATER
    why: Literal["", "configuration", "authentication", "waiting"] = "waiting"
    if isinstance(error, DestinationClosedError) and error.why != "stopped":
        why, hint = error.why, error.next_step or "mend the settings or the credentials"
    elif isinstance(error, SettingsError):
        why, hint = "configuration", ""
    elif isinstance(error, PermanentError):
        why, hint = "", error.next_step or "correct the target"
    return Problem(subject=subject, seen=str(error), next_step=hint, why=why)
