"""The exit status: the first that applies, and pytest's own numbers are never hidden."""

from __future__ import annotations

from typing import Any
from typing import Literal

import pytest

from pytest_attach_evidence.deliver import Results
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.model import Failure
from pytest_attach_evidence.model import Problem
from pytest_attach_evidence.model import State
from pytest_attach_evidence.plan import Plan
from pytest_attach_evidence.report.exit_status import STATUSES
from pytest_attach_evidence.report.exit_status import ExitStatus
from pytest_attach_evidence.report.exit_status import exit_status
from pytest_attach_evidence.report.exit_status import worst


def closed(why: Literal["authentication", "configuration"]) -> dict[str, Any]:
    """Return the facts of a destination that was given up."""
    return {"closed": {"squash": DestinationClosedError("closed", why=why)}}


def failed(*states: State) -> dict[str, Any]:
    """Return the facts of deliveries that ended in these states."""
    failures = [Failure(key=str(n), state=state, reason="") for n, state in enumerate(states)]
    return {"failures": {failure.key: failure for failure in failures}}


UNTOLD: dict[str, Any] = {"unconcluded": [(Problem(subject="x", seen="y"), False)]}
REFUSED: dict[str, Any] = {"unconcluded": [(Problem(subject="x", seen="y"), True)]}
BUG: dict[str, Any] = {"bugs": ["oops"]}
SPOOL: dict[str, Any] = {"spool_errors": ["full"]}


@pytest.mark.parametrize(
    ("facts", "refused", "expected"),
    [
        ({}, False, 0),
        ({}, True, 65),
        (failed(State.WAITING), False, 75),
        (failed(State.UNCERTAIN), False, 75),
        (failed(State.REJECTED), False, 65),
        (failed(State.DAMAGED), False, 65),
        ({**failed(State.UNCERTAIN), "undecidable": {"0"}}, False, 65),
        (UNTOLD, False, 75),
        (REFUSED, False, 65),
        ({**closed("authentication"), **failed(State.WAITING)}, False, 77),
        ({**closed("configuration"), **failed(State.WAITING)}, False, 75),
        ({**closed("authentication"), **failed(State.WAITING, State.REJECTED)}, False, 65),
        ({**SPOOL, **failed(State.REJECTED)}, True, 74),
        ({**BUG, **SPOOL, **failed(State.REJECTED)}, True, 70),
    ],
)
def test_the_first_that_applies(facts: dict[str, Any], refused: bool, expected: int) -> None:
    """A bug of ours, the spool, a person, credentials, waiting: in this order."""
    assert expected == exit_status(Results(plan=Plan(), **facts), refused=refused)


def test_the_worst_of_several_deliveries() -> None:
    """Several runs end with the status that says most."""
    order = [130, 70, 74, 65, 77, 75, 0]

    for place, status in enumerate(order):
        assert status == worst([ExitStatus(one) for one in reversed(order[place:])])
    assert ExitStatus.OK is worst([])


def test_every_status_is_documented() -> None:
    """The help of every command lists all numbers, and none is one of pytest's own but 4."""
    assert all(
        f"{int(status)}  " in STATUSES or f"{int(status)} " in STATUSES for status in ExitStatus
    )
    assert {4} == {int(status) for status in ExitStatus} & {1, 2, 3, 4, 5, 6}
