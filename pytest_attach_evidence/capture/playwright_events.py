"""What the pages of Playwright said on their consoles, and what they failed to load, during an item.

Only where `evidence_page` is set: from the moment a fixture gave a context or page until that fixture ends.
Bounded in memory; the listeners are taken off again. Playwright sends an event only where somebody listens
to it, so what is not asked for costs nothing.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from .excerpt import Border
from .excerpt import beginning
from .picture import Fact
from .picture import address


MOST_LINES = 500
LONGEST_LINE = 2000
FIRST_FAILING_STATUS = 400


@dataclass(slots=True)
class Lines:
    """The newest lines of one kind, each with the page it is of (None: of the whole context).

    `border` tells where a long line may be cut.
    """

    border: Border
    kept: deque[tuple[Any, str]] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    seen: int = 0

    def add(self, page: Any, line: str) -> None:
        """Keep a line, instead of the oldest one where there are too many."""
        self.seen += 1
        self.kept.append((page and weakref.ref(page), beginning(line, LONGEST_LINE, self.border)))

    def of(self, page: Any) -> str:
        """Return the lines of a page as one text, '' where there are none."""
        # A copy: the loop of an async page may hear more meanwhile, in its own thread.
        own = [line for owner, line in self.kept.copy() if owner is None or owner() is page]
        lost = self.seen - len(self.kept)
        if own and lost:
            own.insert(0, f"[{lost} earlier lines of this context are not kept]")
        return "".join(f"{line}\n" for line in own)

    def clear(self) -> None:
        """Forget everything."""
        self.kept.clear()
        self.seen = 0


class Heard:
    """Listens to one context, sync or async, for what is asked: `console`, `network`."""

    def __init__(self, context: Any, asked: Collection[str], border: Border) -> None:
        self.console, self.network = Lines(border), Lines(border)
        self._context = context
        self._listeners: dict[str, Callable[[Any], None]] = {}
        if "console" in asked:
            self._listeners |= {"console": self._on_console, "weberror": self._on_error}
        if "network" in asked:
            self._listeners["requestfailed"] = self._on_request_failed
            self._listeners["response"] = self._on_response
        for event, listener in self._listeners.items():
            context.on(event, listener)

    def stop(self) -> None:
        """Take the listeners off."""
        for event, listener in self._listeners.items():
            with suppress(Exception):  # the context may be gone
                self._context.remove_listener(event, listener)

    def _on_console(self, message: Any) -> None:
        with suppress(Exception):  # a listener's error would end somewhere in the test
            where = message.location
            place = f" ({where['url']}:{where['lineNumber']})" if where.get("url") else ""
            self.console.add(message.page, f"{message.type}: {message.text}{place}")

    def _on_error(self, error: Any) -> None:
        with suppress(Exception):
            self.console.add(error.page, f"uncaught: {error.error}")

    def _on_request_failed(self, request: Any) -> None:
        with suppress(Exception):
            line = f"{request.method} {request.url}: {request.failure}"
            self.network.add(_page_of(request), line)

    def _on_response(self, response: Any) -> None:
        with suppress(Exception):
            if response.status >= FIRST_FAILING_STATUS:
                request = response.request
                line = f"{request.method} {response.url}: {response.status} {response.status_text}"
                self.network.add(_page_of(request), line.rstrip())


_heard: weakref.WeakKeyDictionary[Any, Heard] = weakref.WeakKeyDictionary()


def listen(subject: Any, asked: Collection[str], border: Border) -> Callable[[], None] | None:
    """Begin to listen to a context, or to that of a page; return what ends it, None if it is heard already.

    Raises what Playwright raises.
    """
    context = subject if hasattr(type(subject), "pages") else subject.context
    if context in _heard:
        return None
    known = _heard[context] = Heard(context, asked, border)

    def end() -> None:
        _heard.pop(context, None)
        known.stop()

    return end


def forget_all() -> None:
    """Forget what was heard so far."""
    for known in _heard.values():
        known.console.clear()
        known.network.clear()


def known(page: Any) -> list[Fact]:
    """Return where a page is or was and what was heard of it, whatever became of it: nobody is asked."""
    where = address(str(page.url))
    heard = _heard.get(page.context)
    if heard is None:
        return [where]
    found = [("console.txt", heard.console.of(page)), ("network.txt", heard.network.of(page))]
    return [where, *((name, text) for name, text in found if text)]


def _page_of(request: Any) -> Any:
    """Return the page that asked, None for a service worker."""
    with suppress(Exception):
        return request.frame.page
    return None
