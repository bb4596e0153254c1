"""A server that is away: tests and output are as without evidence, and a push delivers later."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from .project import TARGETS
from .project import Ended
from .project import Project
from .project import commits


PARTLY_FAILING = """
import pytest

@pytest.mark.evidence(squash="TC-1", huawei="956239067176935400")
def test_good(evidence):
    evidence.text("a", name="a.txt")

def test_bad(evidence):
    print("printed by the test")
    evidence.text("b", name="b.txt")
    assert {passes}

@pytest.mark.skip(reason="not today")
def test_skipped():
    pass
"""


@pytest.fixture
def away(project: Project, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox at whose addresses nobody listens until it is started."""
    with Sandbox(tmp_path / "before") as before:
        ports = {name: urlsplit(root).port or 0 for name, root in before.roots.items()}
        options, exports = before.options(), before.exports()
    project.variables.update(exports)
    project.configure("squash workiva huawei rillsoft archive", options, "evidence_stall = 1")
    later = Sandbox(tmp_path / "servers", ports=ports)
    yield later
    assert [] == later.crashes


def other_output(ended: Ended) -> list[str]:
    """Return what pytest printed, without our lines and section and without times."""
    text = re.sub(r"^evidence: .*\n", "", ended.out, flags=re.MULTILINE)
    text = re.sub(r"^=+ evidence =+\n(?:(?!=+ ).*\n)*", "", text, flags=re.MULTILINE)
    text = re.sub(r"in [0-9.]+s|0x[0-9a-f]+", "…", text)
    return [line for line in text.replace("=", "").splitlines() if line.strip()]


@pytest.mark.parametrize(("passes", "plain", "status"), [(True, 0, 75), (False, 1, 1)])
def test_results_and_output_are_unchanged(
    project: Project, away: Sandbox, passes: bool, plain: int, status: int
) -> None:
    """Pytest says and reports what it does without evidence; only our status is added to a 0."""
    project.write("test_it.py", PARTLY_FAILING.format(passes=passes))
    words = ["-rA", "--junitxml=junit.xml"]

    without = project.pytest(*words, mode="off")
    reported = without_times(project.folder / "junit.xml")
    ended = project.pytest(*words)

    assert (plain, status) == (without.status, ended.status)
    assert other_output(without) == other_output(ended)
    assert reported == without_times(project.folder / "junit.xml")
    assert "" == ended.errors
    assert (2, 2) == ended.numbers("delivered", "waiting")


def test_what_waits_is_delivered_by_the_printed_command_and_only_once(
    project: Project, away: Sandbox, tmp_path: Path
) -> None:
    """Pasted into a shell anywhere; the second time it sends nothing and says that nothing waits."""
    project.suite(*TARGETS, pieces=2)
    ended = project.pytest("-q")
    assert (75, 2, 8) == (ended.status, *ended.numbers("delivered", "waiting"))
    assert f"next: {ended.next}\n" in ended.out

    with away:
        pushed = project.shell(ended.next, cwd=tmp_path)
        stored = away.store.ledger()
        seen = len(away.requests())
        again = project.shell(ended.next, cwd=tmp_path)

        assert (0, 10) == (pushed.status, *pushed.numbers("delivered")), pushed.out
        assert 'next=""' in pushed.out
        assert (0, "nothing waits\n", "") == (again.status, again.out, again.errors)
        assert (stored, seen) == (away.store.ledger(), len(away.requests()))
        for system in ("squash", "workiva", "huawei"):
            assert [1, 1] == list(commits(away, system).values()), system
        assert 1 == len([file for file in stored if file.system == "rillsoft"])


@pytest.mark.parametrize("passes", [True, False])
def test_a_warning_is_enough_where_one_wants_it(
    project: Project, away: Sandbox, passes: bool
) -> None:
    """`evidence_on_undelivered = warn` says the same and leaves pytest's status."""
    project.suite("squash", passes=passes)

    ended = project.pytest("-q", "--evidence-on-undelivered=warn")

    assert (0 if passes else 1) == ended.status
    assert "closed: squash: " in ended.out
    assert (1,) == ended.numbers("waiting")


def without_times(path: Path) -> str:
    """Return a JUnit report without our properties, and without what differs from run to run."""
    report = ET.parse(path)
    for case in report.iter("testcase"):
        for properties in case.findall("properties"):
            if {"evidence"} == {one.get("name") for one in properties}:
                case.remove(properties)
    text = ET.tostring(report.getroot(), encoding="unicode")
    return re.sub(r'(time|timestamp|hostname)="[^"]*"|0x[0-9a-f]+', "", text)
