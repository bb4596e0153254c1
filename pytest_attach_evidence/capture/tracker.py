"""Remembers which windows and pages the fixtures gave to the running test, without touching the fixtures."""

from __future__ import annotations

import weakref
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from . import tools


class Tracker:
    """A pytest plugin that knows the windows and pages which are open for an item.

    Notes which fixtures are set up, so it finds what `item.funcargs` does not show: browsers open when a
    setup fails, asked for with `getfixturevalue`, of unittest classes, inside other fixtures. What they
    gave is looked at when a picture is wanted, so a passing test costs next to nothing; a fixture that
    ended gives nothing any more. Never changes a fixture's result, never raises.
    """

    def __init__(self) -> None:
        self._set_up: dict[pytest.FixtureDef[Any], str] = {}
        self._nodeid = ""
        self._open_before: weakref.WeakSet[object] = weakref.WeakSet()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Note which item runs, and forget the fixtures that ended."""
        self._nodeid = item.nodeid
        self._set_up = {one: by for one, by in self._set_up.items() if one.cached_result}
        if tools.any_imported():
            with suppress(Exception):
                self._open_before = weakref.WeakSet(tools.open_now(on_screen=False))
        try:
            return (yield)
        finally:
            self._nodeid = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Note a fixture and for which item it is set up."""
        self._set_up.pop(fixturedef, None)  # a new parameter is a new turn
        self._set_up[fixturedef] = self._nodeid

    def open_for(self, item: pytest.Item) -> list[tuple[str, object]]:
        """Return what is open for an item as (fixture or attribute name, driver, page, window or figure).

        In the order they were made, each once, a context as its open pages, a name that is there
        already with a number. Fixtures of wider scopes count for the items that use them. Also looks
        at the attributes of a test class's instance, at the windows on Qt's screen and at the figures
        that pyplot opened during the item. May raise what the tools raise when they list these.
        """
        if not tools.any_imported():
            return []
        given = [*self._given_to(item), *_attributes(item)]
        own_names = {id(subject): name for name, subject in reversed(given)}
        every = [(name, page) for name, subject in given for page in _shown(subject)]
        every += [("window", window) for window in tools.open_now(on_screen=True)]
        every += [
            ("figure", figure)
            for figure in tools.open_now(on_screen=False)
            if figure not in self._open_before
        ]
        once: dict[int, tuple[str, object]] = {}
        for name, page in every:
            once.setdefault(id(page), (own_names.get(id(page), name), page))
        return _numbered(list(once.values()))

    def _given_to(self, item: pytest.Item) -> list[tuple[str, object]]:
        # Both lists are needed: the second knows what was asked for while the test ran.
        request = getattr(item, "_request", None)
        used = {*getattr(item, "fixturenames", ()), *getattr(request, "fixturenames", ())}
        return [
            (fixture.argname, subject)
            for fixture, nodeid in self._set_up.items()
            if fixture.argname in used or nodeid == item.nodeid
            for subject in tools.found_in(_value_of(fixture))
        ]


def _value_of(fixture: pytest.FixtureDef[Any]) -> object:
    """Return what a fixture gave; None where it failed, ended, or is still busy."""
    result = fixture.cached_result
    return None if result is None or result[2] is not None else result[0]


def _attributes(item: pytest.Item) -> list[tuple[str, object]]:
    """Return what a test class keeps on itself: `self.driver`, or `cls.driver`."""
    instance = getattr(item, "instance", None)
    if instance is None:
        return []
    holders = [*reversed(type(instance).__mro__), instance]
    merged = {name: value for holder in holders for name, value in vars(holder).items()}
    return [(name, value) for name, value in merged.items() if tools.tool_of(value)]


def _shown(subject: object) -> list[object]:
    """Return what of an object can be photographed; itself where that fails, and will say why."""
    try:
        return tools.recognised(subject)
    except Exception:  # noqa: BLE001  of whatever tool
        return [subject]


def _numbered(named: list[tuple[str, object]]) -> list[tuple[str, object]]:
    """Return the same, the second of a name as `name-2`."""
    seen: dict[str, int] = {}
    found = []
    for name, subject in named:
        seen[name] = seen.get(name, 0) + 1
        found.append((name if seen[name] == 1 else f"{name}-{seen[name]}", subject))
    return found
