"""Globs within a folder mean what `glob` means by them, but follow no link."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest

from pytest_attach_evidence.capture.globs import Globs


NAMES = ["a.log", "b.txt", ".c.log", "d/a.log", "d/e/a.log", "d/e/.f/g.log", "d[1].log", ".d/x.log"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with files at several depths."""
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    "pattern",
    [
        *("*.log", "**", "**/*.log", "d/**", "d/*", "*", "*/a.log", "**/e/*", "d/**/a.log", ".*"),
        *("**/.f/*", "[!a].*", "?.log", "d[[]1].log", "./a.log", "d//a.log", "nothing"),
        ".d/*",
    ],
)
def test_as_the_standard_library(folder: Path, pattern: str) -> None:
    """The files are those that `glob` finds."""
    library = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207  # it is the measure
    expected = {os.path.normpath(name) for name in library if (folder / name).is_file()}

    found = {str(path.relative_to(folder)) for path in Globs([pattern]).matching(folder)}

    assert expected == found


def test_folders_that_are_not_looked_into(folder: Path) -> None:
    """The spool may lie within the folder of a test."""
    found = [path.name for path in Globs(["**"]).matching(folder, [folder / "d"])]

    assert ["a.log", "b.txt", "d[1].log"] == found


def test_each_file_once_in_order(folder: Path) -> None:
    """A file that several globs match is one file; folders follow their own files."""
    found = Globs(["*.log", "**", "a.*"]).matching(folder)

    names = [path.relative_to(folder).as_posix() for path in found]
    assert ["a.log", "b.txt", "d[1].log", "d/a.log", "d/e/a.log"] == names
