"""Lets a command read the project's configuration through pytest itself, without any of it acting."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import pytest

from .. import settings
from ..errors import SettingsError
from ..errors import SpoolError
from ..redact import harmless
from ..report import output
from ..report.exit_status import STATUSES
from ..report.exit_status import ExitStatus
from ..report.output import counted
from ..spool import RunFolder
from ..spool import Spool
from . import words


class NoRunError(SpoolError):
    """A name on the command line leads to no run, or not to one alone: wrong arguments."""


Work = Callable[[pytest.Config], int]
ADDED = pytest.StashKey[frozenset[str]]()
"""The options that come from `addopts` alone."""

VARIABLE = "PYTEST_ADDOPTS"
# What a project puts into its ini for its tests must not stop or change a command.
QUIET = (
    "addopts=",
    "required_plugins=",
    "strict_config=false",
    "strict=false",
    "xfail_strict=false",
)


class _Command:
    """Does a command's work in place of a test session."""

    def __init__(self, arguments: argparse.Namespace, work: Work) -> None:
        self._arguments = arguments
        self._work = work
        self.status: int | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config, args: list[str]) -> None:
        """Let options of ours in `addopts` hold: of all others there pytest is told to see none."""
        chosen = self._arguments
        added = words.addopts(early_config.inipath, chosen.override_ini, chosen.added)
        given, names = words.ours(added, early_config.rootpath, chosen.override_ini)
        args[:0] = given
        own = {name for name, value in vars(chosen).items() if value not in (None, [])}
        early_config.stash[ADDED] = frozenset(names - own)

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int:
        """Run the command with the configuration; nothing is configured, collected or reported."""
        try:
            self.status = int(self._work(config))
        except SettingsError as error:
            self.status = complain("\nERROR: ".join(error.problems), ExitStatus.CONFIGURATION)
        except SpoolError as error:
            self.status = spool_trouble(error)
        except Exception as error:  # noqa: BLE001  # a bug of ours ends with 70 and one line
            from ..session import masked  # noqa: PLC0415  # not needed otherwise

            bug = masked(f"{type(error).__name__}: {error}")
            self.status = complain(f"bug of pytest-attach-evidence: {bug}", ExitStatus.BUG)
        return self.status


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """Return a parser of runs, with the options that lead to a project's configuration."""
    made = bare_parser(name, description)
    made.add_argument("runs", nargs="*", metavar="RUN", help="id or folder of a run (default: all)")
    return made


def bare_parser(name: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with nothing but the options that lead to a project's configuration."""
    made = argparse.ArgumentParser(
        prog=f"attach-evidence {name}",
        description=description,
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words.add_leading(made)
    made.set_defaults(flags=[])
    return made


def run(arguments: argparse.Namespace, work: Work) -> int:
    """Read the configuration as pytest does and do the work with it; return the exit status."""
    command = _Command(arguments, work)
    if arguments.plugins:
        sys.path += _folders(arguments)
    added = os.environ.pop(VARIABLE, None)
    arguments.added = added or ""
    try:
        status = pytest.main(_words(arguments), plugins=[command])
    finally:
        if added is not None:
            os.environ[VARIABLE] = added
    if command.status is not None:
        return command.status
    # pytest refused the configuration and has said why.
    return int(ExitStatus.CONFIGURATION) if status == pytest.ExitCode.USAGE_ERROR else int(status)


def _folders(arguments: argparse.Namespace) -> list[str]:
    """Return where a plugin may lie that `python -m pytest` found in the folder it was started in."""
    ini = arguments.config_file
    named = [*([Path(ini).parent] if ini else []), Path(arguments.rootdir or "."), Path()]
    return list(dict.fromkeys(str(folder.absolute()) for folder in named))


def _words(arguments: argparse.Namespace) -> list[str]:
    found = ["--noconftest", "--capture=no", "-p", "attach-evidence"]
    for pair in (*arguments.override_ini, *QUIET):  # the last one holds
        found += ["-o", pair]
    for plugin in arguments.plugins:
        found += ["-p", plugin]
    if arguments.config_file:
        found += ["-c", arguments.config_file]
    if arguments.rootdir:
        found += ["--rootdir", arguments.rootdir]
    if arguments.evidence_dir:
        found += ["--evidence-dir", str(Path(arguments.evidence_dir).absolute())]
    return [*found, *maps_given(arguments), *arguments.flags]


def maps_given(arguments: argparse.Namespace) -> list[str]:
    """Return the options with the map files that a command was given, which mean the same in any folder."""
    return [
        f"--evidence-map={Path(path).expanduser().absolute()}" for path in arguments.evidence_map
    ]


def spool_of(config: pytest.Config) -> Path:
    """Return the spool of a project, whatever else is wrong with its configuration.

    Raises SettingsError.
    """
    return settings.folder(config, "evidence_dir", config.invocation_params.dir)


def chosen_runs(spool: Path, names: Sequence[str]) -> list[RunFolder]:
    """Return the named runs, all if none is named. Raises NoRunError for a name that is no run."""
    known = {run.id: run for run in Spool(spool).runs()}
    if not names:
        return list(known.values())
    chosen = []
    for name in names:
        path = Path(name)
        if (path / "journals").is_dir():
            chosen.append(RunFolder(path.absolute()))
        elif name in known:
            chosen.append(known[name])
        else:
            there = f"{counted(len(known), 'run')} in {spool}" if known else f"{spool} holds no run"
            msg = f"no run {name!r}: {there} - attach-evidence status lists them"
            raise NoRunError(msg)
    different = list({run.path.resolve(): run for run in chosen}.values())
    if len({run.id for run in different}) < len(different):
        msg = "two of the folders are copies of one run - name one of them"
        raise NoRunError(msg)
    return different


def spool_trouble(error: SpoolError) -> int:
    """Say why no run can be worked on; return the exit status, which tells a wrong name from a disk."""
    named = isinstance(error, NoRunError)
    return complain(str(error), ExitStatus.USAGE if named else ExitStatus.SPOOL)


def say(*lines: str) -> None:
    """Print lines, whatever the terminal can show; a spool from elsewhere may have written them."""
    output.write(*map(harmless, lines))


def complain(message: str, status: ExitStatus) -> int:
    """Print an error as one line on standard error and return the exit status."""
    shown = "\n".join(map(harmless, message.split("\n")))
    with contextlib.suppress(AttributeError, OSError, ValueError):  # nobody listens
        sys.stderr.write(f"ERROR: {shown}\n")
    return int(status)
