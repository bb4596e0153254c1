"""What `attach-evidence remote` is asked about: objects of vendors, and some of their attachments."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..destinations.remote import Attached
from ..destinations.remote import Remote
from ..errors import NotOfferedError
from ..errors import PermanentError
from ..errors import TargetError
from ..model import Target
from ..naming import keys_in
from ..project import Project


Documents = list[dict[str, Any]]
"""What `--json` prints in the end."""


@dataclass(slots=True)
class Asked:
    """One object as it was written: a destination, and a place there or None for its beginning."""

    destination: str
    text: str | None
    _remote: Remote | None = None

    def __str__(self) -> str:
        """Return it as it was written."""
        return self.destination if self.text is None else f"{self.destination}={self.text}"

    @contextmanager
    def opened(self, remote_of: Callable[[str], Remote]) -> Iterator[None]:
        """Have the vendor's operations at hand until the block ends."""
        self._remote = remote_of(self.destination)
        try:
            yield
        finally:
            self._remote.close()
            self._remote = None

    @property
    def remote(self) -> Remote:
        """The vendor's operations."""
        assert self._remote is not None
        return self._remote

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


def asked_for(project: Project, texts: Sequence[str]) -> list[Asked]:
    """Return what the words of a command line stand for; without any, the beginning of every vendor."""
    if not texts:
        return [Asked(name, None) for name in project.destinations if name != "archive"]
    return [
        Asked(name.strip(), place.strip() if sign else None)
        for name, sign, place in (text.partition("=") for text in texts)
    ]


def chosen_of(remote: Remote, target: Target, words: Sequence[str]) -> list[Attached]:
    """Return the attachments that words name by id, whole name or key; all where there is no word.

    Raises PermanentError for a word that names none. Where the vendor lists none, words are ids.
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
        chosen.update((one.id or one.name, one) for one in named)
    return list(chosen.values())
