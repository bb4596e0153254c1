"""Runs inner suites and reads back what they left in the spool."""

from __future__ import annotations

from typing import Protocol

import keyring  # noqa: F401  # replaces importlib.metadata's finder: not only while an inner run lasts
import pytest

# Modules that are only imported by an inner run would be others in the next one.
import pytest_attach_evidence.controller
from pytest_attach_evidence import destinations

from .reading import LINE
from .reading import Run
from .reading import errors
from .reading import everything_printed
from .reading import read_back


IGNORED = "ignore::pytest.PytestAssertRewriteWarning"
PLUGINS = ("-p", "no:cacheprovider", "-p", "pytest_attach_evidence.plugin", "-W", IGNORED)
XDIST = ("-p", "xdist.plugin", "-p", "xdist.looponfail")


assert pytest_attach_evidence.controller
for name in destinations.CLASSES:
    destinations.factory(name)


class RunAndRead(Protocol):
    """Runs a suite (files are made before, or given as text) and returns the run it left."""

    def __call__(
        self, suite: str = "", *args: str, mode: str = "upload", apart: bool = False
    ) -> Run:
        """Run pytest in this process, or `apart` in one of its own."""


class RunRefused(Protocol):
    """Runs a suite that must not start and returns pytest's error lines."""

    def __call__(self, suite: str = "", *args: str, mode: str = "upload") -> list[str]:
        """Run pytest, and check that it ended with 4, ran nothing and left nothing."""


class Start(Protocol):
    """Runs a suite and returns what pytest said."""

    def __call__(
        self, suite: str = "", *args: str, mode: str = "upload", apart: bool = False
    ) -> pytest.RunResult:
        """Run pytest."""


@pytest.fixture
def start(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Run an inner suite, whatever it leaves; only the plugins it needs are loaded."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(
        suite: str = "", *args: str, mode: str = "upload", apart: bool = False
    ) -> pytest.RunResult:
        if suite:
            pytester.makepyfile(test_inner=suite)
        xdist = XDIST if any(word.startswith(("-n", "--tx")) for word in args) else ()
        words = [*PLUGINS, *xdist, *([f"--evidence={mode}"] if mode else []), *args]
        return (pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess)(*words)

    return run


@pytest.fixture
def run_and_read_spool(pytester: pytest.Pytester, start: Start) -> RunAndRead:
    """Run an inner suite and read its run back, checking what holds for every run."""

    def run(suite: str = "", *args: str, mode: str = "upload", apart: bool = False) -> Run:
        result = start(suite, *args, mode=mode, apart=apart)
        return read_back(result, pytester.path / ".evidence")

    return run


@pytest.fixture
def run_refused(pytester: pytest.Pytester, start: Start) -> RunRefused:
    """Run an inner suite that a wrong configuration must stop before its first test."""

    def run(suite: str = "", *args: str, mode: str = "upload") -> list[str]:
        pytester.makepyfile(test_inner=suite or NEVER_RUN)
        result = start("", *args, mode=mode)
        printed = everything_printed(result)
        assert pytest.ExitCode.USAGE_ERROR == result.ret, printed
        assert [] == LINE.findall(printed)
        assert "it ran" not in printed
        assert "Traceback" not in printed
        assert "INTERNALERROR" not in printed
        assert [] == list((pytester.path / ".evidence").glob("*/journals"))
        return errors(result)

    return run


NEVER_RUN = "def test_it(): print('it ran'); assert False"
