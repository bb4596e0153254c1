"""Reads the `evidence` marks of a pytest item, level by level, the nearest first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import pytest

from .targets import Mark


NAME = "evidence"
LONG = 100
DESCRIPTION = (
    "evidence(*aliases, when=None, **targets): where the evidence of the test goes, such as "
    'squash="TC-12", workiva="form/phase"; None drops what is farther away; '
    'when="failed" keeps it only then'
)


def levels_of(item: pytest.Item) -> list[list[Mark]]:
    """Return the marks of parameter, function, each class with its bases, module, and what is beyond.

    `iter_markers` gives another order: a function's marks before its parameter's, a base class's
    before its subclass's.
    """
    levels = _own_levels(item)
    for node in reversed(item.listchain()[:-1]):
        if isinstance(node, pytest.Class):
            levels += _class_levels(node)
        else:
            levels.append(list(node.own_markers))
    return [[Mark(m.args, m.kwargs) for m in level if m.name == NAME] for level in levels]


def names_of(item: pytest.Item) -> list[str]:
    """Return the node ids of an item: pytest's own, and those that another version of it would give.

    From 9.2 on pytest names a text of more than 100 characters by its argument and its number (or, where it
    is told so, by its hash); before it took the text itself.
    """
    callspec = getattr(item, "callspec", None)
    values = getattr(callspec, "params", {}).items()
    long = {name: v for name, v in values if isinstance(v, str | bytes) and len(v) > LONG}
    if not long:
        return [item.nodeid]
    start, bracket, id = item.nodeid.partition("[")
    numbers = getattr(callspec, "indices", {})
    other = [id, id, id]
    for name, value in long.items():
        of_value = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        ways = (_escaped(value), f"{name}{numbers.get(name, 0)}", sha256(of_value).hexdigest())
        way = next((one for one in ways if re.search(_token(one), id)), None)
        if way is not None:  # else somebody named it
            other = [_replaced(way, new, old) for new, old in zip(ways, other, strict=True)]
    return list(dict.fromkeys((item.nodeid, *(start + bracket + one for one in other))))


def _replaced(part: str, new: str, id: str) -> str:
    return re.sub(_token(part), lambda _: new, id, count=1)


def _token(text: str) -> str:
    """Return an expression for a text that is a whole part of an id in brackets."""
    return rf"(?:(?<=^)|(?<=-)){re.escape(text)}(?=[-\]])"


def _escaped(value: str | bytes) -> str:
    """Return a parameter as pytest writes it in an id."""
    if isinstance(value, bytes):
        return value.decode("ascii", "backslashreplace")
    return value.encode("unicode_escape").decode("ascii")


def number_of(item: pytest.Item) -> int:
    """Return how many evidence marks hold for an item now."""
    return sum(1 for _ in item.iter_markers(NAME))


def _own_levels(item: pytest.Item) -> list[list[pytest.Mark]]:
    """Return the marks of `pytest.param(marks=…)`, then those of the function itself."""
    callspec = getattr(item, "callspec", None)
    of_parameter = list(getattr(callspec, "marks", ()))
    return [of_parameter, _without(item.own_markers, of_parameter)]


def _class_levels(node: pytest.Class) -> list[list[pytest.Mark]]:
    """Return the marks of a class, with those added while collecting, then of each base class."""
    classes = getattr(node.obj, "__mro__", ())
    levels = [_marks_in(one.__dict__.get("pytestmark", ())) for one in classes]
    known = [mark for level in levels for mark in level]
    added = _without(node.own_markers, known)
    return [[*added, *levels[0]], *levels[1:]] if levels else [added]


def _marks_in(pytestmark: Any) -> list[pytest.Mark]:
    found = pytestmark if isinstance(pytestmark, list | tuple) else [pytestmark]
    marks = (getattr(one, "mark", one) for one in found)
    return [mark for mark in marks if isinstance(mark, pytest.Mark)]


def _without(marks: Iterable[pytest.Mark], others: Iterable[pytest.Mark]) -> list[pytest.Mark]:
    taken = [id(mark) for mark in others]
    return [mark for mark in marks if id(mark) not in taken]
