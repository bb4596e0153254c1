"""`status --map`, the summary's section and the archive's sheet: a map, its run, and what differs."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from .project import Ended
from .project import Project


SUITE = """
import pytest

def test_good(evidence): evidence.text("a")
def test_bad_target(evidence): evidence.text("a")
def test_nothing(): pass
def test_bare(evidence): evidence.text("a")
@pytest.mark.skip
def test_skipped(evidence): pass
@pytest.mark.evidence("CTRL-07")
def test_alias(evidence): evidence.text("a")
@pytest.mark.evidence(squash="TC-1")
def test_marked(evidence): evidence.text("a")
"""
MAP = (
    "test;#owner;squash;huawei",
    "test_it.py::test_good;Ann;TC-1;956239067176935400",
    "test_it.py::test_bad_target;;executions/999999;",
    "test_it.py::test_nothing;;TC-1;",
    "test_it.py::test_skipped;;TC-1;",
    "test_it.py::test_marked;;executions/4;",
    "test_it.py::test_gone;;TC-1;",
    "CTRL-07;Bea;TC-1;",
)
EXPECTED = {
    "test_it.py::test_good": "delivered",
    "test_it.py::test_bad_target": "rejected",
    "test_it.py::test_nothing": "missing",
    "test_it.py::test_skipped": "skipped",
    "test_it.py::test_marked": "not used",
    "test_it.py::test_gone": "not run",
    "CTRL-07": "delivered",
    "test_it.py::test_bare": "not mapped",
}
LINE = (
    "mapped: 7 rows: 1 rejected, 1 missing, 2 delivered, 1 skipped, 1 not used, 1 not run; "
    "1 test ran without a row"
)


@pytest.fixture
def ended(project: Project, sandbox: Sandbox) -> Ended:
    """A run with a row for everything that can become of one."""
    project.lead_to(sandbox, "archive squash huawei", "evidence_map = map.csv")
    project.write("map.csv", *MAP)
    project.write("test_it.py", SUITE)
    return project.pytest("-q")


def sheet(content: bytes) -> list[dict[str, str]]:
    """Return the rows of an exported sheet."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def statuses(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return the status of each row by its test."""
    return {row["test"]: row["status"] for row in rows}


def test_every_row_is_told_the_same_everywhere(project: Project, ended: Ended) -> None:
    """In the summary, its file, the archive, and by the command as table, JSON and sheet."""
    run = project.record().run.id
    (told,) = (project.spool).glob("*/evidence-summary.json")
    document = json.loads(told.read_text(encoding="utf-8"))["map"]
    archived = (project.spool / "archive" / run / "map.csv").read_bytes()

    table = project.command("status", "--map", "--csv", "out.csv")
    printed = json.loads(project.command("status", "--map", "--json").out)

    assert LINE in ended.out, ended
    assert EXPECTED == statuses(sheet(archived))
    bare = [{"test": name, "status": "not mapped"} for name in document["not_mapped"]]
    assert EXPECTED == statuses([*document["rows"], *bare])
    assert {"v": 1, "runs": [run], **document} == printed
    assert (0, True) == (table.status, f"{LINE}; run {run}" in table.out), table
    assert archived == (project.folder / "out.csv").read_bytes()
    assert ["test", "#owner", "squash", "huawei", "status", "detail", "run"] == list(
        sheet(archived)[0]
    )
    assert "Bea" == sheet(archived)[6]["#owner"]


def test_a_push_brings_the_sheet_up_to_date(project: Project, sandbox: Sandbox) -> None:
    """What waited is delivered then: in the archive, in the summary's file, and by the command."""
    project.lead_to(sandbox, "archive huawei", "evidence_map = map.csv")
    project.write("map.csv", "test,huawei", "test_it.py,956239067176935400")
    project.suite()
    sandbox.faults.add("status-503", system="huawei", times=99, retry_after="3600")
    assert 75 == project.pytest("-q").status
    run = project.record().run.id
    path = project.spool / "archive" / run / "map.csv"
    before = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    sandbox.faults.clear()

    pushed = project.command("push")

    after = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert 0 == pushed.status, pushed
    assert (["waiting"], ["delivered"]) == (
        [r["status"] for r in before],
        [r["status"] for r in after],
    )
    assert "mapped: 1 row: 1 delivered\n" in pushed.out


def test_a_push_needs_no_map(project: Project, ended: Ended) -> None:
    """Where the file is gone it delivers all the same, says so, and leaves the sheet as it is."""
    run = project.record().run.id
    archived = project.spool / "archive" / run / "map.csv"
    before = archived.read_bytes()
    (project.folder / "map.csv").unlink()

    pushed = project.command("push", "--retry-rejected")

    assert (65, 1) == (pushed.status, *pushed.numbers("rejected")), pushed
    assert "map: its rows are not told of: map.csv: cannot be read (No such file" in pushed.out
    assert before == archived.read_bytes()


def test_an_exported_sheet_is_a_map(project: Project, ended: Ended) -> None:
    """The run of the sheet that came back has the same targets as before."""
    assert 0 == project.command("status", "--map", "--csv", "out.csv").status

    again = project.pytest("-q", "--evidence-map=out.csv", mode="collect")
    told = project.command("status", "--map", "--evidence-map=out.csv", "--json")

    assert "mapped: 8 rows" in again.out, again
    assert statuses(json.loads(told.out)["rows"]).keys() == EXPECTED.keys()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--csv", "map.csv"], 4, "--csv: map.csv is the map itself - name another file"),
        (["--csv", "no/where.csv"], 4, "--csv: no/where.csv cannot be written (No such file"),
        (["-o", "evidence_map="], 78, "evidence_map is not set - set it, or name a file with"),
        (["--evidence-map", "no.csv"], 78, "no.csv: cannot be read (No such file or directory)"),
    ],
)
def test_what_cannot_be_told(project: Project, words: list[str], status: int, said: str) -> None:
    """It is said, and nothing is overwritten."""
    project.configure("archive", {"evidence_map": "map.csv"})
    project.write("map.csv", "test,require", "test_it.py,log")
    before = (project.folder / "map.csv").read_bytes()

    told = project.command("status", "--map", *words)

    assert (status, True) == (told.status, said in told.errors), told
    assert before == (project.folder / "map.csv").read_bytes()


def test_csv_and_json_belong_to_the_map(project: Project) -> None:
    """Without `--map` they are wrong arguments, not silently passed over."""
    assert 4 == project.command("status", "--json").status


def test_a_remap_follows_the_map(project: Project, sandbox: Sandbox) -> None:
    """A wrong row is mended in the map; what was rejected goes where it leads now, and is told there."""
    wrong, right = "956239067176930000", "956239067176935400"
    project.lead_to(sandbox, "huawei", "evidence_map = map.csv")
    project.write("map.csv", "test,huawei", f"test_it.py::test_it,{wrong}")
    project.suite()
    assert 65 == project.pytest("-q").status
    project.write("map.csv", "test,huawei", f"test_it.py,{right}")

    stale = json.loads(project.command("status", "--map", "--json").out)
    pushed = project.command("push", "--remap")
    told = json.loads(project.command("status", "--map", "--json").out)

    assert (0, 1) == (pushed.status, *pushed.numbers("delivered")), pushed
    assert ["not used"] == [row["status"] for row in stale["rows"]]
    assert ["delivered"] == [row["status"] for row in told["rows"]]
