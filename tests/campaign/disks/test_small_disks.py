"""Rows X1 to X5: disks that are full, small or read-only, and limits of the system, in whole sessions."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from ...commands.project import Project
from .small_disk import FILL
from .small_disk import PUSH
from .small_disk import PYTEST
from .small_disk import can_mount
from .small_disk import run_on


SMALL = "size=600k"
WORKERS = pytest.mark.parametrize("workers", ["", "-p xdist -n2"], ids=["alone", "-n2"])
MOUNTS = pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount a small disk")
UNIX = pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")
MARK = '@pytest.mark.evidence(squash="executions/1042")'
HEAD = ("import os, pathlib, pytest, resource, signal", "content = os.urandom(900_000)")
BALLAST = (
    "def fill(path):",
    "    with open(path, 'wb', buffering=0) as file:",
    "        try:",
    "            while file.write(b'x' * 4096) == 4096: pass",
    "        except OSError: pass",
)


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> Project:
    """A project that delivers to an archive on another disk and to the look-alike of Squash TM."""
    made = Project(folder=tmp_path / "project")
    made.folder.mkdir()
    elsewhere = f"evidence_archive_dir = {tmp_path / 'archive'}"
    made.lead_to(sandbox, "squash archive", elsewhere, stall_s=5)
    return made


def stored(sandbox: Sandbox) -> list[int]:
    """Return the sizes of what the look-alike stored, each commit once."""
    return sorted(file.size for file in sandbox.store.ledger())


def archived(project: Project) -> list[int]:
    """Return the sizes of the archived pieces."""
    folder = project.folder.parent / "archive"
    return sorted(path.stat().st_size for path in folder.glob("*/data/*/*"))


@MOUNTS
@WORKERS
def test_full_at_attach(project: Project, sandbox: Sandbox, workers: str) -> None:
    """The piece is refused with its size and the free space, the others are delivered: 65."""
    project.write(
        "test_it.py",
        *HEAD,
        MARK,
        "def test_full(evidence, tmp_path):",
        "    evidence.attach(content[:100_000], name='before.bin')",
        "    (tmp_path / 'large.bin').write_bytes(content)",
        "    assert evidence.attach(tmp_path / 'large.bin') is None",
        "    assert evidence.attach(content, name='bytes.bin') is None",
        "    assert evidence.attach(content[:50_000], name='after.bin')",
    )

    (ran,) = run_on(project, SMALL, f"{PYTEST} {workers}")

    assert "1 passed" in ran.out
    for name in ("large.bin", "bytes.bin"):
        start = (
            f"not taken: test_it.py::test_full: {name}: 878.9 kB cannot be kept: the disk of the"
        )
        (line,) = (line for line in ran.out.splitlines() if line.startswith(start))
        assert " spool is full, " in line
        assert line.endswith(" are free - make room")
    assert (65, (2, 4)) == (ran.status, ran.numbers("pieces", "delivered"))
    assert [50_000, 100_000] == stored(sandbox) == archived(project)


@MOUNTS
@WORKERS
def test_full_at_the_journal(project: Project, sandbox: Sandbox, workers: str) -> None:
    """Where not even a line can be written the summary tells it all the same: 74."""
    project.write(
        "test_it.py",
        *HEAD,
        *BALLAST,
        MARK,
        "def test_full(evidence):",
        "    evidence.attach(content[:1000], name='before.bin')",
        "    fill('.evidence/ballast')",
        "    for number in range(40): evidence.attach(b'x', name='x' * 200 + '.bin')",
        "    assert evidence.attach(content, name='lost.bin') is None",
        "    os.unlink('.evidence/ballast')",
    )

    (ran,) = run_on(project, SMALL, f"{PYTEST} {workers}")

    assert "1 passed" in ran.out
    assert "spool: test_it.py::test_full: lost.bin: 878.9 kB cannot be kept" in ran.out
    assert 74 == ran.status
    assert [1000] == stored(sandbox) == archived(project)


@MOUNTS
def test_full_until_the_end(project: Project, sandbox: Sandbox) -> None:
    """What could not be remembered is not sent: 74, all waits, and a push delivers it once."""
    project.write(
        "test_it.py",
        *HEAD,
        *BALLAST,
        MARK,
        "def test_full(evidence):",
        "    evidence.attach(content[:1000], name='before.bin')",
        "    fill('.evidence/ballast')",
    )

    ran, _, pushed, again = run_on(
        project, SMALL, PYTEST, "rm .evidence/ballast", PUSH, f"{PUSH}; ls .evidence"
    )

    assert "1 passed" in ran.out
    assert (74, (0, 2)) == (ran.status, ran.numbers("delivered", "waiting"))
    assert "No space left on device" in ran.out
    assert (0, (2, 0)) == (pushed.status, pushed.numbers("delivered", "waiting"))
    assert again.out.startswith("nothing waits")
    assert [1000] == stored(sandbox) == archived(project)


@UNIX
def test_full_at_the_receipt(project: Project, sandbox: Sandbox) -> None:
    """What arrived and whose receipt does not fit is uncertain: 74; a push finds it and sends the rest."""
    sandbox.faults.add("slow", system="squash", method="POST", path="attachments", seconds=1)
    project.configure("squash", sandbox.options(), "evidence_stall = 5")
    project.write(
        "conftest.py",
        "import pathlib, resource, signal, threading, time",
        "def wait_and_limit():",
        "    while True:",
        "        for path in pathlib.Path('.evidence').glob('*/deliveries/*.jsonl'):",
        "            if 'intent' in path.read_text():",
        "                hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]",
        "                return resource.setrlimit(",
        "                    resource.RLIMIT_FSIZE, (path.stat().st_size, hard))",
        "        time.sleep(0.01)",
        "def pytest_sessionstart():",
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)",
        "    threading.Thread(target=wait_and_limit, daemon=True).start()",
    )
    project.write(
        "test_it.py",
        *HEAD,
        MARK,
        "def test_it(evidence):",
        "    for n in range(20): evidence.attach(content[:1000 + n], name=f'{n}.bin')",
    )

    ran = project.pytest()
    pushed = project.command("push")

    assert (74, (0, 8, 12)) == (ran.status, ran.numbers("delivered", "uncertain", "waiting"))
    assert (0, (8, 12)) == (pushed.status, pushed.numbers("found", "delivered"))
    assert [1000 + number for number in range(20)] == stored(sandbox)


@MOUNTS
def test_full_at_the_start(project: Project) -> None:
    """A spool that takes no run is a usage error before the first test; no half run is left."""
    project.write("test_it.py", "def test_it(): assert False, 'it ran'")

    filled, ran, listed = run_on(
        project, SMALL, f"{FILL}; true", PYTEST, "ls -A .evidence; rm .evidence/ballast"
    )

    assert 4 == ran.status
    assert "it ran" not in ran.out
    (line,) = (line for line in ran.out.splitlines() if line.startswith("ERROR: "))
    assert line.startswith("ERROR: evidence_dir: ")
    assert "No space left on device" in line
    assert {"ballast", "README.txt", ".gitignore"} >= set(listed.out.split()), filled.out


@MOUNTS
def test_full_in_the_middle_of_the_start(project: Project) -> None:
    """The same where the folder could be made and its files could not: nothing half waits for ever."""
    project.write("test_it.py", "def test_it(): assert False, 'it ran'")

    for inodes in (2, 4, 6, 8):
        ran, listed = run_on(
            project, f"nr_inodes={inodes}", PYTEST, "find .evidence -name journals; true"
        )
        assert (4, "") == (ran.status, listed.out), ran.out
        assert "it ran" not in ran.out
        assert "ERROR: evidence_dir: " in ran.out


@MOUNTS
def test_no_inodes(project: Project, sandbox: Sandbox) -> None:
    """A disk without room for another file refuses the piece, says what is missing, and ends in 65."""
    project.write(
        "test_it.py",
        *HEAD,
        MARK,
        "def test_it(evidence):",
        "    kept = [evidence.attach(content[:1000 + n], name=f'{n}.bin') for n in range(30)]",
        "    assert kept[0] and not kept[-1]",
        "    for path in pathlib.Path('.evidence').glob('ballast*'): path.unlink()",
    )
    fill = "for n in 1 2 3 4 5 6 7 8 9 10; do touch .evidence/README.txt .evidence/ballast$n; done"

    _, ran = run_on(project, "nr_inodes=40", fill, PYTEST)

    kept, delivered = ran.numbers("pieces", "delivered")
    assert "1 passed" in ran.out
    assert "the disk of the spool is full" in ran.out
    assert " and 0 files are free - make room" in ran.out
    assert (65, True, 2 * kept) == (ran.status, 0 < kept < 30, delivered)
    assert [1000 + number for number in range(kept)] == stored(sandbox) == archived(project)


@UNIX
def test_limit_of_a_file(project: Project, sandbox: Sandbox) -> None:
    """A write that is cut short (RLIMIT_FSIZE) costs that piece, with the system's reason: 65."""
    project.write(
        "test_it.py",
        *HEAD,
        MARK,
        "def test_it(evidence):",
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)",
        "    most = resource.getrlimit(resource.RLIMIT_FSIZE)",
        "    evidence.attach(content[:1000], name='before.bin')",
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, most[1]))",
        "    assert evidence.attach(content, name='large.bin') is None",
        "    assert evidence.attach(content[:2000], name='after.bin')",
        "    resource.setrlimit(resource.RLIMIT_FSIZE, most)",
    )

    ran = project.pytest()

    assert 65 == ran.status, ran.out
    assert "large.bin: 878.9 kB cannot be kept in the spool (File too large)" in ran.out
    assert [1000, 2000] == stored(sandbox) == archived(project)
    assert [] == list(project.spool.glob("*/blobs/.new-*"))


