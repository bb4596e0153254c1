"""Row C9: spools that other versions of the plugin wrote."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_attach_evidence.spool import RunFolder

from ...commands.project import Project
from ...commands.project import waiting_run


def crafted_version(run: RunFolder, version: int) -> dict[Path, bytes]:
    """Make every journal line of a run one of another version; return the files as they are then."""
    for path in (run.path / "journals").iterdir():
        content = path.read_bytes().replace(b'{"v":1,', b'{"v":%d,' % version)
        path.write_bytes(content)
    return {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_run_of_another_version_is_left_as_it_is(project: Project, version: int) -> None:
    """A newer spool and an older plugin: nothing of it is changed, which is said, and the rest goes on."""
    newer, ours = waiting_run(project.spool, "newer"), waiting_run(project.spool, "ours")
    before = crafted_version(newer, version)

    pushed = project.command("push")

    assert 65 == pushed.status
    words = f"written by another version of the plugin (format {version}) - deliver it with that version"
    assert words in pushed.out
    assert before == {path: path.read_bytes() for path in newer.path.rglob("*") if path.is_file()}
    assert 1 == len(ours.read().receipts)


def test_a_spool_of_the_first_version_is_delivered(project: Project) -> None:
    """Runs that the first version left, as files of this repository: every later one delivers them."""
    kept = Path(__file__).parent / "first_version"
    shutil.copytree(kept, project.spool)

    pushed = project.command("push")

    assert (0, (3, 3)) == (pushed.status, pushed.numbers("pieces", "delivered")), pushed.out
    contents = {path.read_bytes() for path in project.spool.glob("archive/*/data/*/*")}
    assert {b"first\n", b"second\n", b"\x00third"} == contents
    assert "nothing waits\n" == project.command("push").out
