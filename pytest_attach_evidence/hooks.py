"""The session's hooks in every process: they guard, translate, and call the rooms. None ever raises."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from . import collection
from . import marks
from . import session as rooms
from .capture import handed_over
from .capture import junit
from .capture.items import MAPPED
from .capture.timers import RAISED
from .capture.timers import Timers
from .capture.timers import paused
from .errors import SpoolError
from .model import Outcome
from .project import Project
from .run_record import Unmapped
from .spool import RunFolder
from .targets import Mark


Hook = Callable[..., Any]
MARKS = pytest.StashKey[int]()
UNMAPPED = "evidence_unmapped"
LATE_MARK = (
    "was added while the test ran, which is too late to have an effect - "
    "add it in pytest_collection_modifyitems"
)


def guarded(hook: Hook) -> Hook:
    """Keep an error of ours from changing anything: it is counted, and the summary says it."""

    @functools.wraps(hook)
    def call(self: Checking, *args: Any, **kwargs: Any) -> Any:
        try:
            return hook(self, *args, **kwargs)
        except (pytest.UsageError, pytest.exit.Exception):
            raise
        except RAISED as error:  # see above
            self.note_bug(hook.__name__.lstrip("_"), error)
            return None

    return call


class Checking:
    """Checks the targets of all items after collection; all that is done where no test is run."""

    def __init__(self, config: pytest.Config, project: Project) -> None:
        self.config = config
        self.project = project
        self.bugs: list[str] = []
        self.problems: list[str] = []
        self.left_out: set[str] = set()
        self.narrowed = False

    def note_bug(self, where: str, error: BaseException) -> None:
        """Remember an error of ours, one line."""
        line = self.project.redactor.line(f"{where}: {type(error).__name__}: {error}")
        if line not in self.bugs:
            self.bugs.append(line)

    @guarded
    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note that not all tests are there: then nothing is known of those in the map."""
        self.narrowed = self.narrowed or bool(items)

    @pytest.hookimpl(tryfirst=True)
    @guarded
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Decide the targets of every item; a target that cannot be read ends the session here."""
        self.problems += map(self.project.redactor.text, map(str, self.project.rules.errors))
        self.narrowed = self.narrowed or bool(session.testsfailed)
        for item in session.items:
            self._decide(item)
        self.problems += map(self.project.redactor.text, self.project.rules.strangers())
        if self.problems:
            self.refuse(session)

    def refuse(self, session: pytest.Session) -> None:
        """End the session because of wrong targets."""
        raise pytest.UsageError(*self.problems)

    @guarded
    def _decide(self, item: pytest.Item) -> None:
        item.stash[MARKS] = marks.number_of(item)
        levels = [*marks.levels_of(item), self._level_of_hooks(item)]
        decision = rooms.decide(self.project, item, levels)
        mask = self.project.redactor.text
        self.problems += (mask(f"{item.nodeid}: {problem}") for problem in decision.problems)
        self.left_out |= decision.left_out

    def _level_of_hooks(self, item: pytest.Item) -> list[Mark]:
        try:
            found = item.ihook.pytest_evidence_targets(item=item)
            return [Mark((), dict(targets)) for targets in found if targets]
        except RAISED as error:  # somebody else's hook
            seen = f"raised {type(error).__name__}: {error} - mend the hook"
            problem = f"{item.nodeid}: pytest_evidence_targets {seen}"
            self.problems.append(self.project.redactor.text(problem))
            return []


class Collecting(Checking):
    """Collects the evidence of the items that run in this process."""

    def __init__(self, config: pytest.Config, project: Project) -> None:
        super().__init__(config, project)
        self.collecting: rooms.Collecting | None = None
        self._process = os.getpid()

    def start(self, folder: RunFolder, worker: str = "") -> None:
        """Begin to collect into a run."""
        self._process = os.getpid()
        self.collecting = rooms.Collecting.start(self.project, folder, self.config, worker=worker)
        for plugin in (Timers(), *self.collecting.items.plugins):
            self.config.pluginmanager.register(plugin)

    @property
    def copied(self) -> bool:
        """Whether this is a copy of the session's process that a test forked: it ends nothing."""
        return os.getpid() != self._process

    def leave(self) -> None:
        """Take nothing more in a copy of the process; all that is to be said and done is the other's."""
        if self.collecting is not None:
            self.collecting.leave()

    @property
    def late(self) -> list[str]:
        """What came after the end of the session; it was said when it came."""
        return self.collecting.items.collected.keeper.late if self.collecting else []

    @property
    def broken(self) -> list[str]:
        """What even the spool could not record."""
        return self.collecting.items.collected.keeper.broken if self.collecting else []

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Begin an attempt before any fixture is set up."""
        self._begin(item)
        return (yield)

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Note the phase, and when it is over."""
        self._call(item, running=True)
        try:
            return (yield)
        finally:
            self._call(item, running=False)

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Note the phase before any other plugin closes what is open."""
        self._leave(item)
        return (yield)

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take what a phase leaves behind, from the finished report."""
        report = yield
        if self.collecting is not None:
            self._report(item, report)
        return report

    @guarded
    @paused()
    def _begin(self, item: pytest.Item) -> None:
        if self.collecting is not None:
            self.collecting.items.begin(item)
            self.collecting.items.phase(item, "setup")

    @guarded
    def _call(self, item: pytest.Item, *, running: bool) -> None:
        if self.collecting is not None:
            self.collecting.items.call(item, running=running)

    @guarded
    @paused()
    def _leave(self, item: pytest.Item) -> None:
        if self.collecting is not None:
            self.collecting.items.before_teardown(item)
            self.collecting.items.phase(item, "teardown")

    @guarded
    @paused()
    def _report(self, item: pytest.Item, report: pytest.TestReport) -> None:
        self._take(item, report)
        self._ask(item, report)
        if report.when == "teardown":
            self._end(item, report)

    @guarded
    def _take(self, item: pytest.Item, report: pytest.TestReport) -> None:
        assert self.collecting is not None
        self.collecting.items.report(item, report)

    @guarded
    def _ask(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Attach what other plugins' hooks hand over."""
        handed_over.take(collection.current(), item, report)

    @guarded
    def _end(self, item: pytest.Item, report: pytest.TestReport) -> None:
        assert self.collecting is not None
        if marks.number_of(item) > item.stash.get(MARKS, 0):
            collection.current().refuse("an evidence mark", LATE_MARK)
        self.collecting.items.end(item)
        ended = item.stash[MAPPED].reruns[-1].item
        if self.project.rules.files and not ended.mapped:
            # In the controller nobody else knows it. A report may only hold text.
            bare = item.stash[MAPPED].bare and ended.outcome is not Outcome.SKIPPED
            known = Unmapped(outcome=ended.outcome, rows=ended.rows, bare=bare)
            setattr(report, UNMAPPED, json.dumps(known.to_json()))
        if self.config.getoption("xmlpath", None):
            junit.add_properties(report, item.stash[MAPPED].reruns[-1])


class Worker(Collecting):
    """A worker of xdist: collects into the controller's run; never touches the network."""

    @guarded
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Join the controller's run, if its folder is the same here."""
        given = self.config.workerinput  # type: ignore[attr-defined]  # set by xdist
        if "evidence_run" not in given:
            return
        folder = RunFolder(Path(given["evidence_run"]))
        try:
            same = folder.join(given["evidence_token"])
        except SpoolError:
            same = False
        if same:
            self.start(folder, worker=str(given.get("workerid", "")))
        else:
            worker = given.get("workerid")
            self.problems.append(
                f"evidence_dir: worker {worker} does not see {folder.path} of the controller - run pytest "
                "on each machine by itself, then deliver all runs with: attach-evidence push RUN RUN …"
            )

    def refuse(self, session: pytest.Session) -> None:
        """Run nothing; the controller tells why, since a usage error here would be lost."""
        session.items[:] = []

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, Any, Any]:
        """End the run's item here, when all other hooks were called, and tell the controller."""
        try:
            return (yield)
        finally:
            self._stop(int(exitstatus))
            output = self.config.workeroutput  # type: ignore[attr-defined]  # set by xdist
            output["evidence"] = {
                "problems": self.problems,
                "bugs": self.bugs,
                "broken": self.broken,
                "left_out": sorted(self.left_out),
                "map": {
                    "unheld": [row.place for row in self.project.rules.unheld()],
                    "narrowed": self.narrowed,
                    "warnings": list(map(str, self.project.rules.warnings)),
                },
            }

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Let the session go, when the other plugins have ended."""
        collection.forget()

    @guarded
    def _stop(self, exit_status: int) -> None:
        if self.copied:
            self.leave()
        elif self.collecting is not None:
            self.collecting.stop(exit_status)
