"""The tools whose windows and pages are photographed: one module each, found by the type of an object.

Every module has the same parts in the same order: `CLASSES` (module and name of the types it knows),
`ON_SCREEN`, `recognise`, `open_now`, `picture`, `facts`. A tool is looked for only where its user
imported it, and never imported by us.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import islice
from types import FunctionType
from types import ModuleType
from typing import Any
from typing import Protocol
from typing import cast

from . import matplotlib_figure
from . import playwright_async
from . import playwright_page
from . import qt_window
from . import selenium_driver
from .picture import Fact
from .picture import Screenshot


MOST_INSIDE = 50


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

    def facts(self, subject: Any, deadline: float, *, failed: bool) -> list[Fact]:
        """Return what a page tells beside its picture, under the same conditions.

        What can be read only once is left to the test until it has `failed`.
        """


TOOLS: tuple[Tool, ...] = (
    selenium_driver,
    playwright_page,
    playwright_async,
    qt_window,
    matplotlib_figure,
)
LEAVES = frozenset({str, bytes, int, float, bool, type(None), FunctionType, ModuleType, type})


class _Imported:
    """The classes of those tools that are imported; looked up anew when modules were imported."""

    def __init__(self) -> None:
        self._modules = -1
        self._classes: dict[type, Tool] = {}

    def classes(self) -> dict[type, Tool]:
        """Return them; costs one comparison while no module is imported."""
        if len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            self._classes = {}
            for tool in TOOLS:
                for module, name in tool.CLASSES:
                    self._look(tool, module, name)
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


def recognised(subject: object) -> list[object]:
    """Return what of an object can be photographed: a context's open pages, a driver itself, or nothing."""
    tool = tool_of(subject)
    return [] if tool is None else tool.recognise(subject)


def found_in(subject: object) -> list[object]:
    """Return the objects of tools that an object is or holds, one level deep.

    Looks into lists, tuples, sets, the values of a dict and the attributes of a plain object. Never
    calls a property or any other code of an unknown object.
    """
    if type(subject) in LEAVES:
        return []
    if tool_of(subject):
        return [subject]
    return [inner for inner in islice(_inside(subject), MOST_INSIDE) if tool_of(inner)]


def open_now(*, on_screen: bool) -> list[object]:
    """Return what the imported tools list as open."""
    tools = {id(tool): tool for tool in _imported.classes().values()}
    return [
        one for tool in tools.values() if tool.ON_SCREEN is on_screen for one in tool.open_now()
    ]


def _inside(subject: object) -> Iterable[object]:
    kind = type(subject)
    if issubclass(kind, (list, tuple, set, frozenset)):
        return cast(Iterable[object], subject)
    if issubclass(kind, dict):
        return dict.values(cast(dict[object, object], subject))
    if issubclass(kind, (type, ModuleType, FunctionType)):
        return ()
    try:
        attributes = object.__getattribute__(subject, "__dict__")
    except AttributeError:
        return ()
    return list(attributes.values()) if type(attributes) is dict else ()
