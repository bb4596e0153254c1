"""Row X16 and the rights of a spool: umask, no HOME, no folder to stand in, what may not be read."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ...commands.project import Project
from ...commands.project import waiting_run
from .crafted import is_root
from .small_disk import PYTEST
from .small_disk import environment


UNIX = pytest.mark.skipif(sys.platform == "win32", reason="rights of Unix")
ROOT = Path(__file__).parents[3]


@UNIX
@pytest.mark.parametrize("umask", ["000", "077"])
def test_umask(project: Project, umask: str) -> None:
    """The spool is 0700 and 0600 whatever the session's umask, and everything is delivered."""
    project.write("test_it.py", "def test_it(evidence): evidence.text('a')")

    ran = project.shell(f"umask {umask} && {PYTEST}", project.folder)

    assert 0 == ran.status, ran.out + ran.errors
    own = [
        p for p in project.spool.rglob("*") if "archive" not in p.relative_to(project.spool).parts
    ]
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in [project.spool, *own]}
    assert {(True, 0o700), (False, 0o600)} == modes


@UNIX
def test_no_home_and_no_folder_to_stand_in(project: Project) -> None:
    """Without HOME, and in a folder that a test has removed, everything is delivered: 0."""
    project.write(
        "test_it.py",
        "import os",
        "def test_it(evidence, tmp_path):",
        "    (tmp_path / 'gone').mkdir()",
        "    os.chdir(tmp_path / 'gone')",
        "    (tmp_path / 'gone').rmdir()",
        "    assert evidence.attach(b'x', name='kept.bin')",
        "    assert evidence.attach('relative.txt') is None",
    )

    ran = project.pytest(HOME="", USER="", LOGNAME="")

    assert (65, (1, 1)) == (ran.status, ran.numbers("pieces", "delivered")), ran.out
    assert "not taken: test_it.py::test_it: relative.txt: " in ran.out
    assert "bug of" not in ran.out


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own ones are closed to others, again and again."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


AS_NOBODY = """
import json, os, sys
from tests.campaign.disks.push_each import push, status, told
os.chdir(sys.argv[1])
told(push, ["--evidence-dir", sys.argv[2]], 60)  # loads what a user without rights may not load
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
print(json.dumps([told(push, [], 60), told(status, [], 60)]))
"""


@UNIX
@pytest.mark.skipif(not is_root(), reason="only root can take rights away from itself")
def test_what_may_not_be_read_is_named(open_folder: Path) -> None:
    """Without the right to read a part of a spool, that part is named, and all else is delivered."""
    project = Project(folder=open_folder / "project")
    project.folder.mkdir()
    project.configure("archive")
    runs = {name: waiting_run(project.spool, name) for name in ("a", "b", "c", "d", "e", "f", "g")}
    parts = {
        "journal": next((runs["a"].path / "journals").iterdir()),
        "journals": runs["b"].path / "journals",
        "blob": next((runs["c"].path / "blobs").iterdir()),
        "facts": runs["d"].path / "run.json",
        "run": runs["e"].path,
        "lock": runs["f"].path / "lock",
    }
    waiting_run(open_folder / "other", "x")
    for path in [project.folder, *project.folder.rglob("*")]:
        os.chown(path, 65534, 65534)
    for path in parts.values():
        path.chmod(0)

    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(project.folder), str(open_folder / "other")],
        cwd=ROOT,
        env=environment(project),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    pushed, asked = json.loads(done.stdout) if done.stdout else ({"out": done.stderr}, {})
    output = pushed["out"] + pushed["errors"]
    for path in parts.values():
        path.chmod(0o700)
    delivered = [name for name, run in runs.items() if run.read().receipts]
    assert ["d", "g"] == delivered, (pushed, done.stderr)
    assert f"{parts['journal'].name}: cannot be read (Permission denied)" in output
    assert "journals: cannot be read (Permission denied)" in output
    assert "its bytes cannot be read from the spool (Permission denied)" in output
    assert f"run {runs['e'].id} cannot be " in output
    assert f"run {runs['f'].id} cannot be locked (Permission denied)" in output
    assert (74, 0) == (pushed["status"], asked["status"])
    assert "Traceback" not in output
