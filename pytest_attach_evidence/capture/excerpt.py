"""The beginning and the end of a long text, cut where no secret is cut in two, made harmless to show."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Sequence


# Sequences of terminals: colours and cursors, titles and links, character sets, single escapes.
ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)|[ -/][0-~]|[@-Z\\^_`-~])"
)
# What a terminal or an editor may obey, or show as something else than it is.
CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
WINDOW = 64 * 1024
LINE = 1024

Border = Callable[[bytes, int], tuple[int, int]]
"""Tells where bytes may be cut near a place: before it and behind it, without cutting a secret in two."""


def harmless(text: str) -> str:
    """Return text without terminal sequences; what remains of control characters is written out."""
    plain = ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return CONTROL.sub(_written_out, plain)


def excerpt(text: str, room: int, border: Border) -> str:
    """Return a text made harmless, or, where it is larger than `room` bytes, its head and its tail.

    Between them stands a line that says how much is left out. Needs memory for what it returns, however
    long the text is.
    """
    if len(text) <= room:
        shown = harmless(text)
        if _size(shown) <= room:
            return shown
    half, longest = room // 2, min(room, len(text)) // 2
    end = _fitting(longest, half, lambda n: _head_end(text, n, border), lambda at: text[:at])
    start = _fitting(longest, half, lambda n: _tail_start(text, n, border), lambda at: text[at:])
    head, tail = harmless(text[:end]), harmless(text[start:])
    head = head if head.endswith("\n") else f"{head}\n"
    return f"{head}\n[{start - end:,} of {len(text):,} characters are left out here]\n\n{tail}"


def beginning(text: str, length: int, border: Border) -> str:
    """Return the first `length` characters of a text as it is, fewer where they would end within a secret."""
    return text if len(text) <= length else text[: _moved(text, length, border)[0]]


def shares(sizes: Sequence[int], room: int) -> list[int]:
    """Divide a room: whoever needs less than an equal share gets it, the others share what is left."""
    given, left = [0] * len(sizes), room
    ranked = sorted(range(len(sizes)), key=lambda place: sizes[place])
    for rank, place in enumerate(ranked):
        given[place] = min(sizes[place], left // (len(sizes) - rank))
        left -= given[place]
    return given


def size_in(text: str, room: int) -> int:
    """Return how many bytes of a room a text needs: never counted further than the room."""
    return room if len(text) > room else min(room, max(len(text), _size(harmless(text))))


def _fitting(length: int, room: int, cut: Callable[[int], int], kept: Callable[[int], str]) -> int:
    """Return where to cut so that what is kept needs at most `room` bytes."""
    while True:
        place = cut(length)
        size = _size(harmless(kept(place)))
        if size <= room or not length:
            return place
        length = min(length - 1, length * room // size)


def _head_end(text: str, length: int, border: Border) -> int:
    """Return where a head of about `length` characters ends: behind a line if one ends near."""
    line = text.rfind("\n", max(0, length - LINE), length) + 1
    return _moved(text, line or length, border)[0]


def _tail_start(text: str, length: int, border: Border) -> int:
    """Return where a tail of about `length` characters begins."""
    place = len(text) - length
    line = text.find("\n", place, place + LINE) + 1
    return _moved(text, line or place, border)[1]


def _moved(text: str, place: int, border: Border) -> tuple[int, int]:
    """Return the places before and behind a place at which no secret is cut in two."""
    first = max(0, place - WINDOW)
    before = text[first:place].encode("utf-8", "replace")
    window = before + text[place : place + WINDOW].encode("utf-8", "replace")
    start, end = border(window, len(before))
    return first + _characters(window[:start]), first + _characters(window[:end])


def _characters(content: bytes) -> int:
    return len(content.decode("utf-8", "ignore"))


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
