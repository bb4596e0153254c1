"""One pytest session: its run in the spool, its items, and the delivery at its end."""

from __future__ import annotations

import contextlib
import getpass
import glob
import os
import platform
from collections import Counter
from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import pytest

from . import collection
from . import marks
from . import project as project_room
from ._version import __version__
from .capture import allure_bridge
from .capture.items import MAPPED
from .capture.items import Items
from .capture.items import Mapped
from .capture.left_behind import LeftBehind
from .capture.timers import RAISED
from .capture.views import Camera
from .capture.views import Wanted
from .collection import Collection
from .errors import SettingsError
from .keeper import Keeper
from .model import Run
from .model import utc_text
from .project import Decision
from .project import Project
from .recorder import Recorder
from .redact import Redactor
from .secrets import Secrets
from .spool import RunFolder
from .spool import Spool
from .targets import Levels


SESSION_PLUGIN = "attach-evidence-session"
"""The name of what a session of ours registers with pytest."""
# Each of them leaves tests out that pytest does not tell of as deselected.
NARROWING = ("lf", "ignore", "ignore_glob")
CI_VARIABLES = (
    "CI",
    "GITHUB_RUN_ID",
    "GITHUB_SHA",
    "CI_JOB_URL",
    "CI_COMMIT_SHA",
    "BUILD_URL",
    "BUILD_NUMBER",
)


def load_project(
    config: pytest.Config,
    *,
    delivering: bool | None = None,
    needed: Container[str] | None = None,
    aside: dict[str, list[str]] | None = None,
) -> Project:
    """Return the project of a pytest configuration (see `project.load`). Raises SettingsError."""
    if delivering is None:
        delivering = mode_of(config) == "upload" and not hasattr(config, "workerinput")
    hook = config.hook
    patterns = _answers(
        "pytest_evidence_redact", lambda: hook.pytest_evidence_redact(config=config)
    )
    others = _answers("pytest_evidence_destinations", hook.pytest_evidence_destinations)
    return project_room.load(
        config,
        here=config.invocation_params.dir,
        others=others,
        patterns=[p for found in patterns for p in ([found] if isinstance(found, str) else found)],
        delivering=delivering,
        needed=needed,
        aside=aside,
    )


def _answers(name: str, ask: Callable[[], list[Any]]) -> list[Any]:
    """Return what other plugins answer to a hook of ours. Raises SettingsError where one raised."""
    try:
        return [found for found in ask() if found]
    except RAISED as error:
        msg = f"{name} raised {type(error).__name__}: {error} - mend the hook"
        raise SettingsError(msg) from error


def mode_of(config: pytest.Config) -> str:
    """Return the mode as it is written, before anything is checked."""
    return str(config.getoption("evidence") or config.getini("evidence") or "off").strip()


def is_narrowed(config: pytest.Config) -> bool:
    """Tell whether pytest was asked for some of the tests only: named, ignored, or those of a subfolder."""
    source, sources = config.args_source, pytest.Config.ArgsSource
    below = source is sources.INVOCATION_DIR and config.invocation_params.dir != config.rootpath
    ignored = any(config.getoption(name, None) for name in NARROWING)
    return below or ignored or source is sources.ARGS


def masked(text: str) -> str:
    """Return a message with known secrets masked, while there is no project that could do it."""
    return Redactor(Secrets.from_environment().known_values()).text(text)


