"""Globs within a folder mean what `glob` means by them, but follow no link."""

from __future__ import annotations

import contextlib
import glob
import os
from pathlib import Path

import pytest

from pytest_attach_evidence.capture import globs
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

    found = {
        str(path.relative_to(folder))
        for path in Globs([pattern]).matching(folder, refuse=pytest.fail)
    }

    assert expected == found


def test_folders_that_are_not_looked_into(folder: Path) -> None:
    """The spool may lie within the folder of a test."""
    found = [
        path.name for path in Globs(["**"]).matching(folder, [folder / "d"], refuse=pytest.fail)
    ]

    assert ["a.log", "b.txt", "d[1].log"] == found


def test_each_file_once_in_order(folder: Path) -> None:
    """A file that several globs match is one file; folders follow their own files."""
    found = Globs(["*.log", "**", "a.*"]).matching(folder, refuse=pytest.fail)

    names = [path.relative_to(folder).as_posix() for path in found]
    assert ["a.log", "b.txt", "d[1].log", "d/a.log", "d/e/a.log"] == names


def test_more_names_than_are_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out because there is too much is said, with the place where the look ended."""
    monkeypatch.setattr(globs, "MOST_NAMES", 6)
    said: list[tuple[str, str]] = []

    found = Globs(["**"]).matching(folder, refuse=lambda *words: said.append(words))

    assert ["a.log", "b.txt", "d[1].log"] == [path.name for path in found]
    ((subject, seen),) = said
    assert str(folder) == subject
    assert seen.startswith(
        f"holds more than 6 names, from {folder / '.d'} on nothing was looked at - "
    )


def test_a_folder_that_cannot_be_looked_into(tmp_path: Path) -> None:
    """It is named with the reason, the others are looked into; where nothing can match there is no look."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "a.log").write_text("a")
    place = tmp_path
    with contextlib.chdir(tmp_path):
        while len(str(place)) < 4096:  # longer than the path of a folder may be, whoever asks
            Path("x" * 250).mkdir()
            os.chdir("x" * 250)
            place /= "x" * 250
    said: list[tuple[str, str]] = []

    deep = Globs(["**/*.log"]).matching(tmp_path, refuse=lambda *words: said.append(words))
    near = Globs(["*/*.log"]).matching(tmp_path, refuse=pytest.fail)

    assert ["a.log"] == [path.name for path in deep] == [path.name for path in near]
    ((subject, seen),) = said
    assert subject.endswith("x" * 250)
    assert "cannot be looked into (File name too long)" == seen


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    """A test may remove its own folder: there is nothing to take, and nothing to complain of."""
    assert [] == list(Globs(["**"]).matching(tmp_path / "gone", refuse=pytest.fail))
