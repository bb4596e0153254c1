"""Rows X6 to X9: files that change or are deleted, links that are swapped, what is no file."""

from __future__ import annotations

import os
import re
import sys
import threading
from pathlib import Path

import pytest

from pytest_attach_evidence.errors import AttachError
from pytest_attach_evidence.spool import SourceFile

from ...spool.runs import begin
from ...spool.runs import recorder


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="proc files and FIFOs of Linux")
UNIX = pytest.mark.skipif(sys.platform == "win32", reason="files that are open can be deleted")
TRIES = 10_000


@pytest.mark.parametrize("later", ["changed", "shrunk", "gone", "replaced", "folder"])
def test_what_happens_to_a_file_later_does_not_matter(tmp_path: Path, later: str) -> None:
    """The bytes were copied when `attach` returned: exactly those are kept."""
    run, path = begin(tmp_path), tmp_path / "trace.bin"
    path.write_bytes(b"as it was")

    kept = recorder(run).attach(path)
    if later == "changed":
        path.write_bytes(b"as it is now")
    elif later == "shrunk":
        os.truncate(path, 1)
    else:
        path.unlink()
    if later == "replaced":
        path.symlink_to("/etc/hostname")
    elif later == "folder":
        path.mkdir()

    assert kept is not None
    run.blobs.verify(kept.digest, kept.size)
    with run.open_content(kept) as file:
        assert b"as it was" == file.read()
    run.release()


def test_a_file_that_is_written_to_all_the_time_is_consistent(tmp_path: Path) -> None:
    """Whatever was copied has the hash and the size that the journal says, and a remark."""
    run, path, ended = begin(tmp_path), tmp_path / "trace.bin", threading.Event()
    path.write_bytes(bytes(4 << 20))

    def write() -> None:
        with path.open("r+b") as file:
            while not ended.is_set():
                file.seek(0)
                file.write(os.urandom(1 << 16))
                file.flush()
                os.truncate(path, (4 << 20) + int.from_bytes(os.urandom(2), "big"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        kept = [recorder(run, number).attach(path) for number in range(1, 6)]
    finally:
        ended.set()
        writer.join()

    pieces = [piece for piece in kept if piece is not None]
    assert 5 == len(pieces)
    for piece in pieces:
        run.blobs.verify(piece.digest, piece.size)
    assert "was being written to while it was copied" in {piece.remark for piece in pieces}
    run.release()


@LINUX
def test_a_link_that_is_swapped_all_the_time_leads_to_nothing_else(tmp_path: Path) -> None:
    """Ten thousand tries in a race: the file it led to, or a refusal; never another's bytes, no hang."""
    link, allowed = tmp_path / "link", tmp_path / "allowed.txt"
    allowed.write_bytes(b"allowed")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "back").symlink_to(link)
    places = [allowed, Path("/proc/self/environ"), allowed, tmp_path / "fifo", allowed]
    places += [tmp_path / "folder", allowed, tmp_path / "back", Path("/dev/zero"), tmp_path / "no"]
    ended = threading.Event()
    link.symlink_to(allowed)

    def swap() -> None:
        while not ended.is_set():
            for place in places:
                (tmp_path / "new").symlink_to(place)
                (tmp_path / "new").replace(link)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen: dict[str, int] = {}
    try:
        for _ in range(TRIES):
            try:
                content = b"".join(SourceFile(link, 1 << 20))
                assert b"allowed" == content
                what = "allowed"
            except AttachError as error:
                what = re.sub(r".* (is|no|cannot) .*", r"\1", str(error))
            seen[what] = seen.get(what, 0) + 1
    finally:
        ended.set()
        swapper.join()

    assert TRIES == sum(seen.values())
    assert seen["allowed"] > 100
    assert len(seen) > 1


@UNIX
def test_a_file_that_is_deleted_all_the_time_is_whole_or_refused(tmp_path: Path) -> None:
    """Deleted between the look at it and its copy, or in the middle: all its bytes, or a reason."""
    path, ended, content = tmp_path / "trace.bin", threading.Event(), os.urandom(300_000)

    def come_and_go() -> None:
        while not ended.is_set():
            (tmp_path / "new").write_bytes(content)
            (tmp_path / "new").replace(path)
            path.unlink()

    other = threading.Thread(target=come_and_go)
    other.start()
    whole, refused = 0, list[str]()
    try:
        for _ in range(TRIES):
            if min(whole, len(refused)) >= 100:
                break
            try:
                assert content == b"".join(SourceFile(path, 1 << 20))
                whole += 1
            except AttachError as error:
                refused.append(str(error))
    finally:
        ended.set()
        other.join()

    assert whole > 0
    assert {f"no such file: {path} - attach it after it was written"} == set(refused)


@LINUX
@pytest.mark.parametrize("path", ["/proc/self/environ", "/proc/meminfo", "/proc/self/maps"])
def test_proc_files_are_refused_by_what_was_opened(path: str) -> None:
    """The file itself tells where it is, not the name that led to it a moment ago."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with pytest.raises(AttachError, match="is not a file on a disk"):
            list(SourceFile(Path(f"/dev/fd/{descriptor}"), 1 << 20))
    finally:
        os.close(descriptor)
