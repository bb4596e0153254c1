"""A configured project: settings, secrets, masking and destinations, checked before anything starts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import Any

from . import destinations as ours
from . import mapfile
from . import settings as settings_room
from .destinations.base import Destination
from .destinations.base import Factory
from .errors import SettingsError
from .errors import TargetError
from .mapping import Held
from .mapping import Rules
from .model import Filled
from .model import Filter
from .model import Target
from .redact import Redactor
from .retry import Budget
from .secrets import Secrets
from .settings import Settings
from .targets import WHEN
from .targets import Levels
from .targets import Mark
from .targets import Parse
from .targets import merge
from .targets import parse
from .targets import unknown_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided for an item: see `Item`. `bare`: neither a mark nor the map expects evidence of it.

    `problems` are lines without the item's name, `left_out` destinations with targets that are not enabled.
    """

    targets: tuple[Target, ...] = ()
    when: str = "always"
    rows: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    filled: tuple[Filled, ...] = ()
    bare: bool = False
    problems: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a session or a command works with.

    `known` are all destinations there are, by name, `filters` what the enabled ones take of any item, where
    that is not all, `parsers` what reads their targets; `rules` are the map.
    """

    settings: Settings
    redactor: Redactor
    budget: Budget
    destinations: Mapping[str, Destination]
    known: frozenset[str]
    filters: tuple[Filter, ...] = ()
    parsers: Mapping[str, Parse] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)

    def run_targets(self) -> tuple[Target, ...]:
        """Return the targets of the run's own evidence. Raises SettingsError."""
        return self.of_the_run().targets

    def of_the_run(self) -> Decision:
        """Return what is decided for the run's own evidence. Raises SettingsError."""
        level = [Mark((), {name: text}) for name, text in self.settings.run_targets]
        decision = self._decision(self.rules.of_the_run([level]), "always")
        if decision.problems:
            lines = (f"evidence_run_targets: {problem}" for problem in decision.problems)
            raise SettingsError(*lines)
        return decision

    def decide(
        self, levels: Levels, names: Sequence[str] = (), parameters: Mapping[str, Any] | None = None
    ) -> Decision:
        """Return what is decided for an item by its marks and the map, the archive included.

        `names` are its node ids, of which any may be in the map, `parameters` what fills placeholders.
        """
        held = self.rules.of(levels, names, parameters)
        decision = self._decision(held, self.settings.when)
        unclear = self.rules.unclear(held)
        return replace(decision, problems=(*decision.problems, *unclear)) if unclear else decision

    def _decision(self, held: Held, when: str) -> Decision:
        implied = [[Mark((), {"archive": ARCHIVED})]] if "archive" in self.destinations else []
        wanted = merge([*held.levels, *implied], self.known)
        targets, problems = parse(wanted, self.parsers)
        said = any(row.cells or row.require for row in held.flat)
        return Decision(
            targets=targets,
            when=wanted.when or when,
            rows=held.tests,
            require=held.require,
            filters=held.filters(self.filters),
            filled=tuple(
                Filled(row=test, target=self.parsers[name](text))
                for test, name, text in held.given
                if name in self.parsers
            ),
            bare=not said and not wanted.texts.keys() - {"archive"},
            problems=(*held.problems, *problems),
            left_out=frozenset(name for name, texts in wanted.texts.items() if texts)
            - self.destinations.keys(),
        )


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
    filters, wrong = _filters(settings)
    problems += wrong
    parsers = _parsers(destinations)
    # Only now are the secrets of a keyring known too.
    redactor, wrong = _redactor(secrets.known_values(), [*settings.redact, *patterns])
    problems += wrong
    if problems:
        raise SettingsError(*dict.fromkeys(problems))
    project = Project(
        settings=settings,
        redactor=redactor,
        budget=budget,
        destinations=destinations,
        known=known,
        filters=filters,
        parsers=parsers,
        rules=_rules(settings.map if needed is None else (), settings, known, parsers, redactor),
    )
    if needed is None and aside is None:
        project.run_targets()
    return project


def _rules(
    paths: Sequence[Path],
    settings: Settings,
    known: frozenset[str],
    parsers: Mapping[str, Parse],
    redactor: Redactor,
) -> Rules:
    """Return the map, whatever is wrong with it: the caller decides what that means."""
    return Rules(
        [mapfile.read(path, settings.rootdir) for path in paths],
        known=known,
        parsers=parsers,
        environment=os.environ,
        is_secret=redactor.holds_known,
    )


def _parsers(destinations: Mapping[str, Destination]) -> dict[str, Parse]:
    """Return what reads targets, by destination; many tests share one, which is read once."""
    once = lru_cache(maxsize=None, typed=True)
    parsers: dict[str, Parse] = {
        name: once(one.parse) for name, one in destinations.items() if name != "archive"
    }
    archive = destinations.get("archive")
    if archive is not None:
        parsers["archive"] = lambda text: archive.parse("" if text == ARCHIVED else text)
    return parsers


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


def _filters(settings: Settings) -> tuple[tuple[Filter, ...], list[str]]:
    """Return what each destination takes, where that is not all, and what is wrong with the options."""
    found: list[Filter] = []
    problems: list[str] = []
    for name in settings.destinations:
        try:
            options = settings.of(name)
            when, kinds = (
                options.get("when", ""),
                options.get("kinds", "").replace(",", " ").split(),
            )
        except SettingsError as error:
            problems += error.problems
            continue
        if when not in ("", *WHEN):  # an option of another plugin is not checked yet
            problems.append(f"evidence_{name}_when is {when!r} - choose one of {', '.join(WHEN)}")
        elif when or kinds:
            one = Filter(destination=name, when=when or "always", kinds=tuple(kinds))
            found.append(one)
    return tuple(found), problems


def _ca_problem(settings: Settings) -> list[str]:
    if settings.ca_bundle is None:
        return []
    import ssl  # noqa: PLC0415  # only where a bundle is named

    with contextlib.suppress(OSError):  # ssl.SSLError is one
        ssl.create_default_context(cafile=settings.ca_bundle)
        return []
    return [f"evidence_ca_bundle is {settings.ca_bundle}, which is no readable PEM file - name one"]
