"""The files that a test leaves in its output folders, taken before somebody removes the folders."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from .. import collection
from ..clocks import Began
from ..recorder import Recorder
from .globs import Globs
from .timers import aside


LIMIT_S = 5.0
GROWTH_S = 2.0
QUIET_S = 0.05
# The coarsest step in which a file system tells times.
STEP_S = 2.0
# What pytest-playwright before 0.10, which tells nobody, writes into its folder of a test.
PLAYWRIGHT = ("**/*.png", "**/*.webm", "**/*.zip")
PLUGINS = ("pytest_playwright", "pytest_playwright_asyncio")
Version = tuple[int, int]


class OutputFolders:
    """A pytest plugin that takes files from the folders a test writes to.

    These are its `tmp_path`, emptied before the folder is removed and after all fixtures that use it
    have ended, and what a function-scoped fixture `output_path` names, such as pytest-playwright's,
    when the test is torn down: only what was written there since the attempt began, since other tests
    may write to the same folder. Never changes a fixture's result, never raises.
    """

    def __init__(self, patterns: Sequence[str], own: Sequence[Path]) -> None:
        self._globs = Globs(patterns)
        self._wanted = bool(patterns)
        self._own = own
        self._named: list[tuple[Path, Globs]] = []
        self._began = Began()
        self._known: dict[Path, _Known] = {}

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
        """Forget the folders of an earlier test or attempt, and files too old to be one's of this."""
        self._named.clear()
        self._began = Began()
        since = self._began.wall_s - STEP_S
        self._known = {path: one for path, one in self._known.items() if one.written_s >= since}

    def end(self, recorder: Recorder) -> None:
        """Take what is in the folders that stay, when the test is torn down."""
        named, self._named = self._named, []
        for folder, globs in named:
            self._take(recorder, folder, globs, self._is_new)
        # However the test got them: the next one gets none of them.
        held = [path for path in recorder.files if recorder.holds(path)]
        self._known |= {path: now for path in held if (now := _seen(path))}

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
            self._take(collection.current(), folder, self._globs, Path.exists)

    def _take(
        self, recorder: Recorder, folder: Path, globs: Globs, wanted: Callable[[Path], bool]
    ) -> None:
        began = time.monotonic()
        try:
            every = globs.matching(
                folder, self._own, refuse=recorder.refuse, ends_at=began + LIMIT_S / 2
            )
            found = [path for path in every if not recorder.holds(path) and wanted(path)]
        except (OSError, ValueError) as error:
            recorder.refuse(str(folder), f"cannot be looked through ({error})")
            return
        patience = Patience()
        for number, path in enumerate(found):
            if time.monotonic() > began + LIMIT_S:
                seen = (
                    f"{len(found) - number} of {len(found)} files were not taken in {LIMIT_S:g} s"
                )
                recorder.refuse(str(folder), f"{seen} - narrow evidence_files")
                return
            recorder.attach_found(path, patience.until_rest)

    def _is_new(self, path: Path) -> bool:
        """Tell whether a file was written or put there since the attempt began and is not known yet."""
        now, before = _seen(path), self._known.get(path)
        if now is None or now.written_s < self._began.on_files() - STEP_S:
            return False
        self._known[path] = now
        return before is None or before.version != now.version


@dataclass(frozen=True, slots=True)
class _Known:
    """What was seen of a file: size and time, and when it was written or put there."""

    version: Version
    written_s: float


@dataclass(slots=True)
class Patience:
    """The time in which files may come to rest: at most two seconds for all that share it."""

    left_s: float = field(default=GROWTH_S)

    def until_rest(self, path: Path) -> str:
        """Wait until a file that is written to is left alone; return a remark where it is not."""
        began_s, left_s = time.monotonic(), self.left_s
        before = _seen(path)
        while self.left_s > 0:
            time.sleep(QUIET_S)
            self.left_s = left_s - (time.monotonic() - began_s)
            now = _seen(path)
            if now is None or before is None or now.version == before.version:
                return ""
            before = now
        return f"was still growing after {GROWTH_S:g} s"


def _seen(path: Path) -> _Known | None:
    """Return what can be seen of a file now, None where it is gone."""
    try:
        facts = path.stat()
    except OSError:
        return None
    version = facts.st_size, facts.st_mtime_ns
    return _Known(version, max(facts.st_mtime, facts.st_ctime))
