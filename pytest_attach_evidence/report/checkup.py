"""The words of `attach-evidence check`: a table, a line for each problem, a document, the exit status."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

from ..model import Problem
from ..model import Target
from ..spool import readable_size
from .exit_status import ExitStatus
from .exit_status import worst
from .table import table


if TYPE_CHECKING:
    from ..deliver.looking import Seen  # loads what only a delivery needs
    from ..destinations.base import Holding
    from ..destinations.checked import Fact
    from ..destinations.checked import Look


COLUMNS = ("destination", "what", "state", "seen", "from")
PROJECT = "(project)"
UNSET = "not set"
MOST_TESTS = 20
MOST_ALIKE = 5
STATUSES = {
    "": ExitStatus.PERSON_MUST_ACT,
    "configuration": ExitStatus.CONFIGURATION,
    "authentication": ExitStatus.AUTHENTICATION,
    "waiting": ExitStatus.WAITING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """All that a check found out.

    `settings` are those of the project ('') and of each destination, `problems` those that were found before
    anybody was asked, `tests` the node ids that lead to each target ('' is the run).
    """

    settings: Mapping[str, Sequence[Fact]] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict)
    tests: Mapping[Target, Sequence[str]] = field(default_factory=dict)

    def every_problem(self) -> list[Problem]:
        """Return all problems, errors first; what many objects share is there once."""
        found = [*self.problems]
        for seen in self.seen.values():
            found += [*seen.whole.problems, *(p for o in seen.objects.values() for p in o.problems)]
        shared: dict[tuple[str, str, str, str], list[Problem]] = {}
        for one in found:
            shared.setdefault((one.severity, one.why, one.seen, one.next_step), []).append(one)
        joined = [one for problems in shared.values() for one in _joined(problems)]
        return sorted(joined, key=lambda problem: problem.severity == "warning")

    def status(self, *, strict: bool) -> ExitStatus:
        """Return the exit status; warnings count only where it is `strict`."""
        return worst(
            STATUSES[one.why if one.severity == "error" else ""]
            for one in self.every_problem()
            if strict or one.severity == "error"
        )

    def lines(self, clean: Callable[[str], str], *, terminal: bool) -> list[str]:
        """Return the table, each problem with what to do, and one line that can be searched for.

        What is not set is in the document only.
        `clean` makes foreign text harmless, and masks secrets in it.
        """
        problems = self.every_problem()
        words = {"error": "problem", "warning": "warning"}
        told = [clean(f"{words[one.severity]}: {one}") for one in problems]
        errors = sum(1 for one in problems if one.severity == "error")
        objects = sum(len(seen.objects) for seen in self.seen.values())
        counts = (
            f"check: destinations={len(self.seen)} objects={objects} problems={errors} "
            f"warnings={len(problems) - errors}"
        )
        rows = [tuple(map(clean, row)) for row in self._rows()]
        shown = table(COLUMNS, rows, terminal=terminal) if rows else []
        return [*shown, *([""] if shown else []), *told, counts]

    def document(self, *, strict: bool) -> dict[str, Any]:
        """Return everything as what JSON can hold."""
        return {
            "status": int(self.status(strict=strict)),
            "settings": {
                name or "project": [asdict(fact) for fact in facts]
                for name, facts in self.settings.items()
            },
            "destinations": {
                name: {
                    "facts": [asdict(fact) for fact in seen.whole.facts],
                    "objects": [self._object(*pair) for pair in seen.objects.items()],
                }
                for name, seen in self.seen.items()
            },
            "problems": [asdict(problem) for problem in self.every_problem()],
        }

    def _object(self, target: Target, look: Look) -> dict[str, Any]:
        tests = self.tests.get(target, ())
        return {
            "target": target.to_json(),
            "name": str(target),
            "state": _state(look),
            "seen": look.seen,
            "holding": None if look.holding is None else asdict(look.holding),
            "tests": len(tests),
            "first_tests": list(tests[:MOST_TESTS]),
        }

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for name, facts in self.settings.items():
            for fact in facts:
                if fact.seen != UNSET:
                    yield (name or PROJECT, fact.what, "", fact.seen, fact.origin)
            if name in self.seen:
                yield from self._rows_of(name, self.seen[name])

    def _rows_of(self, name: str, seen: Seen) -> Iterator[tuple[str, ...]]:
        for fact in seen.whole.facts:
            yield (name, fact.what, "ok" if fact.known else "-", fact.seen, fact.origin)
        for target, look in seen.objects.items():
            what = str(target).removeprefix(f"{target.destination} ")
            words = "; ".join(filter(None, (look.seen, _held(look.holding)))) or "see below"
            yield (name, what or "all", _state(look), words, _number(self.tests.get(target, ())))


def _joined(problems: Sequence[Problem]) -> list[Problem]:
    """Return problems that say the same of different objects, one for all where these are many."""
    own = list({one.subject: one for one in problems}.values())
    if len(own) <= MOST_ALIKE:
        return own
    names = ", ".join(one.subject for one in own[:MOST_ALIKE])
    return [replace(own[0], subject=f"{names} and {len(own) - MOST_ALIKE} more")]


def _state(look: Look) -> str:
    severities = {problem.severity for problem in look.problems}
    if "error" in severities:
        return "problem"
    if "warning" in severities:
        return "warning"
    return "-" if look.skipped or not look.known else "ok"


def _held(holding: Holding | None) -> str:
    """Say how full an object is."""
    if holding is None:
        return ""
    words = f"{holding.all} attachments" + (
        f", {holding.of_others} of earlier runs" if holding.of_others else ""
    )
    left = [f"{holding.left} more"] if holding.left is not None else []
    left += [readable_size(holding.left_bytes)] if holding.left_bytes is not None else []
    return words + (f", room for {' and '.join(left)}" if left else "")


def _number(tests: Sequence[str]) -> str:
    """Say which tests lead somewhere."""
    if not tests:
        return ""
    first = tests[0] or "the run"
    return first if len(tests) == 1 else f"{first} and {len(tests) - 1} more"