@UNIX
def test_limit_of_open_files(project: Project, sandbox: Sandbox) -> None:
    """Without a free descriptor (RLIMIT_NOFILE) a piece is refused; with one again all goes on: 65."""
    project.write(
        "test_it.py",
        *HEAD,
        MARK,
        "def test_it(evidence):",
        "    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)",
        "    evidence.attach(content[:1000], name='before.bin')",
        "    free = os.open('/dev/null', os.O_RDONLY)",
        "    os.close(free)",
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))",
        "    assert evidence.attach(content, name='lost.bin') is None",
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))",
        "    assert evidence.attach(content[:2000], name='after.bin')",
    )

    ran = project.pytest()

    assert 65 == ran.status, ran.out
    assert "lost.bin: 878.9 kB cannot be kept in the spool (Too many open files)" in ran.out
    assert [1000, 2000] == stored(sandbox) == archived(project)


@UNIX
def test_no_open_files_at_the_end(project: Project, sandbox: Sandbox) -> None:
    """Where nothing can be opened for the delivery all waits, and a push delivers it once."""
    project.write(
        "test_it.py",
        *HEAD,
        MARK,
        "def test_it(evidence):",
        "    evidence.attach(content[:1000], name='before.bin')",
        "    free = os.open('/dev/null', os.O_RDONLY)",
        "    os.close(free)",
        "    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]",
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))",
    )

    ran = project.pytest()
    pushed = project.command("push")

    assert 74 == ran.status, ran.out
    assert 1 == ran.out.count("\nspool: journals cannot be read (Too many open files)\n")
    assert "bug of" not in ran.out
    assert 0 == pushed.status, pushed.out
    assert [1000] == stored(sandbox) == archived(project)


