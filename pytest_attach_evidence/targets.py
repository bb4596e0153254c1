"""Which targets an item has: the levels of marks and rules, merged by pure functions."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from .errors import TargetError
from .model import Target


WHEN = ("always", "failed", "passed")
Parse = Callable[[Any], Target]


@dataclass(frozen=True, slots=True)
class Mark:
    """One `@pytest.mark.evidence(...)`, or one row of another source written like it."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


Levels = Sequence[Sequence[Mark]]
"""Marks by level, nearest first: parameter, function, class, base class, module, farther sources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the levels of an item say.

    `texts` are target texts by destination, `when` the outcome whose evidence is kept (None: not
    said), `problems` one line each, without the item's name.
    """

    texts: Mapping[str, tuple[Any, ...]]
    when: str | None = None
    problems: tuple[str, ...] = ()


def merge(levels: Levels, known: Collection[str]) -> Wanted:
    """Merge levels: within one they add up, between them the nearer replaces, per destination.

    `destination=None` drops what is farther away. `known` are the names of all destinations, enabled
    or not.
    """
    texts: dict[str, tuple[Any, ...]] = {}
    problems: list[str] = []
    when: str | None = None
    for level in filter(None, levels):
        found: dict[str, list[Any]] = {}
        for mark in level:
            problems += _aliases(mark)
            for name, value in mark.kwargs.items():
                if name == "when":
                    continue
                if name not in known:
                    problems.append(unknown_name("the evidence marker", name, [*known, "when"]))
                else:
                    found.setdefault(name, []).extend(_values(name, value, problems))
        for name, values in found.items():
            texts.setdefault(name, tuple(values))
        said = _when(level, problems)
        when = when or said
    return Wanted(texts=texts, when=when, problems=tuple(dict.fromkeys(problems)))


def parse(wanted: Wanted, parsers: Mapping[str, Parse]) -> tuple[tuple[Target, ...], list[str]]:
    """Turn the texts of the enabled destinations into targets; return them and the problems."""
    targets: dict[Target, None] = {}
    problems = list(wanted.problems)
    for name, texts in wanted.texts.items():
        if name not in parsers:
            continue
        for text in texts:
            try:
                targets[parsers[name](text)] = None
            except TargetError as error:
                problems.append(f"{name}={text!r}: {error}")
    return tuple(targets), problems


def unknown_name(where: str, name: str, known: Collection[str]) -> str:
    """Return the message about a name nobody knows, with the nearest that somebody does."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
    return f"{where} has no {name!r} - {hint}"


def alias_of(value: Any) -> str | None:
    """Return the alias that a marker names by text or a whole number; None where it is neither."""
    named = not isinstance(value, bool) and isinstance(value, str | int)
    return str(value) if named else None


def no_alias(value: Any) -> str:
    """Return the message about what a marker has in place of an alias."""
    hint = "write text, one alias after the other, or destination=target"
    return f"the evidence marker has {value!r:.80}, which is no alias - {hint}"


def _aliases(mark: Mark) -> list[str]:
    return [
        f"the alias {alias!r} is in no map file - set evidence_map, or write destination=target"
        if alias_of(alias) is not None
        else no_alias(alias)
        for alias in mark.args
    ]


def _values(name: str, value: Any, problems: list[str]) -> list[Any]:
    """Return the target texts of one keyword; None gives none, which drops what is farther."""
    values = list(value) if isinstance(value, list | tuple) else [] if value is None else [value]
    good = []
    for one in values:
        if isinstance(one, bool) or not isinstance(one, str | int) or one == "":
            problems.append(
                f"{name}={one!r} is no target - write text, a whole number, or a list of them"
            )
        else:
            good.append(one)
    return good


def _when(level: Sequence[Mark], problems: list[str]) -> str | None:
    said = [mark.kwargs["when"] for mark in level if "when" in mark.kwargs]
    if not said:
        return None
    wrong = [value for value in said if value not in WHEN]
    problems += [f"when={value!r} is none of {', '.join(WHEN)} - choose one" for value in wrong]
    if len(set(map(str, said))) > 1:
        problems.append(f"when= is {' and '.join(map(repr, said))} at the same place - keep one")
    return said[0] if said[0] in WHEN else None