@dataclass(slots=True, kw_only=True)
class Collecting:
    """The collecting side of one process: a worker of xdist, or the only process."""

    project: Project
    folder: RunFolder
    items: Items
    bugs: list[str] = field(default_factory=list)
    _closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @classmethod
    def start(
        cls, project: Project, folder: RunFolder, config: pytest.Config, *, worker: str = ""
    ) -> Collecting:
        """Begin to collect into a run."""
        settings = project.settings
        keeper = Keeper(
            folder=folder,
            redactor=project.redactor,
            max_size=settings.max_size,
            camera=Camera(settings.capture_limit_s),
        )
        collected = Collection(keeper=keeper, worker=worker)
        own = project.of_the_run()
        collected.run = collected.begin(
            "",
            found=own.targets,
            when=own.when,
            rows=own.rows,
            filters=own.filters,
            filled=own.filled,
        )
        left_behind = LeftBehind(
            settings,
            here=config.invocation_params.dir,
            reports=_report_folders(config),
            border=project.redactor.border,
        )
        items = Items(
            collected,
            wanted=Wanted(
                picture=settings.screenshot,
                page=settings.page,
                console=settings.console == "failed",
                listen=settings.listen,
                teardown=settings.screenshot_teardown == "on",
                limit_s=settings.capture_limit_s,
            ),
            left_behind=left_behind,
            only_last_rerun=settings.reruns == "last",
            border=project.redactor.border,
        )
        self = cls(project=project, folder=folder, items=items)
        self._closing.enter_context(collection.active(collected))
        if "allure" in settings.bridges:
            self._closing.callback(allure_bridge.listen())
        return self

    @property
    def run_recorder(self) -> Recorder:
        """The recorder of the run itself."""
        assert self.items.collected.run is not None
        return self.items.collected.run

    def leave(self) -> None:
        """Take nothing more and write nothing: the process that this one was copied from does."""
        self._closing.close()
        self.folder.journal.close()

    def stop(self, exit_status: int) -> None:
        """End the run's item and take nothing more."""
        self._closing.close()
        self.run_recorder.failed = exit_status not in (0, 5)
        self.run_recorder.end()


def _report_folders(config: pytest.Config) -> list[Path]:
    """Return the folder of pytest-html's report, which the paths in it are relative to."""
    path = config.getoption("htmlpath", None)
    return [(config.invocation_params.dir / str(path)).parent] if path else []


def decide(project: Project, item: pytest.Item, levels: Levels) -> Decision:
    """Decide once where an item's evidence goes, and keep that with the item."""
    parameters = getattr(getattr(item, "callspec", None), "params", None)
    decision = project.decide(levels, marks.names_of(item), parameters)
    item.stash[MAPPED] = Mapped(
        targets=decision.targets,
        when=decision.when,
        rows=decision.rows,
        require=decision.require,
        filters=decision.filters,
        filled=decision.filled,
        bare=decision.bare,
    )
    return decision


def begin_run(project: Project, argv: Sequence[str]) -> RunFolder:
    """Create the run's folder, locked for this process. Raises SpoolError."""
    mask = project.redactor.text
    facts = Run(
        id="",
        started_at=utc_text(),
        argv=tuple(mask(word) for word in argv),
        host=platform.node(),
        versions={
            "python": platform.python_version(),
            "pytest": pytest.__version__,
            "pytest-attach-evidence": __version__,
        },
        ci={name: mask(os.environ[name]) for name in CI_VARIABLES if os.environ.get(name)},
        vcs={"user": _user()},
    )
    return Spool(project.settings.dir).begin(facts)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def attach_reports(project: Project, recorder: Recorder, since: float) -> None:
    """Attach the report files that other plugins wrote in this session to the run."""
    root = glob.escape(str(project.settings.rootdir))
    for pattern in project.settings.reports:
        try:
            matching = glob.glob(os.path.join(root, pattern), recursive=True)  # noqa: PTH118, PTH207
        except (OSError, ValueError, RecursionError) as error:
            recorder.refuse(pattern, f"cannot be looked for ({error}) - mend evidence_reports")
            continue
        own = (project.settings.dir, project.settings.archive_dir)
        outside = [path for path in map(Path, sorted(matching)) if not _inside(path, own)]
        found = [path for path in outside if path.is_file()]
        if not found:
            recorder.refuse(
                pattern, "no such report was written - mend evidence_reports or write it"
            )
        for path in found:
            with contextlib.suppress(FileNotFoundError):  # gone since it was found
                if path.stat().st_mtime < since - 2:
                    recorder.refuse(
                        path.name, "is older than this run and was not attached - remove it"
                    )
                else:
                    recorder.attach(path, kind="report")


def _inside(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.absolute().is_relative_to(folder) for folder in folders)


@dataclass(slots=True, kw_only=True)
class Outcomes:
    """Counts how items ended, from the reports that a process sees."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, report: pytest.TestReport) -> None:
        """Count a report that decides something."""
        if report.when == "call" or report.outcome != "passed":
            self.counts[str(report.outcome)] += 1
