"""Patterns of node ids: what they match, which is more specific, and a quick way to find them. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


STARS = re.compile(r"\*+")
WORD = re.compile(r"\w+")
Rank = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Pattern:
    """A pattern of node ids, which covers everything below what it names, as on pytest's command line.

    `*` stands for any part of one name, `**` for any number of names; in brackets both stand for anything.
    Of two that match a test the one with the smaller `rank` is more specific: it names the parameters, or
    more of class and function, a file, a deeper folder, or it has no star. Among equals `order` is by the
    letters that are no stars.
    """

    text: str
    rank: Rank
    order: Rank

    @classmethod
    def of(cls, text: str) -> Pattern:
        """Read a pattern."""
        path, names, rest = text.partition("::")
        parameters = "[" in rest
        stars = STARS.findall(text)
        rank = (
            -int(parameters),
            -(rest.partition("[")[0].count("::") + 1 if names else 0),
            -int(path.endswith(".py")),
            -path.rstrip("/").count("/"),
            int(bool(stars)),
        )
        letters = len(text) - sum(map(len, stars))
        order = (*rank, -letters, sum(map(len, stars)))
        return cls(text, rank, order)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        # Most patterns have no star and are never asked.
        return re.compile(_regex(self.text), re.DOTALL)

    def matches(self, nodeid: str) -> bool:
        """Tell whether the pattern covers a test."""
        return self._regex.match(nodeid) is not None

    def covers(self, other: Pattern) -> bool:
        """Tell whether this is surely wider than another one: every test of that is one of its own."""
        return self.matches(other.text)


def _regex(text: str) -> str:
    """Return a pattern as a regular expression for the beginning of a node id."""
    parts = []
    text = text.rstrip("/") if "::" not in text else text
    end = 0
    for found in STARS.finditer(text):
        before = text[: found.start()]
        parts.append(re.escape(text[end : found.start()]))
        end = found.end()
        within = "::" in before and "[" in before.partition("::")[2]
        if len(found[0]) > 1 and text[end : end + 1] == "/":
            parts.append("(?:.*/)?")
            end += 1
        elif len(found[0]) > 1 or within:
            parts.append(".*")
        else:
            parts.append(r"[^:\[]*" if "::" in before else "[^/:]*")
    parts.append(re.escape(text[end:]))
    ends = r"\Z|::|\[" if "::" in text else r"\Z|/|::"
    ends = r"\Z" if "::" in text and text.endswith("]") else ends
    return f"{''.join(parts)}(?:{ends})"


class Index:
    """Finds the patterns that match a node id, without trying each of them."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._exact: dict[str, list[Pattern]] = {}
        self._by_word: dict[str, list[Pattern]] = {}
        self._anywhere: list[Pattern] = []
        starred = []
        for pattern in patterns:
            if STARS.search(pattern.text):
                starred.append((pattern, _whole_words(pattern.text)))
            else:
                self._exact.setdefault(pattern.text.rstrip("/"), []).append(pattern)
        # By the word that fewest others have: those of one file share its name.
        shared = Counter(word for _, words in starred for word in words)
        for pattern, words in starred:
            if words:
                rarest = min(words, key=lambda word: (shared[word], -len(word), word))
                self._by_word.setdefault(rarest, []).append(pattern)
            else:
                self._anywhere.append(pattern)

    def matching(self, nodeid: str) -> list[Pattern]:
        """Return the patterns that match a node id, the most specific first."""
        exact = self._exact
        found = [one for part in _beginnings(nodeid) if part in exact for one in exact[part]]
        if self._by_word:
            for word in set(WORD.findall(nodeid)) & self._by_word.keys():
                found += [one for one in self._by_word[word] if one.matches(nodeid)]
        found += [one for one in self._anywhere if one.matches(nodeid)]
        found.sort(key=_order)
        return found


def _order(pattern: Pattern) -> Rank:
    return pattern.order


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


def _whole_words(text: str) -> Sequence[str]:
    """Return the words of a pattern that every node id it matches has as a whole."""
    found = []
    pieces = STARS.split(text)
    for number, piece in enumerate(pieces):
        for word in WORD.finditer(piece):
            cut_before = number > 0 and word.start() == 0
            cut_after = number < len(pieces) - 1 and word.end() == len(piece)
            if not cut_before and not cut_after:
                found.append(word[0])
    return found
