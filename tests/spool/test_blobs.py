"""The bytes of the pieces: kept as they were, refused where they are no file, never whole in memory."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_attach_evidence.errors import AttachError
from pytest_attach_evidence.errors import SpoolDamagedError
from pytest_attach_evidence.spool import SourceFile
from pytest_attach_evidence.spool import disk
from pytest_attach_evidence.spool import readable_size
from pytest_attach_evidence.spool.blobs import BLOCK
from pytest_attach_evidence.spool.blobs import Blobs

from .. import peak
from .runs import begin
from .runs import recorder


LARGE = 1 << 40
GIB = 1 << 30


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """An empty folder of blobs."""
    (tmp_path / "blobs").mkdir()
    return Blobs(tmp_path / "blobs")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(blocks=st.lists(st.binary(max_size=2000), max_size=8))
def test_bytes_come_back_as_they_were_put(blobs: Blobs, blocks: list[bytes]) -> None:
    """Whatever the blocks were, the blob is their bytes, named by their SHA-256."""
    content = b"".join(blocks)

    kept = blobs.put(blocks)

    assert (f"sha256:{hashlib.sha256(content).hexdigest()}", len(content)) == (
        kept.digest,
        kept.size,
    )
    with blobs.open(kept.digest) as file:
        assert content == file.read()
    blobs.verify(kept.digest, kept.size)


def test_the_same_bytes_are_kept_once(blobs: Blobs) -> None:
    """Fifty equal screenshots cost the disk one."""
    kept = {blobs.put([b"a", b"b"]).digest for _ in range(50)}

    assert 1 == len(kept)
    assert 1 == len(list(blobs.folder.iterdir()))


def test_too_much_is_refused_and_leaves_nothing(blobs: Blobs) -> None:
    """More bytes than allowed are never cut off silently, and the half copy is removed."""
    with pytest.raises(AttachError, match=r"more than 1\.0 kB, evidence_max_size takes 1\.0 kB"):
        blobs.put([b"x" * 1000, b"x" * 1000], max_size=1024)

    assert [] == list(blobs.folder.iterdir())


def test_what_raises_while_it_is_read_leaves_nothing(blobs: Blobs) -> None:
    """A source that fails half-way leaves no half copy, and its error is its own."""

    def failing() -> Iterator[bytes]:
        yield b"x"
        msg = "the source broke"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="the source broke"):
        blobs.put(failing())
    assert [] == list(blobs.folder.iterdir())


@pytest.mark.parametrize("change", [b"\x01", b"", b"more"])
def test_changed_bytes_are_noticed(blobs: Blobs, change: bytes) -> None:
    """A flipped bit, a shorter and a longer file are damage, told before anything is sent."""
    kept = blobs.put([b"\x00content"])
    path = blobs.path(kept.digest)
    path.write_bytes(change + b"content" if change != b"more" else b"\x00content more")

    with pytest.raises(SpoolDamagedError, match="were changed"):
        blobs.verify(kept.digest, kept.size)


@pytest.mark.parametrize(
    "digest", ["sha256:", "sha256:../../etc/passwd", "sha256:" + "0" * 63, "sha256:" + "A" * 64, ""]
)
def test_a_digest_is_never_a_path(blobs: Blobs, digest: str) -> None:
    """A journal from elsewhere cannot name any other file."""
    with pytest.raises(SpoolDamagedError, match="not a SHA-256"):
        blobs.open(digest)


def test_a_blob_that_is_no_plain_file_is_damage(blobs: Blobs, tmp_path: Path) -> None:
    """A missing blob, a link, a folder and a FIFO in its place are told, and none is waited for."""
    digest = f"sha256:{'0' * 64}"
    path = blobs.path(digest)
    (tmp_path / "secret").write_text("not evidence")
    makers: list[Callable[[], object]] = [
        lambda: None,
        lambda: path.symlink_to(tmp_path / "secret"),
        lambda: (path.unlink(), path.mkdir()),
        lambda: (path.rmdir(), os.mkfifo(path)),
    ]

    for make in makers:
        make()
        with pytest.raises(SpoolDamagedError):
            blobs.open(digest)


def fifo(path: Path) -> Path:
    """Make a FIFO that nobody writes to."""
    os.mkfifo(path)
    return path


def bound(path: Path) -> Path:
    """Make a socket in the file system."""
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)
    return path


def made_folder(path: Path) -> Path:
    """Make a folder."""
    path.mkdir()
    return path


def loop(path: Path) -> Path:
    """Make a link to itself."""
    path.symlink_to(path)
    return path


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda path: path, "no such file"),
        (fifo, "is a FIFO, not a file"),
        (bound, "cannot be read"),
        (made_folder, "is a folder, not a file"),
        (loop, "cannot be read"),
        (lambda _path: Path("/dev/zero"), "is a device, not a file"),
        (lambda _path: Path("/proc/self/environ"), "is not a file on a disk"),
        (lambda path: path / "\0", "cannot be read"),
        (lambda path: path.with_name("x" * 300), "cannot be read"),
    ],
    ids=["missing", "fifo", "socket", "folder", "loop", "device", "proc", "nul", "too-long"],
)
def test_what_is_no_file_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], Path], expected: str
) -> None:
    """Nothing is waited for, and the message says what it is."""
    path = make(tmp_path / "thing")
    started = time.monotonic()

    with pytest.raises(AttachError, match=expected):
        list(SourceFile(path, LARGE))

    assert time.monotonic() - started < 1


UNREADABLE = """
import os, sys
from pathlib import Path
from pytest_attach_evidence.errors import AttachError
from pytest_attach_evidence.spool import SourceFile
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    list(SourceFile(Path(sys.argv[1]), 1000))
except AttachError as error:
    print(error)
