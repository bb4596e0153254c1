"""Several destinations in one run, each with what it takes: the ledgers hold exactly that."""

from __future__ import annotations

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from ..bundles import pieces_in
from .project import Project


FILTERS = (
    "evidence_huawei_when = failed",
    "evidence_workiva_kinds = report, table",
    "evidence_rillsoft_when = passed",
    "evidence_rillsoft_kinds = table",
    "evidence_archive_kinds = text",
)
SUITE = """
import pytest

pytestmark = pytest.mark.evidence(
    squash="TC-1", workiva="f1/p1", huawei="956239067176935400", rillsoft="4711"
)

@pytest.mark.parametrize("ok", [True, False], ids=["good", "bad"])
def test_it(evidence, ok):
    word = "good" if ok else "bad"
    evidence.text("t", name=f"{word}-text.txt")
    evidence.table([["a"]], name=f"{word}-table.csv")
    evidence.attach(b"r", name=f"{word}-report.bin", kind="report")
    assert ok
"""
KINDS = ("text", "table", "report")
EVERYTHING = {f"{word}-{kind}" for word in ("good", "bad") for kind in KINDS}
# The table of docs/mapping.md, filled in.
EXPECTED = {
    "squash": EVERYTHING,
    "workiva": {"good-table", "good-report", "bad-table", "bad-report"},
    "huawei": {"bad-text", "bad-table", "bad-report"},
    "rillsoft": {"good-table"},
    "archive": {"good-text", "bad-text"},
}


def arrived(project: Project, sandbox: Sandbox) -> dict[str, set[str]]:
    """Return the pieces that each system and the archive hold, by the beginning of their names."""
    found: dict[str, set[str]] = {}
    for system in ("squash", "workiva", "huawei", "rillsoft"):
        files = sandbox.store.files(system)
        names = [name for file in files for name in pieces_in(file.name, file.path.read_bytes())]
        found[system] = {name.partition("--")[0] for name in names}
    archived = (project.spool / "archive").glob("*/data/*/*")
    found["archive"] = {path.name.partition("--")[0].partition("-")[2] for path in archived}
    return found


@pytest.mark.parametrize("later", [False, True], ids=["session", "push"])
def test_each_destination_gets_what_its_options_say(
    project: Project, sandbox: Sandbox, later: bool
) -> None:
    """Everything to Squash, failures to CodeArts, reports and tables to Workiva, in one run.

    What was decided when the tests ran holds for a later push, too, whatever is configured by then.
    """
    every = "squash workiva huawei rillsoft archive"
    project.lead_to(sandbox, every, *FILTERS)
    project.write("test_it.py", SUITE)

    if later:
        assert 1 == project.pytest("-q", mode="collect").status
        project.lead_to(sandbox, every)
        ended = project.command("push")
    else:
        ended = project.pytest("-q")

    assert EXPECTED == arrived(project, sandbox), ended
    assert (0 if later else 1) == ended.status
    total = sum(map(len, EXPECTED.values()))
    assert (6, total, total, 0) == ended.numbers("pieces", "deliveries", "delivered", "missing")


BY_MAP = (
    "test,huawei_when,workiva_kinds,rillsoft_when,rillsoft_kinds,archive_kinds",
    'test_it.py,failed,"report, table",passed,table,text',
)
# Had the map no say, these would hold: everything the other way round.
CONTRARY = (
    "evidence_map = map.csv",
    "evidence_huawei_when = passed",
    "evidence_workiva_kinds = text",
    "evidence_rillsoft_when = failed",
    "evidence_rillsoft_kinds = text",
    "evidence_archive_kinds = report",
)


@pytest.mark.parametrize("later", [False, True], ids=["session", "push"])
def test_each_destination_gets_what_the_map_says(
    project: Project, sandbox: Sandbox, later: bool
) -> None:
    """The columns of a row stand in place of the options, and are recorded with the test, too.

    A push delivers what the row said when the tests ran, when the map is gone by then.
    """
    every = "squash workiva huawei rillsoft archive"
    project.lead_to(sandbox, every, *CONTRARY)
    path = project.write("map.csv", *BY_MAP)
    project.write("test_it.py", SUITE)

    if later:
        assert 1 == project.pytest("-q", mode="collect").status
        path.unlink()
        ended = project.command("push")
    else:
        ended = project.pytest("-q")

    assert EXPECTED == arrived(project, sandbox), ended
    total = sum(map(len, EXPECTED.values()))
    assert (6, total, total, 0) == ended.numbers("pieces", "deliveries", "delivered", "missing")
