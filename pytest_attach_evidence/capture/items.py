"""Follows the items of one process: begins and ends their recorders, and takes what they leave behind."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

import pytest

from .. import collection
from ..collection import Collection
from ..model import Target
from ..recorder import Recorder
from .browsers import is_browser
from .browsers import pages
from .left_behind import LeftBehind
from .picture import CaptureError
from .screenshots import screenshot
from .tracker import Tracker


@dataclass(slots=True, kw_only=True)
class Attempt:
    """What is known of an item while it runs."""

    recorder: Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What was decided for an item after collection; `reruns` are the recorders of its attempts."""

    targets: tuple[Target, ...]
    when: str
    reruns: list[Recorder] = field(default_factory=list)


MAPPED = pytest.StashKey[Mapped]()
ATTEMPT = pytest.StashKey[Attempt]()


class Items:
    """Begins, photographs and ends items. `screenshot` is off, failed or always."""

    def __init__(
        self,
        collected: Collection,
        *,
        screenshot: str,
        left_behind: LeftBehind,
        only_last_rerun: bool,
    ) -> None:
        self.collected = collected
        self.left_behind = left_behind
        self.tracker = Tracker() if screenshot != "off" else None
        self._screenshot = screenshot
        self._only_last_rerun = only_last_rerun

    def begin(self, item: pytest.Item) -> None:
        """Begin an attempt: from now on, what is attached belongs to this item."""
        mapped = item.stash.get(MAPPED, None) or Mapped(targets=(), when="always")
        item.stash[MAPPED] = mapped
        recorder = self.collected.begin(
            item.nodeid, rerun=len(mapped.reruns), found=mapped.targets, when=mapped.when
        )
        mapped.reruns.append(recorder)
        item.stash[ATTEMPT] = Attempt(recorder=recorder)
        self.left_behind.begin(item, recorder)
        collection.enter(recorder)
        recorder.begin()

    def phase(self, item: pytest.Item, phase: str) -> None:
        """Note which phase the item is in."""
        if attempt := item.stash.get(ATTEMPT, None):
            attempt.recorder.phase = phase

    def report(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Take what a phase leaves behind. Called while the fixtures of setup and call still live."""
        attempt = item.stash.get(ATTEMPT, None)
        if attempt is None:
            return
        recorder = attempt.recorder
        recorder.failed = recorder.failed or report.failed
        if report.when != "teardown":
            # A subtest reports before its test, which may pass where it was skipped.
            recorder.skipped = report.skipped
        decisive = report.when == "call" or (report.when == "setup" and report.failed)
        if decisive and self._wants(self._screenshot, report.failed):
            self._photograph(item, recorder, str(report.when))
        self.left_behind.report(item, report)

    def end(self, item: pytest.Item) -> None:
        """End the attempt; what is attached from now on belongs to the run."""
        attempt = item.stash.get(ATTEMPT, None)
        if attempt is not None:
            del item.stash[ATTEMPT]
            attempt.recorder.end()
            # Not before: had the process died meanwhile, there would be no evidence of any attempt.
            for earlier in item.stash[MAPPED].reruns[:-1] if self._only_last_rerun else ():
                earlier.drop()
        collection.enter(None)

    @staticmethod
    def _wants(when: str, failed: bool) -> bool:
        return when == "always" or (when == "failed" and failed)

    def _photograph(self, item: pytest.Item, recorder: Recorder, phase: str) -> None:
        if self.tracker is None:
            return
        for name, browser in self.tracker.browsers(item):
            for number, page in enumerate(pages(browser), 1):
                title = name if number == 1 else f"{name}-{number}"
                why = "failure" if recorder.failed else "end"
                recorder.screenshot(page, name=f"{title}-{phase}-{why}.png")


def picture(subject: object) -> tuple[bytes, str]:
    """Return a browser's picture and a remark that says what it shows.

    Raises CaptureError with the reason there is none.
    """
    if not is_browser(subject):
        msg = f"{type(subject).__name__} is neither a Selenium driver nor a Playwright page"
        raise CaptureError(msg)
    shot = screenshot(subject)
    shown = " ".join(filter(None, (shot.title, shot.url.partition("?")[0])))
    return shot.png, f"{shot.tool}: {shown}" if shown else shot.tool
