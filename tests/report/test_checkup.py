"""The words of a check: rows, lines, the document, and the exit status."""

from __future__ import annotations

import pytest

from pytest_attach_evidence.deliver.looking import Seen
from pytest_attach_evidence.destinations.base import Holding
from pytest_attach_evidence.destinations.checked import Fact
from pytest_attach_evidence.destinations.checked import Look
from pytest_attach_evidence.model import Problem
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.report.checkup import Checkup
from pytest_attach_evidence.report.exit_status import ExitStatus


def target(number: int) -> Target:
    """Return a target."""
    return Target.of("squash", "https://squash.example", "executions", str(number))


def problem(why: str = "", severity: str = "error", subject: str = "it") -> Problem:
    """Return a problem of a sort."""
    return Problem(subject=subject, seen="is odd", next_step="mend it", severity=severity, why=why)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sorts", "strict", "status"),
    [
        ([], False, ExitStatus.OK),
        (["warning"], False, ExitStatus.OK),
        (["warning"], True, ExitStatus.PERSON_MUST_ACT),
        (["waiting"], False, ExitStatus.WAITING),
        (["waiting", "authentication"], False, ExitStatus.AUTHENTICATION),
        (["waiting", "authentication", ""], False, ExitStatus.PERSON_MUST_ACT),
        (["waiting", "authentication", "", "configuration"], False, ExitStatus.CONFIGURATION),
    ],
)
def test_the_status_is_that_of_the_worst(
    sorts: list[str], strict: bool, status: ExitStatus
) -> None:
    """Warnings count only where that is asked for."""
    found = [problem(severity="warning") if sort == "warning" else problem(sort) for sort in sorts]

    assert status == Checkup(problems=found).status(strict=strict)


def test_what_many_objects_share_is_one_line() -> None:
    """Up to five are told one by one; the rest of more are counted."""
    few = {target(n): Look(problems=(problem(subject=f"few {n}"),)) for n in range(5)}
    many = {target(n): Look(problems=(problem("waiting", subject=f"m{n}"),)) for n in range(9)}
    seen = {"few": Seen(whole=Look(), objects=few), "many": Seen(whole=Look(), objects=many)}

    subjects = [one.subject for one in Checkup(seen=seen).every_problem()]

    assert [*(f"few {n}" for n in range(5)), "m0, m1, m2, m3, m4 and 4 more"] == subjects


def test_a_row_tells_how_full_an_object_is_and_which_tests_lead_there() -> None:
    """What is not set is no row; what nobody can tell is not called fine."""
    full = Holding(all=3, of_others=2, left=97, left_bytes=1000)
    whole = Look(facts=(Fact(what="may write", seen="cannot be asked", known=False),))
    untold = Look(seen="visible", known=False)
    objects = {
        target(7): Look(seen="open", holding=full),
        target(8): Look.none(),
        target(9): untold,
    }
    checkup = Checkup(
        settings={"squash": [Fact(what="a", seen="not set"), Fact(what="b", seen="on")]},
        seen={"squash": Seen(whole=whole, objects=objects)},
        tests={target(7): ["test_a", "test_b"]},
    )

    head, *rows = checkup.lines(str.upper, terminal=False)

    assert ["DESTINATION", "WHAT", "STATE", "SEEN", "FROM"] == head.split()
    assert ["SQUASH", "B", "ON"] == rows[0].split()
    assert ["SQUASH", "MAY", "WRITE", "-", "CANNOT", "BE", "ASKED"] == rows[1].split()
    held = "OPEN; 3 ATTACHMENTS, 2 OF EARLIER RUNS, ROOM FOR 97 MORE AND 1000 B"
    assert held in rows[2]
    assert rows[2].endswith("TEST_A AND 1 MORE")
    assert ["EXECUTIONS", "8", "-"] == rows[3].split()[1:4]
    assert ["EXECUTIONS", "9", "-", "VISIBLE"] == rows[4].split()[1:5]
    assert "check: destinations=1 objects=3 problems=0 warnings=0" == rows[-1]


def test_the_document_has_all_of_it() -> None:
    """Objects with their state, what they hold and the first tests; problems with their sort."""
    look = Look(problems=(problem("authentication"),))
    seen = {"squash": Seen(whole=Look(), objects={target(7): look})}
    checkup = Checkup(
        settings={"": [Fact(what="a", seen="b")]}, seen=seen, tests={target(7): ["t"]}
    )

    found = checkup.document(strict=False)

    [shown] = found["destinations"]["squash"]["objects"]
    assert ("problem", 1, ["t"], None) == tuple(
        shown[name] for name in ("state", "tests", "first_tests", "holding")
    )
    assert {"project"} == set(found["settings"])
    assert "authentication" == found["problems"][0]["why"]
    assert 77 == found["status"]
