"""What an execution is told once its evidence is there: a comment, its steps' statuses, and its own."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import PermanentError
from ..model import Outcome
from ..outcomes import EndedTest
from .squash_steps import Steps
from .squash_targets import EXECUTIONS


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
    """Sets statuses and comments; all of it may be repeated.

    The execution's own status comes last: the server computes it anew when that of a step changes [src].
    """

    def __init__(self, api: Callable[[], SquashTm], steps: Steps, *, comment: bool) -> None:
        self._api = api
        self._steps = steps
        self._comment = comment

    def tell(
        self,
        execution: str,
        outcome: Outcome,
        steps: Mapping[int, Outcome],
        tests: Sequence[EndedTest],
        *,
        status: bool,
    ) -> None:
        """Tell an execution its outcome, those of its steps by number, and which tests it had.

        A refusal of one of these keeps the execution from nothing else. Raises DeliveryError.
        """
        refused: list[PermanentError] = []
        if self._comment and tests:
            with _kept(refused):
                self._write(execution, line_of(tests))
        if status:
            for number, ended in sorted(steps.items()):
                with _kept(refused):
                    self._steps.tell(execution, number, STATUSES[ended])
            self._api().set_status(execution, STATUSES[outcome])
        if refused:
            raise refused[0]

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
