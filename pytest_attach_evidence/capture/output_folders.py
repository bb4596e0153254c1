"""The files that a test leaves in its output folders, taken before somebody removes the folders."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from .. import collection
from ..recorder import Recorder
from .globs import Globs
from .timers import aside


LIMIT_S = 5.0
GROWTH_S = 2.0
QUIET_S = 0.05
RECENT_S = 1.0
# What pytest-playwright before 0.10, which tells nobody, writes into its folder of a test.
PLAYWRIGHT = ("**/*.png", "**/*.webm", "**/*.zip")
PLUGINS = ("pytest_playwright", "pytest_playwright_asyncio")
Version = tuple[int, int]


class OutputFolders:
    """A pytest plugin that takes files from the folders a test writes to.

    These are its `tmp_path`, emptied before the folder is removed and after all fixtures that use it
    have ended, and what a function-scoped fixture `output_path` names, such as pytest-playwright's,
    when the test is torn down. Never changes a fixture's result, never raises.
    """

    def __init__(self, patterns: Sequence[str], own: Sequence[Path]) -> None:
        self._globs = Globs(patterns)
        self._wanted = bool(patterns)
        self._own = own
        self._named: list[tuple[Path, Globs]] = []

    @property
    def needed(self) -> bool:
        """Whether there can be anything to take in this session."""
        return self._wanted or any(name in sys.modules for name in PLUGINS)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """Remember the folders that fixtures give."""
        result = yield
        if fixturedef.argname in ("tmp_path", "output_path") and fixturedef.scope == "function":
            with suppress(Exception):  # a fixture's result is never changed by us
                self._remember(fixturedef, Path(result))
        return result

    def begin(self) -> None:
        """Forget the folders of an earlier test or attempt."""
        self._named.clear()

    def end(self, recorder: Recorder) -> None:
        """Take what is in the folders that stay, when the test is torn down."""
        named, self._named = self._named, []
        for folder, globs in named:
            self._take(recorder, folder, globs)

    def _remember(self, fixturedef: pytest.FixtureDef[Any], folder: Path) -> None:
        if fixturedef.argname == "tmp_path":
            if self._wanted:
                # Added after the fixture ran, so it is called before the fixture's own end.
                fixturedef.addfinalizer(partial(self._end_of_tmp_path, folder))
            return
        if self._wanted:
            self._named.append((folder, self._globs))
        if fixturedef.func.__module__.startswith(PLUGINS):
            self._named.append((folder, Globs(PLAYWRIGHT)))

    def _end_of_tmp_path(self, folder: Path) -> None:
        with aside():  # an error here would be the test's
            self._take(collection.current(), folder, self._globs)

    def _take(self, recorder: Recorder, folder: Path, globs: Globs) -> None:
        ends_at = time.monotonic() + LIMIT_S
        try:
            found = [p for p in globs.matching(folder, self._own) if not recorder.holds(p)]
            growing = still_growing(found)
        except (OSError, ValueError) as error:
            recorder.refuse(str(folder), f"cannot be looked through ({error})")
            return
        for number, path in enumerate(found):
            if time.monotonic() > ends_at:
                seen = (
                    f"{len(found) - number} of {len(found)} files were not taken in {LIMIT_S:g} s"
                )
                recorder.refuse(str(folder), f"{seen} - narrow evidence_files")
                return
            remark = f"was still growing after {GROWTH_S:g} s" if path in growing else ""
            recorder.attach(path, remark=remark)


def still_growing(paths: Sequence[Path]) -> set[Path]:
    """Wait until files that were written to just now are left alone; return those that are not.

    Waits as little as it can and at most two seconds, for all of them together.
    """
    seen = {path: version for path in paths if (version := _version(path)) and _is_recent(version)}
    ends_at = time.monotonic() + GROWTH_S
    while seen and time.monotonic() < ends_at:
        time.sleep(QUIET_S)
        now = {path: _version(path) for path in seen}
        seen = {path: new for path, new in now.items() if new is not None and new != seen[path]}
    return set(seen)


def _version(path: Path) -> Version | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_size, facts.st_mtime_ns


def _is_recent(version: Version) -> bool:
    return abs(time.time() - version[1] / 1e9) < RECENT_S
