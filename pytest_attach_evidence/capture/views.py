"""What the windows and pages of an item look like: each picture and text, or the reason there is none."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

from . import camera
from .picture import CaptureError
from .picture import Fact
from .picture import Screenshot
from .picture import SilentError
from .tracker import Tracker


MOST_SILENCES = 2
NOT_ASKED = "was not asked: two others did not answer"
T = TypeVar("T")


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
    """When what is taken: `picture` and `page` are off, failed or always; `limit_s` holds for each.

    `listen` is what pages are listened to for.
    """

    picture: str = "failed"
    page: str = "off"
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
    """Looks at what is open for an item. Never raises because of it, and never asks for long.

    Of one phase no more is asked after two did not answer.
    """

    def __init__(self, tracker: Tracker, wanted: Wanted) -> None:
        self._tracker = tracker
        self.wanted = wanted

    def after(self, item: pytest.Item, phase: str, *, failed: bool) -> list[View]:
        """Return what is wanted at the end of setup or call."""
        why = "failure" if failed else "end"
        picture, page = (_wants(when, failed) for when in (self.wanted.picture, self.wanted.page))
        return self._looking(
            item, f"{phase}-{why}" if picture else "", phase if page else "", failed
        )

    def before_teardown(self, item: pytest.Item) -> list[View]:
        """Return pictures that are worth keeping only if the teardown fails, which nobody knows yet."""
        if not self.wanted.teardown:
            return []
        page = "teardown" if self.wanted.page != "off" else ""
        return self._looking(item, "teardown-failure", page, failed=False)

    def _looking(self, item: pytest.Item, picture: str, page: str, failed: bool) -> list[View]:
        if not picture and not page:
            return []
        try:
            found = self._tracker.open_for(item)
        except Exception:  # noqa: BLE001  no picture is better than a broken run
            return []
        views: list[View] = []
        silences = 0
        for name, subject in found:
            if silences >= MOST_SILENCES:
                piece = f"{name}-{picture}.png" if picture else f"{name}-{page}-source.html"
                views.append(View(name=piece, kind="screenshot", reason=NOT_ASKED))
                continue
            look = _Look(subject, failed, self.wanted.limit_s)
            views += look.views(picture and f"{name}-{picture}", page and f"{name}-{page}")
            silences += look.silent
        return views


class _Look:
    """One look at one window or page."""

    def __init__(self, subject: object, failed: bool, limit_s: float) -> None:
        self._subject = subject
        self._failed = failed
        self._limit_s = limit_s
        self._reason = ""
        self.silent = False

    def views(self, picture: str, page: str) -> Iterator[View]:
        """Yield a picture of that name, and texts whose names begin like that, unless they are ''."""
        if picture:
            name = f"{picture}.png"
            shot = self._ask(self._screenshot)
            if shot is None:
                yield View(name=name, kind="screenshot", reason=self._reason)
            else:
                yield View(name=name, kind="screenshot", content=shot.png, remark=shot.remark)
        if page and not self.silent:
            reason = self._reason
            for end, text in self._ask(self._facts) or ():
                content = text.encode("utf-8", "backslashreplace")
                yield View(name=f"{page}-{end}", kind="page", content=content)
            if self._reason != reason:  # else it was said already
                yield View(name=f"{page}-source.html", kind="page", reason=self._reason)

    def _screenshot(self) -> Screenshot:
        return camera.screenshot(self._subject, limit_s=self._limit_s)

    def _facts(self) -> list[Fact]:
        return camera.facts(self._subject, failed=self._failed, limit_s=self._limit_s)

    def _ask(self, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except CaptureError as error:
            self._reason = str(error)
            self.silent = isinstance(error, SilentError)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  # of a timer of pytest-timeout
            self._reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            self.silent = True
        return None


def _wants(when: str, failed: bool) -> bool:
    return when == "always" or (when == "failed" and failed)
