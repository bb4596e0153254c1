"""Which objects of Playwright, sync and async, show pages."""

from __future__ import annotations

from typing import Any


NAMES = ("Page", "BrowserContext", "Browser")


def is_browser(subject: Any) -> bool:
    """Tell whether it is a browser: it lists contexts, which other fixtures may have given, too."""
    return hasattr(type(subject), "contexts")


def pages_of(subject: Any) -> list[object]:
    """Return the open pages of a browser or a context, or the page itself; asks nobody."""
    if is_browser(subject):
        return [page for context in subject.contexts for page in context.pages]
    return list(subject.pages) if hasattr(type(subject), "pages") else [subject]
