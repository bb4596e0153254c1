"""The session as a whole: begins the run, and delivers and reports at its end, whatever happened."""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import Any

import pytest

from . import collection
from . import session as rooms
from .ending import Ending
from .errors import SettingsError
from .errors import SpoolError
from .hooks import Checking
from .hooks import Worker
from .hooks import guarded
from .session import SESSION_PLUGIN
from .voice import Broken


RUNNING_NOTHING = (
    "collectonly",
    "setuponly",
    "setupplan",
    "showfixtures",
    "show_fixtures_per_test",
    "cacheshow",
)


def configure(config: pytest.Config) -> None:
    """Load the project and register what the session needs. Raises pytest.UsageError."""
    try:
        project = rooms.load_project(config)
    except SettingsError as error:
        raise pytest.UsageError(*map(rooms.masked, error.problems)) from error
    except pytest.UsageError:
        raise
    except Exception as error:  # noqa: BLE001  # a bug of ours does not stop the tests
        config.pluginmanager.register(Broken(config, error), SESSION_PLUGIN)
        return
    if any(config.getoption(name, default=False) for name in RUNNING_NOTHING):
        config.pluginmanager.register(Checking(config, project), SESSION_PLUGIN)
    elif hasattr(config, "workerinput"):
        config.pluginmanager.register(Worker(config, project), SESSION_PLUGIN)
    else:
        config.pluginmanager.register(Controller(config, project), SESSION_PLUGIN)


class Controller(Ending):
    """The session itself: begins the run, and delivers at the end when all other reports are written."""

    @pytest.hookimpl(tryfirst=True)
    @guarded
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Create the run before anything can be collected. A spool that cannot be written is usage."""
        try:
            self.folder = rooms.begin_run(self.project, sys.argv)
        except SpoolError as error:
            raise pytest.UsageError(rooms.masked(f"evidence_dir: {error}")) from error
        self.start(self.folder)

    @guarded
    def pytest_report_header(self) -> str:
        """Say what is on: the mode, the destinations, the spool."""
        settings = self.project.settings
        names = ", ".join(self.project.destinations)
        hosts = ", ".join(settings.http_hosts)
        plain = f"; http:// accepted for {hosts}" if hosts else ""
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
        self.told += [p for p in told.get("problems", ()) if p not in self.told]
        self.bugs += [b for b in told.get("bugs", ()) if b not in self.bugs]
        self.lost += told.get("broken", ())
        self.left_out |= set(told.get("left_out", ()))
        self.map_told.of_worker(told.get("map", {}))

    @guarded
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count outcomes."""
        self.outcomes.add(report)
        self.map_told.add(report)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Deliver: other reports are on disk, the summary is not yet printed, the status can be set."""
        self.session = session
        try:
            return (yield)
        finally:
            self._try("the end of the session", self._finish, session)

    @guarded
    def pytest_terminal_summary(self) -> None:
        """Print the summary."""
        if not self.copied:
            self.voice.say()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Print the summary where pytest printed none, and let the run go."""
        if self.copied:
            self._try("the end of the session", collection.forget)
            return
        if not self.ended and self.folder is not None:
            self.voice.lines = self._try("the last words", self._last_words) or []
        self._try("the summary", self.voice.say)
        if self.folder is not None:
            self._try("release", self.folder.release)
        self._try("the end of the session", collection.forget)
        self._try("the last words", self._say_the_rest)
        if self.session is not None:
            self.session.exitstatus = self._last_status(int(self.session.exitstatus))
