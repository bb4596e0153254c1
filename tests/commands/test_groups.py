"""Runs that were delivered together once: what they share is never torn apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool

from ..bundles import pieces_in
from .project import Project


@pytest.fixture
def runs(project: Project, sandbox: Sandbox) -> list[RunFolder]:
    """Two runs whose pieces are in one file of a record, and one that has nothing to do with them."""
    project.lead_to(sandbox, "rillsoft")
    project.suite("rillsoft", size=10)
    for _ in range(2):
        project.pytest(mode="collect")
    first, second = Spool(project.spool).runs()
    assert 0 == project.command("push", first.id, second.id).status
    assert 2 == len(held(sandbox))
    return [first, second]


def held(sandbox: Sandbox) -> list[str]:
    """Return the names of the pieces in the one file of the record."""
    [file] = sandbox.store.files("rillsoft")
    return list(pieces_in(file.name, file.path.read_bytes()))


def forget(run: RunFolder) -> None:
    """Let a run know nothing of its delivery: it is open again."""
    shutil.rmtree(run.path / "deliveries")
    for begun in run.path.glob("delivery-*"):
        begun.unlink()


@pytest.mark.parametrize("named", [True, False])
def test_a_push_of_one_carries_the_pieces_of_the_other(
    project: Project, sandbox: Sandbox, runs: list[RunFolder], named: bool
) -> None:
    """The file is replaced as a whole: without them they would be gone, and their receipts untrue."""
    forget(runs[1])

    done = project.command("push", *([runs[1].id] if named else []))

    assert (0, 2) == (done.status, done.numbers("delivered")[0]), done.out
    assert 2 == len(held(sandbox))


def test_a_run_stays_while_its_partner_is_open(project: Project, runs: list[RunFolder]) -> None:
    """Both are removed when both are settled; why one stays is said."""
    forget(runs[1])

    stays = project.command("clean", runs[0].id)
    project.command("push")
    done = project.command("clean", runs[0].id)

    assert (75, 0) == (stays.status, done.status)
    assert "a run that was delivered with it" in stays.out
    assert [runs[1].id] == [run.id for run in Spool(Path(project.spool)).runs()]


def unpacked(project: Project, runs: list[RunFolder]) -> list[RunFolder]:
    """Put each run under a parent of its own, as artifacts of a pipeline's jobs are unpacked."""
    moved = []
    for number, run in enumerate(runs, start=1):
        folder = project.folder / "shards" / f"evidence-{number}"
        folder.mkdir(parents=True)
        moved.append(RunFolder(Path(shutil.move(run.path, folder / run.id))))
    return moved


def test_partners_are_found_in_the_folder_of_another_job(
    project: Project, sandbox: Sandbox, runs: list[RunFolder]
) -> None:
    """The last zip would push out what another shard has a receipt for."""
    _, second = unpacked(project, runs)
    forget(second)

    done = project.command("push", str(second.path))

    assert (0, 2) == (done.status, done.numbers("delivered")[0]), done.out
    assert 2 == len(held(sandbox))


def test_without_its_partner_a_run_pushes_nothing_out(
    project: Project, sandbox: Sandbox, runs: list[RunFolder]
) -> None:
    """The missing run is named, and a person may say that it is lost."""
    first, second = unpacked(project, runs)
    elsewhere = Path(shutil.move(first.path, project.folder / first.id))
    forget(second)

    stays = project.command("push", str(second.path))
    kept = len(held(sandbox))
    together = project.command("push", str(second.path), str(elsewhere))
    forget(second)
    shutil.rmtree(elsewhere)
    alone = project.command("push", "--retry-rejected", str(second.path))

    assert (65, 2) == (stays.status, kept), stays.out
    assert f"was delivered together with {first.id}, not here" in stays.out
    assert f"attach-evidence push {second.path} <the folder of {first.id}>" in stays.out
    assert (0, 0) == (together.status, alone.status), alone.out
    assert 1 == len(held(sandbox))
