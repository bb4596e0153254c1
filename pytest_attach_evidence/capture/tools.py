"""The tools whose windows and pages are photographed: one module each, found by the type of an object.

Every module has the same parts in the same order: `CLASSES` (module and name of the types it knows),
`ON_SCREEN`, `recognise`, `open_now`, `picture`; where there are pages, also `known` and `facts`. A tool is
looked for only where its user imported it, and never imported by us.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from types import FunctionType
from types import MemberDescriptorType
from types import MethodType
from types import ModuleType
from typing import Any
from typing import Protocol

import pytest

from . import matplotlib_figure
from . import playwright_async
from . import playwright_objects
from . import playwright_page
from . import qt_window
from . import selenium_driver
from .picture import CaptureError
from .picture import Fact
from .picture import Screenshot
from .timers import RAISED


MOST_INSIDE = 500
DEEPEST = 3


class Tool(Protocol):
    """What the module of a tool offers."""

    CLASSES: tuple[tuple[str, str], ...]
    ON_SCREEN: bool
    """Whether all that is open counts for every item (a screen), or only what was opened during it."""

    def recognise(self, subject: Any) -> list[object]:
        """Return what of an object of these classes can be photographed: itself, its open pages."""

    def open_now(self) -> list[object]:
        """Return what is open in this process, whoever made it; only where the tool keeps a list."""

    def picture(self, subject: Any, deadline: float) -> Screenshot:
        """Photograph what was recognised, until the deadline on the monotonic clock.

        Raises CaptureError, or whatever the tool raises.
        """


class PageTool(Tool, Protocol):
    """What the module of a tool offers whose pages tell more than a picture shows."""

    def known(self, page: Any) -> list[Fact]:
        """Return what is known here of a page, whatever became of it: it is not asked."""

    def facts(self, page: Any, deadline: float, *, once: bool) -> list[Fact]:
        """Return what a page tells beside its picture, under the same conditions.

        What can be read only `once` is left to the test where that is false.
        """


PAGES: tuple[PageTool, ...] = (selenium_driver, playwright_page, playwright_async)
TOOLS: tuple[Tool, ...] = (*PAGES, qt_window, matplotlib_figure)
LEAVES = frozenset({str, bytes, int, float, bool, type(None), ModuleType, type})
OPAQUE = frozenset({"_pytest", "playwright", "unittest"})
"""Packages whose own objects are not looked into: they lead to what belongs to other tests."""
CONTAINERS = (list, tuple, set, frozenset, deque)


class _Imported:
    """The classes of those tools that are imported; looked up anew when modules were imported."""

    def __init__(self) -> None:
        self._modules = -1
        self._classes: dict[type, Tool] = {}
        self.tools: list[Tool] = []

    def classes(self) -> dict[type, Tool]:
        """Return them; costs one comparison while no module is imported."""
        if len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            self._classes = {}
            for tool in TOOLS:
                for module, name in tool.CLASSES:
                    self._look(tool, module, name)
            self.tools = [tool for tool in TOOLS if tool in self._classes.values()]
        return self._classes

    def _look(self, tool: Tool, module: str, name: str) -> None:
        if module in sys.modules:
            known = getattr(sys.modules[module], name, None)
            if isinstance(known, type):
                self._classes[known] = tool
            else:  # another thread is about to import it
                self._modules = -1


_imported = _Imported()
any_imported = _imported.classes
"""Return what is known of imported tools: nothing, so false, where there can be no window or page."""


def tool_of(subject: object) -> Tool | None:
    """Return the tool that photographs an object; None for the rest.

    Only the real type counts: an object that answers to every attribute, a mock or a lazy proxy is
    not mistaken for a window, and nothing of it runs.
    """
    classes = _imported.classes()
    if classes:
        for kind in type(subject).__mro__:
            if kind in classes:
                return classes[kind]
    return None


def page_tool_of(subject: object) -> PageTool | None:
    """Return the tool of an object that is a page; None of windows, figures and all else."""
    tool = tool_of(subject)
    return next((one for one in PAGES if one is tool), None)


def recognised(subject: object) -> list[object]:
    """Return what of an object can be photographed: a context's open pages, a driver itself, or nothing."""
    tool = tool_of(subject)
    return [] if tool is None else tool.recognise(subject)


def lists_others(subject: object) -> bool:
    """Tell whether an object lists what fixtures may have given by themselves: a browser."""
    return tool_of(subject) in (
        playwright_page,
        playwright_async,
    ) and playwright_objects.is_browser(subject)


def found_in(subject: object, *, deep: int = DEEPEST) -> list[object]:
    """Return the objects of tools that an object is or holds, nearest first, so many levels deep.

    Looks into lists, tuples, sets, deques, the values of a dict, the attributes of a plain object (slots
    included) and what a function or method was made with; at no more than 500 objects. Never calls a
    property or any other code of an unknown object.
    """
    if tool_of(subject):
        return [subject]
    found: list[object] = []
    seen, level = {id(subject)}, [subject]
    looked_at = 0
    for _ in range(deep):
        inside: list[object] = []
        for inner in (inner for holder in level for inner in _inside(holder)):
            looked_at += 1  # also what was seen already: each costs time
            if looked_at > MOST_INSIDE:
                return found
            if id(inner) not in seen:
                seen.add(id(inner))
                (found if tool_of(inner) else inside).append(inner)
        level = inside
    return found


def open_now(*, on_screen: bool) -> list[object]:
    """Return what the imported tools list as open; of a tool that cannot list it, a CaptureError."""
    found: list[object] = []
    for tool in _imported.tools if _imported.classes() else ():
        if tool.ON_SCREEN is on_screen:
            try:
                found += tool.open_now()
            except pytest.exit.Exception:
                raise
            except RAISED as error:
                found.append(unseen(error))
    return found


def unseen(error: BaseException) -> CaptureError:
    """Return why something could not be looked through."""
    line = f"{type(error).__name__}: {error}".partition("\n")[0]
    return CaptureError(f"looking for windows and pages raised {line}")


def attributes_of(subject: object) -> dict[str, object]:
    """Return the attributes of an object, those in slots included, without calling any code of it."""
    found: dict[str, object] = {}
    for kind in type(subject).__mro__:
        for name, slot in vars(kind).items():
            if type(slot) is MemberDescriptorType:
                with suppress(AttributeError):  # it has no value
                    found[name] = slot.__get__(subject)
    with suppress(AttributeError):
        own = object.__getattribute__(subject, "__dict__")
        found |= own if type(own) is dict else {}
    return found


def _inside(subject: object) -> Iterable[object]:
    kind = type(subject)
    if kind in LEAVES or str(kind.__module__).partition(".")[0] in OPAQUE:
        return ()
    for container in CONTAINERS:
        if issubclass(kind, container):
            return container.__iter__(subject)  # type: ignore[arg-type]  # it is one
    if issubclass(kind, dict):
        return dict.values(subject)  # type: ignore[arg-type]  # it is one
    if issubclass(kind, FunctionType):
        return _remembered(subject)
    if issubclass(kind, MethodType):
        return (subject.__self__,)  # type: ignore[attr-defined]  # it is one
    return () if issubclass(kind, (type, ModuleType)) else list(attributes_of(subject).values())


def _remembered(function: Any) -> list[object]:
    """Return what a function was made with."""
    found = []
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # it is empty yet
            found.append(cell.cell_contents)
    return found
