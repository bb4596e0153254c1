"""A quick way to find the patterns of a node id, the most specific first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from .covering import Covering
from .covering import among
from .covering import arranged
from .patterns import WORD
from .patterns import Pattern
from .patterns import Place


class Key(NamedTuple):
    """What every node id that a pattern matches has in one of its words, and which ends of it may be more."""

    more_before: bool
    more_after: bool
    text: str


class Index:
    """Finds the patterns that match a node id, without trying each of them."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._plain: dict[str, list[Pattern]] = {}
        self._written: dict[str, Pattern] = {}
        self._by_key: dict[Key, list[Pattern]] = {}
        self._by_path: dict[str, set[Key]] = {}
        self._anywhere: list[Pattern] = []
        self._arranged: dict[tuple[frozenset[tuple[Pattern, bool]], bool], Covering] = {}
        for pattern in patterns:
            self._written[pattern.text] = pattern
            if not pattern.is_starred:
                self._plain.setdefault(pattern.pieces[0], []).append(pattern)
        # By what fewest others have: those of one file share its name.
        keys = {one: _keys(one) for one in self._written.values() if one.is_starred}
        shared = Counter(key for found in keys.values() for key in found)
        for pattern, found in keys.items():
            if found:
                rarest = min(found, key=lambda key: (shared[key], -len(key.text), key))
                self._by_key.setdefault(rarest, []).append(pattern)
            else:
                self._anywhere.append(pattern)
        self._lengths = sorted(
            {(one.more_before, one.more_after, len(one.text)) for one in self._by_key}
        )

    def matching(self, *nodeids: str) -> Covering:
        """Return the patterns that match a test by any of its node ids.

        One that is written like the node id is that test's own, whatever its stars stand for.
        """
        own = tuple(self._written[nodeid] for nodeid in nodeids if nodeid in self._written)
        places = {nodeid: Place.of(nodeid) for nodeid in nodeids}
        plain: dict[Pattern, bool] = {}
        starred: dict[Pattern, bool] = {}
        for nodeid, place in places.items():
            plain.update(self._named(nodeid, place))
            starred.update(self._fitting(nodeid, place))
        for pattern in own:
            (starred if pattern.is_starred else plain).pop(pattern, None)
        with_parameters = any(place.parameters for place in places.values())
        # Many tests have the same ones with stars.
        key = frozenset(starred.items()), with_parameters
        found = self._arranged.get(key)
        if found is None:
            found = self._arranged[key] = arranged(starred, with_parameters)
        if not (own or plain):
            return found
        return replace(
            found,
            patterns=(*own, *among(found.patterns, plain, with_parameters)),
            own=own,
        )

    def _named(self, nodeid: str, place: Place) -> Iterator[tuple[Pattern, bool]]:
        """Yield the patterns without stars that cover a test, and of each what `Pattern.whole_at` tells."""
        for part in _beginnings(nodeid):
            for pattern in self._plain.get(part, ()):
                yield pattern, len(part) >= len(place.head)

    def _fitting(self, nodeid: str, place: Place) -> Iterator[tuple[Pattern, bool]]:
        """Yield the patterns with stars that cover a test, and of each what `Pattern.whole_at` tells."""
        if self._by_key or self._anywhere:
            keys = self._keys_of(nodeid, place)
            for listed in (self._anywhere, *map(self._by_key.__getitem__, keys)):
                for pattern in listed:
                    whole = pattern.whole_at(place)
                    if whole is not None:
                        yield pattern, whole

    def _keys_of(self, nodeid: str, place: Place) -> set[Key]:
        """Return the keys that a node id has; many share its path."""
        if place.path not in self._by_path:
            self._by_path[place.path] = self._keys_in(place.path)
        return self._by_path[place.path] | self._keys_in(nodeid[len(place.path) :])

    def _keys_in(self, text: str) -> set[Key]:
        words = set(WORD.findall(text))
        return {
            key
            for more_before, more_after, length in self._lengths
            for word in words
            if length <= len(word)
            for cut in _cuts(word, more_before, more_after, length)
            if (key := Key(more_before, more_after, cut)) in self._by_key
        }


def _cuts(word: str, more_before: bool, more_after: bool, length: int) -> Sequence[str]:
    """Return the parts of a word of a length that stand where the ends allow it."""
    if more_before and more_after:
        return [word[start : start + length] for start in range(len(word) - length + 1)]
    if more_before:
        return [word[-length:]]
    return [word[:length]] if more_after or len(word) == length else []


def _beginnings(nodeid: str) -> Iterator[str]:
    """Yield the parts of a node id that a pattern without stars can name, the whole one included."""
    path, names, rest = nodeid.partition("::")
    at = path.find("/")
    while at != -1:
        yield path[:at]
        at = path.find("/", at + 1)
    yield path
    if names:
        start = len(path) + 2
        function = len(path) + 2 + len(rest.partition("[")[0])
        at = nodeid.find("::", start, function)
        while at != -1:
            yield nodeid[:at]
            at = nodeid.find("::", at + 2, function)
        yield nodeid[:function]
        if function < len(nodeid):
            yield nodeid


def _keys(pattern: Pattern) -> list[Key]:
    """Return what every node id that a pattern matches has in its words."""
    pieces = pattern.pieces
    return [
        Key(
            more_before=number > 0 and word.start() == 0,
            more_after=number < len(pieces) - 1 and word.end() == len(piece),
            text=word[0],
        )
        for number, piece in enumerate(pieces)
        for word in WORD.finditer(piece)
    ]
