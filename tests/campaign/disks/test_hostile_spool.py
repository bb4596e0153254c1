"""Spools that a hostile job left: the sound rest is delivered once, the bad is named, nothing else happens.

The cases stand in `hostile_cases`. All are pushed one by one to the look-alike of Squash TM and the archive.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import filelock
import pytest

from pytest_attach_evidence.sandbox import Sandbox

from ...commands.project import Project
from .crafted import CANARY
from .crafted import begun
from .crafted import finish
from .hostile_cases import CASES
from .hostile_cases import EVIL


SECONDS = 60

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, FIFOs and devices of Unix")


def crafted(folder: Path, sandbox: Sandbox) -> tuple[Project, dict[str, Path]]:
    """Craft all runs; return the project and each run's folder."""
    project = Project(folder=folder / "project")
    project.folder.mkdir()
    project.lead_to(sandbox, "squash workiva huawei rillsoft archive")
    outside, runs = folder / "outside", {}
    outside.mkdir()
    (outside / "secret").write_text(CANARY)
    for name, case in CASES.items():
        craft = begun(project.spool, outside, sandbox, name)
        case.make(craft)
        finish(craft)
        runs[name] = craft.run.path
        if name == "run-elsewhere":
            moved = runs[name].rename(outside / runs[name].name)
            runs[name].symlink_to(moved)
    return project, runs


def tree(folder: Path) -> dict[str, str]:
    """Return everything below a folder with its content, links and FIFOs by their type."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file() and not path.is_symlink()
        else oct(path.lstat().st_mode)
        for path in sorted(folder.rglob("*"))
    }


def pushed(folder: Path) -> dict[str, Any]:
    """Push everything that was crafted, and return what came of it as plain data."""
    with Sandbox(folder / "servers") as sandbox:
        project, runs = crafted(folder, sandbox)
        before = tree(folder / "outside")
        words = [str(project.folder), str(SECONDS), *map(str, runs.values())]
        done = subprocess.run(
            [sys.executable, "-m", "tests.campaign.disks.push_each", *words],
            cwd=Path(__file__).parents[3],
            env={**os.environ, **project.variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS * 5,
        )
        assert 0 == done.returncode, done.stderr
        told = json.loads(done.stdout)
        ledger = sandbox.store.ledger()
        archived = [path for path in (project.spool / "archive").rglob("*") if path.is_file()]
        return {
            "told": {name: told[str(path)] for name, path in runs.items()},
            "outside": [before, tree(folder / "outside")],
            "ledger": [[f.system, f.object, f.path.read_text("utf-8", "replace")] for f in ledger],
            "archived": [path.read_text("utf-8", "replace") for path in archived],
            "requests": [[one.system, one.path] for one in sandbox.requests()],
            "crashes": sandbox.crashes,
            "statuses": sandbox_statuses(sandbox),
        }


def sandbox_statuses(sandbox: Sandbox) -> dict[str, str]:
    """Return the status of the executions that were there before."""
    plan: Any = sandbox.systems["squash"]
    things = {f"executions/{id}": plan.plan.thing("executions", id) for id in range(1040, 1044)}
    return {object: thing.status for object, thing in things.items()}


@pytest.fixture(scope="module")
def pushes(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, Any]:
    """What came of all pushes, made once for all workers."""
    root = tmp_path_factory.getbasetemp()
    root = root if worker_id == "master" else root.parent
    kept = root / "hostile.json"
    with filelock.FileLock(root / "hostile.lock"):
        if not kept.exists():
            kept.write_text(json.dumps(pushed(tmp_path_factory.mktemp("hostile"))))
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


@pytest.mark.parametrize("name", CASES)
def test_hostile_run(pushes: dict[str, Any], name: str) -> None:
    """No crash, no hang; the sound pieces arrive once, what is bad is named, the status says it."""
    case, told = CASES[name], pushes["told"][name]
    output = told["out"] + told["errors"]
    times = 0 if case.alone else 1

    assert case.status == told["status"], output
    assert "Traceback" not in output
    assert "bug of pytest-attach-evidence" not in output
    assert case.says in output
    if not case.alone:
        states = dict(re.findall(r"(\w+)=(\d+)", output.splitlines()[-1]))
        open_ones = ("waiting", "uncertain", "rejected", "damaged")
        assert case.bad == sum(int(states[state]) for state in open_ones), output
    for number in (1, 2):
        content = f"{name} sound {number}"
        assert times == sum(content == kept for _, _, kept in pushes["ledger"])
        assert times == pushes["archived"].count(content)


@pytest.mark.parametrize("name", CASES)
def test_status_of_a_hostile_run(pushes: dict[str, Any], name: str) -> None:
    """`status` reads the same run without a crash and without an endless output."""
    asked = pushes["told"][name]["asked"]

    assert asked["status"] in (0, 4), asked
    assert len(asked["out"]) < 100_000


def test_nothing_outside_was_touched(pushes: dict[str, Any]) -> None:
    """No file outside the spool was written, removed or taken for evidence, and nobody was asked."""
    before, after = pushes["outside"]
    printed = "".join(told["out"] + told["errors"] for told in pushes["told"].values())

    assert before == after
    assert CANARY not in printed
    assert not [1 for _, _, content in pushes["ledger"] if CANARY in content]
    assert not [1 for content in pushes["archived"] if CANARY in content]
    assert {"squash", "workiva"} >= {system for system, _ in pushes["requests"]}
    assert not [path for _, path in pushes["requests"] if ".." in path or "users" in path]
    assert [] == pushes["crashes"]


def test_no_line_is_a_command(pushes: dict[str, Any]) -> None:
    """What terminals and CI systems obey never gets to a place where they look for it."""
    told = [told for one in pushes["told"].values() for told in (one, one["asked"])]
    printed = "".join(one["out"] + one["errors"] for one in told)

    assert "set-output" in printed
    assert [] == [line for line in printed.splitlines() if line.lstrip().startswith("::")]
    assert not re.search(r"##(\[|vso\[|teamcity\[)", printed)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", printed)
    assert EVIL + "/1042" not in printed
    assert max(map(len, printed.splitlines())) <= 1000


def test_forged_notes_lead_to_no_other_object(pushes: dict[str, Any]) -> None:
    """What was noted for executions of others is not believed: they get no piece and no status."""
    noted = [object for _, object, kept in pushes["ledger"] if " noted " in kept]

    assert 4 == len(noted) == len(set(noted))
    assert set() == set(noted) & set(pushes["statuses"])
    assert ["SUCCESS", "READY", "READY", "FAILURE"] == list(pushes["statuses"].values())


def test_memory_stays_small(pushes: dict[str, Any]) -> None:
    """Terabytes that are claimed, and a hundred thousand lines, cost no more than 256 MiB."""
    assert max(told["peak"] for told in pushes["told"].values()) < 256 * 1024


def test_hostile_cases_are_enough() -> None:
    """At least thirty crafted spools are promised; there are sixty."""
    assert len(CASES) >= 60
