"""What `check` sees of the tests: where they lead, and what is wrong with them, the map or the collection."""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from ..destinations.checked import Fact
from ..errors import SettingsError
from ..mapfile import no_test
from ..model import Problem
from ..model import Target
from ..project import Project
from . import collecting


SUBJECT = "tests"
DASH = " - "
# What is quoted or bracketed comes from the project, and may hold a dash of its own.
OPAQUE_OR_DASH = re.compile(
    r"""(?<!\w)'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\([^)]*\)|[ ]-[ ]"""
)
NO_TEST = "look at testpaths and python_files, or name a folder with tests"
NO_TARGET = "mark tests with @pytest.mark.evidence(...), or write a map (evidence_map)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTests:
    """The targets of the run ('') and of all tests by node id, with facts and problems of them."""

    tests: Sequence[tuple[str, tuple[Target, ...]]] = ()
    facts: Sequence[Fact] = ()
    problems: Sequence[Problem] = ()


def look_at_tests(
    config: pytest.Config, project: Project, chosen: argparse.Namespace, aside: Collection[str]
) -> SeenTests:
    """Collect the tests and return what was seen; `aside` are destinations whose own settings are wrong."""
    try:
        run = project.of_the_run()
    except SettingsError as error:  # pytest would refuse to collect with them
        return SeenTests(problems=problems_of("settings", error.problems))
    own = ("", run.targets)
    try:
        mapped = collecting.mapped_now(config, project, chosen)
    except SettingsError as error:
        return SeenTests(tests=[own], problems=[_uncollected(error.problems)])
    tests = [own, *mapped.tests]
    problems = problems_of(SUBJECT, mapped.problems)
    if mapped.failed:
        failed = [line for line in mapped.failed if line not in mapped.problems]
        problems.append(_uncollected(failed))
    elif not problems:
        problems += _nothing(tests, project)
    problems += mapped.warnings
    if not mapped.narrowed:
        problems += [_warning(f"{place} {test}", *no_test(test)) for place, test in mapped.unheld]
    left_out = sorted({*run.left_out, *mapped.left_out}.difference(aside))
    return SeenTests(tests=tests, facts=_facts(tests, left_out), problems=problems)


def problems_of(subject: str, lines: Iterable[str]) -> list[Problem]:
    """Return lines of the form `what was seen - what to do` as problems of the configuration."""
    found = []
    for line in dict.fromkeys(lines):
        dash = next((one for one in OPAQUE_OR_DASH.finditer(line) if one[0] == DASH), None)
        seen, hint = (line[: dash.start()], line[dash.end() :]) if dash else (line, "")
        found.append(Problem(subject=subject, seen=seen, next_step=hint, why="configuration"))
    return found


def _uncollected(lines: Sequence[str]) -> Problem:
    """Return why tests could not be collected as one problem."""
    first, *rest = lines
    seen, _, hint = first.partition(" - ")
    words = ": ".join(filter(None, (seen, "; ".join(rest))))
    return Problem(subject=SUBJECT, seen=words, next_step=hint, why="configuration")


def _nothing(tests: Sequence[tuple[str, tuple[Target, ...]]], project: Project) -> list[Problem]:
    """Return that there is nothing to deliver: no test at all, or none that leads to a system."""
    if not any(nodeid for nodeid, _ in tests):
        return [_warning(SUBJECT, "none was collected", NO_TEST)]
    systems = sorted(project.destinations.keys() - {"archive"})
    led_to = {target.destination for _, targets in tests for target in targets}
    if not systems or led_to.intersection(systems):
        return []
    seen = f"none of {len(tests) - 1} leads to an object of {', '.join(systems)}"
    return [_warning(SUBJECT, seen, NO_TARGET)]


def _facts(tests: Sequence[tuple[str, tuple[Target, ...]]], left_out: Sequence[str]) -> list[Fact]:
    """Return how many tests there are, how many lead to an object of a system, and what is not enabled."""
    found = [targets for nodeid, targets in tests if nodeid]
    mapped = sum(any(target.origin for target in targets) for targets in found)
    facts = [Fact(what="tests", seen=f"{len(found)} collected, {mapped} mapped to an object")]
    if left_out:
        seen = f"targets of {', '.join(left_out)}, not in evidence_destinations"
        facts.append(Fact(what="left out", seen=seen))
    return facts


def _warning(subject: str, seen: str, hint: str) -> Problem:
    return Problem(subject=subject, seen=seen, next_step=hint, severity="warning")
