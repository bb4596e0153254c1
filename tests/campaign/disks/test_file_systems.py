"""Row X15: file systems that lack something, and one that lies over another."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from ...commands.project import Project
from .small_disk import PYTEST
from .small_disk import can_mount
from .small_disk import environment
from .small_disk import run_on


UNIX = pytest.mark.skipif(sys.platform == "win32", reason="system calls of Unix")


@UNIX
@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace to make system calls fail")
@pytest.mark.parametrize(
    ("call", "error", "seen"),
    [
        ("flock", "ENOSYS", "cannot be locked"),
        ("flock", "EOPNOTSUPP", "cannot be locked (Operation not supported)"),
        ("flock", "ENOLCK", "cannot be locked (No locks available)"),
        ("fsync", "EINVAL", "cannot be written (Invalid argument)"),
        ("fsync", "EIO", "cannot be written (Input/output error)"),
        ("rename", "EXDEV", "cannot be written (Invalid cross-device link)"),
        ("rename", "EPERM", "cannot be written (Operation not permitted)"),
    ],
)
def test_file_systems_that_lack_something(
    project: Project, call: str, error: str, seen: str
) -> None:
    """Without locks, renames, or a way to be sure of bytes, a spool is refused before the first test."""
    project.write("test_it.py", "def test_it(): assert False, 'it ran'")
    inject = ["-e", f"trace={call}", "-e", f"inject={call}:error={error}"]
    strace = ["strace", "-f", "-qq", "-o", os.devnull, *inject]
    plain = subprocess.run([*strace, "true"], capture_output=True, check=False)
    if plain.returncode:
        pytest.skip("this machine lets nobody trace a process")

    ran = subprocess.run(
        [*strace, *PYTEST.replace("python", sys.executable, 1).split()],
        cwd=project.folder,
        env=environment(project),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    output = ran.stdout + ran.stderr
    assert (4, False) == (ran.returncode, "it ran" in output), output
    assert "ERROR: evidence_dir: " in output
    assert seen in output
    assert [] == list(project.spool.glob("*/journals"))


@pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount a file system")
def test_spool_on_an_overlay(project: Project) -> None:
    """In a container the spool lies on an overlay: it is used like any other."""
    project.configure("archive", None, f"evidence_archive_dir = {project.folder.parent / 'kept'}")
    project.write("test_it.py", "def test_it(evidence): evidence.text('a')")
    mount = "mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w m"
    spool = "--evidence-dir=.evidence/m/.evidence"

    mounted, ran = run_on(
        project,
        "size=4m",
        f"cd .evidence && mkdir l u w m && {mount}",
        f"{PYTEST} {spool} && ls .evidence/u/.evidence",
    )

    if mounted.status:
        pytest.skip(f"no overlay on a tmpfs here: {mounted.out.strip()}")
    assert (0, (1,)) == (ran.status, ran.numbers("delivered")), ran.out
    assert "README.txt" in ran.out
