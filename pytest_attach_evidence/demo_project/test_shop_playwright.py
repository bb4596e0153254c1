"""The shop through Playwright: a refused log-in, and the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_attach_evidence import Recorder


if TYPE_CHECKING:
    from playwright.sync_api import Page

# Marks of a module hold for all its tests; those of a test add other destinations or replace these.
pytestmark = pytest.mark.evidence(workiva="f1/p1")


@pytest.mark.evidence(squash="TC-2", rillsoft="4713")
def test_wrong_password_is_refused(page: Page, evidence: Recorder) -> None:
    """A wrong password is refused, and the message does not say which part was wrong."""
    page.fill("#user", "ada")
    page.fill("#password", "coffee-time")
    page.click("#login button")
    evidence.screenshot(page, name="refused")

    assert page.inner_text("#message") == "Name or password is wrong."
    assert page.inner_text("#customer") == "Not logged in"


@pytest.mark.evidence(squash="TC-12", workiva=None)
def test_search(page: Page, evidence: Recorder) -> None:
    """The search leaves what matches. `workiva=None` drops the target of the module."""
    page.fill("#search", "tea")
    evidence.json(page.locator("#shelf li").all_inner_texts(), name="found.json")

    assert page.locator("#shelf li").count() == 2
