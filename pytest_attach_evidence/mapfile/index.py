"""A quick way to find the patterns of a node id, the most specific first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import NamedTuple

from .patterns import WORD
from .patterns import Pattern
from .patterns import Place
from .patterns import Rank


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
        self._anywhere: list[Pattern] = []
        for pattern in patterns:
            if "*" in pattern.text:
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

    def matching(self, *nodeids: str) -> list[Pattern]:
        """Return the patterns that match a test by any of its node ids, the most specific first.

        One that is written like the node id is that test's own, whatever its stars stand for.
        """
        own = self.written(*nodeids)
        found: dict[Pattern, None] = {}
        for nodeid in nodeids:
            found.update(dict.fromkeys(self._found(nodeid)))
        rest = sorted((one for one in found if one not in own), key=_order)
        return [*own, *_arranged(rest, nodeids[0])] if nodeids else []

    def written(self, *nodeids: str) -> list[Pattern]:
        """Return the patterns with a star in their text that are written like one of these node ids."""
        return [self._written[nodeid] for nodeid in nodeids if nodeid in self._written]

    def _found(self, nodeid: str) -> Iterator[Pattern]:
        for part in _beginnings(nodeid):
            yield from self._plain.get(part, ())
        if self._by_key or self._anywhere:
            place = Place.of(nodeid)
            tried = [self._anywhere, *(self._by_key[key] for key in self._keys_of(nodeid))]
            yield from (one for listed in tried for one in listed if one.matches_at(place))

    def _keys_of(self, nodeid: str) -> set[Key]:
        """Return the keys that a node id has."""
        words = set(WORD.findall(nodeid))
        return {
            key
            for more_before, more_after, length in self._lengths
            for word in words
            if length <= len(word)
            for text in _cuts(word, more_before, more_after, length)
            if (key := Key(more_before, more_after, text)) in self._by_key
        }


def _cuts(word: str, more_before: bool, more_after: bool, length: int) -> Sequence[str]:
    """Return the parts of a word of a length that stand where the ends allow it."""
    if more_before and more_after:
        return [word[start : start + length] for start in range(len(word) - length + 1)]
    if more_before:
        return [word[-length:]]
    return [word[:length]] if more_after or len(word) == length else []


def _order(pattern: Pattern) -> Rank:
    return pattern.order


def _arranged(patterns: list[Pattern], nodeid: str) -> list[Pattern]:
    """Return patterns in their order, but each one behind all that are narrower."""
    rest, found = list(patterns), []
    while rest:
        first = next((p for p in rest if not _is_wider_than_any(p, rest, nodeid)), rest[0])
        rest.remove(first)
        found.append(first)
    return found


def _is_wider_than_any(pattern: Pattern, others: Sequence[Pattern], nodeid: str) -> bool:
    # One without stars is in its place already.
    return pattern.is_starred and any(
        pattern.covers(other, nodeid) and not other.covers(pattern, nodeid)
        for other in others
        if other is not pattern
    )


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
