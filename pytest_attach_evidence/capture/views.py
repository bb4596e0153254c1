"""What the windows and pages of an item look like: each picture and text, or the reason there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import pytest

from . import camera
from . import tools
from .picture import CaptureError
from .picture import Screenshot
from .timers import RAISED
from .tracker import Tracker


T = TypeVar("T")
# The part of the limit for pictures where texts are wanted, too: what makes no picture may tell much.
PICTURES = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One piece to be: its name and bytes, or the `reason` there are none."""

    name: str
    kind: str
    content: bytes = b""
    remark: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """When what is taken: `picture` and `page` are off, failed or always.

    `limit_s` is what all pictures and texts of one report may take together; `console`: whether to read
    consoles that this empties; `listen` is what pages are listened to for.
    """

    picture: str = "failed"
    page: str = "off"
    console: bool = False
    listen: tuple[str, ...] = ()
    teardown: bool = False
    limit_s: float = camera.LIMIT_S

    @property
    def anything(self) -> bool:
        """Whether windows and pages have to be known at all."""
        return self.picture != "off" or self.page != "off" or self.teardown


class Camera:
    """The camera that tests use themselves, with the configured limit in seconds for each picture."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s

    def picture(self, subject: object) -> tuple[bytes, str]:
        """Return a picture and a remark that says what it shows. Raises CaptureError."""
        shot = camera.screenshot(subject, limit_s=self._limit_s)
        return shot.png, shot.remark

    async def picture_async(self, subject: object) -> tuple[bytes, str]:
        """Do the same from a coroutine on the loop of the page."""
        shot = await camera.screenshot_async(subject, limit_s=self._limit_s)
        return shot.png, shot.remark


class Views:
    """Looks at what is open for an item. Never raises because of it, and never asks for long."""

    def __init__(self, tracker: Tracker, wanted: Wanted) -> None:
        self._tracker = tracker
        self.wanted = wanted

    def after(self, item: pytest.Item, phase: str, *, failed: bool, subtest: bool) -> list[View]:
        """Return what is wanted at the end of setup or call, or of a subtest.

        What can be read only once is left to the rest of the test while a `subtest` reports.
        """
        picture, page = _wants(self.wanted.picture, failed), _wants(self.wanted.page, failed)
        if not picture and not page:
            return []
        why = "failure" if failed else "end"
        once = self.wanted.console and failed and not subtest
        return self._looking(item, f"{phase}-{why}" if picture else "", phase if page else "", once)

    def before_teardown(self, item: pytest.Item) -> list[View]:
        """Return pictures that are worth keeping only if the teardown fails, which nobody knows yet."""
        if not self.wanted.teardown:
            return []
        page = "teardown" if self.wanted.page != "off" else ""
        return self._looking(item, "teardown-failure", page, once=False)

    def _looking(self, item: pytest.Item, picture: str, page: str, once: bool) -> list[View]:
        limit_s = self.wanted.limit_s
        first, whole = _Share(limit_s, PICTURES if page else 1.0), _Share(limit_s)
        looks = [_Look(name, subject) for name, subject in self._open_for(item)]
        pictures = [look.picture(picture, first) for look in looks if picture]
        texts = [text for look in looks if page for text in look.texts(page, whole, once=once)]
        return pictures + texts

    def _open_for(self, item: pytest.Item) -> Sequence[tuple[str, object]]:
        try:
            return self._tracker.open_for(item)
        except pytest.exit.Exception:
            raise
        except RAISED as error:  # no picture is better than a broken run
            return [("window", tools.unseen(error))]


class _Share:
    """The time that all looks of one report share, or the first part of it."""

    def __init__(self, limit_s: float, part: float = 1.0) -> None:
        self._limit_s = limit_s
        self._ends_at = time.monotonic() + limit_s * part

    def left_s(self) -> float:
        """Return the seconds that are left. Raises CaptureError where there are none."""
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            limit = f"evidence_capture_limit ({self._limit_s:g} s)"
            reason = f"was not asked: {limit} was used up"
            raise CaptureError(reason)
        return left_s

    def is_fair(self, left_s: float) -> bool:
        """Tell whether that is time enough to say that something does not answer."""
        return left_s * 2 >= self._limit_s


class _Look:
    """One look at one window or page; `name` is where it was found."""

    def __init__(self, name: str, subject: object) -> None:
        self._name = name
        self._subject = subject
        self._reason = ""

    def picture(self, end: str, share: _Share) -> View:
        """Return a picture, or the reason there is none."""
        name = f"{self._name}-{end}.png"
        shot = self._ask(lambda: self._screenshot(share))
        if shot is None:
            return View(name=name, kind="screenshot", reason=self._reason)
        return View(name=name, kind="screenshot", content=shot.png, remark=shot.remark)

    def texts(self, end: str, share: _Share, *, once: bool) -> list[View]:
        """Return what a page tells, or as much as is known here, and the reason there is no more."""
        name = f"{self._name}-{end}"
        found: dict[str, str] = {}
        complete = self._ask(lambda: self._tell(found, share, once))
        views = [
            View(
                name=f"{name}-{what}", kind="page", content=text.encode("utf-8", "backslashreplace")
            )
            for what, text in sorted(found.items())
        ]
        lacks = View(name=f"{name}-source.html", kind="page", reason=self._reason)
        return views if complete else [*views, lacks]

    def _screenshot(self, share: _Share) -> Screenshot:
        left_s = share.left_s()
        return camera.screenshot(self._subject, limit_s=left_s, fair=share.is_fair(left_s))

    def _tell(self, found: dict[str, str], share: _Share, once: bool) -> bool:
        """Add what a page tells; what is known of it comes first, since asking it may fail."""
        if tools.page_tool_of(self._subject):
            found.update(camera.known(self._subject))
            left_s = share.left_s()
            fair = share.is_fair(left_s)
            found.update(camera.facts(self._subject, once=once, limit_s=left_s, fair=fair))
        return True

    def _ask(self, question: Callable[[], T]) -> T | None:
        try:
            if isinstance(self._subject, CaptureError):
                raise self._subject
            return question()
        except CaptureError as error:
            self._reason = str(error)
        except pytest.exit.Exception:
            raise
        except RAISED as error:  # of somebody's timer
            self._reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        return None


def _wants(when: str, failed: bool) -> bool:
    return when == "always" or (when == "failed" and failed)
