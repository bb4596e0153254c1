"""Options of ours in `addopts`, which do not hold in the commands: read in the file, as pytest drops them."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..model import Problem


OURS = re.compile(r"--evidence-[a-z-]+")
VARIABLE = "PYTEST_ADDOPTS"
SECTIONS = ("pytest", "tool:pytest")


def without_effect(
    ini: Path | None, variable: str, is_given: Callable[[str], bool]
) -> list[Problem]:
    """Return a warning for our options in a configuration file, and one for those in `PYTEST_ADDOPTS`.

    `is_given` tells whether an option, by its name in the ini file, was given to the command as well.
    """
    places = [
        ("" if ini is None else f"addopts in {ini.name}", _addopts(ini)),
        (VARIABLE, variable),
    ]
    found = []
    for place, text in places:
        flags = dict.fromkeys(OURS.findall(text))
        if lost := [one for one in flags if not is_given(one.lstrip("-").replace("-", "_"))]:
            seen = f"{', '.join(lost)} in it do not hold here, where no addopts do"
            hint = "write them as options of the ini file, or give them to check, too"
            found.append(Problem(subject=place, seen=seen, next_step=hint, severity="warning"))
    return found


def _addopts(ini: Path | None) -> str:
    """Return what a file says; nothing where it cannot be read: then pytest has said why."""
    try:
        text = "" if ini is None else ini.read_text(encoding="utf-8-sig")
        return _of_toml(text) if ini is not None and ini.suffix == ".toml" else _of_ini(text)
    except (OSError, ValueError, TypeError, AttributeError, configparser.Error):
        return ""


def _of_ini(text: str) -> str:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.read_string(text)
    found = (parser.get(name, "addopts", fallback="") for name in SECTIONS)
    return " ".join(filter(None, found))


def _of_toml(text: str) -> str:
    document: dict[str, Any] = tomllib.loads(text)
    own = document.get("pytest") or document.get("tool", {}).get("pytest", {})
    found = (table.get("addopts", "") for table in (own, own.get("ini_options", {})))
    return " ".join(one if isinstance(one, str) else " ".join(map(str, one)) for one in found)
