"""`evidence-summary.json`: what it tells is what was printed, what the archive holds, what was stored."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.model import Run
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool

from .project import Ended
from .project import Project
from .project import wait_until
from .project import waiting_run


SUITE = """
import pathlib
import pytest

def damage(piece):
    (blob,) = pathlib.Path(".evidence").glob(f"*/blobs/{{piece.sha256}}")
    blob.write_bytes(b"other bytes")

@pytest.mark.evidence({system}="{good}")
def test_delivered(evidence): evidence.text("d", name="delivered.txt")

@pytest.mark.evidence({system}="{absent}")
def test_rejected(evidence): evidence.text("r", name="rejected.txt")

@pytest.mark.evidence({system}="{busy}")
def test_waiting(evidence): evidence.text("w", name="waiting.txt")

@pytest.mark.evidence({system}="{other}")
def test_damaged(evidence): damage(evidence.text("x", name="damaged.txt"))

@pytest.mark.evidence({system}="{good}")
def test_missing(): pass

@pytest.mark.evidence({system}="{uncertain}")
def test_uncertain(evidence): evidence.text("u", name="uncertain.txt")
"""
# Targets of each system by what becomes of their evidence.
TARGETS = {
    "squash": ("executions/1042", "iterations/4", "executions/999", "campaigns/3", "projects/14"),
    "workiva": ("f1/p1", "f1/p2", "f1/nowhere", "f1/p1/m1", "f1/p1/m1/s1"),
    "huawei": (
        "956239067176935400",
        "956239067176935401",
        "956239067176930000",
        "956239067176935402",
        "956239067176935403",
    ),
    "rillsoft": ("4711", "4712", "4999", "4714", "4715"),
}
# The upload of each system: how the lost one is recognised, and the one that has to wait.
LOST = {
    "squash": ("POST", r"/executions/1042/attachments"),
    "workiva": ("PUT", ""),
    "huawei": ("POST", r"935400/attachments/upload$"),
    "rillsoft": ("POST", r"/attachments/4711"),
}
BUSY = {
    "squash": r"/campaigns/3/attachments",
    "workiva": r"/matrices/m1/attachmentUpload",
    "huawei": r"935402/attachments/upload$",
    "rillsoft": r"/attachments/4714",
}
STATES = ("delivered", "found", "waiting", "uncertain", "rejected", "damaged")


def summary_of(run: Path) -> dict[str, Any]:
    """Read the file of a run."""
    found = json.loads((run / "evidence-summary.json").read_text(encoding="utf-8"))
    assert 1 == found["v"]
    assert run.name == found["run"]
    states = Counter(one["state"] for one in found["deliveries"])
    assert {state: states[state] for state in STATES} == {s: found["counts"][s] for s in STATES}
    assert len(found["deliveries"]) == found["counts"]["deliveries"]
    assert len(found["missing"]) == found["counts"]["missing"]
    assert isinstance(found, dict)
    return found


def only_summary(project: Project, ended: Ended) -> dict[str, Any]:
    """Read the only file, and check it against what the process printed and ended with."""
    (run,) = Spool(project.spool).runs()
    found = summary_of(run.path)
    assert ended.counts == found["counts"]
    assert ended.next == found["next"]
    assert ended.status == found["exit_status"]
    return found


def delivered(summary: dict[str, Any], destination: str) -> list[str]:
    """Return the hashes of what a summary says to be at a destination."""
    ends = [d for d in summary["deliveries"] if d["target"]["destination"] == destination]
    return sorted(
        one["digest"].removeprefix("sha256:") for one in ends if one["state"] in STATES[:2]
    )


def archived(project: Project) -> list[str]:
    """Return the hashes in the manifest of the only archived run."""
    (manifest,) = project.spool.glob("archive/*/manifest-sha256.txt")
    return sorted(line.split()[0] for line in manifest.read_text(encoding="utf-8").splitlines())


def pieces_by_state(summary: dict[str, Any], destination: str) -> dict[str, str]:
    """Return the state of each piece at a destination."""
    return {
        one["piece"]: one["state"]
        for one in summary["deliveries"]
        if one["target"]["destination"] == destination
    }


@pytest.mark.parametrize("system", TARGETS)
def test_it_agrees_with_everything_else(project: Project, sandbox: Sandbox, system: str) -> None:
    """One of each state: printed line, file, manifest of the archive and ledger tell the same."""
    project.lead_to(sandbox, f"{system} archive", "evidence_deadline = 8", "evidence_parallel = 1")
    uncertain, good, absent, busy, other = TARGETS[system]
    places = {"uncertain": uncertain, "good": good, "absent": absent, "busy": busy, "other": other}
    project.write("test_it.py", SUITE.format(system=system, **places))
    method, path = LOST[system]
    after = 1 if system == "workiva" else 0  # the address of an upload does not tell its target
    lost = {"system": system, "method": method, "path": path, "after": after}
    sandbox.faults.add("reset-before-answer", times=9, **lost)
    sandbox.faults.add("status-429", system=system, path=BUSY[system], retry_after="3600", times=9)

    ended = project.pytest("-q")

    found = only_summary(project, ended)
    assert 65 == ended.status, ended.out
    assert {f"{name}.txt": name for name in (*STATES[2:], "delivered")} == pieces_by_state(
        found, system
    )
    assert (5, 10, 1) == ended.numbers("pieces", "deliveries", "missing")
    assert ["test_it.py::test_missing"] == [one["nodeid"] for one in found["missing"]]
    assert archived(project) == delivered(found, "archive")
    stored = [file.sha256 for file in sandbox.store.ledger() if file.system == system]
    assert stored == delivered(found, system)
    for one in found["deliveries"]:
        facts = ("remote_name",) if one["state"] in STATES[:2] else ("reason",)
        assert all(one[fact] for fact in ("key", "nodeid", "size", "digest", "at", *facts)), one
    told = project.command("status")
    assert (0, "") == (told.status, told.errors)
    assert "5 delivered, 1 waiting, 1 uncertain, 1 rejected, 2 damaged" in told.out


def test_it_holds_no_secret(project: Project, sandbox: Sandbox) -> None:
    """Nothing that the settings know, whatever a server says."""
    project.lead_to(sandbox, "squash workiva huawei rillsoft archive")
    project.suite("squash", "workiva", "huawei", "rillsoft")
    sandbox.faults.add("status-401", system="huawei", times=9)

    ended = project.pytest("-q")

    found = only_summary(project, ended)
    assert ["huawei"] == list(found["closed"])
    assert "authentication" == found["closed"]["huawei"]["why"]
    text = json.dumps(found)
    assert [] == [value for value in sandbox.exports().values() if value in text]


def test_collecting_writes_it_too_and_a_push_replaces_it(project: Project) -> None:
    """What waits by the session's end is delivered by the push, and nothing else lies in the folder."""
    project.suite(pieces=2)
    collected = only_summary(project, project.pytest("-q", mode="collect"))
    [run] = Spool(project.spool).runs()
    before = {path.name for path in run.path.iterdir()}

    pushed = only_summary(project, project.command("push"))

    assert ("session", "collect", 2) == (
        collected["by"],
        collected["mode"],
        collected["counts"]["waiting"],
    )
    assert ("push", 2, "") == (pushed["by"], pushed["counts"]["delivered"], pushed["next"])
    assert collected["started_at"] < collected["written_at"] < pushed["written_at"]
    [journal] = (run.path / "deliveries").iterdir()
    assert {f"delivery-{journal.stem}"} == {path.name for path in run.path.iterdir()} - before


