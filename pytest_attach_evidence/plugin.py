"""The door of pytest: options, fixtures and hooks; what they do is done in the rooms behind."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from . import settings
from .errors import SettingsError
from .marks import DESCRIPTION
from .options import OPTIONS
from .options import SECRET_NAMES
from .options import Option


if TYPE_CHECKING:
    from .recorder import Recorder

PRIVATE_FOLDERS = pytest.StashKey[tuple[Path, ...]]()


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare our hooks."""
    from . import hookspecs  # noqa: PLC0415  # not needed to import this module

    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare every option, and refuse-only ones for secrets."""
    group = parser.getgroup("evidence", "evidence (pytest-attach-evidence)")
    for option in OPTIONS:
        declare(parser, option)
        if option.has_flag:
            choices = f" ({', '.join(filter(None, option.choices))})" if option.choices else ""
            default = f" [{option.default}]" if option.default else ""
            group.addoption(
                option.flag,
                dest=option.name,
                action="append" if option.is_list else "store",
                default=None,
                metavar=option.name.rpartition("_")[2].upper(),
                help=f"{option.help}{choices}{default}".replace("%", "%%"),
            )
    for name in SECRET_NAMES:
        parser.addini(f"evidence_{name}", "Refused: secrets come from the environment", default="")
        flag = f"--evidence-{name.replace('_', '-')}"
        group.addoption(flag, dest=f"evidence_{name}", default=None, help=argparse.SUPPRESS)


def declare(parser: pytest.Parser, option: Option) -> None:
    """Declare one ini option so that ini files, `ini_options` and native TOML all work."""
    if option.is_list:
        parser.addini(option.name, option.help, type="linelist", default=option.default.split())
    elif pytest.version_tuple >= (9, 2):
        # In native TOML a number may be written as one.
        parser.addini(option.name, option.help, type=str | int, default=option.default)
    else:
        parser.addini(option.name, option.help, default=option.default)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the session's hooks if evidence is not off."""
    config.addinivalue_line("markers", DESCRIPTION)
    config.stash[PRIVATE_FOLDERS] = _private_folders(config)
    given = config.getoption("evidence") or config.getini("evidence") or "off"
    if str(given).strip() == "off" and not _secrets_given(config):
        return
    from .controller import configure  # noqa: PLC0415  # nothing of it is imported while off

    configure(config)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Keep pytest out of spool and archive, also while evidence is off."""
    folders = config.stash.get(PRIVATE_FOLDERS, ())
    return True if any(map(collection_path.is_relative_to, folders)) else None


def _private_folders(config: pytest.Config) -> tuple[Path, ...]:
    """Return where spool and archive are; nothing where the options do not lead to folders."""
    here = config.invocation_params.dir
    try:
        names = ("evidence_dir", "evidence_archive_dir")
        folders = [settings.folder(config, name, here) for name in names]
        return (*map(_without_dots, folders), *(folder.resolve() for folder in folders))
    # No such home, a loop of links: said where it is on.
    except (SettingsError, OSError, RuntimeError, ValueError):
        return ()


def _without_dots(folder: Path) -> Path:
    return Path(os.path.normpath(folder))


def _secrets_given(config: pytest.Config) -> bool:
    names = [f"evidence_{name}" for name in SECRET_NAMES]
    return any(config.getini(name) or config.getoption(name) for name in names)


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Recorder:
    """Attach evidence to this test: `attach`, `text`, `json`, `table`, `screenshot`, `step`."""
    from . import collection  # noqa: PLC0415  # nothing of it is imported while nobody asks

    return collection.current()


@pytest.fixture(scope="session")
def evidence_session(request: pytest.FixtureRequest) -> Recorder:
    """Attach evidence to the run itself, from fixtures of any scope."""
    from . import collection  # noqa: PLC0415

    return collection.of_the_run()
