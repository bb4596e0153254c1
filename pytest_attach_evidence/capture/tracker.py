"""Remembers which windows and pages the fixtures gave to the running test, without touching the fixtures."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from types import FunctionType
from types import MethodType
from typing import Any
from typing import NamedTuple

import pytest

from . import tools
from .picture import CaptureError
from .timers import RAISED


Fixture = pytest.FixtureDef[Any]
Named = tuple[str, object]
Step = str | Fixture | tuple[Fixture]
KNOWN = "_fixture_defs"
"""Where pytest keeps what an item has asked for."""
NOTHING = weakref.WeakSet[object]()


class Tracker:
    """Knows the windows and pages which are open for an item.

    Finds what `item.funcargs` does not show: browsers open when a setup fails, asked for with
    `getfixturevalue`, of unittest classes, inside other fixtures, overridden ones. What an item asks pytest
    for is traced; what it is, is looked at when a picture is wanted, so a passing test costs next to
    nothing; a fixture that ended gives nothing any more. Never changes a fixture's result, never raises.
    """

    def __init__(self) -> None:
        self._trace: list[Step] = []
        self._alive: dict[Fixture, _Turn] = {}
        self._open_before = NOTHING

    def begin(self, item: pytest.Item) -> None:
        """Begin an attempt of an item: trace what it will ask for, and note what is open already."""
        with suppress(Exception):
            self._remember()
            request = getattr(item, "_request", None)
            if type(known := getattr(request, KNOWN, None)) is dict:
                traced = _Known(known)
                setattr(request, KNOWN, traced)
                self._trace = traced.trace
        if tools.any_imported():
            with suppress(Exception):
                opened = tools.open_now(on_screen=False)
                self._open_before = weakref.WeakSet(opened) if opened else NOTHING

    def _remember(self) -> None:
        """Forget the fixtures that ended; remember what those asked for that outlived the last item."""
        for one, turn in self._alive.items():
            if not turn.goes_on(one):
                self._alive = {one: turn for one, turn in self._alive.items() if turn.goes_on(one)}
                break
        trace, self._trace = self._trace, []
        new = [
            step[0]
            for step in trace
            if type(step) is tuple and step[0].cached_result and step[0] not in self._alive
        ]
        if new:
            asked = _asked_by_each(trace)  # they will not ask again
            for one in new:
                self._alive[one] = _Turn(one.cached_result, asked.get(one, []))

    def open_for(self, item: pytest.Item) -> list[Named]:
        """Return what is open for an item as (fixture or attribute name, driver, page, window or figure).

        Each once: first what fixtures gave themselves, then what they hold, in the order they were made; a
        context as its open pages, a name that is there already with a number. Fixtures of wider scopes
        count for the items that use them, also where they stand behind others. Also looks at the
        attributes of a test class's instance, at the windows on Qt's screen and at the figures that
        pyplot opened during the attempt. What only a browser or the screen lists is left out where a
        fixture gave it that the item does not use: it is another item's. What cannot be looked through
        stands there as a CaptureError that says why.
        """
        if not tools.any_imported():
            return []
        used = self._used_by(item)
        given = [*_given_by_all(used), *_looked_through("self", lambda: _attributes(item))]
        themselves = {(fixture.argname, id(_value_of(fixture))) for fixture in used}
        given.sort(key=lambda one: _distance(one, (one[0], id(one[1])) in themselves))
        own_names = {id(subject): name for name, subject in reversed(given)}
        every = [(name, page) for name, subject in given for page in _shown(subject)]
        every += [("window", window) for window in tools.open_now(on_screen=True)]
        every += [
            ("figure", figure)
            for figure in tools.open_now(on_screen=False)
            if figure not in self._open_before
        ]
        own = _given_themselves(given)
        if any(id(page) not in own for _, page in every):
            rest = [one for one in self._alive if one not in used]
            others = _given_themselves(_given_by_all(rest))
            every = [one for one in every if id(one[1]) in own or id(one[1]) not in others]
        once: dict[int, Named] = {}
        for name, page in every:
            once.setdefault(id(page), (own_names.get(id(page), name), page))
        return _numbered(list(once.values()))

    def _used_by(self, item: pytest.Item) -> list[Fixture]:
        """Return the fixtures that an item uses, each after what it asked for."""
        used: dict[Fixture, None] = {}
        seen: set[Fixture] = set()

        def add(fixture: Fixture) -> None:
            if fixture not in seen:
                seen.add(fixture)
                turn = self._alive.get(fixture)
                for asked in turn.asked if turn and turn.goes_on(fixture) else ():
                    add(asked)
                used[fixture] = None

        known = getattr(getattr(item, "_request", None), KNOWN, {})
        steps = known.trace if isinstance(known, _Known) else [(one,) for one in known.values()]
        for step in steps:
            if type(step) is tuple:
                add(step[0])
        return list(used)


class _Known(dict[str, Fixture]):
    """What each name stands for that an item has asked for, as pytest keeps it, and a trace of all steps.

    A step is a name where it is not known yet, a fixture where it is, and a tuple of a fixture when it is
    ready, also one that was there before this item: so there are both, where one overrides another.
    """

    __slots__ = ("trace",)

    def __init__(self, known: dict[str, Fixture]) -> None:
        super().__init__(known)
        self.trace: list[Step] = [(fixture,) for fixture in known.values()]

    def get(self, name: str, default: Any = None) -> Any:
        found = dict.get(self, name, default)
        self.trace.append(name if found is None else found)
        return found

    def __setitem__(self, name: str, fixture: Fixture) -> None:
        dict.__setitem__(self, name, fixture)
        if fixture is not None:  # as pytest-bdd puts back what was not there
            self.trace.append((fixture,))


class _Turn(NamedTuple):
    """From a fixture's setup to its end: its result, and what it asked for."""

    result: object
    asked: list[Fixture]

    def goes_on(self, fixture: Fixture) -> bool:
        """Tell whether the fixture has not ended since."""
        return fixture.cached_result is self.result