def test_each_run_of_a_group_tells_its_own_part(project: Project) -> None:
    """Their numbers add up to the printed ones; what the group has in common stands in each."""
    runs = [waiting_run(project.spool, *contents) for contents in (("a",), ("b", "c"))]

    done = project.command("push", *(run.id for run in runs))

    parts = [summary_of(run.path) for run in runs]
    together = sum((Counter(part["counts"]) for part in parts), Counter[str]())
    assert {name: number for name, number in done.counts.items() if number} == dict(together)
    assert [1, 2] == [part["counts"]["delivered"] for part in parts]
    assert [[run.id for run in runs]] * 2 == [part["group"] for part in parts]
    assert ["1.txt", "1.txt", "2.txt"] == [d["piece"] for p in parts for d in p["deliveries"]]


def test_every_key_is_documented(project: Project, sandbox: Sandbox) -> None:
    """In the reference, as the format's page."""
    project.lead_to(sandbox, "squash huawei archive")
    uncertain, good, absent, busy, other = TARGETS["squash"]
    places = {"uncertain": uncertain, "good": good, "absent": absent, "busy": busy, "other": other}
    project.write("test_it.py", SUITE.format(system="squash", **places))

    found = only_summary(project, project.pytest("-q"))

    page = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    section = page.partition("## The summary for programs")[2]
    assert [] == [key for key in sorted(keys_of(found)) if f"`{key}`" not in section]


