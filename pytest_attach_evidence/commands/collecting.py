"""Collects a project's tests anew in a process of its own, to learn which targets they have now.

This module is also the plugin that writes them down there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

import pytest

from .. import again
from ..capture.items import MAPPED
from ..errors import SettingsError
from ..model import Target
from ..project import Project
from ..spool import RunFolder
from .with_pytest import say


Found = Mapping[str, tuple[Target, ...]]
MOST_REASONS = 10
SOON_S = 10.0
LONGEST_S = 600.0
REFUSED = "push --remap: the tests cannot be collected, nothing was changed or sent"


def targets_now(
    config: pytest.Config, project: Project, runs: Iterable[RunFolder], chosen: argparse.Namespace
) -> Found:
    """Return the targets that the tests of some runs have now, by node id; no test is run.

    Only the files of tests with evidence in the runs are collected, with their conftest files. Raises
    SettingsError where pytest cannot collect one of them.
    """
    files = _files(config.rootpath, runs)
    found = {"": project.run_targets()}
    if files:
        found.update(_collected(config, project, files, chosen))
    return found


def _files(root: Path, runs: Iterable[RunFolder]) -> list[str]:
    """Return the files that the node ids of some runs name, as far as they are there."""
    names = {item.nodeid.partition("::")[0] for run in runs for item in run.read().items.values()}
    return [str(root / name) for name in sorted(names) if name and (root / name).exists()]


def _collected(
    config: pytest.Config, project: Project, files: Sequence[str], chosen: argparse.Namespace
) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        asked, told = Path(folder, "files"), Path(folder, "targets.json")
        asked.write_text("\n".join(files), encoding="utf-8")
        words = [*_words(config, project, chosen), f"--evidence-write-targets={told}", f"@{asked}"]
        status, output = _done(words, config.rootpath)
        fine = status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if not fine or not told.exists():
            raise SettingsError(*_reasons(output, project))
        return _read(json.loads(told.read_text(encoding="utf-8")), project)


def _done(words: Sequence[str], folder: Path) -> tuple[int, str]:
    """Return the exit status of a command and what it said. Raises SettingsError where it does not end."""
    with subprocess.Popen(  # noqa: S603  # our own interpreter and words
        words,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            output = _ended(process)
        except subprocess.TimeoutExpired:
            process.kill()
            msg = (
                f"{REFUSED}, it took more than {LONGEST_S:.0f} s - let no conftest file wait there"
            )
            raise SettingsError(msg) from None
        except BaseException:
            process.kill()
            raise
    return process.returncode, output


def _ended(process: subprocess.Popen[str]) -> str:
    """Return what a process said, when it has ended; say that it is waited for."""
    try:
        return process.communicate(timeout=SOON_S)[0]
    except subprocess.TimeoutExpired:
        say(f"the tests are still being collected, for {LONGEST_S:.0f} s at most; Ctrl-C stops it")
        return process.communicate(timeout=LONGEST_S - SOON_S)[0]


def _words(config: pytest.Config, project: Project, chosen: argparse.Namespace) -> list[str]:
    """Return a pytest command that collects with the project's configuration, conftest and plugins."""
    plugins = ("no:cacheprovider", "attach-evidence", __name__, *chosen.plugins)
    overrides = ("addopts=", *chosen.override_ini)
    return [
        *(sys.executable, "-m", "pytest", "--collect-only", "-q", "--color=no"),
        *("--evidence=collect", f"--evidence-dir={project.settings.dir}"),
        *(word for plugin in plugins for word in ("-p", plugin)),
        *(word for pair in overrides for word in ("-o", pair)),
        *(word for path in again.maps_given(config) for word in ("--evidence-map", path)),
        *(("-c", str(config.inipath)) if config.inipath is not None else ()),
        f"--rootdir={config.rootpath}",
    ]


def _reasons(output: str, project: Project) -> list[str]:
    """Return why the tests could not be collected, as pytest says it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    seen = [line for line in lines if line.startswith(("ERROR", "E  "))] or lines[-1:]
    reasons = dict.fromkeys(
        line.removeprefix("ERROR").removeprefix("E ").strip(": ") for line in seen
    )
    msg = f"{REFUSED} - mend them first"
    return [msg, *(project.redactor.line(line) for line in list(reasons)[:MOST_REASONS] if line)]


def _read(told: Sequence[tuple[str, list[Mapping[str, object]]]], project: Project) -> Found:
    """Return the targets by node id as the spool has it; two tests that look alike there are left out."""
    found: dict[str, tuple[Target, ...]] = {}
    unlike: set[str] = set()
    for name, targets in told:
        nodeid = project.redactor.text(name)
        own = tuple(Target.from_json(target) for target in targets)
        if found.setdefault(nodeid, own) != own:
            unlike.add(nodeid)
    return {nodeid: targets for nodeid, targets in found.items() if nodeid not in unlike}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare where the targets are to be written."""
    parser.addoption("--evidence-write-targets", metavar="FILE", help=argparse.SUPPRESS)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write every item's targets, which were decided just before."""
    items = [(item.nodeid, item.stash[MAPPED].targets) for item in session.items]
    told = [(name, [target.to_json() for target in targets]) for name, targets in items]
    Path(session.config.getoption("evidence_write_targets")).write_text(
        json.dumps(told), encoding="utf-8"
    )
