"""Forty tests with datasets and steps, through the plugin, at either family of Squash TM's versions."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.spool import Spool

from ..commands.project import Project


DATASETS = ("chrome", "firefox")
NUMBERS = range(1, 21)
STEPS_OF_A_TEST = 3
SUITE = """
import pytest

CASES = [
    pytest.param(number, dataset, marks=pytest.mark.evidence(squash=f"AC-{number}[{dataset}]"))
    for number in range(1, 21) for dataset in ("chrome", "firefox")
]

@pytest.mark.parametrize(("number", "dataset"), CASES)
def test_case(evidence, number, dataset):
    evidence.attach(f"{number} {dataset} 0".encode(), name="NAME-0.txt")
    for step in range(1, 4):
        with evidence.step(f"Part {step}"):
            evidence.attach(f"{number} {dataset} {step}".encode(), name=f"NAME-{step}.txt")
            assert FAILS or number % 7 or step < 2
"""


@dataclass(kw_only=True)
class Line:
    """One line of the plan, as plain requests read it: executions, oldest first, with what they hold.

    `statuses` are those of each execution and then of its steps, `held` names and bytes at the execution
    (0) and at its steps (1 …).
    """

    number: int
    dataset: str
    statuses: list[list[str]]
    held: list[list[list[tuple[str, bytes]]]]

    @property
    def steps(self) -> int:
        """How many steps the test case has."""
        return 1 + self.number % 3


@dataclass(kw_only=True)
class Server:
    """A look-alike whose plan holds twenty test cases with two datasets each."""

    sandbox: Sandbox

    def get(self, path: str) -> Any:
        """Return a JSON answer, or bytes."""
        token = self.sandbox.exports()["PYTEST_EVIDENCE_SQUASH_TOKEN"]
        url = f"{self.sandbox.roots['squash']}/api/rest/latest{path}"
        answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        answer.raise_for_status()
        return answer.content if path.endswith("/content") else answer.json()

    def lines(self) -> list[Line]:
        """Read the plan back, without any of our clients."""
        plan = self._rows("/iterations/4/test-plan", "test-plan")
        cases = [one for one in plan if (one["referenced_test_case"] or {}).get("reference")]
        ours = [o for o in cases if o["referenced_test_case"]["reference"].startswith("AC-")]
        assert len(NUMBERS) * len(DATASETS) == len(ours)
        return [self._line(one) for one in ours]

    def _rows(self, path: str, key: str) -> list[Any]:
        first = self.get(f"{path}?sort=id")
        pages = range(1, first["page"]["totalPages"])
        every = [first, *(self.get(f"{path}?sort=id&page={number}") for number in pages)]
        return [row for page in every for row in page.get("_embedded", {}).get(key, [])]

    def _line(self, row: Any) -> Line:
        executions = [self.get(f"/executions/{one['id']}") for one in row["executions"]]
        return Line(
            number=int(row["referenced_test_case"]["reference"].removeprefix("AC-")),
            dataset=row["referenced_dataset"]["name"],
            statuses=[
                [one["execution_status"], *(s["execution_status"] for s in one["execution_steps"])]
                for one in executions
            ],
            held=[
                [
                    self._held(f"/executions/{one['id']}"),
                    *(self._held(f"/execution-steps/{s['id']}") for s in one["execution_steps"]),
                ]
                for one in executions
            ],
        )

    def _held(self, object: str) -> list[tuple[str, bytes]]:
        return [
            (one["name"].partition("--")[0], self.get(f"/attachments/{one['id']}/content"))
            for one in self._rows(f"{object}/attachments", "attachments")
        ]


@pytest.fixture(params=[13, 14])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """The look-alike, at the last version of the older paths and at the first of the newer."""
    switches = {"squash": {"version": request.param, "max_page_size": 15}}
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(tmp_path / "servers", switches=switches))
        system: Any = sandbox.systems["squash"]
        for number in NUMBERS:
            steps = 1 + number % 3
            system.plan.add_test_case(f"AC-{number}", steps=steps, datasets=DATASETS)
        yield Server(sandbox=sandbox)
        assert [] == sandbox.crashes


@pytest.fixture
def make_project(tmp_path: Path, server: Server) -> Callable[..., Project]:
    """Write the suite and a pytest.ini that leads to the look-alike."""

    def make(*lines: str) -> Project:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        project = Project(folder=folder)
        project.lead_to(server.sandbox, "squash", *lines)
        project.write("test_one.py", SUITE.replace("NAME", "one").replace("FAILS", "False"))
        project.write("test_two.py", SUITE.replace("NAME", "two").replace("FAILS", "True"))
        return project

    return make


def fails(line: Line) -> bool:
    """Tell whether the first file's test of a line fails, in its second step."""
    return line.number % 7 == 0


