"""The session's hooks: they guard, translate, and call the rooms. None of them ever raises."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from . import marks
from . import session as rooms
from .errors import SettingsError
from .errors import SpoolError
from .project import Project
from .report.exit_status import ExitStatus
from .report.summary import Summary
from .spool import RunFolder
from .targets import Mark


SUMMARY_PLUGIN = "attach-evidence-session"
Hook = Callable[..., Any]


def configure(config: pytest.Config) -> None:
    """Load the project and register what the session needs. Raises pytest.UsageError."""
    try:
        project = rooms.load_project(config)
    except SettingsError as error:
        raise pytest.UsageError("\n".join(error.problems)) from error
    if config.option.collectonly or getattr(config.option, "setupplan", False):
        config.pluginmanager.register(Checking(config, project), SUMMARY_PLUGIN)
    elif hasattr(config, "workerinput"):
        config.pluginmanager.register(Worker(config, project), SUMMARY_PLUGIN)
    else:
        config.pluginmanager.register(Controller(config, project), SUMMARY_PLUGIN)


def guarded(hook: Hook) -> Hook:
    """Keep an error of ours from changing anything: it is counted, and the summary says it."""

    @functools.wraps(hook)
    def call(self: Checking, *args: Any, **kwargs: Any) -> Any:
        try:
            return hook(self, *args, **kwargs)
        except (pytest.UsageError, KeyboardInterrupt):
            raise
        except Exception as error:  # noqa: BLE001  # see above
            self.note_bug(hook.__name__, error)
            return None

    return call


class Checking:
    """Checks the targets of all items after collection; all that is done with `--collect-only`."""

    def __init__(self, config: pytest.Config, project: Project) -> None:
        self.config = config
        self.project = project
        self.bugs: list[str] = []
        self.problems: list[str] = []
        self.left_out: set[str] = set()

    def note_bug(self, where: str, error: Exception) -> None:
        """Remember an error of ours, one line."""
        line = self.project.redactor.line(f"{where}: {type(error).__name__}: {error}")
        if line not in self.bugs:
            self.bugs.append(line)

    @pytest.hookimpl(tryfirst=True)
    @guarded
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Decide the targets of every item; a target that cannot be read ends the session here."""
        for item in session.items:
            levels = marks.levels_of(item)
            levels.append(self._levels_of_hooks(item))
            self.problems += rooms.decide(self.project, item, levels)
            self.left_out |= rooms.left_out(self.project, levels)
        if self.problems:
            self.refuse(session)

    def refuse(self, session: pytest.Session) -> None:
        """End the session because of wrong targets."""
        raise pytest.UsageError("\n".join(self.problems))

    def _levels_of_hooks(self, item: pytest.Item) -> list[Mark]:
        found = item.ihook.pytest_evidence_targets(item=item)
        return [Mark((), dict(targets)) for targets in found if targets]


class Collecting(Checking):
    """Collects the evidence of the items that run in this process."""

    def __init__(self, config: pytest.Config, project: Project) -> None:
        super().__init__(config, project)
        self.collecting: rooms.Collecting | None = None

    def start(self, folder: RunFolder, worker: str = "") -> None:
        """Begin to collect into a run."""
        self.collecting = rooms.Collecting.start(self.project, folder, worker=worker)
        if self.collecting.items.tracker is not None:
            self.config.pluginmanager.register(self.collecting.items.tracker)

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Begin an attempt before any fixture is set up."""
        self._begin(item)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    @guarded
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Note the phase."""
        if self.collecting is not None:
            self.collecting.items.phase(item, "call")

    @pytest.hookimpl(tryfirst=True)
    @guarded
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Note the phase."""
        if self.collecting is not None:
            self.collecting.items.phase(item, "teardown")

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take what a phase leaves behind, from the finished report."""
        report = yield
        self._report(item, report)
        return report

    @guarded
    def _begin(self, item: pytest.Item) -> None:
        if self.collecting is not None:
            self.collecting.items.begin(item)
            self.collecting.items.phase(item, "setup")

    @guarded
    def _report(self, item: pytest.Item, report: pytest.TestReport) -> None:
        if self.collecting is None:
            return
        try:
            self.collecting.items.report(item, report)
            self._collect_from_hooks(item, report)
        finally:
            if report.when == "teardown":
                self.collecting.items.end(item)

    def _collect_from_hooks(self, item: pytest.Item, report: pytest.TestReport) -> None:
        from . import collection  # noqa: PLC0415

        try:
            answers = item.ihook.pytest_evidence_collect(item=item, report=report)
            for name, source in [pair for answer in answers if answer for pair in answer]:
                content = source.encode() if isinstance(source, str) else source
                collection.current().attach(content, name=name)
        except Exception as error:  # noqa: BLE001  # somebody else's hook
            seen = f"raised {type(error).__name__}: {error} - mend the hook"
            collection.current().refuse("pytest_evidence_collect", seen)


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
            same = folder.token == given["evidence_token"]
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

    @pytest.hookimpl(tryfirst=True)
    @guarded
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Tell the controller what is wrong, and end the run's item here."""
        if self.collecting is not None:
            self.collecting.stop(int(exitstatus))
            self.bugs += self.collecting.items.collected.keeper.broken
        output = self.config.workeroutput  # type: ignore[attr-defined]  # set by xdist
        output["evidence"] = {
            "problems": self.problems,
            "bugs": self.bugs,
            "left_out": sorted(self.left_out),
        }


