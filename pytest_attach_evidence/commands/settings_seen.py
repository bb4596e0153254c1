"""Which settings hold, and where each comes from: flag, `addopts`, `-o`, ini file, variable or default."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from ..destinations.checked import Fact
from ..destinations.checked import Look
from ..destinations.checked import problem_of
from ..destinations.folder_seen import look_into
from ..errors import DestinationClosedError
from ..errors import SettingsError
from ..options import OPTIONS
from ..options import SECRET_NAMES
from ..options import Option
from ..report.checkup import UNSET
from ..secrets import PREFIX
from ..secrets import Secret
from ..secrets import Secrets
from ..settings import Settings
from .with_pytest import ADDED


OF_PROJECT = (
    "evidence_destinations",
    "evidence_dir",
    "evidence_map",
    "evidence_run_targets",
    "evidence_http_hosts",
)


def of_project(config: pytest.Config, settings: Settings | None = None) -> list[Fact]:
    """Return the settings that concern all destinations; whom to trust only where they could be read."""
    options = [option for option in OPTIONS if option.name in OF_PROJECT]
    facts = [_fact(config, option, lambda text: text) for option in options]
    facts = [fact for fact in facts if fact.seen != UNSET]
    return facts if settings is None else [*facts, _authorities(config, settings)]


def of_spool(settings: Settings) -> Look:
    """Return what is seen of the folder that tests write to, as of the archive's."""
    try:
        return look_into("spool", settings.dir, option="evidence_dir", max_size=settings.max_size)
    except DestinationClosedError as error:
        return Look(problems=(problem_of("evidence_dir", error),))


def of_destination(config: pytest.Config, name: str, mask: Callable[[str], str]) -> list[Fact]:
    """Return every option of a destination of ours, and of each secret whether it is set."""
    own = [option for option in OPTIONS if option.name.startswith(f"evidence_{name}_")]
    secrets = [secret for secret in SECRET_NAMES if secret.startswith(f"{name}_")]
    return [*(_fact(config, one, mask) for one in own), *map(_secret, secrets)]


def _fact(config: pytest.Config, option: Option, mask: Callable[[str], str]) -> Fact:
    flag = config.getoption(option.name, default=None)
    value = config.getini(option.name) if flag in (None, []) else flag
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "").strip()
    return Fact(what=option.name, seen=mask(text) or UNSET, origin=_origin(config, option.name))


def _origin(config: pytest.Config, name: str) -> str:
    if config.getoption(name, default=None) not in (None, []):
        return "addopts" if name in config.stash[ADDED] else "flag"
    given = [pair.partition("=")[0].strip() for pair in config.getoption("override_ini") or ()]
    if name in given:
        return "-o"
    # What pytest read has one name in older versions and another in newer ones.
    written = vars(config).get("_inicfg", vars(config).get("inicfg", {}))
    if name in written and config.inipath is not None:
        return config.inipath.name
    return "default"


def _secret(name: str) -> Fact:
    variable = f"{PREFIX}{name.upper()}"
    try:
        found = Secrets.from_environment().get(name.upper())
    except SettingsError:
        return Fact(what=variable, seen="cannot be read", origin=f"{variable}_FILE")
    return Fact(what=variable, seen="set" if found else UNSET, origin=_place(found, variable))


def _place(found: Secret | None, variable: str) -> str:
    if found is None:
        return ""
    return "environment" if found.source == variable else found.source


def _authorities(config: pytest.Config, settings: Settings) -> Fact:
    from ..rest.tls import authorities  # noqa: PLC0415  # loads the HTTP library

    name, path = authorities(settings.ca_bundle)
    if name == "evidence_ca_bundle":
        return Fact(what=name, seen=path, origin=_origin(config, name))
    if name:
        return Fact(what="trusted authorities", seen=os.fspath(path), origin=f"environment: {name}")
    return Fact(what="trusted authorities", seen="those of this system", origin="default")
