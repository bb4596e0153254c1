"""Collects a project's tests anew in a process of its own, to learn which targets they have now.

What is loaded there is `collected`, which writes them down.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..errors import SettingsError
from ..model import Problem
from ..model import Target
from ..project import Project
from ..spool import RunFolder
from . import collected
from .with_pytest import VARIABLE
from .with_pytest import maps_given
from .words import overrides


Found = Mapping[str, tuple[Target, ...]]
MOST_REASONS = 10
SOON_S = 10.0
LONGEST_S = 600.0
REFUSED = "push --remap: the tests cannot be collected, nothing was changed or sent"
UNSEEN = "not all tests can be collected"
MEND = "mend them first; words that pytest needs for it stand behind --"
EVERY_TEST = ("-k", "", "-m", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What a collection told: the targets of each test by its node id, and what is wrong with them.

    `failed` is why others could not be collected; `left_out` are destinations with targets that are not
    enabled, `warnings` what may be wrong in the map, `unheld` its rows that hold for no test, place and
    `test`. `narrowed`: some of the tests are not there, so that nothing follows from the latter.
    """

    tests: Sequence[tuple[str, tuple[Target, ...]]]
    problems: Sequence[str] = ()
    warnings: Sequence[Problem] = ()
    failed: Sequence[str] = ()
    left_out: Sequence[str] = ()
    unheld: Sequence[tuple[str, str]] = ()
    narrowed: bool = False


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


def mapped_now(config: pytest.Config, project: Project, chosen: argparse.Namespace) -> Mapped:
    """Return the targets of the tests that pytest collects for `chosen.tests`, all where none is named.

    Only destinations of the project count, whatever the ini file has. A module that cannot be imported hides
    no other. Raises SettingsError where pytest tells nothing; targets that cannot be read are problems.
    """
    tests = [_absolute(config.invocation_params.dir, test) for test in chosen.tests]
    sound = f"evidence_destinations={' '.join(project.destinations)}"
    return _told(config, project, tests, chosen, UNSEEN, "-o", sound)


def _absolute(here: Path, test: str) -> str:
    """Return a path or node id as another folder understands it."""
    path, colons, rest = test.partition("::")
    return f"{(here / path).absolute()}{colons}{rest}"


def _files(root: Path, runs: Iterable[RunFolder]) -> list[str]:
    """Return the files that the node ids of some runs name, as far as they are there."""
    names = {item.nodeid.partition("::")[0] for run in runs for item in run.read().items.values()}
    return [str(root / name) for name in sorted(names) if name and (root / name).exists()]


def _collected(
    config: pytest.Config, project: Project, files: Sequence[str], chosen: argparse.Namespace
) -> Found:
    mapped = _told(config, project, files, chosen, REFUSED, *EVERY_TEST)
    if mapped.problems:
        raise SettingsError(f"{REFUSED} - {MEND}", *mapped.problems)
    if mapped.failed:
        raise SettingsError(*mapped.failed)
    return _by_node(mapped.tests, project)


def _told(
    config: pytest.Config,
    project: Project,
    tests: Sequence[str],
    chosen: argparse.Namespace,
    refused: str,
    *more: str,
) -> Mapped:
    """Return what a pytest process tells of the tests. Raises SettingsError where it tells nothing."""
    with tempfile.TemporaryDirectory() as folder:
        asked, told = Path(folder, "files"), Path(folder, "targets.json")
        asked.write_text("\n".join(tests), encoding="utf-8")
        words = [*_words(config, project, chosen), *more, *collected.into(told)]
        words += [f"@{asked}"] if tests else []
        status, output = _done(words, config.rootpath, {VARIABLE: chosen.added}, refused)
        written = json.loads(told.read_text(encoding="utf-8")) if told.exists() else None
    if written is None:
        raise SettingsError(*_reasons(_lines_of(output), project, refused))
    fine = status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    failed = written["failed"] or ([] if fine or written["problems"] else _lines_of(output))
    return Mapped(
        tests=[(n, tuple(map(Target.from_json, found))) for n, found in written["tests"]],
        problems=list(map(project.redactor.line, written["problems"])),
        failed=_reasons(failed, project, refused) if failed else (),
        left_out=written["left_out"],
        warnings=[Problem(**one) for one in written["warnings"]],
        unheld=[(place, test) for place, test in written["unheld"]],
        narrowed=written["narrowed"],
    )


def _done(
    words: Sequence[str], folder: Path, more: Mapping[str, str], refused: str
) -> tuple[int, str]:
    """Return the exit status of a command and what it said. Raises SettingsError where it does not end."""
    with subprocess.Popen(  # noqa: S603  # our own interpreter and words
        words,
        cwd=folder,
        env={**os.environ, **more},
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
                f"{refused}, it took more than {LONGEST_S:.0f} s - let no conftest file wait there"
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
        waits = (
            f"the tests are still being collected, for {LONGEST_S:.0f} s at most; Ctrl-C stops it"
        )
        with contextlib.suppress(AttributeError, OSError, ValueError):  # nobody listens
            sys.stderr.write(f"{waits}\n")
        return process.communicate(timeout=LONGEST_S - SOON_S)[0]


def _words(config: pytest.Config, project: Project, chosen: argparse.Namespace) -> list[str]:
    """Return a pytest command that collects as the project's own does: configuration, `addopts`, conftest.

    What stands last holds: only collecting, whatever `addopts` or the words behind `--` say.
    """
    plugins = ("attach-evidence", *chosen.plugins, "cacheprovider", collected.__name__)
    return [
        *(sys.executable, "-m", "pytest", *chosen.words, "--collect-only", "-q", "--color=no"),
        *("--evidence=collect", f"--evidence-dir={project.settings.dir}"),
        *overrides(chosen.override_ini, (config.inipath or config.rootpath / "ini").parent),
        *chosen.flags,
        *(word for plugin in plugins for word in ("-p", plugin)),
        *(word for pair in chosen.override_ini for word in ("-o", pair)),
        *maps_given(chosen),
        *(("-c", str(config.inipath)) if config.inipath is not None else ()),
        f"--rootdir={config.rootpath}",
    ]


def _lines_of(output: str) -> list[str]:
    """Return what pytest says of why it did not collect: of a wrong option, else of errors."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    usage = [line.partition(": error: ")[2] for line in lines if ": error: " in line]
    seen = [line for line in lines if line.startswith(("ERROR", "E  "))]
    found = usage or seen or lines[-1:]
    return [line.removeprefix("ERROR").removeprefix("E ").strip(": ") for line in found]


def _reasons(lines: Iterable[str], project: Project, refused: str) -> list[str]:
    """Return that tests could not be collected, and why."""
    reasons = list(dict.fromkeys(filter(None, map(project.redactor.line, lines))))
    return [f"{refused} - {MEND}", *reasons[:MOST_REASONS]]


def _by_node(tests: Iterable[tuple[str, tuple[Target, ...]]], project: Project) -> Found:
    """Return the targets by node id as the spool has it; two tests that look alike there are left out."""
    found: dict[str, tuple[Target, ...]] = {}
    unlike: set[str] = set()
    for name, own in tests:
        nodeid = project.redactor.text(name)
        if found.setdefault(nodeid, own) != own:
            unlike.add(nodeid)
    return {nodeid: targets for nodeid, targets in found.items() if nodeid not in unlike}
