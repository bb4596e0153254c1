"""The steps of pytest-bdd as steps of the test: what is attached meanwhile belongs to them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from contextlib import suppress
from typing import Any

import pytest

from .. import collection


class BddSteps:
    """A pytest plugin that begins and ends a step with each one of a scenario. Never raises."""

    def __init__(self) -> None:
        self._step: AbstractContextManager[None] | None = None

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_bdd_before_step(self, step: Any) -> None:
        """Begin a step."""
        with suppress(Exception):
            self._end(None)
            self._step = collection.current().step(f"{step.keyword} {step.name}")
            self._step.__enter__()

    @pytest.hookimpl(optionalhook=True, trylast=True)
    def pytest_bdd_after_step(self) -> None:
        """End a step that passed."""
        self._end(None)

    @pytest.hookimpl(optionalhook=True, trylast=True)
    def pytest_bdd_step_error(self, exception: Exception) -> None:
        """End a step that failed."""
        self._end(exception)

    def _end(self, error: Exception | None) -> None:
        step, self._step = self._step, None
        if step is not None:
            with suppress(Exception):
                step.__exit__(type(error) if error else None, error, None)
