"""Remembers which windows and pages the fixtures gave to the running test, without touching the fixtures."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from types import FunctionType
from types import MethodType
from typing import Any

import pytest

from . import tools
from .picture import CaptureError
from .timers import RAISED


Fixture = pytest.FixtureDef[Any]
Named = tuple[str, object]
NOTHING = weakref.WeakSet[object]()


class Tracker:
    """A pytest plugin that knows the windows and pages which are open for an item.

    Asks pytest which fixtures the item has, so it finds what `item.funcargs` does not show: browsers open
    when a setup fails, asked for with `getfixturevalue`, of unittest classes, inside other fixtures. Only
    of wider scopes does it note more, since one item's fixture may have asked for what the next one's has
    not. What they gave is looked at when a picture is wanted, so a passing test costs next to nothing; a
    fixture that ended gives nothing any more. Never changes a fixture's result, never raises.
    """

    def __init__(self) -> None:
        self._narrow: set[Fixture] = set()
        self._wide: dict[Fixture, list[Fixture]] = {}
        self._asking: list[_Asking] = []
        self._open_before = NOTHING

    def begin(self) -> None:
        """Begin an attempt of an item: forget the fixtures that ended, and note what is open already."""
        if self._asking:
            self._settle()
        for known in self._wide:
            if known.cached_result is None:
                self._wide = {one: asked for one, asked in self._wide.items() if one.cached_result}
                break
        if tools.any_imported():
            with suppress(Exception):
                opened = tools.open_now(on_screen=False)
                self._open_before = weakref.WeakSet(opened) if opened else NOTHING

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Fixture, request: pytest.FixtureRequest) -> None:
        """Note a fixture that may outlive its item. No wrapper, and short: each fixture of a test pays."""
        if fixturedef not in self._narrow:
            self._note(fixturedef, request)

    def _note(self, fixture: Fixture, request: pytest.FixtureRequest) -> None:
        if request.scope == "function":  # a parameter may make it wider than the fixture says
            self._narrow.add(fixture)
        else:
            self._wide[fixture] = []
            self._asking.append(_Asking(fixture, _fixtures_of(request)))

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
            others = _given_themselves(_given_by_all([o for o in self._wide if o not in used]))
            every = [one for one in every if id(one[1]) in own or id(one[1]) not in others]
        once: dict[int, Named] = {}
        for name, page in every:
            once.setdefault(id(page), (own_names.get(id(page), name), page))
        return _numbered(list(once.values()))

    def _used_by(self, item: pytest.Item) -> list[Fixture]:
        """Return the fixtures that an item uses, each after what it asked for."""
        self._settle()
        used: dict[Fixture, None] = {}
        seen: set[Fixture] = set()

        def add(fixture: Fixture) -> None:
            if fixture not in seen:
                seen.add(fixture)
                for asked in (
                    *_overridden(fixture, item, self._wide),
                    *self._wide.get(fixture, ()),
                ):
                    add(asked)
                used[fixture] = None

        for fixture in _fixtures_of(getattr(item, "_request", None)).values():
            add(fixture)
        return list(used)

    def _settle(self) -> None:
        """Learn what the fixtures of wider scopes asked for, which have been set up meanwhile."""
        for asking in self._asking:
            self._wide[asking.fixture] = asking.found()
        self._asking.clear()


class _Asking:
    """A fixture at the begin of its setup; what its item has meanwhile is what it asks for.

    Not known: what it asks for by name where it overrides a fixture of its own name.
    """

    def __init__(self, fixture: Fixture, known: dict[str, Fixture]) -> None:
        self.fixture = fixture
        self._known, self._before = known, len(known)

    def found(self) -> list[Fixture]:
        """Return what it asked for; nothing where it failed."""
        if self._known.get(self.fixture.argname) is not self.fixture:
            return []
        names = list(self._known)
        meanwhile = names[self._before : names.index(self.fixture.argname)]
        return [self._known[name] for name in meanwhile]


def _overridden(fixture: Fixture, item: pytest.Item, wide: Container[Fixture]) -> list[Fixture]:
    """Return what a fixture overrides, if it asks for it: of one name, pytest's list has only the last."""
    manager = getattr(item.session, "_fixturemanager", None)
    visible = list(manager.getfixturedefs(fixture.argname, item) or ()) if manager else []
    below = visible[: visible.index(fixture)] if fixture in visible else []
    # A narrow one is there for this item only, so somebody asked for it.
    asked = below and (below[-1] not in wide or _asks_for_its_name(fixture, item))
    return below[-1:] if asked else []


def _asks_for_its_name(fixture: Fixture, item: pytest.Item) -> bool:
    """Tell whether a fixture has an argument of its own name, or what it asks for has."""
    known = _fixtures_of(getattr(item, "_request", None))
    names, seen = [*fixture.argnames], {""}
    while names:
        name = names.pop()
        if name == fixture.argname:
            return True
        if name in known and name not in seen:
            seen.add(name)
            names += known[name].argnames
    return False


def _fixtures_of(request: object) -> dict[str, Fixture]:
    """Return what each name stands for that the item of a request has asked for: not for all the same."""
    return getattr(request, "_fixture_defs", {})


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