class Controller(Collecting):
    """The session itself: begins the run, and delivers at the end when all other reports are written."""

    def __init__(self, config: pytest.Config, project: Project) -> None:
        super().__init__(config, project)
        self.outcomes = rooms.Outcomes()
        self.started = rooms.now()
        self.folder: RunFolder | None = None
        self.summary: Summary | None = None
        self.printed = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Create the run before anything can be collected. A spool that cannot be written is usage."""
        try:
            self.folder = rooms.begin_run(self.project, sys.argv)
        except SpoolError as error:
            raise pytest.UsageError(f"evidence_dir: {error}") from error
        self.start(self.folder)

    def pytest_report_header(self) -> str:
        """Say what is on: the mode, the destinations, the spool."""
        settings = self.project.settings
        names = ", ".join(self.project.destinations)
        plain = (
            f"; http:// accepted for {', '.join(settings.http_hosts)}"
            if settings.http_hosts
            else ""
        )
        return f"evidence: {settings.mode} for {names}; spool {settings.dir}{plain}"

    @pytest.hookimpl(optionalhook=True)
    @guarded
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist where the run is."""
        if self.folder is not None:
            node.workerinput["evidence_run"] = str(self.folder.path)
            node.workerinput["evidence_token"] = self.folder.token

    @pytest.hookimpl(optionalhook=True)
    @guarded
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take over what a worker found wrong; one that crashed tells nothing."""
        told = getattr(node, "workeroutput", {}).get("evidence", {})
        self.problems += [p for p in told.get("problems", ()) if p not in self.problems]
        self.bugs += [b for b in told.get("bugs", ()) if b not in self.bugs]
        self.left_out |= set(told.get("left_out", ()))

    @guarded
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count outcomes."""
        self.outcomes.add(report)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Deliver: other reports are on disk, the summary is not yet printed, the status can be set."""
        result = yield
        try:
            self._finish(session)
        except KeyboardInterrupt:
            if session.exitstatus == 0:
                session.exitstatus = pytest.ExitCode.INTERRUPTED
        except Exception as error:  # noqa: BLE001  # never break the run
            self.note_bug("pytest_sessionfinish", error)
            if session.exitstatus == 0 and self.project.settings.on_undelivered == "fail":
                session.exitstatus = int(ExitStatus.BUG)
        return result

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the summary."""
        self._print(terminalreporter)

    def pytest_unconfigure(self) -> None:
        """Print the summary where pytest printed none, and let the run go."""
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if not self.printed and (self.summary is not None or self.problems or self.bugs):
            self._print(reporter)
        if self.folder is not None:
            self.folder.release()

    def _finish(self, session: pytest.Session) -> None:
        if self.folder is None or self.collecting is None:
            return
        if self.problems:
            session.exitstatus = int(ExitStatus.USAGE)
            self.folder.remove()
            return
        rooms.attach_reports(self.project, self.collecting.run_recorder, self.started)
        self.collecting.stop(int(session.exitstatus))
        broken = self.collecting.items.collected.keeper.broken
        self.folder.write_finished(int(session.exitstatus), dict(self.outcomes.counts))
        if self.project.settings.mode == "upload":
            self._deliver(session, broken)
        else:
            results, group = rooms.nothing_sent(self.project, self.folder)
            results.bugs += self.bugs
            results.spool_errors += broken
            self.summary = self._summary(results, group, collected_only=True)
        self._tell_hooks()

    def _deliver(self, session: pytest.Session, broken: list[str]) -> None:
        assert self.folder is not None
        seconds = self.project.settings.deadline_s
        if session.exitstatus == pytest.ExitCode.INTERRUPTED:
            seconds = min(seconds, rooms.INTERRUPTED_S)
        results, group = rooms.deliver_runs(
            self.project,
            [self.folder],
            seconds=seconds,
            terminal=sys.stderr.isatty(),
            write=self._write_line,
        )
        results.bugs += self.bugs
        results.spool_errors += broken
        self.summary = self._summary(results, group)
        self._set_status(session, self.summary)
        rooms.tidy(self.project, self.folder)

    def _set_status(self, session: pytest.Session, summary: Summary) -> None:
        """Set our exit status, unless pytest has one of its own or it is only to be warned."""
        if summary.results.interrupted and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        elif session.exitstatus == 0 and self.project.settings.on_undelivered == "fail":
            session.exitstatus = rooms.status_of(summary, collected_now=True)

    def _summary(self, results: Any, group: Any, *, collected_only: bool = False) -> Summary:
        assert self.folder is not None
        later = rooms.undelivered(results)
        return Summary(
            results=results,
            records=group.records,
            next=rooms.push_command(self.project, rooms.next_options(self.config), [self.folder])
            if later
            else "",
            notes=self._notes(),
            collected_only=collected_only,
        )

    def _notes(self) -> list[str]:
        names = ", ".join(sorted(self.left_out))
        return [f"left out: targets of {names}, not in evidence_destinations"] if names else []

    @guarded
    def _tell_hooks(self) -> None:
        if self.summary is not None:
            told = {**self.summary.counts(), "run": self.folder.id if self.folder else ""}
            self.config.hook.pytest_evidence_delivered(summary={**told, "next": self.summary.next})

    def _write_line(self, line: str) -> None:
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(line)

    def _print(self, reporter: Any) -> None:
        self.printed = True
        mask = self.project.redactor.line
        lines = [f"ERROR: {mask(problem)}" for problem in self.problems]
        if self.summary is not None:
            lines += [*self.summary.lines()]
        elif self.bugs:
            lines += [f"bug of pytest-attach-evidence: {bug}" for bug in self.bugs]
        if not lines:
            return
        if reporter is None:
            print(*lines, sep="\n")  # noqa: T201  # the terminal plugin is off
            return
        reporter.section("evidence")
        for line in lines:
            reporter.write_line(line)
