"""Remembers which browsers the fixtures gave to the running test, without touching the fixtures."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from .browsers import any_imported
from .browsers import found_in
from .browsers import is_browser
from .browsers import pages


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """A browser that a fixture gave, and the node id of the item that ran while it was made."""

    fixture: str
    browser: object
    nodeid: str


class Tracker:
    """A pytest plugin that knows the browsers which are open for an item.

    Looks at what each fixture returned, so it finds what `item.funcargs` does not show: browsers open
    when a setup fails, asked for with `getfixturevalue`, of unittest classes, inside other fixtures.
    Forgets a browser before its fixture ends it. Never changes a fixture's result, never raises.
    """

    def __init__(self) -> None:
        self._alive: list[Given] = []
        self._nodeid = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Note which item runs."""
        self._nodeid = item.nodeid
        try:
            return (yield)
        finally:
            self._nodeid = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """Look at what a fixture returned."""
        result = yield
        if any_imported():
            with suppress(Exception):  # a fixture's result is never changed by us
                self._look(fixturedef, result)
        return result

    def browsers(self, item: pytest.Item) -> list[tuple[str, object]]:
        """Return the browsers open for an item as (fixture or attribute name, driver or page).

        In the order they were made, each once, a context as its open pages. Fixtures of wider scopes
        count for the items that use them. Also looks at the attributes of a test class's instance.
        """
        if not any_imported():
            return []
        try:
            given = [*self._given_to(item), *_attributes(item)]
            own_names = {id(browser): name for name, browser in reversed(given)}
            every = [(name, page) for name, browser in given for page in pages(browser)]
            once = {id(page): (own_names.get(id(page), name), page) for name, page in every}
        except Exception:  # noqa: BLE001  no picture is better than a broken run
            return []
        return list(once.values())

    def _look(self, fixturedef: pytest.FixtureDef[Any], result: object) -> None:
        for browser in found_in(result):
            given = Given(fixture=fixturedef.argname, browser=browser, nodeid=self._nodeid)
            # Added after the fixture ran, so this finaliser runs before the fixture's own.
            fixturedef.addfinalizer(partial(self._forget, given))
            self._alive.append(given)

    def _forget(self, given: Given) -> None:
        self._alive = [other for other in self._alive if other is not given]

    def _given_to(self, item: pytest.Item) -> list[tuple[str, object]]:
        # Both lists are needed: the second knows what was asked for while the test ran.
        request = getattr(item, "_request", None)
        used = {*getattr(item, "fixturenames", ()), *getattr(request, "fixturenames", ())}
        return [
            (given.fixture, given.browser)
            for given in self._alive
            if given.fixture in used or given.nodeid == item.nodeid
        ]


def _attributes(item: pytest.Item) -> list[tuple[str, object]]:
    """Return the browsers a test class keeps on itself: `self.driver`, or `cls.driver`."""
    instance = getattr(item, "instance", None)
    if instance is None:
        return []
    holders = [*reversed(type(instance).__mro__), instance]
    merged = {name: value for holder in holders for name, value in vars(holder).items()}
    return [(name, value) for name, value in merged.items() if is_browser(value)]
