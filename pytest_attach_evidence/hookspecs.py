"""The hooks that other plugins and conftest files may implement.

Implement them with `@pytest.hookimpl(optionalhook=True)`, so that `-p no:attach-evidence` still works.
An exception in `collect` or `delivered`, `pytest.skip` and the like included, is reported in the summary
and changes no test's outcome; one in `targets`, `redact` or `destinations` is an error of the
configuration, told before the first test.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

import pytest

from .content import Source
from .destinations.base import Factory


Collected = tuple[str, Source | str] | tuple[str, Source | str, Mapping[str, str]]


@pytest.hookspec
def pytest_evidence_collect(
    item: pytest.Item, report: pytest.TestReport
) -> Iterable[Collected] | None:
    """Collect further evidence of a test.

    Called after each phase (setup, call, teardown), while the test's fixtures are alive for setup and
    call. Return pairs of a name and what to attach: bytes, a path, an open file, or text. A third
    element may be a dictionary with `kind`, `media_type` and `remark`, as `attach` takes them. A timer of
    pytest-timeout stands still meanwhile: limit what may hang.
    """


@pytest.hookspec
def pytest_evidence_targets(item: pytest.Item) -> Mapping[str, Any] | None:
    """Return targets of a test by destination, written as in the `evidence` marker.

    Called once after collection. Any marker is nearer than what this returns.
    """


@pytest.hookspec
def pytest_evidence_redact(config: pytest.Config) -> Iterable[str] | None:
    """Return further regular expressions that are masked in text evidence and messages.

    Called once, when pytest is configured.
    """


@pytest.hookspec
def pytest_evidence_destinations() -> Mapping[str, Factory] | None:
    """Return destinations by name: callables that build one from settings, secrets and a budget.

    Called when pytest is configured, so only in installed plugins or those named with `-p`. Such a
    plugin declares its `evidence_<name>_*` options itself and reads them with `settings.of(name)`.
    """


@pytest.hookspec
def pytest_evidence_delivered(summary: Mapping[str, Any]) -> None:
    """Learn what became of the evidence, at the end of the session, before the summary is printed.

    `summary` holds the numbers of the last line (`pieces`, `delivered`, …), `run` and `next`.
    """
