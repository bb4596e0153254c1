"""Copy what you need of this file into the conftest.py of your project."""

from __future__ import annotations

import os
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver


# A browser fixture needs nothing special: it is found by the type of what it gives, and photographed
# when a test fails in its setup or in the test itself.
@pytest.fixture
def driver() -> Iterator[webdriver.Chrome]:
    """A Chrome for one test."""
    driver = webdriver.Chrome()
    yield driver
    driver.quit()


# What your application wrote becomes evidence of the test that failed: return pairs of a name and a
# path, bytes or text. `optionalhook` keeps this file working with `-p no:attach-evidence`.
@pytest.hookimpl(optionalhook=True)
def pytest_evidence_collect(
    item: pytest.Item, report: pytest.TestReport
) -> Iterable[tuple[str, Path | bytes | str]] | None:
    """Attach the server's log, and the settings it ran with, to a failed test."""
    if report.when != "call" or not report.failed:
        return None
    logs = [(path.name, path) for path in sorted((item.config.rootpath / "logs").glob("*.log"))]
    return [*logs, ("stage.txt", os.environ.get("STAGE", "local"))]


# Targets can come from your own rule instead of from marks: here, from the first letters of a test's
# name, so that test_tc12_login goes to the Squash TM test case TC-12. Marks at the test are nearer.
@pytest.hookimpl(optionalhook=True)
def pytest_evidence_targets(item: pytest.Item) -> dict[str, str | list[str]] | None:
    """Return the targets of a test as destination and target text, or None."""
    number = item.name.removeprefix("test_").partition("_")[0]
    if not number.startswith("tc") or not number[2:].isdecimal():
        return None
    return {"squash": f"TC-{number[2:]}"}
