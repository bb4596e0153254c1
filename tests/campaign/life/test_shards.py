"""Shards of one pipeline: sessions on different machines, pushed together as one delivery group."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from ...commands.project import TARGETS
from ...commands.project import commits
from .scene import WORKERS
from .scene import Life


SUITE = """
import os
import pytest

SHARD = int(os.environ["SHARD"])

@pytest.mark.evidence(squash="TC-1", huawei="956239067176935400")
@pytest.mark.parametrize("number", range(4))
def test_it(evidence, number):
    if number % 2 != SHARD:
        pytest.skip("of the other shard")
    keep(evidence, f"{number}.txt")
    {end}

@pytest.mark.evidence(squash="TC-2")
def test_of_one_shard(evidence):
    if SHARD == 0:
        keep(evidence, "alone.txt")
"""
ENDS = {
    "both pass": ("pass", "SUCCESS"),
    "the first fails": ("assert number != 0", "FAILURE"),
    "the second fails": ("assert number != 3", "FAILURE"),
    "the second dies": ("number != 3 or os._exit(1)", "FAILURE"),
}


def shards(life: Life, *workers: str, apart: bool) -> list[str]:
    """Run both shards, each on its machine or both in one spool; return how their runs are named."""
    spools = ["spool-0", "spool-1"] if apart else ["spool", "spool"]
    for number, spool in enumerate(spools):
        flags = [f"--evidence-dir={spool}", *workers]
        life.project.pytest(*flags, mode="collect", SHARD=str(number))
    brought = life.project.folder / "artifacts"
    for spool in dict.fromkeys(spools):
        carry(life.project.folder / spool, brought / spool)
    return [str(path.parent) for path in sorted(brought.glob("*/*/run.json"))]


def carry(folder: Path, to: Path) -> None:
    """Bring a folder to another machine as CI does: without empty folders, hidden files and modes."""
    for path in folder.rglob("[!.]*"):
        if path.is_file():
            (to / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
            (to / path.relative_to(folder)).write_bytes(path.read_bytes())
    shutil.rmtree(folder)


def created(life: Life) -> int:
    """Return how many executions were created."""
    seen = life.sandbox.requests("squash")
    return len([one for one in seen if one.method == "POST" and one.path.endswith("/executions")])


@WORKERS
@pytest.mark.parametrize(
    ("name", "apart"),
    [
        ("both pass", True),
        ("the first fails", True),
        ("the second fails", False),
        ("the second dies", True),
    ],
)
def test_shards_share_one_execution_with_the_worst_outcome(
    life: Life, name: str, apart: bool, workers: tuple[str, ...]
) -> None:
    """One new execution per plan item, whatever shard its tests ran in; nothing lost, nothing doubled."""
    end, status = ENDS[name]
    life.suite(SUITE.replace("{end}", end))
    runs = shards(life, *workers, apart=apart)

    pushed = life.project.command("push", *runs)
    again = life.project.command("push", *runs)

    assert (0, "") == (pushed.status, pushed.errors), pushed
    assert "nothing waits\n" == again.out
    assert 2 == len(runs)
    assert 2 == created(life)
    assert sorted(["SUCCESS", status]) == sorted(life.statuses().values())
    assert sum(life.kept().values()) == pushed.counts["pieces"] == 5
    for system, number in (("squash", 5), ("huawei", 4)):
        assert [1] * number == list(commits(life.sandbox, system).values())


def test_a_push_that_was_interrupted_goes_on_with_the_same_execution(life: Life) -> None:
    """A second push of the group adopts what the first created, and ends with the worst outcome."""
    life.suite(SUITE.replace("{end}", "assert number != 3"))
    runs = shards(life, apart=True)
    fault = {"system": "squash", "method": "POST", "path": "/attachments$"}
    life.sandbox.faults.add("status-401", **fault)

    first = life.project.command("push", *runs)
    second = life.project.command("push", *runs)

    assert (77, 0) == (first.status, second.status), first
    assert 2 == created(life)
    assert ["FAILURE", "SUCCESS"] == sorted(life.statuses().values())
    assert {1} == set(commits(life.sandbox, "squash").values())


def test_a_shard_that_was_pushed_alone_before(life: Life) -> None:
    """What has a receipt is not sent again; the other shard's pieces arrive once."""
    life.suite(SUITE.replace("{end}", "pass"))
    runs = shards(life, apart=True)

    alone = life.project.command("push", runs[0])
    together = life.project.command("push", *runs)

    assert (0, 0) == (alone.status, together.status)
    assert TARGETS["squash"] == "TC-1"
    assert [1] * 5 == list(commits(life.sandbox, "squash").values())
    assert [1] * 4 == list(commits(life.sandbox, "huawei").values())


