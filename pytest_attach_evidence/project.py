"""A configured project: settings, secrets, masking and destinations, checked before anything starts."""

from __future__ import annotations

import contextlib
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from . import destinations as ours
from . import settings as settings_room
from .destinations.base import Destination
from .destinations.base import Factory
from .errors import SettingsError
from .errors import TargetError
from .model import Target
from .redact import Redactor
from .retry import Budget
from .secrets import Secrets
from .settings import Settings
from .targets import Mark
from .targets import merge
from .targets import parse
from .targets import unknown_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a session or a command works with. `known` are all destinations there are, by name."""

    settings: Settings
    redactor: Redactor
    budget: Budget
    destinations: Mapping[str, Destination]
    known: frozenset[str]

    def run_targets(self) -> tuple[Target, ...]:
        """Return the targets of the run's own evidence. Raises SettingsError."""
        level = [Mark((), {name: text}) for name, text in self.settings.run_targets]
        found, problems = self.targets_of([level])
        if problems:
            raise SettingsError(*(f"evidence_run_targets: {problem}" for problem in problems))
        return found

    def targets_of(self, levels: Iterable[Iterable[Mark]]) -> tuple[tuple[Target, ...], list[str]]:
        """Return the targets that marks stand for, the archive included, and what is wrong with them."""
        implied = [Mark((), {"archive": ARCHIVED})] if "archive" in self.destinations else []
        wanted = merge([*(list(level) for level in levels), implied], self.known)
        parsers = {name: d.parse for name, d in self.destinations.items() if name != "archive"}
        archive = self.destinations.get("archive")
        if archive is not None:
            parsers["archive"] = lambda text: archive.parse("" if text == ARCHIVED else text)
        return parse(wanted, parsers)


ARCHIVED = "everything that is kept"


def load(
    source: Any,
    *,
    here: Path,
    others: Iterable[Mapping[str, Factory]] = (),
    patterns: Iterable[str] = (),
    delivering: bool,
    needed: Container[str] | None = None,
    aside: dict[str, list[str]] | None = None,
) -> Project:
    """Return the project that pytest's configuration describes.

    `others` are destinations of other plugins, `patterns` further expressions to mask, `delivering`
    tells whether secrets will be needed, and `needed` of which destinations anything has to be right (all,
    where it is None). Where `aside` is given, it gets the problems of single destinations, which are left out
    of the project then, and the run's own targets are not read. Raises SettingsError with every other
    problem found; no I/O but reading files that hold secrets.
    """
    secrets = Secrets.from_environment()
    is_secret = Redactor(secrets.known_values()).holds_known
    settings, problems = settings_room.read(source, here=here, is_secret=is_secret)
    factories = {name: factory for found in others for name, factory in found.items()}
    budget = Budget(ends_at=inf, stall_s=settings.stall_s)
    known = frozenset((*ours.CLASSES, *factories))
    destinations, wrong = _built(settings, secrets, budget, factories, known)
    for name, destination in destinations.items():
        own = _problems_of(destination, delivering) if needed is None or name in needed else []
        if aside is None:
            wrong += own
        elif own:
            aside[name] = own
    destinations = {name: one for name, one in destinations.items() if name not in (aside or ())}
    # What is wrong already was replaced by its default, which may be wrong too.
    said = {_subject(problem) for problem in problems}
    problems += [problem for problem in wrong if _subject(problem) not in said]
    problems += _ca_problem(settings)
    # Only now are the secrets of a keyring known too.
    redactor, wrong = _redactor(secrets.known_values(), [*settings.redact, *patterns])
    problems += wrong
    if problems:
        raise SettingsError(*dict.fromkeys(problems))
    project = Project(
        settings=settings, redactor=redactor, budget=budget, destinations=destinations, known=known
    )
    if needed is None and aside is None:
        project.run_targets()
    return project


def _subject(problem: str) -> str:
    """Return the option that a problem is about."""
    return problem.partition(" ")[0].rstrip(":")


def _redactor(values: Sequence[str], patterns: Sequence[str]) -> tuple[Redactor, list[str]]:
    """Return what masks, and which patterns cannot."""
    try:
        return Redactor(values, patterns), []
    except SettingsError as error:
        return Redactor(values), list(error.problems)


def _built(
    settings: Settings,
    secrets: Secrets,
    budget: Budget,
    factories: Mapping[str, Factory],
    known: frozenset[str],
) -> tuple[dict[str, Destination], list[str]]:
    built: dict[str, Destination] = {}
    problems: list[str] = []
    for name in settings.destinations:
        if name not in known:
            problems.append(unknown_name("evidence_destinations", name, known))
            continue
        try:
            build = factories.get(name) or ours.factory(name)
            built[name] = build(settings, secrets, budget)
        except SettingsError as error:
            problems += error.problems
        except Exception as error:  # noqa: BLE001  # somebody else's destination
            seen = f"raised {type(error).__name__}: {error} - mend the plugin it comes from"
            problems.append(f"{name} cannot be built: {seen}")
    return built, problems


def _problems_of(destination: Destination, delivering: bool) -> list[str]:
    try:
        return destination.problems(uploading=delivering)
    except SettingsError as error:
        return list(error.problems)
    except TargetError as error:
        return [f"{destination.name}: {error}"]


def _ca_problem(settings: Settings) -> list[str]:
    if settings.ca_bundle is None:
        return []
    import ssl  # noqa: PLC0415  # only where a bundle is named

    with contextlib.suppress(OSError):  # ssl.SSLError is one
        ssl.create_default_context(cafile=settings.ca_bundle)
        return []
    return [f"evidence_ca_bundle is {settings.ca_bundle}, which is no readable PEM file - name one"]
