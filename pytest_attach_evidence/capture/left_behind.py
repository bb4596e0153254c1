"""What a test leaves behind besides pictures: its log, files in its folders, what it told other plugins."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import pytest

from ..recorder import Recorder
from ..settings import Settings
from . import logs
from . import other_tools
from .bdd_steps import BddSteps
from .excerpt import Border
from .excerpt import excerpt
from .html_extras import HtmlExtras
from .output_folders import OutputFolders
from .warned import NAME as WARNINGS
from .warned import Warned


@dataclass(slots=True, kw_only=True)
class Left:
    """What is known of an attempt while it runs."""

    recorder: Recorder
    sections_before: int
    properties_before: int
    tracebacks: list[logs.Section] = field(default_factory=list)


LEFT = pytest.StashKey[Left]()


class LeftBehind:
    """Takes what tests leave behind.

    `here` is where pytest was started, `reports` are folders that reports are written to, `border` cuts
    text between secrets.
    """

    def __init__(
        self, settings: Settings, *, here: Path, reports: Sequence[Path], border: Border
    ) -> None:
        self._settings = settings
        self._here = here
        self._border = border
        self._folders = OutputFolders(settings.files, (settings.dir, settings.archive_dir))
        self._extras = HtmlExtras(
            all_of_them="pytest-html" in settings.bridges,
            pictures=settings.screenshot == "off",
            roots=(here, *reports),
        )
        self._warned = Warned(self._warnings) if settings.log != "off" else None

    def plugins(self) -> list[object]:
        """Return the pytest plugins that have to be registered for it."""
        needed: list[object] = [p for p in (self._folders, self._extras) if p.needed]
        if self._warned is not None:
            needed.append(self._warned)
        if "pytest_bdd" in sys.modules:
            needed.append(BddSteps())
        return needed

    def begin(self, item: pytest.Item, recorder: Recorder) -> None:
        """Note what there is already when an attempt begins: reruns add to it."""
        item.stash[LEFT] = Left(
            recorder=recorder,
            sections_before=len(_sections(item)),
            properties_before=len(item.user_properties),
        )
        self._folders.begin()
        self._extras.begin()
        if self._warned is not None:
            self._warned.begin(recorder)

    def report(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Take what a phase leaves behind, and at the teardown what the test does."""
        left = item.stash.get(LEFT, None)
        if left is None:
            return
        if report.failed:
            phase = report.when or "call"
            left.tracebacks.append(logs.Section("traceback", phase, report.longreprtext))
        self._extras.report(left.recorder, report)
        if report.when == "teardown":
            self._take_files(left, report)
            self._take_log(item, left)

    def _take_files(self, left: Left, report: pytest.TestReport) -> None:
        properties = report.user_properties[left.properties_before :]
        other_tools.take_playwright(left.recorder, properties, self._here)
        if "properties" in self._settings.bridges:
            other_tools.take_properties(left.recorder, properties, self._here)
        self._folders.end(left.recorder)

    def _take_log(self, item: pytest.Item, left: Left) -> None:
        recorder = left.recorder
        if not self._wants_log(recorder):
            return
        captured = [logs.Section(what, when, text) for when, what, text in _sections(item)]
        sections = [
            logs.of_steps(recorder.step_log.steps),
            *captured[left.sections_before :],
            *left.tracebacks,
        ]
        text = logs.joined(sections, self._settings.log_size, self._border)
        left.tracebacks.clear()
        if text:
            recorder.attach(text.encode("utf-8", "replace"), name=logs.NAME, kind="log")

    def _warnings(self, recorder: Recorder, text: str, remark: str) -> None:
        if self._wants_log(recorder):
            content = excerpt(text, self._settings.log_size, self._border)
            recorder.attach(content.encode(), name=WARNINGS, kind="log", remark=remark)

    def _wants_log(self, recorder: Recorder) -> bool:
        when = self._settings.log
        return when == "always" or (when == "failed" and recorder.failed)


def _sections(item: pytest.Item) -> Sequence[tuple[str, str, str]]:
    """Return what pytest captured of an item so far: phase, kind, text. Reruns add to it."""
    return tuple(getattr(item, "_report_sections", ()))
