"""What an execution is told once its evidence is there: a comment, its steps' statuses, and its own."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import PermanentError
from ..model import Notes
from ..model import Outcome
from ..model import Target
from ..outcomes import EndedTest
from .squash_meanings import Meanings
from .squash_options import SquashOptions
from .squash_outcomes import Outcomes
from .squash_steps import Steps
from .squash_targets import EXECUTIONS
from .squash_targets import PLANNED


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm


STATUSES = {
    Outcome.PASSED: "SUCCESS",
    Outcome.FAILED: "FAILURE",
    Outcome.UNKNOWN: "FAILURE",
    Outcome.SKIPPED: "UNTESTABLE",
}
MOST_TESTS = 3
MAX_NODEID = 120


class Conclusions:
    """Knows which executions are told what, and tells them; all of it may be repeated."""

    def __init__(
        self,
        api: Callable[[], SquashTm],
        options: SquashOptions,
        steps: Steps,
        meanings: Meanings,
        outcomes: Outcomes,
    ) -> None:
        self._api = api
        self._options = options
        self._steps = steps
        self._meanings = meanings
        self._outcomes = outcomes

    def concludes(self, target: Target) -> bool:
        """Tell whether a target gets a status, or a comment."""
        commented = self._options.comment == "on" and target.kind in (*PLANNED, EXECUTIONS)
        return commented or self._has_status(target)

    def before(self, target: Target, execution: int | str, place: str, notes: Notes) -> None:
        """Note the outcome in every run, before any knows that the execution gets its evidence."""
        if place:
            self._meanings.choose(int(execution), place)
        if self._has_status(target):
            self._outcomes.keep(execution, place, Outcome.SKIPPED, notes)
            self._outcomes.keep_steps(execution, place, notes)

    def conclude(
        self, target: Target, execution: str, place: str, outcome: Outcome, notes: Notes
    ) -> None:
        """Tell an execution the worst outcome of all that lead to it, and its steps theirs.

        Its own status comes last: the server computes it anew when that of a step changes [src]. A
        refusal of one of these keeps the execution from nothing else. Raises DeliveryError.
        """
        self._meanings.expect_read(execution, place, notes)
        worst = self._outcomes.keep(execution, place, outcome, notes)
        tests = self._outcomes.tests(execution, place)
        refused: list[PermanentError] = []
        if self._options.comment == "on" and tests:
            with _kept(refused):
                self._write(execution, line_of(tests))
        if self._has_status(target):
            for number, ended in sorted(self._outcomes.keep_steps(execution, place, notes).items()):
                with _kept(refused):
                    self._steps.tell(execution, number, STATUSES[ended])
            self._api().set_status(execution, STATUSES[worst])
        if refused:
            raise refused[0]

    def _has_status(self, target: Target) -> bool:
        """Tell whether a target's execution is told outcomes."""
        ours = target.kind in PLANNED and self._options.new
        told = self._options.status != "off" and (ours or self._options.status == "on")
        return told and target.kind in (*PLANNED, EXECUTIONS)

    def _write(self, execution: str, line: str) -> None:
        """Add a line to what people wrote into the comment, unless it is there already."""
        before = str(self._api().entity(EXECUTIONS, execution).get("comment") or "")
        if line not in html.unescape(re.sub(r"<[^>]*>", "", before)):
            self._api().set_comment(execution, f"{before}<p>{_html(line)}</p>")


def line_of(tests: Sequence[EndedTest]) -> str:
    """Return one line about the tests that an execution stands for: runs, tests and how they ended."""
    runs = ", ".join(sorted({test.item.run_id for test in tests}))
    shown = [f"{test.item.title[:MAX_NODEID]} {test.item.outcome}" for test in tests[:MOST_TESTS]]
    more = len(tests) - len(shown)
    return f"Evidence of run {runs}: {'; '.join(shown)}" + (f"; {more} more" if more else "")


def _html(line: str) -> str:
    """Return text as HTML; a dollar sign might begin a parameter of a dataset (LIVE15B)."""
    return html.escape(line).replace("$", "&#36;")


@contextmanager
def _kept(refused: list[PermanentError]) -> Iterator[None]:
    """Keep a refusal for later, and go on."""
    try:
        yield
    except PermanentError as error:
        refused.append(error)
