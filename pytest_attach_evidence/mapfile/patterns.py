"""Patterns of node ids: what they match, and which of two is wider. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from functools import lru_cache
from itertools import product
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

    @property
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
    def _words(self) -> list[str]:
        """Return the words that a narrower pattern has to have too."""
        return [w for piece in self.pieces for w in WORD.findall(piece) if w != "py"]

    def matches(self, nodeid: str) -> bool:
        """Tell whether the pattern covers a test."""
        return self.matches_at(Place.of(nodeid))

    def matches_at(self, place: Place) -> bool:
        """Tell whether the pattern covers a test, whose node id was read before."""
        if not self.names:
            ends = _ends(self.path, place.path, {0}, "/:")
            return any(end == len(place.path) or place.path[end] == "/" for end in ends)
        if self.parameters:
            return _is_within(self.parameters, place.parameters) and self._is_whole(place)
        head = place.head
        return any(end == len(head) or head.startswith("::", end) for end in self._ends(place))

    @cached_property
    def _path_and_colons(self) -> tuple[str, ...]:
        return (*self.path[:-1], f"{self.path[-1]}::")

    def _is_whole(self, place: Place) -> bool:
        """Tell whether it names all but the parameters of a test, no folder or class alone."""
        return len(place.head) in self._ends(place)

    def _ends(self, place: Place) -> set[int]:
        if not self.names:
            return set()
        starts = _ends(self._path_and_colons, place.head, {0}, "/:")
        return _ends(self.names, place.head, starts, ":")

    def covers(self, other: Pattern, nodeid: str) -> bool:
        """Tell whether every test of another pattern is one of its own, of tests that are named as this one.

        `nodeid` is a test that both match: whether it has parameters, and whether the other pattern names
        its function or a class, tells what else the other one can match. Files of tests end in `.py`.
        """
        if any(word not in other.text for word in self._words):
            return False
        place = Place.of(nodeid)
        return _covers(self, other, bool(place.parameters), other._is_whole(place))


@lru_cache(maxsize=100_000)
def _covers(wide: Pattern, narrow: Pattern, with_parameters: bool, whole: bool) -> bool:
    return all(
        wide.matches_at(Place(path, head, parameters))
        for path, head in _examples(narrow, whole, same_path=wide.path == narrow.path)
        for parameters in _parameters(narrow, with_parameters)
    )


def _examples(pattern: Pattern, whole: bool, *, same_path: bool) -> Iterator[tuple[str, str]]:
    """Yield paths of tests that a pattern matches, each with the names behind it; of paths alike one."""
    below = [FRESH, "::".join([FRESH] * 3)]
    many = [FRESH, "", "/".join([FRESH] * 3)]
    open_path = pattern.path[-1] == "" and len(pattern.path) > 1
    for several in many if "**" in pattern.path[1::2] and not same_path else many[:1]:
        path = _filled(pattern.path, several)
        named = [path if path.endswith(".py") else f"{path}.py"]
        if not pattern.names and not path.endswith(".py"):
            deeper = [f"{path}/{FRESH}.py".lstrip("/"), f"{path}/{many[2]}.py".lstrip("/")]
            named = [*named, *deeper] if open_path else deeper
        names = below
        if pattern.names:
            kept = ["", *below] if "**" in pattern.names[1::2] else [FRESH]
            names = [_filled(pattern.names, one) for one in kept]
            if not whole:
                names = [f"{name}::{more}" for name, more in product(names, below)]
            if open_path and several and pattern.path[-2] == "**":
                names += [f"{FRESH}::{name}" for name in names]
        yield from ((path, f"{path}::{name}") for path, name in product(named, names))


def _parameters(pattern: Pattern, with_parameters: bool) -> list[str]:
    """Return the parameters of tests that a pattern matches."""
    if pattern.parameters:
        return [_filled(pattern.parameters, FRESH)]
    return [f"[{FRESH}]" if with_parameters else ""]


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


def _filled(parts: tuple[str, ...], several: str) -> str:
    """Return parts as a text, `several` in place of two stars."""
    found = parts[0]
    for star, text in zip(parts[1::2], parts[2::2], strict=True):
        if len(star) == 1:
            found += FRESH + text
        elif not several and _is_optional(found, text):
            found += text[1:]
        else:
            found += several + text
    return found


def _is_optional(before: str, after: str) -> bool:
    """Tell whether two stars between these texts stand for whole folders: for none too."""
    return after.startswith("/") and (not before or before.endswith("/"))


def _ends(parts: tuple[str, ...], text: str, starts: set[int], stops: str) -> set[int]:
    """Return where parts can end in a text that begin at one of `starts`; a star holds none of `stops`."""
    ends = {at + len(parts[0]) for at in starts if text.startswith(parts[0], at)}
    for number in range(1, len(parts), 2):
        before, star, after = parts[number - 1 : number + 2]
        found = set()
        if len(star) > 1 and ends:
            found = {at + len(after) for at in _places(after, text, min(ends), len(text))}
            if _is_optional(before, after):
                found |= {at + len(after) - 1 for at in ends if text.startswith(after[1:], at)}
        elif len(star) == 1:
            reach = {
                at: min(text.find(stop, at) % (len(text) + 1) for stop in stops) for at in ends
            }
            found = {at + len(after) for s, e in reach.items() for at in _places(after, text, s, e)}
        ends = found
    return ends


def _places(piece: str, text: str, start: int, last: int) -> Iterator[int]:
    """Yield where a piece of a text begins, from `start` to `last`."""
    at = text.find(piece, start)
    while -1 < at <= last:
        yield at
        at = text.find(piece, at + 1)


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