def expected(line: Line, name: str, *, whole: bool) -> list[list[tuple[str, bytes]]]:
    """Return what one test leaves at an execution and at its steps.

    What belongs to a step that the execution does not have is at the execution, with the title.
    """
    held: list[list[tuple[str, bytes]]] = [[] for _ in range(line.steps + 1)]
    last = STEPS_OF_A_TEST if whole or not fails(line) else 2
    for step in range(last + 1):
        beyond = step > line.steps
        shown = f"step-{step}-Part-{step}-{name}-{step}" if beyond else f"{name}-{step}"
        place = 0 if beyond else step
        held[place].append((shown, f"{line.number} {line.dataset} {step}".encode()))
    return held


def told(line: Line) -> list[str]:
    """Return the statuses of an execution and its steps after the first file ran."""
    steps = ["SUCCESS"] * line.steps
    if fails(line):
        steps = ["SUCCESS", "FAILURE", "READY"][: line.steps]
    return ["FAILURE" if fails(line) else "SUCCESS", *steps]


def test_every_piece_is_on_the_right_execution_and_step(
    make_project: Callable[..., Project], server: Server
) -> None:
    """Forty executions, told how each test and each of its steps ended; a second run makes others."""
    project = make_project("evidence_squash_execution = new")
    first = project.pytest("test_one.py")
    second = project.pytest("test_one.py")

    assert first.counts == second.counts
    assert first.counts["pieces"] == first.counts["delivered"] == 40 * 4 - 4
    for line in server.lines():
        assert [told(line)] * 2 == line.statuses
        assert [expected(line, "one", whole=False)] * 2 == line.held


def test_a_second_run_may_go_to_the_latest(
    make_project: Callable[..., Project], server: Server
) -> None:
    """The same executions and steps get its evidence beside what is there; statuses stay."""
    make_project().pytest("test_one.py")
    project = make_project("evidence_squash_execution = latest")
    ended = project.pytest("test_two.py")

    assert 160 == ended.counts["delivered"]
    for line in server.lines():
        both = zip(
            expected(line, "one", whole=False), expected(line, "two", whole=True), strict=True
        )
        assert [told(line)] == line.statuses
        assert [[one + two for one, two in both]] == line.held


def test_two_shards_pushed_together_share_one_new_execution(
    make_project: Callable[..., Project], server: Server
) -> None:
    """Both left evidence of the same lines; every execution and step gets the worst of both."""
    project = make_project()
    project.pytest("test_one.py", mode="collect")
    project.pytest("test_two.py", mode="collect")
    ended = project.command("push", *(run.id for run in Spool(project.spool).runs()))

    assert 40 * 4 - 4 + 40 * 4 == ended.counts["delivered"]
    for line in server.lines():
        one, two = expected(line, "one", whole=False), expected(line, "two", whole=True)
        status = told(line)
        if fails(line):
            status = ["FAILURE", "SUCCESS", "FAILURE", "SUCCESS"][: line.steps + 1]
        assert [status] == line.statuses
        assert [[sorted(a + b) for a, b in zip(one, two, strict=True)]] == [
            [sorted(place) for place in execution] for execution in line.held
        ]
