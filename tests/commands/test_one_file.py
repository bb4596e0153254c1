"""Records that hold one file: what one run sends there is alone, or replaces what another sent."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool

from ..bundles import pieces_in
from .project import Project


def collected(project: Project, count: int) -> list[RunFolder]:
    """Collect the suite some times; return the runs."""
    for _ in range(count):
        assert 0 == project.pytest(mode="collect").status
    return Spool(project.spool).runs()


def held(sandbox: Sandbox) -> list[str]:
    """Return the names of the pieces that the record has, none where it has no file."""
    return [
        name
        for file in sandbox.store.files("rillsoft")
        for name in pieces_in(file.name, file.path.read_bytes())
    ]


class TestWithoutBundles:
    """`evidence_rillsoft_bundle = off`: a record gets one piece, or none."""

    OFF = "evidence_rillsoft_bundle = off"

    def test_all_pieces_of_a_run_for_one_record_are_rejected(
        self, project: Project, sandbox: Sandbox
    ) -> None:
        """Nothing is sent, the number and the way out are named; nothing counts as an attempt."""
        project.lead_to(sandbox, "rillsoft", self.OFF)
        project.suite("rillsoft", pieces=3)

        ended = project.pytest()

        assert (65, (0, 3)) == (ended.status, ended.numbers("delivered", "rejected"))
        assert "is one of 3 pieces for one target, rillsoft takes 1" in ended.out
        assert "evidence_rillsoft_bundle = on" in ended.out
        assert [] == sandbox.requests("rillsoft")
        assert {} == project.record().attempts

    def test_pieces_of_runs_that_are_pushed_together_are_all_rejected(
        self, project: Project, sandbox: Sandbox
    ) -> None:
        """Two shards with a piece each: neither may push the other out, in no push that follows."""
        project.lead_to(sandbox, "rillsoft", self.OFF)
        project.suite("rillsoft")
        runs = [run.id for run in collected(project, 2)]

        first = project.command("push", *runs)
        second = project.command("push", "--retry-rejected")

        assert [(65, (0, 2))] * 2 == [
            (ended.status, ended.numbers("delivered", "rejected")) for ended in (first, second)
        ]
        assert [] == held(sandbox)

    def test_once_they_may_be_bundled_a_push_brings_them(
        self, project: Project, sandbox: Sandbox
    ) -> None:
        """Nobody refused them but us, so that no `--retry-rejected` is needed."""
        project.lead_to(sandbox, "rillsoft", self.OFF)
        project.suite("rillsoft")
        project.command("push", *(run.id for run in collected(project, 2)))
        project.lead_to(sandbox, "rillsoft")

        ended = project.command("push")

        assert (0, (2,)) == (ended.status, ended.numbers("delivered"))
        assert 2 == len(held(sandbox))

    def test_a_piece_that_is_there_is_not_pushed_out_by_a_run_beside_it(
        self, project: Project, sandbox: Sandbox
    ) -> None:
        """A shard that is pushed together with a delivered one finds the record taken."""
        project.lead_to(sandbox, "rillsoft", self.OFF)
        project.suite("rillsoft")
        one, other = (run.id for run in collected(project, 2))
        project.command("push", one)
        before = held(sandbox)

        ended = project.command("push", one, other)

        assert (65, (1, 1)) == (ended.status, ended.numbers("delivered", "rejected"))
        assert before == held(sandbox)

    def test_a_failure_alone_has_too_many_pieces_unless_it_adds_none(
        self, project: Project, sandbox: Sandbox
    ) -> None:
        """What is said to do about it, once done, brings the one file."""
        project.lead_to(sandbox, "rillsoft", self.OFF)
        project.write("test_it.py", *FAILING)
        silent = [f"-o={name}=off" for name in ("evidence_log", "evidence_screenshot")]

        told = project.pytest("-o=evidence_log=failed")
        ended = project.pytest(*silent)

        assert (0,) == told.numbers("delivered")
        assert "set evidence_log and evidence_screenshot to off" in told.out
        assert (1, 0) == ended.numbers("delivered", "rejected")
        assert ["own"] == [name.partition("--")[0] for name in held(sandbox)]


class TestReplaced:
    """A later run replaces what an earlier one brought, which is named."""

    def test_a_second_run_names_the_file_of_the_first(
        self, project: Project, sandbox: Sandbox
    ) -> None:
        """Which run, which file and when, in the summary and in its file; nothing else changes."""
        project.lead_to(sandbox, "rillsoft")
        project.suite("rillsoft")
        first = project.pytest()
        [file] = sandbox.store.files("rillsoft")

        second = project.pytest()

        one, other = Spool(project.spool).runs()
        [line] = [line for line in second.out.splitlines() if line.startswith("replaced: ")]
        assert f"{file.name} at rillsoft attachment 4711" in line
        assert f"which run {one.id} brought there at 20" in line
        assert (0, 0) == (first.status, second.status)
        assert [[], [(one.id, file.name, "4711")]] == [
            [(r["run"], r["remote_name"], r["target"]["id"]) for r in summary(run)["replaced"]]
            for run in (one, other)
        ]
        assert "replaced: " not in first.out

    def test_a_push_of_what_waited_names_what_a_later_run_brought(
        self, project: Project, sandbox: Sandbox
    ) -> None:
        """Old evidence takes the place of new, which nobody should miss; a zip is one file."""
        project.lead_to(sandbox, "rillsoft")
        project.suite("rillsoft", pieces=2)
        [waiting] = collected(project, 1)
        project.pytest()
        [file] = sandbox.store.files("rillsoft")

        ended = project.command("push", waiting.id)

        _, later = Spool(project.spool).runs()
        assert 0 == ended.status
        assert 1 == ended.out.count("replaced: ")
        assert f"replaced: {file.name} at rillsoft" in ended.out
        assert f"which run {later.id} brought" in ended.out

    def test_many_files_are_one_line_for_each_run(self, project: Project, sandbox: Sandbox) -> None:
        """A nightly run with many records says it once; the file for programs has them all."""
        project.lead_to(sandbox, "rillsoft")
        tests = [
            f"@m.evidence(rillsoft={n})\ndef test_{n}(evidence): evidence.text('x')" for n in IDS
        ]
        project.write("test_it.py", "import pytest", "m = pytest.mark", *tests)
        project.pytest()

        ended = project.pytest()

        assert f"replaced: {len(IDS)} files (first: " in ended.out
        assert 1 == ended.out.count("replaced: ")
        assert len(IDS) == len(summary(Spool(project.spool).runs()[-1])["replaced"])

    @pytest.mark.parametrize("trouble", ["locked", "damaged", "forbidden"])
    def test_another_run_in_trouble_is_no_trouble(
        self, project: Project, sandbox: Sandbox, trouble: str
    ) -> None:
        """What can be read of it counts; nothing of it can fail a run."""
        project.lead_to(sandbox, "rillsoft")
        project.suite("rillsoft")
        project.pytest()
        [one] = Spool(project.spool).runs()
        if trouble == "damaged":
            for journal in (one.path / "journals").iterdir():
                journal.write_bytes(b"\0" * 100 + journal.read_bytes()[50:])
        if trouble == "forbidden":
            (one.path / "deliveries").rename(one.path / "elsewhere")
            (one.path / "deliveries").symlink_to("elsewhere")

        with one.locked() if trouble == "locked" else nullcontext():
            ended = project.pytest()

        assert (0, (1,)) == (ended.status, ended.numbers("delivered")), ended.out
        assert (trouble == "locked") == ("replaced: " in ended.out)

    def test_an_error_in_the_look_costs_no_delivery(
        self, project: Project, sandbox: Sandbox
    ) -> None:
        """Somebody else's destination may not tell: everything is told of what was delivered."""
        project.lead_to(sandbox, "rillsoft")
        project.suite("rillsoft")
        project.write("conftest.py", ODD)

        ended = project.pytest()

        assert (70, (1,)) == (ended.status, ended.numbers("delivered"))
        assert "bug of pytest-attach-evidence: what was replaced: RuntimeError: odd" in ended.out
        assert 1 == len(held(sandbox))

    def test_only_as_many_runs_are_read_as_are_kept(
        self, project: Project, sandbox: Sandbox
    ) -> None:
        """Older ones may be there since they have something open."""
        project.lead_to(sandbox, "rillsoft", "evidence_keep_runs = 1")
        project.suite("rillsoft")
        project.pytest()
        collected(project, 1)

        ended = project.pytest()

        assert 0 == ended.status
        assert "replaced: " not in ended.out


FAILING = (
    "import pytest",
    "@pytest.mark.evidence(rillsoft=4711)",
    "def test_it(evidence):",
    "    evidence.text('x', name='own.txt')",
    "    print('said')",
    "    assert False",
)
IDS = range(4711, 4716)
ODD = """
from pytest_attach_evidence.destinations.rillsoft import Rillsoft

class Odd(Rillsoft):
    def holder(self, target):
        raise RuntimeError("odd")

def pytest_evidence_destinations():
    return {"rillsoft": Odd}
"""


def summary(run: RunFolder) -> dict[str, Any]:
    """Read the summary for programs of a run."""
    found: dict[str, Any] = json.loads((run.path / "evidence-summary.json").read_text())
    return found
