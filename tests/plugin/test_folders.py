"""A folder that is attached becomes a zip: masked, bounded, and the same for the same files."""

from __future__ import annotations

import io
import os
import zipfile

import pytest

from .conftest import RunAndRead
from .reading import Run


SECRET = "s3cr3t-v4lue-of-the-t0ken"
FOLDERS = """
    import os
    import pytest

    @pytest.fixture
    def folder(tmp_path):
        made = tmp_path / "results"
        (made / "b" / "deep").mkdir(parents=True)
        (made / "a.txt").write_text("a")
        (made / "b" / "deep" / "größe.log").write_text("token SECRET here")
        (made / "b" / "shot.png").write_bytes(b"png SECRET")
        return made

    def test_once(evidence, folder): evidence.attach(folder)

    def test_again(evidence, folder):
        os.utime(folder / "a.txt", (1, 1))
        evidence.attach(str(folder), name="again", kind="output", remark="second")

    def test_odd(evidence, folder):
        (folder / "loop").symlink_to(folder)
        (folder / "b" / "up").symlink_to("..")
        (folder / "link.txt").symlink_to("/etc/passwd")
        os.mkfifo(folder / "pipe")
        (folder / os.fsdecode(b"odd-\\xff.txt")).write_text("odd")
        evidence.attach(folder)

    def test_large(evidence, folder):
        (folder / "large.bin").write_bytes(b"0" * 5000)
        evidence.attach(folder)

    def test_random(evidence, folder):
        for n in range(10):
            (folder / f"{n}.bin").write_bytes(os.urandom(1000))
        evidence.attach(folder)

    def test_only_links(evidence, tmp_path):
        (tmp_path / "loop").symlink_to(tmp_path)
        evidence.attach(tmp_path, name="links.zip")

    def test_whole_project(evidence): evidence.attach(".", name="project")
""".replace("SECRET", SECRET)


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> Run:
    """Attach the folders in a run that knows a secret and takes 4 kB a piece."""
    monkeypatch.setenv("PYTEST_EVIDENCE_SQUASH_TOKEN", SECRET)
    return run_and_read_spool(FOLDERS, "--evidence-max-size=4K")


def _unpacked(run: Run, test: str, name: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(run.content(test, name))) as archive:
        assert archive.testzip() is None
        return {entry: archive.read(entry) for entry in archive.namelist()}


def test_what_is_in_a_folder(run: Run) -> None:
    """Every file is in the zip under its path, text without secrets, pictures as they are."""
    piece = run.piece("::test_once", "results.zip")
    found = _unpacked(run, "::test_once", "results.zip")

    assert ["a.txt", "b/deep/größe.log", "b/shot.png"] == list(found)
    assert b"token [redacted] here" == found["b/deep/größe.log"]
    assert f"png {SECRET}".encode() == found["b/shot.png"]
    assert ("application/zip", 1, "") == (piece.media_type, piece.redaction, piece.remark)
    assert piece.source.endswith(f"{os.sep}results")


def test_the_same_files_give_the_same_bytes(run: Run) -> None:
    """Neither the place nor the times of the files change the zip."""
    again = run.piece("::test_again", "again.zip")

    assert run.piece("::test_once", "results.zip").digest == again.digest
    assert ("output", "second") == (again.kind, again.remark)


def test_what_is_no_plain_file(run: Run) -> None:
    """Loops of links end, nothing but plain files is opened, and the piece says what was left out."""
    found = _unpacked(run, "::test_odd", "results.zip")

    assert ["a.txt", "b/deep/größe.log", "b/shot.png", "odd-\\udcff.txt"] == list(found)
    assert (
        "left out: loop (a link), link.txt (a link), pipe (not a file) and 1 more"
        == run.piece("::test_odd", "results.zip").remark
    )


def test_limits(run: Run) -> None:
    """A file over the limit is named as not taken and the rest kept; a zip over it is refused."""
    found = _unpacked(run, "::test_large", "results.zip")
    lines = [line for line in run.refused if "test_large" in line or "test_random" in line]

    assert "large.bin" not in found
    assert "a.txt" in found
    assert [
        "test_inner.py::test_large: large.bin in results.zip: 4.9 kB, evidence_max_size takes 4.0 kB"
        " - raise it or attach less",
        "test_inner.py::test_random: results.zip: more than 4.0 kB, evidence_max_size takes 4.0 kB"
        " - raise it or attach less",
    ] == lines
    assert [] == run.names("::test_random")


def test_a_folder_of_nothing(run: Run) -> None:
    """A folder without a plain file is refused, with what it holds instead."""
    (line,) = [line for line in run.refused if "test_only_links" in line]

    assert " is a folder without files (left out: loop (a link)) - attach it later" in line


def test_the_spool_is_not_in_the_zip(run: Run) -> None:
    """Whoever attaches the project's folder does not attach the evidence in it."""
    found = _unpacked(run, "::test_whole_project", "project.zip")

    assert "test_inner.py" in found
    assert [] == [name for name in found if name.startswith(".evidence")]
