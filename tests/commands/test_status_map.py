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
    assert ["test", "#owner", "squash", "huawei", "status", "detail", "row", "run"] == list(
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


IDLE = """
import pytest

def test_dropped(): pass
def test_filtered(): pass
def test_off(): pass
def test_partly_off(evidence): evidence.text("a")
def test_archive(): pass
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.evidence("CTRL-07")
def test_alias(): pass
def test_blank(): pass
def test_unlisted(): pass
"""
IDLE_MAP = (
    "test,squash,workiva,archive,archive_when",
    "test_it.py::test_dropped,-,,,",
    "test_it.py::test_filtered,,,,failed",
    "test_it.py::test_off,,f1/p1,,",
    "test_it.py::test_partly_off,TC-1,f1/p1,,",
    "test_it.py::test_archive,,,-,",
    "test_it.py::test_skipped,-,,,",
    "CTRL-07,,f1/p1,,",
    "test_it.py::test_blank,,,,",
)


@pytest.mark.parametrize("words", [(), ("-p", "xdist", "-n2")], ids=["alone", "-n2"])
def test_rows_of_tests_that_bring_nothing_say_why(
    project: Project, sandbox: Sandbox, words: tuple[str, ...]
) -> None:
    """They ran: none of them is called "not run", wherever the session ran them, and none told twice."""
    project.lead_to(sandbox, "archive squash", "evidence_map = map.csv")
    project.write("map.csv", *IDLE_MAP)
    project.write("test_it.py", IDLE)

    ran = project.pytest("-q", *words)
    told = json.loads(project.command("status", "--map", "--json").out)

    off = "workiva: not enabled"
    assert [
        ("test_it.py::test_dropped", "nothing to deliver", "1 test"),
        ("test_it.py::test_filtered", "nothing to deliver", "1 test"),
        ("test_it.py::test_off", "nothing to deliver", f"1 test; {off}"),
        ("test_it.py::test_partly_off", "delivered", f"1 test; squash: 1 delivered; {off}"),
        ("test_it.py::test_archive", "nothing to deliver", "1 test"),
        ("test_it.py::test_skipped", "skipped", "1 test"),
        ("CTRL-07", "nothing to deliver", f"1 test; {off}"),
        ("test_it.py::test_blank", "not mapped", "1 test"),
        ("test_it.py::test_unlisted", "not mapped", ""),
    ] == [(r["test"], r["status"], r["detail"]) for r in exported(project)]
    line = "mapped: 8 rows: 1 delivered, 1 skipped, 5 nothing to deliver, 1 not mapped"
    assert f"{line}; 1 test ran without a row" in ran.out, ran
    assert ["test_it.py::test_unlisted"] == told["not_mapped"]
    assert [1] * 8 == [row["tests"] for row in told["rows"]]
    assert ["workiva"] == told["rows"][3]["not_enabled"]


def test_a_session_that_was_killed_is_told(project: Project) -> None:
    """What ran in it without anything to expect is not known then: "not run" may not be so."""
    project.configure("archive", {"evidence_map": "map.csv"})
    project.write("map.csv", "test,archive", "test_it.py::test_dropped,-")
    killed = "def test_killed(): os.kill(os.getpid(), 9)"
    project.write("test_it.py", "import os", "def test_dropped(): pass", killed)
    project.pytest("-q")

    told = project.command("status", "--map").out

    assert "mapped: 1 row: 1 not run; run " in told
    assert "a session did not end: its tests of which nothing was expected are not known" in told


def exported(project: Project, *words: str) -> list[dict[str, str]]:
    """Return the rows of the sheet that the command writes."""
    ended = project.command("status", "--map", "--csv", "out.csv", *words)
    assert 0 == ended.status, ended
    content = (project.folder / "out.csv").read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


STRANGE = """
import pytest

@pytest.mark.parametrize("text", ["***", "2*3", "2**3", "a|b", "[*]", "=1", "a"])
def test_bare(text): pass
def test_refs(): pass
"""


def test_an_exported_sheet_is_a_map(project: Project, sandbox: Sandbox) -> None:
    """However often it goes round: it has the same rows with the same states, and warns of nothing."""
    project.lead_to(sandbox, "archive squash", "evidence_map = map.toml")
    refs = 'squash = ["TC-1", "ref:a|b", "ref:c\\\\", "ref:\\\\|"]'
    project.write("map.toml", "[[evidence]]", 'test = "test_it.py::test_refs"', refs)
    project.write("test_it.py", STRANGE)
    project.write("=x/test_formula.py", "def test_it(): pass")

    before = project.pytest("-q", mode="collect")
    sheets = [exported(project)]
    for _ in range(2):
        (project.folder / "out.csv").rename(project.folder / "map.csv")
        again = project.pytest("-q", "--evidence-map=map.csv", mode="collect")
        assert (0, False) == (again.status, "map: " in again.out), again
        sheets.append(exported(project, "--evidence-map=map.csv"))

    assert "mapped: 1 row: 1 missing; 8 tests ran without a row" in before.out, before
    assert 9 == len(sheets[0])
    assert r"TC-1|ref:a\|b|ref:c\ |ref:\\|" == sheets[0][0]["squash"]
    told = [[(row["test"], row["squash"], row["status"]) for row in one] for one in sheets]
    assert [sorted(told[0])] * 2 == list(map(sorted, told[1:]))


def test_the_sheet_of_several_maps_tells_where_each_row_is_from(
    project: Project, sandbox: Sandbox
) -> None:
    """By file and line."""
    project.lead_to(sandbox, "archive squash", "evidence_map =", "  map.csv", "  more.toml")
    project.write("map.csv", "test,squash", "test_it.py,TC-1")
    project.write("more.toml", "[[evidence]]", 'test = "CTRL-07"', 'squash = "TC-2"')
    project.suite()
    project.pytest("-q", mode="collect")

    assert ["map.csv:2", "more.toml:1"] == [row["row"] for row in exported(project)]


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
