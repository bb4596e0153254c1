"""Every trouble that has an exit status of its own, as tests that meet it."""

from __future__ import annotations

from itertools import pairwise

from ...commands.project import Ended
from ...commands.project import Project


# A destination of somebody else with a bug in it counts as a bug of ours: nobody else tells it.
BUGGY = """
import pytest
from pytest_attach_evidence.destinations.archive import Archive

class Buggy(Archive):
    name = "buggy"

    def parse(self, text):
        from pytest_attach_evidence import Target
        return Target.of("buggy", "", "thing", str(text))

    def deliver(self, *arguments):
        raise RuntimeError("a bug")

@pytest.hookimpl(optionalhook=True)
def pytest_evidence_destinations():
    return {"buggy": Buggy}
"""
BLOCK_THE_SUMMARY = (
    "[(run / 'evidence-summary.json').mkdir() for run in Path('.evidence').glob('*Z-*')]"
)
SUITE = """
from pathlib import Path
import pytest

@pytest.mark.evidence({marks})
def test_it(evidence):
    evidence.text("a")
    {blocking}
    assert {passes}
"""
ORDER = (70, 74, 65, 77, 75)
MARKS = {
    70: "buggy=1",
    65: "huawei='956239067176930000'",
    77: "workiva='f1/p1'",
    75: "squash='iterations/4'",
}
STATES = {70: "uncertain", 65: "rejected", 77: "waiting", 75: "waiting"}
ALONE_AND_TOGETHER = [(), *((one,) for one in ORDER), *pairwise(ORDER), ORDER]


def trouble(project: Project, statuses: tuple[int, ...], *, passes: bool = True) -> None:
    """Write a test whose evidence meets some of the troubles."""
    marks = ", ".join(MARKS[status] for status in statuses if status in MARKS)
    blocking = BLOCK_THE_SUMMARY if 74 in statuses else "pass"
    project.write("test_it.py", SUITE.format(marks=marks, blocking=blocking, passes=passes))


def check_counts(ended: Ended, statuses: tuple[int, ...]) -> None:
    """The one last line counts each delivery once and names what to do where something is open."""
    states = [STATES[status] for status in statuses if status in STATES]
    assert (1, 1 + len(states), 1) == ended.numbers("pieces", "deliveries", "delivered"), ended.out
    for state in ("waiting", "uncertain", "rejected"):
        assert (states.count(state),) == ended.numbers(state), ended.out
    assert bool(states) == bool(ended.next)
    assert ended.out.rstrip().count("\nevidence: pieces=") == 1
    assert "Traceback" not in ended.out + ended.errors
