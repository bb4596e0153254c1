"""Files that come from a vendor: whole or not there, under harmless names, over nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from pytest_attach_evidence.commands.saving import save
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError


def named(name: str, content: bytes = b"content") -> Callable[[BinaryIO], str]:
    """Return what writes some bytes and knows their name."""

    def fetch(into: BinaryIO) -> str:
        into.write(content)
        return name

    return fetch


def test_a_file_is_there_with_its_hash(tmp_path: Path) -> None:
    """The folder is made; size and hash are those of the file."""
    saved = save(tmp_path / "new" / "folder", named("a.txt"))

    assert tmp_path / "new" / "folder" / "a.txt" == saved.path
    assert b"content" == saved.path.read_bytes()
    assert (7, f"sha256:{hashlib.sha256(b'content').hexdigest()}") == (saved.size, saved.digest)


def test_what_is_there_stays(tmp_path: Path) -> None:
    """A second file of one name gets a number."""
    first = save(tmp_path, named("a.tar.gz", b"1"))
    second = save(tmp_path, named("a.tar.gz", b"2"))

    assert ["a.tar.gz", "a.tar-2.gz"] == [first.path.name, second.path.name]
    assert [b"1", b"2"] == [first.path.read_bytes(), second.path.read_bytes()]


@pytest.mark.parametrize("name", ["ü" * 200 + ".txt", "テ" * 100, "a." + "b" * 300])
def test_a_long_name_is_cut_by_bytes(tmp_path: Path, name: str) -> None:
    """File systems count bytes, and the number of a second file has room as well."""
    first, second = (save(tmp_path, named(name)).path.name for _ in range(2))

    assert first != second
    assert max(len(first.encode()), len(second.encode())) <= 255
    assert "-2" in (second[-2:], Path(second).stem[-2:])


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\win.ini", "win.ini"),
        ("/abs/olute.txt", "olute.txt"),
        ("a\x1b[31m\n.txt", "a[31m.txt"),
        ("..", "evidence"),
        ("", "evidence"),
        (".env", "env"),
        ("...", "evidence"),
        ("conftest.py", "conftest.py.txt"),
        (".hidden.PY", "hidden.PY.txt"),
        ("a.txt:stream", "a.txt_stream"),
        ("nul.txt", "_nul.txt"),
        ("COM1", "_COM1"),
        ("console.log", "console.log"),
        ("end. .", "end"),
    ],
)
def test_a_vendor_names_no_place(tmp_path: Path, name: str, kept: str) -> None:
    """Whatever a server calls a file, it ends in the folder that was named."""
    saved = save(tmp_path / "here", named(name))

    assert tmp_path / "here" / kept == saved.path
    assert [saved.path] == [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    """Half a file is no file."""

    def broken(into: BinaryIO) -> str:
        into.write(b"half")
        msg = "the connection broke"
        raise TemporaryError(msg)

    with pytest.raises(TemporaryError):
        save(tmp_path, broken)

    assert [] == list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    """A place that cannot be written is named with the way out."""
    (tmp_path / "file").write_text("")

    with pytest.raises(PermanentError, match="file cannot be written") as caught:
        save(tmp_path / "file", named("a.txt"))

    assert "--to" in caught.value.next_step
