"""Power cuts: what a disk would hold if the machine died, from the durable steps that were taken.

What was not synced may be there, in part or not at all: of a file any beginning of what was written
since its last sync, or zeros in its place; of a folder any of the names since its last sync.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

from .steps import Take
from .steps import Watched


WITHOUT_CHANGE = frozenset({"noted", "stored", "open"})


@dataclass(frozen=True, slots=True)
class Event:
    """A step that was taken, or what the trial itself noted between steps."""

    what: str
    facts: tuple[Any, ...]


class Recorded(Watched):
    """Takes every step and writes it down. Files are numbered, since descriptors are used again."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self._files: dict[int, int] = {}

    def note(self, what: str, *facts: Any) -> None:
        """Write down something that is no step."""
        with self.lock:
            self.events.append(Event(what, facts))

    def around(self, name: str, take: Take, *arguments: Any) -> Any:
        """Take a step and write it down."""
        with self.lock:
            done = take(*arguments)
            if name == "create":
                self._files[done] = len(self.events)
                self.note(name, arguments[0], self._files[done])
            elif name == "write":
                self.note(name, self._files[arguments[0]], bytes(arguments[1][:done]))
            elif name in ("cut", "sync"):
                self.note(name, self._files[arguments[0]], *arguments[1:])
            else:
                self.note(name, *arguments)
            return done


@dataclass(slots=True)
class _File:
    """A file: what is safe, and what was done to it since."""

    safe: bytes = b""
    since: list[Callable[[bytes], bytes]] = field(default_factory=list)
    whole: bytes = b""

    def change(self, change: Callable[[bytes], bytes]) -> None:
        self.since.append(change)
        self.whole = change(self.whole)

    def sync(self) -> None:
        self.safe, self.since = self.whole, []

    def survivor(self, chance: random.Random) -> bytes:
        """Return what is left: some of the changes, the last of them perhaps torn or zeros."""
        content = self.safe
        kept = chance.randint(0, len(self.since))
        for change in self.since[:kept]:
            content = change(content)
        if kept < len(self.since) and chance.random() < 0.5:
            grown = self.since[kept](content)
            if grown.startswith(content):
                end = chance.randint(len(content), len(grown))
                more = grown[len(content) : end]
                content += more if chance.random() < 0.7 else bytes(len(more))
        return content


Names = dict[str, "_File | Path"]
"""What is in a folder: a file, or the path of a folder."""


@dataclass(slots=True)
class _Folder:
    """A folder: the names that are safe, and what was done to them since."""

    safe: Names = field(default_factory=dict)
    since: list[Callable[[Names], None]] = field(default_factory=list)
    whole: Names = field(default_factory=dict)

    def change(self, change: Callable[[Names], None]) -> None:
        self.since.append(change)
        change(self.whole)

    def sync(self) -> None:
        self.safe, self.since = dict(self.whole), []

    def survivor(self, chance: random.Random) -> Names:
        """Return what is left: the first changes, or any of them."""
        if chance.random() < 0.5:
            left = self.since[: chance.randint(0, len(self.since))]
        else:
            left = [change for change in self.since if chance.random() < 0.5]
        names = dict(self.safe)
        for change in left:
            change(names)
        return names


class Disk:
    """A disk as it is after some events; `root` is what was safe before, as it lies there."""

    def __init__(self, root: Path, lying_there: Path | None = None) -> None:
        self._root = root
        self._folders: dict[Path, _Folder] = {root: _Folder()}
        self._files: dict[int, _File] = {}
        self._handlers: dict[str, Callable[..., None]] = {
            "make_folder": self._make_folder,
            "create": self._create,
            "write": self._append,
            "cut": self._cut,
            "sync": self._sync,
            "sync_folder": self._sync_folder,
            "rename": self._rename,
            "remove": self._remove,
        }
        if lying_there is not None:
            self._adopt(lying_there, root)

    def follow(self, events: Iterable[Event]) -> None:
        """Let steps happen."""
        for event in events:
            if event.what not in WITHOUT_CHANGE:
                self._handlers[event.what](*event.facts)

    def cut_power(self, chance: random.Random, to: Path) -> None:
        """Write what is left into a folder that does not exist."""
        self._write(self._root, to, chance)

    def _adopt(self, folder: Path, as_folder: Path) -> None:
        own = self._folders[as_folder]
        for path in folder.iterdir():
            if path.is_dir():
                own.safe[path.name] = as_folder / path.name
                self._folders[as_folder / path.name] = _Folder()
                self._adopt(path, as_folder / path.name)
            else:
                content = path.read_bytes()
                own.safe[path.name] = _File(content, [], content)
        own.whole = dict(own.safe)

    def _write(self, folder: Path, to: Path, chance: random.Random) -> None:
        to.mkdir(mode=0o700)
        for name, thing in self._folders[folder].survivor(chance).items():
            if isinstance(thing, Path):
                self._write(thing, to / name, chance)
            else:
                (to / name).write_bytes(thing.survivor(chance))
                (to / name).chmod(0o600)

    def _make_folder(self, path: Path, _mode: int) -> None:
        self._folders[path] = _Folder()
        self._in(path)(lambda names: names.update({path.name: path}))

    def _create(self, path: Path, number: int) -> None:
        file = self._files[number] = _File()
        self._in(path)(lambda names: names.update({path.name: file}))

    def _append(self, number: int, content: bytes) -> None:
        self._files[number].change(lambda before: before + content)

    def _cut(self, number: int, length: int) -> None:
        self._files[number].change(lambda before: before[:length])

    def _sync(self, number: int) -> None:
        self._files[number].sync()

    def _sync_folder(self, path: Path) -> None:
        if path in self._folders:
            self._folders[path].sync()

    def _rename(self, old: Path, new: Path) -> None:
        assert old.parent == new.parent
        thing = self._folders[old.parent].whole[old.name]

        def renamed(names: Names) -> None:
            names.pop(old.name, None)
            names[new.name] = thing

        self._in(old)(renamed)

    def _remove(self, path: Path) -> None:
        def removed(names: Names) -> None:
            names.pop(path.name, None)

        self._in(path)(removed)

    def _in(self, path: Path) -> Callable[[Callable[[Names], None]], None]:
        return self._folders[path.parent].change


def events_until(events: Sequence[Event], cut: int, what: str) -> list[tuple[Any, ...]]:
    """Return the facts of what was noted before a cut."""
    return [event.facts for event in events[:cut] if event.what == what]
