"""Recognises browsers among any objects by their type alone, without importing or asking anything."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import islice
from types import FunctionType
from types import ModuleType
from typing import Any
from typing import Literal
from typing import cast


Kind = Literal["driver", "page", "context"]

# A browser can only exist where its module was imported. Appium's drivers are Selenium's.
CLASSES: tuple[tuple[Kind, str, str], ...] = (
    ("driver", "selenium.webdriver.remote.webdriver", "WebDriver"),
    ("page", "playwright.sync_api", "Page"),
    ("context", "playwright.sync_api", "BrowserContext"),
)
MOST_INSIDE = 50


def any_imported() -> bool:
    """Tell whether there can be a browser at all; costs two look-ups."""
    modules = sys.modules
    return "selenium.webdriver.remote.webdriver" in modules or "playwright.sync_api" in modules


def kind_of(subject: object) -> Kind | None:
    """Return what a browser is: a Selenium driver, a Playwright page or context; None for the rest.

    Only the real type counts: an object that answers to every attribute, a mock or a lazy proxy is
    not mistaken for a browser, and nothing of it runs.
    """
    for kind, module, name in CLASSES:
        known = getattr(sys.modules.get(module), name, None)
        if isinstance(known, type) and issubclass(type(subject), known):
            return kind
    return None


def is_browser(subject: object) -> bool:
    """Tell whether `screenshot` can photograph the object: Selenium, or Playwright's sync API."""
    return kind_of(subject) is not None


def pages(subject: object) -> list[object]:
    """Return what can be photographed: a context's open pages, a page or driver itself, else nothing."""
    kind = kind_of(subject)
    if kind == "context":
        return list(cast(Any, subject).pages)
    return [] if kind is None else [subject]


def found_in(subject: object) -> list[object]:
    """Return the browsers that an object is or holds, one level deep.

    Looks into lists, tuples, sets, the values of a dict and the attributes of a plain object. Never
    calls a property or any other code of an unknown object.
    """
    if is_browser(subject):
        return [subject]
    return [inner for inner in islice(_inside(subject), MOST_INSIDE) if is_browser(inner)]


def _inside(subject: object) -> Iterable[object]:
    if issubclass(type(subject), (list, tuple, set, frozenset)):
        return cast(Iterable[object], subject)
    if issubclass(type(subject), dict):
        return dict.values(cast(dict[object, object], subject))
    if issubclass(type(subject), (type, ModuleType, FunctionType)):
        return ()
    try:
        attributes = object.__getattribute__(subject, "__dict__")
    except AttributeError:
        return ()
    return list(attributes.values()) if type(attributes) is dict else ()
