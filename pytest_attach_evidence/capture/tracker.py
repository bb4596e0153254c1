"""Remembers which windows and pages the fixtures gave to the running test, without touching the fixtures."""

from __future__ import annotations

import weakref
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from . import playwright_async
from . import playwright_events
from . import playwright_page
from . import tools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """What a fixture gave that can be photographed, and the node id of the item that ran meanwhile.

    `context` is the one of Playwright that is listened to because of it.
    """

    fixture: str
    subject: object
    nodeid: str
    context: object = None


class Tracker:
    """A pytest plugin that knows the windows and pages which are open for an item.

    Looks at what each fixture returned, so it finds what `item.funcargs` does not show: browsers open
    when a setup fails, asked for with `getfixturevalue`, of unittest classes, inside other fixtures.
    Forgets a browser before its fixture ends it. Never changes a fixture's result, never raises.

    `listening`: note what Playwright's pages say on their consoles and fail to load.
    """

    def __init__(self, *, listening: bool = False) -> None:
        self._listening = listening
        self._alive: list[Given] = []
        self._nodeid = ""
        self._open_before: weakref.WeakSet[object] = weakref.WeakSet()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Note which item runs."""
        self._nodeid = item.nodeid
        if tools.any_imported():
            with suppress(Exception):
                self._open_before = weakref.WeakSet(tools.open_now(on_screen=False))
        try:
            return (yield)
        finally:
            self._nodeid = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """Look at what a fixture returned."""
        result = yield
        if tools.any_imported():
            with suppress(Exception):  # a fixture's result is never changed by us
                self._look(fixturedef, result)
        return result

    def begin(self) -> None:
        """Begin an attempt: what pages said before does not belong to it."""
        if self._listening:
            playwright_events.forget_all()

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

    def _look(self, fixturedef: pytest.FixtureDef[Any], result: object) -> None:
        for subject in tools.found_in(result):
            given = Given(
                fixture=fixturedef.argname,
                subject=subject,
                nodeid=self._nodeid,
                context=self._heard(subject),
            )
            # Added after the fixture ran, so this finaliser runs before the fixture's own.
            fixturedef.addfinalizer(partial(self._forget, given))
            self._alive.append(given)

    def _heard(self, subject: object) -> object:
        """Begin to listen where that is wanted and possible; return the context."""
        if self._listening and tools.tool_of(subject) in (playwright_page, playwright_async):
            with suppress(Exception):
                return playwright_events.listen(subject)
        return None

    def _forget(self, given: Given) -> None:
        self._alive = [other for other in self._alive if other is not given]
        contexts = [other.context for other in self._alive]
        if given.context is not None and given.context not in contexts:
            playwright_events.stop(given.context)

    def _given_to(self, item: pytest.Item) -> list[tuple[str, object]]:
        # Both lists are needed: the second knows what was asked for while the test ran.
        request = getattr(item, "_request", None)
        used = {*getattr(item, "fixturenames", ()), *getattr(request, "fixturenames", ())}
        return [
            (given.fixture, given.subject)
            for given in self._alive
            if given.fixture in used or given.nodeid == item.nodeid
        ]


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
