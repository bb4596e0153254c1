"""What `attach-evidence remote` is asked about: objects of vendors, and some of their attachments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from ..destinations.base import Destination
from ..destinations.remote import Attached
from ..destinations.remote import Offering
from ..destinations.remote import Remote
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import EvidenceError
from ..errors import NotOfferedError
from ..errors import PermanentError
from ..errors import SettingsError
from ..errors import TargetError
from ..model import Target
from ..naming import keys_in
from ..project import Project
from ..report.exit_status import ExitStatus
from ..report.output import counted
from .with_pytest import complain


STEP_S = 900.0
Documents = list[dict[str, Any]]
"""What `--json` prints in the end."""


class Remotes:
    """The operations of every vendor that is asked, built once: a token, and what was read, serve all.

    A vendor that turned us away is asked nothing more: five refusals lock a key of CodeArts.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._built: dict[str, Remote] = {}
        self._skipped: Counter[str] = Counter()
        self._closed: set[str] = set()

    def of(self, name: str) -> Remote:
        """Return the operations of a destination.

        Raises SettingsError or NotOfferedError where it has none, DestinationClosedError where settings
        or credentials do not allow it.
        """
        if name not in self._built:
            self._built[name] = self._made(name)
        return self._built[name]

    def give_up(self, name: str) -> None:
        """Let nothing more be asked of a destination."""
        self._closed.add(name)

    def skips(self, name: str) -> bool:
        """Tell whether a target is left out, since its destination was given up, and count it."""
        self._skipped[name] += name in self._closed
        return name in self._closed

    def close(self) -> None:
        """Say what was left out, a line for each destination, and release connections."""
        for name, number in self._skipped.items():
            if number:
                others = counted(number, "other target was", "other targets were")
                complain(f"{name}: {others} not asked about", ExitStatus.PERSON_MUST_ACT)
        for remote in self._built.values():
            remote.close()

    def _made(self, name: str) -> Remote:
        destinations = self._project.destinations
        destination = destinations.get(name)
        if destination is None:
            known = ", ".join(sorted(destinations))
            msg = f"{name} is not among evidence_destinations ({known}) - add it, or write {known}"
            raise SettingsError(msg)
        if not isinstance(destination, Offering):
            msg = f"{name} has no operations of its own"
            folder = self._project.settings.archive_dir
            where = f"; its files are in {folder}" if name == "archive" else ""
            raise NotOfferedError(msg + where)
        return destination.remote()


@dataclass(slots=True)
class Asked:
    """One object as it was written: a destination, and a place there or None for its beginning.

    `failures` are the errors that were told of it.
    """

    project: Project
    remotes: Remotes
    destination: str
    text: str | None
    failures: list[EvidenceError] = field(default_factory=list)

    def __str__(self) -> str:
        """Return it as it was written."""
        return self.destination if self.text is None else f"{self.destination}={self.text}"

    def restart(self) -> None:
        """Give what comes now its whole time, whatever was done or thought over before."""
        budget = self.project.budget
        budget.ends_at = budget.clock() + STEP_S

    def tell(self, error: EvidenceError, of: str = "") -> None:
        """Print a failure as one line that always ends with what to do."""
        self.failures.append(error)
        if isinstance(error, DestinationClosedError):
            self.remotes.give_up(self.destination)
        line = self.project.redactor.line(f"{self}: {of}{': ' if of else ''}{error}")
        hint = " ".join(self.project.redactor.text(getattr(error, "next_step", "")).split())
        complain(f"{line} - {hint}" if hint else line, ExitStatus.PERSON_MUST_ACT)

    @contextmanager
    def going_on(self, of: str) -> Iterator[None]:
        """Do one of several things, with the whole time; tell what fails there, so that the next is done.

        Raises what holds for the others as well: a system that is closed, a folder that cannot be
        written, an operation that the vendor does not have.
        """
        self.restart()
        try:
            yield
        except DestinationClosedError:
            raise
        except DeliveryError as error:
            if isinstance(error, PermanentError) and error.whole_target:
                raise
            self.tell(error, of)

    @property
    def remote(self) -> Remote:
        """The vendor's operations. Raises as `Remotes.of` does."""
        return self.remotes.of(self.destination)

    @property
    def place(self) -> Target | None:
        """The object, None for the beginning. Raises TargetError."""
        return None if self.text is None else self.remote.place(self.text)

    @property
    def target(self) -> Target:
        """The object. Raises TargetError where none is named."""
        place = self.place
        if place is None:
            msg = f"names no object - write {self.destination}=PLACE"
            raise TargetError(msg)
        return place


def asked_for(project: Project, remotes: Remotes, texts: Sequence[str]) -> list[Asked]:
    """Return what the words of a command line stand for; without any, the beginning of every vendor."""
    if not texts:
        every = (name for name in project.destinations if name != "archive")
        return [Asked(project, remotes, name, None) for name in every]
    return [
        Asked(project, remotes, name.strip(), place.strip() if sign else None)
        for name, sign, place in (text.partition("=") for text in texts)
    ]


def misspelt(project: Project, texts: Sequence[str]) -> str:
    """Return what is wrong with the first text that names neither a destination nor a place, '' if none.

    It says how the place is written where a destination takes the text for one; no I/O.
    """
    for text in texts:
        if "=" not in text and text.strip() not in project.known:
            name, colon, place = text.partition(":")
            if colon and name in project.known:
                return f"{text!r} names no destination - write {name}={place}"
            taking = (name for name, one in project.destinations.items() if _takes(one, text))
            spelled = f"{next(taking, 'DESTINATION')}={text}"
            return f"{text!r} names no destination - write {spelled}"
    return ""


def _takes(destination: Destination, text: str) -> bool:
    try:
        return destination.name != "archive" and bool(destination.parse(text))
    except (TargetError, SettingsError):
        return False


def chosen_of(
    remote: Remote, target: Target, words: Sequence[str], *, one_each: bool = False
) -> list[Attached]:
    """Return the attachments that words name by id, whole name or key; all where there is no word.

    Raises PermanentError for a word that names none, and with `one_each` for a name or key of several.
    Where the vendor lists none, words are ids.
    """
    try:
        every = remote.attachments(target)
    except NotOfferedError:
        if not words:
            raise
        return [remote.attachment(target, word) for word in dict.fromkeys(words)]
    if not words:
        return every
    chosen: dict[str, Attached] = {}
    for word in words:
        named = [one for one in every if word == one.id]
        named = named or [one for one in every if word == one.name or word in keys_in(one.name)]
        if not named:
            msg = f"none of its {len(every)} attachments has the id, name or key {word!r}"
            raise PermanentError(msg, next_step="remote list shows them")
        if one_each and len(named) > 1:
            ids = ", ".join(one.id for one in named)
            msg = f"{len(named)} of its attachments are called {word!r} ({ids})"
            raise PermanentError(msg, next_step="name the one that is meant by its id")
        chosen.update((one.id or one.name, one) for one in named)
    return list(chosen.values())
