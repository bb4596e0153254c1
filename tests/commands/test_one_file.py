"""Records that hold one file: what one run sends there is alone, or replaces what another sent."""

from __future__ import annotations

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
