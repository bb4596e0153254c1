"""The words that lead a command to a configuration: its own, those behind `--`, and ours in `addopts`."""

from __future__ import annotations

import argparse
import configparser
import shlex
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import NoReturn

from ..options import OPTIONS


SECTIONS = ("pytest", "tool:pytest")
SCALARS = [
    option
    for option in OPTIONS
    if not option.is_list and option.name not in ("evidence", "evidence_dir")
]
"""The options of pytest that a command may take, beside those that every command takes."""


class _Lenient(argparse.ArgumentParser):
    """A parser for words that pytest reads as well, and complains of."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def add_leading(parser: argparse.ArgumentParser) -> None:
    """Declare the options that lead every command to a project's configuration."""
    parser.add_argument("-c", "--config-file", metavar="FILE", help="pytest's configuration file")
    parser.add_argument("--rootdir", metavar="DIR", help="pytest's root directory")
    parser.add_argument("-o", "--override-ini", action="append", default=[], metavar="OPTION=VALUE")
    parser.add_argument("-p", dest="plugins", action="append", default=[], metavar="PLUGIN")
    _add_spool_and_maps(parser)


def add_scalars(parser: argparse.ArgumentParser) -> None:
    """Declare every other option of ours that is a flag of pytest."""
    for option in SCALARS:
        parser.add_argument(option.flag, dest=option.name, help=argparse.SUPPRESS)


def parsed(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Return the arguments of a command that collects tests; `words` are those behind `--`, for pytest.

    What leads to the configuration holds for the command as well, wherever it stands.
    """
    at = arguments.index("--") if "--" in arguments else len(arguments)
    behind = _Lenient(add_help=False, allow_abbrev=False)
    add_leading(behind)
    add_scalars(behind)
    try:
        chosen, words = behind.parse_known_args(arguments[at + 1 :])
    except ValueError as error:
        parser.error(str(error))
    chosen = parser.parse_intermixed_args(arguments[:at], chosen)
    chosen.words, chosen.flags = words, flags(chosen, Path())
    return chosen


def flags(chosen: argparse.Namespace, here: Path) -> list[str]:
    """Return the scalars that were given, with paths below `here` that mean the same in any folder."""
    given = []
    for option in SCALARS:
        value = getattr(chosen, option.name, None)
        if value is not None:
            path = option.kind == "path" and value
            value = (here / Path(value).expanduser()).absolute() if path else value
            given.append(f"{option.flag}={value}")
    return given


def overrides(pairs: Sequence[str], here: Path) -> list[str]:
    """Return the scalars that `-o` gives as flags, which are nearer than those in `addopts`."""
    given = {name.strip(): value.strip() for name, _, value in (p.partition("=") for p in pairs)}
    return flags(argparse.Namespace(**given), here)


def ours(
    words: Sequence[str], here: Path, overridden: Sequence[str] = ()
) -> tuple[list[str], set[str]]:
    """Return the options of ours among words for pytest, paths below `here` absolute, and their names.

    Left out is what the pairs `overridden` of `-o` give to a command, and the mode: it has its own. Nothing
    where the words cannot be read: pytest says why.
    """
    reader = _Lenient(add_help=False, allow_abbrev=False)
    _add_spool_and_maps(reader)
    add_scalars(reader)
    try:
        found, _ = reader.parse_known_args(words)
    except ValueError:
        return [], set()
    for name in {pair.partition("=")[0].strip() for pair in overridden} - {"evidence_map"}:
        setattr(found, name, None)
    given = flags(found, here)
    paths = [("--evidence-map", path) for path in found.evidence_map]
    paths += [("--evidence-dir", found.evidence_dir)] if found.evidence_dir else []
    given += [f"{flag}={(here / Path(path).expanduser()).absolute()}" for flag, path in paths]
    return given, {name for name, value in vars(found).items() if value not in (None, [])}


def addopts(ini: Path | None, overridden: Sequence[str], variable: str) -> list[str]:
    """Return the words that pytest adds to a command line: of `-o`, else of the file, then of the variable.

    Read in the file, as commands have pytest drop them. What cannot be read is left out: pytest says why.
    """
    last = [pair.partition("=")[2] for pair in overridden if pair.startswith("addopts=")][-1:]
    return [*(_split(last[0]) if last else _written(ini)), *_split(variable)]


def _add_spool_and_maps(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--evidence-dir", metavar="DIR", help="the spool")
    parser.add_argument(
        "--evidence-map",
        metavar="FILE",
        action="append",
        default=[],
        help="a map file, instead of those of the configuration; may be repeated",
    )


def _written(ini: Path | None) -> list[str]:
    try:
        text = "" if ini is None else ini.read_text(encoding="utf-8").removeprefix("\ufeff")
        return _of_toml(text) if ini is not None and ini.suffix == ".toml" else _of_ini(text)
    except (OSError, ValueError, TypeError, AttributeError, configparser.Error):
        return []


def _of_ini(text: str) -> list[str]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.read_string(text)
    found = (parser.get(name, "addopts", fallback="") for name in SECTIONS)
    return [word for one in found for word in _split(one or "")]


def _of_toml(text: str) -> list[str]:
    document: dict[str, Any] = tomllib.loads(text)
    own = document.get("pytest") or document.get("tool", {}).get("pytest", {})
    found = (table.get("addopts", []) for table in (own, own.get("ini_options", {})))
    return [
        word for one in found for word in (_split(one) if isinstance(one, str) else map(str, one))
    ]


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []
