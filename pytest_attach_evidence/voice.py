"""What a session says at its end, and what takes its place where it could not even begin."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

import pytest

from . import session as rooms
from .redact import harmless
from .report import output
from .report.exit_status import ExitStatus
from .report.summary import last_words


class Voice:
    """Prints the last lines of a session exactly once, wherever pytest lets us."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.lines: list[str] = []
        self.said: list[str] = []

    def write(self, line: str) -> None:
        """Print a line while the session ends."""
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            if self.config.get_terminal_writer().width_of_current_line:  # "[100%]" has no end yet
                reporter.write_line("")
            reporter.write_line(line)

    def say(self) -> None:
        """Print what there is to say and forget it."""
        lines, self.lines = self.lines, []
        self.said += lines
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        with contextlib.suppress(OSError, ValueError):  # nobody listens any more
            if reporter is not None and lines:
                reporter.section("evidence")
                for line in map(harmless, lines):
                    reporter.write_line(line)
            elif lines:
                output.write(*map(harmless, lines))


class Broken:
    """Takes the place of everything else where an error of ours kept the project from being loaded."""

    def __init__(self, config: pytest.Config, error: Exception) -> None:
        self.config = config
        self.voice = Voice(config)
        self.bug = rooms.masked(f"configure: {type(error).__name__}: {error}")

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Fail the run whose evidence nobody collects."""
        try:
            return (yield)
        finally:
            if hasattr(self.config, "workeroutput"):
                self.config.workeroutput["evidence"] = {"bugs": [self.bug]}
            else:
                if session.exitstatus == 0 and rooms.mode_of(self.config) == "upload":
                    session.exitstatus = int(ExitStatus.BUG)
                self.voice.lines = last_words("", None, [self.bug], "")

    def pytest_terminal_summary(self) -> None:
        """Say why there is no evidence."""
        self.voice.say()

    def pytest_unconfigure(self) -> None:
        """Say it where pytest printed no summary."""
        self.voice.say()