def keys_of(document: Any) -> set[str]:
    """Return all keys of a document but those inside what others named: scopes."""
    if isinstance(document, list):
        return {key for one in document for key in keys_of(one)}
    if not isinstance(document, dict):
        return set()
    deeper = {key for name, one in document.items() if name != "scope" for key in keys_of(one)}
    return set(document) | deeper


def test_clean_removes_it_with_the_run(project: Project) -> None:
    """It is no reason to keep a folder."""
    run = waiting_run(project.spool, "a")
    project.command("push")
    assert 1 == summary_of(run.path)["counts"]["delivered"]

    assert 0 == project.command("clean").status

    assert not run.path.exists()


@pytest.mark.parametrize("passes", [True, False])
@pytest.mark.parametrize("how", ["session", "push"])
def test_a_file_that_cannot_be_written_is_a_spool_error(
    project: Project, how: str, passes: bool
) -> None:
    """74 where nothing is worse; everything is delivered, printed and counted all the same."""
    project.write(
        "test_it.py",
        "import pathlib",
        "def test_it(evidence):",
        "    evidence.text('a')",
        "    for run in pathlib.Path('.evidence').glob('*Z-*'):",
        "        (run / 'evidence-summary.json').mkdir()",
        f"    assert {passes}",
    )

    ended = project.pytest("-q", mode="upload" if how == "session" else "collect")
    if how == "push":
        assert (0 if passes else 1) == ended.status
        ended = project.command("push")

    assert (74 if passes or how == "push" else 1) == ended.status
    assert ended.numbers("pieces", "deliveries") == (ended.counts["delivered"],) * 2
    assert "\nspool: " in ended.out
    assert "evidence-summary.json cannot be written (Is a directory)" in ended.out
    assert "Traceback" not in ended.out + ended.errors


WRITE_ON = """
import sys
from pathlib import Path
from pytest_attach_evidence.spool import RunFolder

run, number = RunFolder(Path(sys.argv[1])), int(sys.argv[2])
while True:
    number += 1
    run.write_summary({"number": number, "text": "x" * 300_000})
"""


def test_a_crash_while_it_is_written_leaves_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    """Killed again and again at random moments of writing; the next writer clears what was left."""
    run = Spool(tmp_path).begin(Run(id="", started_at="2026-11-06T10:00:00Z"))
    run.write_summary({"number": 0, "text": "x" * 300_000})
    for _ in range(6):
        before = number_in(run)
        words = [sys.executable, "-c", WRITE_ON, str(run.path), str(before)]
        with subprocess.Popen(words) as writer:
            wait_until(lambda least=before + 3: number_in(run) > least)
            writer.kill()

    run.write_summary({"number": -1, "text": ""})

    assert -1 == number_in(run)
    assert [] == [path.name for path in run.path.iterdir() if path.name.startswith(".")]
    run.release()


def number_in(run: RunFolder) -> int:
    """Read a whole document."""
    found = json.loads((run.path / "evidence-summary.json").read_bytes())
    assert len(found["text"]) in (0, 300_000)
    return int(found["number"])


def test_a_server_with_another_clock_is_told_and_remembered(
    project: Project, sandbox: Sandbox
) -> None:
    """`push` says by how much; a later one whose server is right does not make it forgotten."""
    project.lead_to(sandbox, "squash")
    project.suite("squash")
    assert 0 == project.pytest("-q", mode="collect").status
    sandbox.faults.add("status-503", system="squash", method="PATCH", times=99)
    sandbox.faults.add("date", date="7200", system="squash", method="", path="", times=99)
    skewed = project.command("push")
    sandbox.faults.clear()

    last = project.command("push")

    (told,) = [line for line in skewed.out.splitlines() if line.startswith("clock: ")]
    assert told.endswith(" s ahead of this machine, whose moments are recorded")
    assert (75, 0) == (skewed.status, last.status)
    assert "clock: " not in last.out
    (run,) = Spool(project.spool).runs()
    assert [told] == json.loads((run.path / "evidence-summary.json").read_text())["notes"]