PAGE = Path(__file__).parents[3] / "docs" / "ci.md"


@pytest.mark.parametrize(
    ("heading", "layout"),
    [("GitHub Actions:", "shards/evidence-{number}"), ("GitLab CI, ", "spool")],
    ids=["GitHub", "GitLab"],
)
def test_the_recipes_of_the_docs(life: Life, heading: str, layout: str) -> None:
    """The commands of the page, with the folders that each CI makes, deliver all shards as one."""
    recipe = PAGE.read_text(encoding="utf-8").partition(heading)[2].partition("\n```\n")[0]
    (collect,) = re.findall(r"pytest (--evidence=collect --evidence-dir=\S+)", recipe)
    (push,) = re.findall(r"attach-evidence (push .*)", recipe)
    life.suite(SUITE.replace("{end}", "assert number != 3"))
    script = f"{{python}} -m pytest -p attach-evidence -p no:cacheprovider {collect}"
    for number in range(2):
        life.project.in_shell(script, SHARD=str(number))
        carry(
            life.project.folder / "spool",
            life.project.folder / "job" / layout.format(number=number),
        )
    for path in (life.project.folder / "job").iterdir():
        path.rename(life.project.folder / path.name)

    pushed = life.project.in_shell(f"{{python}} -m pytest_attach_evidence {push}")
    again = life.project.in_shell(f"{{python}} -m pytest_attach_evidence {push}")

    assert (0, "") == (pushed.status, pushed.errors), pushed
    assert "nothing waits\n" == again.out
    assert 2 == created(life)
    assert ["FAILURE", "SUCCESS"] == sorted(life.statuses().values())
    assert 5 == pushed.counts["pieces"]


def lose_the_creations(life: Life, runs: list[str]) -> None:
    """Push each shard alone: an execution is created, its answer is lost, and the look at it is refused."""
    where = {"system": "squash", "path": r"/(executions|test-plan-items/\d+)$"}
    for run in runs:
        life.sandbox.faults.add("answer-lost", **{**where, "method": "POST"})
        life.sandbox.faults.add("status-401", **{**where, "method": "GET"}, after=1)
        assert 77 == life.project.command("push", run).status
        life.sandbox.faults.clear()


@pytest.mark.parametrize("strangers", [0, 1])
def test_shards_that_each_lost_the_answer_to_a_creation(life: Life, strangers: int) -> None:
    """Together they share the newest; beside a tester's nothing is sent, and one line tells what to do.

    That a plain push goes on then is shown where executions are tested: it waits for the time to settle.
    """
    system: Any = life.sandbox.systems["squash"]
    (item,) = [one for one in system.plan.items.values() if is_line_of(one, "TC-1")]
    before = len(item.executions)
    life.suite(SUITE.replace("{end}", "pass"))
    runs = shards(life, apart=True)
    lose_the_creations(life, runs)
    for _ in range(strangers):
        system.plan.create_execution(item)
    fresh = item.executions[before:]

    pushed = life.project.command("push", *runs)
    if strangers:
        (line,) = [one for one in pushed.out.splitlines() if one.startswith("uncertain:")]
        assert 65 == pushed.status
        assert all(str(one.id) in line for one in fresh)
        assert "or give it a status, then: attach-evidence push" in line
        assert ["READY"] * 3 == [one.status for one in fresh]
        return

    assert (0, "") == (pushed.status, pushed.errors), pushed
    assert ["READY", "SUCCESS"] == [one.status for one in fresh]
    assert [1] * 5 == list(commits(life.sandbox, "squash").values())


def is_line_of(item: Any, reference: str) -> bool:
    """Tell whether a line of the look-alike's plan is that of a test case in the iteration used."""
    case = item.test_case
    return case is not None and item.iteration.id == 4 and case.reference == reference
