"""Rows X1, X2 and X4: disks that are full, small or read-only, in whole sessions."""

from __future__ import annotations

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from ...commands.project import Project
from ..life.scene import WORKERS
from .small_disk import FILL
from .small_disk import HEAD
from .small_disk import MARK
from .small_disk import PUSH
from .small_disk import PYTEST
from .small_disk import can_mount
from .small_disk import run_on
from .small_disk import sizes_archived
from .small_disk import sizes_stored


SMALL = "size=600k"
MOUNTS = pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount a small disk")
BALLAST = (
    "def fill(path):",
    "    with open(path, 'wb', buffering=0) as file:",
    "        try:",
    "            while file.write(b'x' * 4096) == 4096: pass",
    "        except OSError: pass",
)


@MOUNTS
@WORKERS
def test_full_at_attach(apart: Project, sandbox: Sandbox, workers: tuple[str, ...]) -> None:
    """The piece is refused with its size and the free space, the others are delivered: 65."""
    apart.write(
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

    (ran,) = run_on(apart, SMALL, f"{PYTEST} {' '.join(workers)}")

    assert "1 passed" in ran.out
    for name in ("large.bin", "bytes.bin"):
        start = (
            f"not taken: test_it.py::test_full: {name}: 878.9 kB cannot be kept: the disk of the"
        )
        (line,) = (line for line in ran.out.splitlines() if line.startswith(start))
        assert " spool is full, " in line
        assert line.endswith(" are free - make room")
    assert (65, (2, 4)) == (ran.status, ran.numbers("pieces", "delivered"))
    assert [50_000, 100_000] == sizes_stored(sandbox) == sizes_archived(apart)


@MOUNTS
@WORKERS
def test_full_at_the_journal(apart: Project, sandbox: Sandbox, workers: tuple[str, ...]) -> None:
    """Where not even a line can be written the summary tells it all the same: 74."""
    apart.write(
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

    (ran,) = run_on(apart, SMALL, f"{PYTEST} {' '.join(workers)}")

    assert "1 passed" in ran.out
    assert "spool: test_it.py::test_full: lost.bin: 878.9 kB cannot be kept" in ran.out
    assert 74 == ran.status
    assert [1000] == sizes_stored(sandbox) == sizes_archived(apart)


@MOUNTS
def test_full_until_the_end(apart: Project, sandbox: Sandbox) -> None:
    """What could not be remembered is not sent: 74, all waits, and a push delivers it once."""
    apart.write(
        "test_it.py",
        *HEAD,
        *BALLAST,
        MARK,
        "def test_full(evidence):",
        "    evidence.attach(content[:1000], name='before.bin')",
        "    fill('.evidence/ballast')",
    )

    ran, _, pushed, again = run_on(
        apart, SMALL, PYTEST, "rm .evidence/ballast", PUSH, f"{PUSH}; ls .evidence"
    )

    assert "1 passed" in ran.out
    assert (74, (0, 2)) == (ran.status, ran.numbers("delivered", "waiting"))
    assert "No space left on device" in ran.out
    assert (0, (2, 0)) == (pushed.status, pushed.numbers("delivered", "waiting"))
    assert again.out.startswith("nothing waits")
    assert [1000] == sizes_stored(sandbox) == sizes_archived(apart)


@MOUNTS
def test_full_at_the_start(apart: Project) -> None:
    """A spool that takes no run is a usage error before the first test; no half run is left."""
    apart.write("test_it.py", "def test_it(): assert False, 'it ran'")

    filled, ran, listed = run_on(
        apart, SMALL, f"{FILL}; true", PYTEST, "ls -A .evidence; rm .evidence/ballast"
    )

    assert 4 == ran.status
    assert "it ran" not in ran.out
    (line,) = (line for line in ran.out.splitlines() if line.startswith("ERROR: "))
    assert line.startswith("ERROR: evidence_dir: ")
    assert "No space left on device" in line
    assert {"ballast", "README.txt", ".gitignore"} >= set(listed.out.split()), filled.out


@MOUNTS
def test_full_in_the_middle_of_the_start(apart: Project) -> None:
    """The same where the folder could be made and its files could not: nothing half waits for ever."""
    apart.write("test_it.py", "def test_it(): assert False, 'it ran'")

    for inodes in (2, 4, 6, 8):
        ran, listed = run_on(
            apart, f"nr_inodes={inodes}", PYTEST, "find .evidence -name journals; true"
        )
        assert (4, "") == (ran.status, listed.out), ran.out
        assert "it ran" not in ran.out
        assert "ERROR: evidence_dir: " in ran.out


@MOUNTS
def test_no_inodes(apart: Project, sandbox: Sandbox) -> None:
    """A disk without room for another file refuses the piece, says what is missing, and ends in 65."""
    apart.write(
        "test_it.py",
        *HEAD,
        MARK,
        "def test_it(evidence):",
        "    kept = [evidence.attach(content[:1000 + n], name=f'{n}.bin') for n in range(30)]",
        "    assert kept[0] and not kept[-1]",
        "    for path in pathlib.Path('.evidence').glob('ballast*'): path.unlink()",
    )
    fill = "for n in 1 2 3 4 5 6 7 8 9 10; do touch .evidence/README.txt .evidence/ballast$n; done"

    _, ran = run_on(apart, "nr_inodes=40", fill, PYTEST)

    kept, delivered = ran.numbers("pieces", "delivered")
    assert "1 passed" in ran.out
    assert "the disk of the spool is full" in ran.out
    assert " and 0 files are free - make room" in ran.out
    assert (65, True, 2 * kept) == (ran.status, 0 < kept < 30, delivered)
    assert (
        [1000 + number for number in range(kept)] == sizes_stored(sandbox) == sizes_archived(apart)
    )


@MOUNTS
@pytest.mark.parametrize("mode", ["collect", "upload"])
def test_read_only_spool(apart: Project, mode: str) -> None:
    """A spool that cannot be written is a usage error before the first test, in both modes."""
    apart.write("test_it.py", "def test_it(): assert False, 'it ran'")

    _, ran = run_on(apart, SMALL, "mount -o remount,ro .evidence", f"{PYTEST} --evidence={mode}")

    (line,) = (line for line in ran.out.splitlines() if line.startswith("ERROR: "))
    assert (4, False) == (ran.status, "it ran" in ran.out)
    assert "(Read-only file system) - name another evidence_dir" in line


@MOUNTS
def test_spool_that_becomes_read_only(apart: Project, sandbox: Sandbox) -> None:
    """A push of a run on a disk that went read-only says so and sends nothing: 74."""
    apart.write(
        "test_it.py", *HEAD, MARK, "def test_it(evidence): evidence.attach(content, name='a.bin')"
    )

    kept, _, refused, _, pushed = run_on(
        apart,
        "size=4m",
        f"{PYTEST} --evidence=collect",
        "mount -o remount,ro .evidence",
        PUSH,
        "mount -o remount,rw .evidence",
        PUSH,
    )

    assert (0, 74, 0) == (kept.status, refused.status, pushed.status)
    assert "Read-only file system" in refused.out
    assert [900_000] == sizes_stored(sandbox) == sizes_archived(apart)


@MOUNTS
def test_full_archive(apart: Project, sandbox: Sandbox) -> None:
    """An archive that is full closes it alone; its pieces wait, and a push brings them: 75."""
    apart.write(
        "test_it.py", *HEAD, MARK, "def test_it(evidence): evidence.attach(content, name='a.bin')"
    )
    archive = "--evidence-archive-dir=.evidence/archive"

    ran, _, pushed = run_on(
        apart,
        "size=1200k",
        f"{PYTEST} {archive}",
        "mount -o remount,size=4m .evidence",
        f"{PUSH} -o evidence_archive_dir=.evidence/archive; find .evidence/archive -name '*.bin'",
    )

    assert (75, (1, 1)) == (ran.status, ran.numbers("delivered", "waiting"))
    assert "cannot be written (No space left on device)" in ran.out
    assert (2,) == pushed.numbers("delivered")
    assert 1 == pushed.out.count("\n.evidence/archive/")
    assert [900_000] == sizes_stored(sandbox)
