"""An archive below the spool, where a hostile job may have left links: nothing is written through them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from pytest_attach_evidence.spool import RunFolder

from ...commands.project import Project
from ...commands.project import waiting_run


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and FIFOs of Unix")


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def pushed_again(project: Project, run: RunFolder) -> tuple[int, str]:
    """Forget what was delivered of a run and push it once more."""
    for path in (*(run.path / "deliveries").iterdir(), *run.path.glob("delivery-*")):
        path.unlink()
    done = project.command("push")
    return done.status, done.out + done.errors


@pytest.mark.parametrize("place", ["", "RUN", "RUN/data", "RUN/data/TEST"])
def test_no_folder_leads_elsewhere(project: Project, tmp_path: Path, place: str) -> None:
    """A link in the place of a folder closes the archive, which is said; nothing appears behind it."""
    run = waiting_run(project.spool, "a", "b")
    assert 0 == project.command("push").status
    archive = project.spool / "archive"
    test = next((archive / run.id / "data").iterdir()).name
    path = archive / place.replace("RUN", run.id).replace("TEST", test)
    shutil.move(path, tmp_path / "outside")
    path.symlink_to(tmp_path / "outside")
    for old in (tmp_path / "outside").rglob("*.txt"):
        old.write_bytes(b"of somebody else")
    before = contents(tmp_path / "outside")

    status, output = pushed_again(project, run)

    assert (75, before) == (status, contents(tmp_path / "outside"))
    assert f"{path.name} is a link, which leads elsewhere" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("index.jsonl", "link"),
        ("index.jsonl", "fifo"),
        ("manifest-sha256.txt", "link"),
        ("manifest-sha256.txt", "folder"),
    ],
)
def test_no_list_leads_elsewhere(project: Project, tmp_path: Path, name: str, kind: str) -> None:
    """A list that is no plain file is neither read nor written through, and nothing hangs."""
    run = waiting_run(project.spool, "a")
    assert 0 == project.command("push").status
    path = project.spool / "archive" / run.id / name
    path.unlink()
    (tmp_path / "secret").write_text("OUTSIDE-CANARY\n")
    if kind == "link":
        path.symlink_to(tmp_path / "secret")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()

    status, output = pushed_again(project, run)

    kept = contents(project.spool / "archive")
    assert 75 == status
    assert "closed: archive: " in output
    assert not [one for one in kept.values() if b"OUTSIDE-CANARY" in one and kind != "link"]
    assert path.is_symlink() == (kind == "link")
    assert "OUTSIDE-CANARY\n" == (tmp_path / "secret").read_text()


def test_no_run_writes_into_the_folder_of_another(project: Project) -> None:
    """Whatever runs are called, the archive of a run with a like name stays what it was."""
    ours = waiting_run(project.spool, "ours")
    assert 0 == project.command("push").status
    before = contents(project.spool / "archive")
    names = ["-{}", "{}.", "{} ", "é{}", "{}\n::set-output", "--"]
    for number, name in enumerate(names):
        waiting_run(project.spool, f"other {number}").path.rename(
            project.spool / name.format(ours.id)
        )

    done = project.command("push")

    after = contents(project.spool / "archive")
    assert 0 == done.status, done.out + done.errors
    assert before == {path: after[path] for path in before}
    assert 1 + len(names) == len({path.partition("/")[0] for path in after})
    assert "\n::set-output" not in done.out
