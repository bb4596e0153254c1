"""Patterns of node ids: how they are read, and what they match. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from functools import lru_cache
from typing import NamedTuple


# A star in brackets of its own is the star itself, as in a glob.
STARS = re.compile(r"(\[\*\]|\*+)")
WORD = re.compile(r"\w+")
# What no pattern has: where it stands for a star, only another star can match it.
FRESH = "\1"
Rank = tuple[int, ...]


class Place(NamedTuple):
    """A node id in parts: `path::names[parameters]`; `head` is all but the parameters."""

    path: str
    head: str
    parameters: str

    @classmethod
    def of(cls, nodeid: str) -> Place:
        """Read a node id."""
        path, colons, rest = nodeid.partition("::")
        names, bracket, parameters = rest.partition("[")
        return cls(path, f"{path}{colons}{names}", bracket + parameters)


@dataclass(frozen=True, eq=False)
class Pattern:
    """A pattern of node ids, which covers everything below what it names, as on pytest's command line.

    `*` stands for any part of one name, `**` for any number of names; in brackets both stand for anything.
    Neither goes from a path into the names, where the pattern has none, nor from those into the parameters.
    Of two that match a test the one with the smaller `rank` is more specific, where neither is wider: it
    names the parameters, or more of class and function, a file, a deeper folder, or it has no star. Among
    equals `order` is by the letters that are no stars.
    """

    text: str
    rank: Rank
    order: Rank
    path: tuple[str, ...]
    names: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> Pattern:
        """Read a pattern."""
        path, colons, rest = text.partition("::")
        names, bracket, parameters = rest.partition("[")
        listed = (
            _parts(path if colons else path.rstrip("/")),
            _parts(names) if colons else (),
            _parts(parameters, bracket) if bracket else (),
        )
        stars = [star for parts in listed for star in parts[1::2]]
        rank = (
            -int(bool(bracket)),
            -(names.count("::") + 1 if colons else 0),
            -int(path.endswith(".py")),
            -path.rstrip("/").count("/"),
            int(bool(stars)),
        )
        order = (*rank, sum(map(len, stars)) - len(text), sum(map(len, stars)))
        return cls(text, rank, order, *listed)

    def by_order(self) -> tuple[Rank, str]:
        """Return what sorts patterns, where none is wider: the same in every process."""
        return self.order, self.text

    @cached_property
    def is_starred(self) -> bool:
        """Whether it has a star that stands for something else."""
        return bool(self.rank[-1])

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """The texts between its stars, in their order."""
        found = [*self.path[::2]]
        for between, parts in (("::", self.names), ("", self.parameters)):
            if parts:
                found[-1] += between + parts[0]
                found += parts[2::2]
        return tuple(found)

    @cached_property
    def words(self) -> list[str]:
        """The words that a narrower pattern has to have too."""
        return [w for piece in self.pieces for w in WORD.findall(piece) if w != "py"]

    @cached_property
    def is_open(self) -> bool:
        """Whether its path ends in two stars, which go on into the names."""
        return len(self.path) > 1 and self.path[-1] == "" and self.path[-2] == "**"

    @cached_property
    def _path(self) -> tuple[str, ...]:
        """The parts that lie in the path of every test, where there are names."""
        return self.path[:-2] if self.is_open else self.path

    def matches(self, nodeid: str) -> bool:
        """Tell whether the pattern covers a test."""
        return self.whole_at(Place.of(nodeid)) is not None

    def whole_at(self, place: Place) -> bool | None:
        """Tell whether the pattern names all but the parameters of a test; None where it does not cover it.

        What names a folder, a file or a class covers all tests below.
        """
        if not self.names:
            path = place.path
            ends = _path_ends(self.path, path)
            return False if any(end == len(path) or path[end] == "/" for end in ends) else None
        if self.parameters and not _is_within(self.parameters, place.parameters):
            return None
        head = place.head
        ends = _ends(self.names, head, self._starts(place), ":")
        if len(head) in ends:
            return True
        below = not self.parameters and any(head.startswith("::", end) for end in ends)
        return False if below else None

    def _starts(self, place: Place) -> Collection[int]:
        """Return where its names can begin in a test's head."""
        ends = _path_ends(self._path, place.path)
        if self.is_open:
            return list(_behind("::", place.head, min(ends), len(place.head))) if ends else ()
        return [len(place.path) + 2] if len(place.path) in ends else ()


def _parts(text: str, before: str = "") -> tuple[str, ...]:
    """Return a text in parts: plain ones, and the stars at the odd places."""
    parts = [before]
    for piece in STARS.split(text):
        if piece == "[*]":
            parts[-1] += "*"
        elif piece.startswith("*"):
            parts += [piece, ""]
        else:
            parts[-1] += piece
    return tuple(parts)


def filled(parts: tuple[str, ...], several: str) -> str:
    """Return parts as a text, `several` in place of two stars."""
    found = parts[0]
    for star, text in zip(parts[1::2], parts[2::2], strict=True):
        if len(star) == 1:
            found += FRESH + text
        elif not several and is_optional(found, text):
            found += text[1:]
        else:
            found += several + text
    return found


def is_optional(before: str, after: str) -> bool:
    """Tell whether two stars between these texts stand for whole folders: for none too."""
    return after.startswith("/") and (not before or before.endswith("/"))


@lru_cache(maxsize=10_000)
def _path_ends(parts: tuple[str, ...], path: str) -> Collection[int]:
    """Return where parts can end in a path, which is that of many tests."""
    return _ends(parts, path, (0,), "/")


def _ends(parts: tuple[str, ...], text: str, starts: Collection[int], stop: str) -> Collection[int]:
    """Return where parts can end in a text that begin at one of `starts`; one star does not hold `stop`.

    Of a star at the end it is where the last name ends.
    """
    ends: Collection[int] = [at + len(parts[0]) for at in starts if text.startswith(parts[0], at)]
    for number in range(1, len(parts), 2):
        if not ends:
            break
        before, star, after = parts[number - 1 : number + 2]
        found: set[int] = set()
        if len(star) > 1:
            found.update(_behind(after, text, min(ends), len(text)))
            if is_optional(before, after):
                found.update(at + len(after) - 1 for at in ends if text.startswith(after[1:], at))
        else:
            for at in ends:
                found.update(_behind(after, text, at, text.find(stop, at) % (len(text) + 1)))
        ends = found
    return ends


def _behind(piece: str, text: str, start: int, last: int) -> Iterator[int]:
    """Yield where a piece of a text ends that begins from `start` to `last`; of no text at `last` alone."""
    at = text.find(piece, start) if piece else last
    while -1 < at <= last:
        yield at + len(piece)
        at = text.find(piece, at + 1) if piece else -1


def _is_within(parts: tuple[str, ...], text: str) -> bool:
    """Tell whether parts are a text, each star for anything."""
    first, *between, last = parts[::2] if len(parts) > 1 else (*parts, "")
    if len(parts) == 1:
        return text == first
    at, end = len(first), len(text) - len(last)
    for piece in between:
        found = text.find(piece, at, max(at, end))
        if found == -1:
            return False
        at = found + len(piece)
    return at <= end and text.startswith(first) and text.endswith(last)