"""


def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    """A process that may not read a file says so, with the system's reason."""
    path = tmp_path / "private.txt"
    path.write_text("private")
    path.chmod(0)
    for folder in [tmp_path, *tmp_path.parents][:3]:
        folder.chmod(0o755)

    done = subprocess.run(
        [sys.executable, "-c", UNREADABLE, str(path)], capture_output=True, text=True, check=False
    )

    assert f"{path} cannot be read (Permission denied)" in done.stdout, done.stderr


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """The size is looked at first, with both numbers in the message."""
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(1 << 34)

    with pytest.raises(AttachError, match=r"16\.0 GB, evidence_max_size takes 1\.0 MB"):
        list(SourceFile(path, 1 << 20))


def test_links_lead_to_the_file(tmp_path: Path) -> None:
    """A link to a file is that file."""
    (tmp_path / "real.txt").write_bytes(b"content")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")

    assert [b"content"] == list(SourceFile(tmp_path / "link.txt", LARGE))


@pytest.mark.parametrize("change", ["grows", "shrinks", "rewritten", "nothing", "replaced"])
def test_a_file_that_changes_while_it_is_copied_is_marked(tmp_path: Path, change: str) -> None:
    """What was kept is consistent with its hash, and a reader is told that the file was in use."""
    path = tmp_path / "trace.log"
    path.write_bytes(b"a" * 3 * BLOCK)
    source = SourceFile(path, LARGE)
    blocks = iter(source)
    next(blocks)

    if change == "grows":
        with path.open("ab") as file:
            file.write(b"more")
    elif change == "shrinks":
        os.truncate(path, BLOCK)
    elif change == "rewritten":
        path.write_bytes(b"b" * 3 * BLOCK)
        os.utime(path, ns=(0, 0))
    elif change == "replaced":
        (tmp_path / "new").write_bytes(b"new")
        (tmp_path / "new").replace(path)
    rest = b"".join(blocks)

    assert (change not in ("nothing", "replaced")) == source.changed
    assert change != "replaced" or b"a" * 2 * BLOCK == rest


def test_a_busy_file_is_copied_twice_then_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is written to all the time is attached with a remark; one that calms down without."""
    run = begin(tmp_path)
    path = tmp_path / "trace.bin"
    path.write_bytes(b"start")
    passes: list[int] = []
    original = SourceFile.__iter__

    def busy(self: SourceFile) -> Iterator[bytes]:
        passes.append(1)
        for number, block in enumerate(original(self)):
            if number == 0 and len(passes) <= writes:
                with path.open("ab") as file:
                    file.write(b"more")
            yield block

    monkeypatch.setattr(SourceFile, "__iter__", busy)
    writes = 1
    calm = recorder(run, 1).attach(path)
    writes = 9
    marked = recorder(run, 2).attach(path)

    assert calm is not None
    assert marked is not None
    assert ("", "was being written to while it was copied") == (calm.remark, marked.remark)
    run.blobs.verify(calm.digest, calm.size)
    run.blobs.verify(marked.digest, marked.size)
    run.release()


def test_a_second_copy_is_as_safe_as_the_first(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may have kept the same bytes a moment ago: their name is synced here too."""
    blobs.put([b"content"])
    synced: list[Path] = []
    monkeypatch.setattr(disk, "sync_folder", synced.append)

    blobs.put([b"content"])

    assert [blobs.folder] == synced


MEMORY = f"""{peak.SOURCE}
import sys
from pathlib import Path
from pytest_attach_evidence.content import Masked
from pytest_attach_evidence.redact import Redactor
from pytest_attach_evidence.spool import SourceFile
from pytest_attach_evidence.spool.blobs import Blobs
source = SourceFile(Path(sys.argv[1]), 1 << 40)
blocks = Masked(Redactor(["a-made-up-secret"]), source) if sys.argv[3] == "text" else source
before = peak_kib()
kept = Blobs(Path(sys.argv[2])).put(blocks)
after = peak_kib()
print(kept.size, (after - before) / 1024)
"""


@pytest.mark.parametrize(("kind", "size"), [("bytes", GIB), ("text", GIB // 16)])
def test_memory_stays_small_whatever_the_size(
    tmp_path: Path, blobs: Blobs, kind: str, size: int
) -> None:
    """A gibibyte put into the spool, and a long text that is masked, add at most 32 MiB."""
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(size)

    command = [sys.executable, "-c", MEMORY, str(path), str(blobs.folder), kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    copied, added = map(float, done.stdout.split())
    assert size == copied
    assert added <= 32


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 kB"), (64_172_851, "61.2 MB"), (3 << 30, "3.0 GB")],
)
def test_sizes_are_readable(size: int, expected: str) -> None:
    """Numbers in messages are for people."""
    assert expected == readable_size(size)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EIO, r"cannot be kept in the spool \(Input/output error\)"),
        (errno.ENOSPC, r"the disk of the spool is full, [0-9.]+ \w+ are free - make room"),
    ],
)
def test_a_disk_that_refuses_is_told_and_leaves_nothing(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch, number: int, expected: str
) -> None:
    """A failed sync is final: the piece was not taken, and what was written of it is removed."""

    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk, "sync", refuse)

    with pytest.raises(AttachError, match=expected):
        blobs.put([b"content"])
    assert [] == list(blobs.folder.iterdir())
