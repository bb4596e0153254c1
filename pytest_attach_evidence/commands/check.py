"""`attach-evidence check`: the doctor. Looks at everything that could keep evidence from arriving."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

import pytest

from .. import session
from ..destinations.checked import Fact
from ..errors import SettingsError
from ..model import Problem
from ..model import Target
from ..project import Project
from ..redact import Redactor
from ..redact import harmless
from ..report import output
from ..report.checkup import Checkup
from ..report.exit_status import ExitStatus
from ..secrets import Secrets
from . import settings_seen
from . import with_pytest
from . import words
from .seen_tests import look_at_tests
from .seen_tests import problems_of


DESCRIPTION = """\
Look at everything that could keep evidence from arriving, before any test runs: settings and where they
come from, credentials, connections, clocks, and each object that a test is mapped to. The tests are
collected, not run; nothing is changed in the systems.

TEST is a file, folder or node id as pytest takes it; without one all tests are collected. Any option
--evidence-... of pytest is taken, too, and behind -- any other word of the pytest command that is to
come: attach-evidence check tests -- -m smoke --env=qa
"""
STOPPED = "interrupted: what was seen until then was not kept"


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parser = with_pytest.bare_parser("check", DESCRIPTION)
    parser.add_argument("tests", nargs="*", metavar="TEST", help="what is collected (default: all)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument("--strict", action="store_true", help="warnings end with 65, too")
    words.add_scalars(parser)
    chosen = words.parsed(parser, arguments)
    return with_pytest.run(chosen, lambda config: check(config, chosen))


def check(config: pytest.Config, chosen: argparse.Namespace) -> int:
    """Look, print what was seen, and return the exit status."""
    try:
        found = _checkup(config, chosen)
    except KeyboardInterrupt:
        return with_pytest.complain(STOPPED, ExitStatus.INTERRUPTED)
    masked = Redactor(Secrets.from_environment().known_values()).text
    if chosen.json:
        output.write(masked(output.json_text(found.document(strict=chosen.strict))))
    else:
        terminal = sys.stdout.isatty()
        output.write(*found.lines(lambda text: harmless(masked(text)), terminal=terminal))
    return int(found.status(strict=chosen.strict))


def _checkup(config: pytest.Config, chosen: argparse.Namespace) -> Checkup:
    aside: dict[str, list[str]] = {}
    try:
        project = session.load_project(config, delivering=True, aside=aside)
    except SettingsError as error:
        lines = [*error.problems, *(line for wrong in aside.values() for line in wrong)]
        return Checkup(
            settings={"": settings_seen.of_project(config)}, problems=problems_of("settings", lines)
        )
    problems = [one for name, lines in aside.items() for one in problems_of(name, lines)]
    spool = settings_seen.of_spool(project.settings)
    tests = look_at_tests(config, project, chosen, aside)
    of_project = settings_seen.of_project(config, project.settings)
    settings = {"": [*of_project, *spool.facts, *tests.facts]}
    for name in project.settings.destinations:
        settings[name] = settings_seen.of_destination(config, name, project.redactor.text)
    problems += [*spool.problems, *tests.problems]
    return look(project, settings=settings, problems=problems, tests=tests.tests)


def look(
    project: Project,
    *,
    settings: Mapping[str, Sequence[Fact]],
    problems: Sequence[Problem],
    tests: Iterable[tuple[str, tuple[Target, ...]]],
) -> Checkup:
    """Look at the destinations of a project, one after the other, and the targets of tests."""
    from ..deliver.looking import look_at  # noqa: PLC0415  # loads what only a look needs

    leading: dict[Target, list[str]] = {}
    for nodeid, targets in tests:
        for target in targets:
            leading.setdefault(target, []).append(nodeid)
    seen = {}
    for name, destination in project.destinations.items():
        own = [one for one, ids in leading.items() for _ in ids if one.destination == name]
        # Not before: each has it for itself, however long the tests and the others took.
        project.budget.ends_at = project.budget.clock() + project.settings.deadline_s
        seen[name] = look_at(destination, own, project.budget)
    return Checkup(settings=settings, problems=problems, seen=seen, tests=leading)