def _asked_by_each(trace: list[Step]) -> dict[Fixture, list[Fixture]]:
    """Return what each fixture asked for between the step to its name and the one when it was ready."""
    asked: dict[Fixture, list[Fixture]] = {}
    begun: list[tuple[str, int]] = []
    for at, step in enumerate(trace):
        if isinstance(step, str):
            begun.append((step, at))
        elif isinstance(step, tuple):
            while begun:  # what was begun after it and is not ready has failed
                name, since = begun.pop()
                if name == step[0].argname:
                    asked[step[0]] = [
                        one[0] if isinstance(one, tuple) else one
                        for one in trace[since + 1 : at]
                        if not isinstance(one, str)
                    ]
                    break
    return asked


def _value_of(fixture: Fixture) -> object:
    """Return what a fixture gave; None where it failed, ended, or is still busy."""
    result = fixture.cached_result
    return None if result is None or result[2] is not None else result[0]


def _given_by_all(fixtures: list[Fixture]) -> list[Named]:
    return [
        found
        for fixture in fixtures
        for found in _looked_through(fixture.argname, partial(_given_by, fixture))
    ]


def _given_by(fixture: Fixture) -> list[Named]:
    return [(fixture.argname, subject) for subject in tools.found_in(_value_of(fixture))]


def _given_themselves(given: list[Named]) -> set[int]:
    """Return the ids of what is photographed of subjects, without what a browser lists."""
    subjects = [subject for _, subject in given if not tools.lists_others(subject)]
    return {id(page) for subject in subjects for page in _shown(subject)}


def _distance(named: Named, given_itself: bool) -> int:
    """Return how far a name is from what it stands for: a fixture that gave it, held it, or lists all."""
    name, subject = named
    if name.startswith("_"):  # another plugin's own
        return 3
    return 2 if tools.lists_others(subject) else int(not given_itself)


def _attributes(item: pytest.Item) -> list[Named]:
    """Return what a test class keeps on itself: `self.driver`, or `cls.driver`."""
    instance = getattr(item, "instance", None)
    if instance is None:
        return []
    holders = [dict(vars(kind)) for kind in reversed(type(instance).__mro__)]
    merged = {
        name: v for one in (*holders, tools.attributes_of(instance)) for name, v in one.items()
    }
    held = [one for one in merged.items() if type(one[1]) not in (FunctionType, MethodType)]
    return [(name, one) for name, value in held for one in tools.found_in(value)]


def _looked_through(name: str, look: Callable[[], Iterable[Named]]) -> list[Named]:
    """Return what a look finds; where it raises, that instead: it costs no other source its pictures."""
    try:
        return list(look())
    except pytest.exit.Exception:
        raise
    except RAISED as error:
        return [(name, tools.unseen(error))]


def _shown(subject: object) -> list[object]:
    """Return what of an object can be photographed; itself where that fails, and will say why."""
    if isinstance(subject, CaptureError):
        return [subject]
    try:
        return tools.recognised(subject)
    except pytest.exit.Exception:
        raise
    except RAISED:  # of whatever tool
        return [subject]


def _numbered(named: list[Named]) -> list[Named]:
    """Return the same, the second of a name as `name-2`."""
    seen: dict[str, int] = {}
    found = []
    for name, subject in named:
        seen[name] = seen.get(name, 0) + 1
        found.append((name if seen[name] == 1 else f"{name}-{seen[name]}", subject))
    return found
