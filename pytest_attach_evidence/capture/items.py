"""Follows the items of one process: begins and ends their recorders, and takes what they leave behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from functools import partial

import pytest

from .. import collection
from .. import naming
from ..collection import Collection
from ..model import Filled
from ..model import Filter
from ..model import Target
from ..recorder import Recorder
from . import playwright_events
from .excerpt import Border
from .left_behind import LeftBehind
from .listening import Listening
from .subtests import Subtests
from .tracker import Tracker
from .views import View
from .views import Views
from .views import Wanted


UNFIT = re.compile(r"[^\w.=]+")
LONGEST_MARK = 60


@dataclass(slots=True, kw_only=True)
class Attempt:
    """What is known of an item while it runs; while it is `called`, only subtests report."""

    recorder: Recorder
    called: bool = False
    photographed: bool = False
    provisional: list[View] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What was decided for an item after collection; `reruns` are the recorders of its attempts.

    `bare`: neither a mark nor the map expects evidence of it.
    """

    targets: tuple[Target, ...]
    when: str
    rows: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    filled: tuple[Filled, ...] = ()
    bare: bool = True
    reruns: list[Recorder] = field(default_factory=list)


MAPPED = pytest.StashKey[Mapped]()
ATTEMPT = pytest.StashKey[Attempt]()


class Items:
    """Begins, photographs and ends items. `plugins` are those of pytest that this needs.

    `border` tells where what pages say may be cut without cutting a secret in two.
    """

    def __init__(
        self,
        collected: Collection,
        *,
        wanted: Wanted,
        left_behind: LeftBehind,
        only_last_rerun: bool,
        border: Border,
    ) -> None:
        self.collected = collected
        self._left_behind = left_behind
        self._tracker = tracker = Tracker() if wanted.anything else None
        self._views = Views(tracker, wanted) if tracker else None
        self._subtests = Subtests()
        heard = wanted.page != "off" and wanted.listen
        listening = [Listening(wanted.listen, border)] if heard else []
        self.plugins: list[object] = [*listening, *left_behind.plugins()]
        self._only_last_rerun = only_last_rerun

    def begin(self, item: pytest.Item) -> None:
        """Begin an attempt: from now on, what is attached belongs to this item."""
        mapped = item.stash.get(MAPPED, None) or Mapped(targets=(), when="always")
        item.stash[MAPPED] = mapped
        recorder = self.collected.begin(
            item.nodeid,
            rerun=len(mapped.reruns),
            found=mapped.targets,
            when=mapped.when,
            rows=mapped.rows,
            require=mapped.require,
            filters=mapped.filters,
            filled=mapped.filled,
        )
        mapped.reruns.append(recorder)
        item.stash[ATTEMPT] = Attempt(recorder=recorder)
        self._left_behind.begin(item, recorder)
        collection.enter(recorder)
        recorder.begin()
        if self._tracker is not None:
            self._tracker.begin(item)
        playwright_events.forget_all()

    def phase(self, item: pytest.Item, phase: str) -> None:
        """Note which phase the item is in."""
        if attempt := item.stash.get(ATTEMPT, None):
            attempt.recorder.phase = phase

    def call(self, item: pytest.Item, *, running: bool) -> None:
        """Note that the call of the item begins or is over."""
        if attempt := item.stash.get(ATTEMPT, None):
            attempt.recorder.phase, attempt.called = "call", running

    def before_teardown(self, item: pytest.Item) -> None:
        """Look at what is still open, where that is wanted and no picture shows it already."""
        attempt = item.stash.get(ATTEMPT, None)
        if attempt and self._views is not None and not attempt.photographed:
            attempt.provisional = self._views.before_teardown(item)

    def report(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Take what a phase leaves behind. Called while the fixtures of setup and call still live."""
        attempt = item.stash.get(ATTEMPT, None)
        if attempt is None:
            return
        self._subtests.release()
        recorder = attempt.recorder
        recorder.failed = recorder.failed or report.failed
        if report.when != "teardown":
            # A subtest reports before its test, which may pass where it was skipped.
            recorder.skipped = report.skipped
        if report.when == "call" or (report.when == "setup" and report.failed):
            self._look(item, attempt, report)
        if report.when == "teardown":
            if report.failed:
                _keep(recorder, attempt.provisional)
            attempt.provisional.clear()
        self._left_behind.report(item, report)

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

    def _look(self, item: pytest.Item, attempt: Attempt, report: pytest.TestReport) -> None:
        if self._views is None:
            return
        subtest = report.when == "call" and attempt.called
        views = self._views.after(item, str(report.when), failed=report.failed, subtest=subtest)
        if subtest:  # after which the test goes on: its picture does not show the end of the call
            keep = partial(_keep, attempt.recorder, views)
            self._subtests.hold(keep, item.config.pluginmanager)
        else:
            attempt.photographed |= any(v.kind == "screenshot" and not v.reason for v in views)
            _keep(attempt.recorder, views)


def _keep(recorder: Recorder, views: Sequence[View], subtest: str = "") -> None:
    """Attach what was seen, and record why something was not, which is no loss: nobody asked for it."""
    if not views:  # as of nearly all tests
        return
    subtest = recorder.masked(subtest)
    mark = UNFIT.sub("-", subtest).strip("-")[:LONGEST_MARK].strip("-")
    for view in views:
        name = naming.shortened(view.name, f"-{mark}") if mark else view.name
        if view.reason:
            seen, dash, next_step = view.reason.partition(" - ")
            recorder.refuse(name, f"cannot be made ({seen}){dash}{next_step}", warning=True)
        else:
            told = f"subtest {subtest}" if subtest else ""
            remark = "; ".join(filter(None, (view.remark, told)))
            recorder.attach(view.content, name=name, kind=view.kind, remark=remark)
