"""The exit status of a delivery: sysexits numbers, so that pytest's own 1 to 6 are never hidden."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from ..model import State


if TYPE_CHECKING:
    from ..deliver import Results  # loads what only a delivery needs


STATUSES = """\
exit status:
  0   done, nothing waits        4   wrong arguments
  65  a person must act          70  a bug of pytest-attach-evidence
  74  the spool cannot be used   75  something waits: push again later
  77  credentials were refused   78  the configuration is wrong
  130 interrupted
"""


class ExitStatus(IntEnum):
    """What a run or a command ends with, besides pytest's own numbers."""

    OK = 0
    USAGE = 4
    PERSON_MUST_ACT = 65
    BUG = 70
    SPOOL = 74
    WAITING = 75
    AUTHENTICATION = 77
    CONFIGURATION = 78
    INTERRUPTED = 130


def exit_status(results: Results, *, refused: bool = False, missing: bool = False) -> ExitStatus:
    """Return the first status that applies: bug, spool, a person must act, authentication, waiting.

    `refused`: a piece could not be taken, or a run's journal is damaged; `missing`: evidence is, and that
    fails the run.
    """
    if results.bugs:
        return ExitStatus.BUG
    if results.spool_errors:
        return ExitStatus.SPOOL
    acts = any(permanent for _, permanent in results.unconcluded)
    stuck = results.undecidable or results.held
    if refused or missing or acts or stuck or _any(results, State.REJECTED, State.DAMAGED):
        return ExitStatus.PERSON_MUST_ACT
    if any(error.why == "authentication" for error in results.closed.values()):
        return ExitStatus.AUTHENTICATION
    if results.unconcluded or _any(results, State.WAITING, State.UNCERTAIN):
        return ExitStatus.WAITING
    return ExitStatus.OK


def worst(statuses: Iterable[ExitStatus]) -> ExitStatus:
    """Return the status that says most about several deliveries, or other things done, together."""
    order = (
        ExitStatus.INTERRUPTED,
        ExitStatus.BUG,
        ExitStatus.SPOOL,
        ExitStatus.USAGE,
        ExitStatus.CONFIGURATION,
        ExitStatus.PERSON_MUST_ACT,
        ExitStatus.AUTHENTICATION,
        ExitStatus.WAITING,
    )
    found = set(statuses)
    return next((status for status in order if status in found), ExitStatus.OK)


def _any(results: Results, *states: State) -> bool:
    return any(failure.state in states for failure in results.failures.values())