@MOUNTS
@pytest.mark.parametrize("mode", ["collect", "upload"])
def test_read_only_spool(project: Project, mode: str) -> None:
    """A spool that cannot be written is a usage error before the first test, in both modes."""
    project.write("test_it.py", "def test_it(): assert False, 'it ran'")

    _, ran = run_on(project, SMALL, "mount -o remount,ro .evidence", f"{PYTEST} --evidence={mode}")

    (line,) = (line for line in ran.out.splitlines() if line.startswith("ERROR: "))
    assert (4, False) == (ran.status, "it ran" in ran.out)
    assert "(Read-only file system) - name another evidence_dir" in line


@MOUNTS
def test_spool_that_becomes_read_only(project: Project, sandbox: Sandbox) -> None:
    """A push of a run on a disk that went read-only says so and sends nothing: 74."""
    project.write(
        "test_it.py", *HEAD, MARK, "def test_it(evidence): evidence.attach(content, name='a.bin')"
    )

    kept, _, refused, _, pushed = run_on(
        project,
        "size=4m",
        f"{PYTEST} --evidence=collect",
        "mount -o remount,ro .evidence",
        PUSH,
        "mount -o remount,rw .evidence",
        PUSH,
    )

    assert (0, 74, 0) == (kept.status, refused.status, pushed.status)
    assert "Read-only file system" in refused.out
    assert [900_000] == stored(sandbox) == archived(project)


@MOUNTS
def test_full_archive(project: Project, sandbox: Sandbox) -> None:
    """An archive that is full closes it alone; its pieces wait, and a push brings them: 75."""
    project.write(
        "test_it.py", *HEAD, MARK, "def test_it(evidence): evidence.attach(content, name='a.bin')"
    )
    archive = "--evidence-archive-dir=.evidence/archive"

    ran, _, pushed = run_on(
        project,
        "size=1200k",
        f"{PYTEST} {archive}",
        "mount -o remount,size=4m .evidence",
        f"{PUSH} -o evidence_archive_dir=.evidence/archive; find .evidence/archive -name '*.bin'",
    )

    assert (75, (1, 1)) == (ran.status, ran.numbers("delivered", "waiting"))
    assert "cannot be written (No space left on device)" in ran.out
    assert (2,) == pushed.numbers("delivered")
    assert 1 == pushed.out.count("\n.evidence/archive/")
    assert [900_000] == stored(sandbox)
