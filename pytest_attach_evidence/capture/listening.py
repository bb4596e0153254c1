"""Listens to Playwright's pages from the moment a fixture gave them, only where `evidence_page` is set."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from . import playwright_async
from . import playwright_events
from . import playwright_objects
from . import playwright_page
from . import tools
from .excerpt import Border


class Listening:
    """A pytest plugin that has the contexts and pages that fixtures give listened to, until these end.

    `asked` is what for: `console`, `network`; `border` tells where long lines may be cut. Never changes a
    fixture's result, never raises.
    """

    def __init__(self, asked: Collection[str], border: Border) -> None:
        self._asked, self._border = asked, border

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """Look at what a fixture returned."""
        result = yield
        with suppress(Exception):
            for subject in tools.found_in(result, deep=1):
                known = tools.tool_of(subject) in (playwright_page, playwright_async)
                if known and not playwright_objects.is_browser(subject):
                    self._listen(fixturedef, subject)
        return result

    def _listen(self, fixturedef: pytest.FixtureDef[Any], subject: object) -> None:
        if end := playwright_events.listen(subject, self._asked, self._border):
            # Added after the fixture ran, so this finaliser runs before the fixture's own.
            fixturedef.addfinalizer(end)
