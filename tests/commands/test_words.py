"""Words for pytest, as files of all kinds, variables and command lines hold them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_attach_evidence.commands.words import addopts
from pytest_attach_evidence.commands.words import ours


INI = "addopts = -q\n    -m 'a b' --evidence-map=x\n"
LIST = 'addopts = ["-q", "-m", "a b", "--evidence-map=x"]\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", f"[pytest]\n{INI}"),
        ("tox.ini", f"[tox]\na = %(b)s\n[pytest]\n{INI}"),
        ("setup.cfg", f"[tool:pytest]\n{INI}"),
        ("pyproject.toml", f"[tool.pytest.ini_options]\n{LIST}"),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\naddopts = \"-q -m 'a b' --evidence-map=x\"\n",
        ),
        ("pyproject.toml", f"[tool.pytest]\n{LIST}"),
        ("pytest.toml", f"[pytest]\n{LIST}"),
    ],
)
def test_addopts_are_read_as_pytest_does(tmp_path: Path, name: str, text: str) -> None:
    """Those of the file unless `-o` has others, before those of the variable."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")

    written = addopts(path, (), "--env='q a'")
    instead = addopts(path, ("addopts=-x", "other=y", "addopts=-v"), "")

    assert ["-q", "-m", "a b", "--evidence-map=x", "--env=q a"] == written
    assert ["-v"] == instead


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "addopts = --evidence-map=x\n"),
        ("pytest.ini", "[pytest]\naddopts = 'open\n"),
        ("pytest.ini", "[pytest]\naddopts\n"),
        ("pyproject.toml", "addopts = ["),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = 3\n"),
        ("pyproject.toml", "[tool.other]\naddopts = ['--evidence-map=x']\n"),
    ],
)
def test_what_nobody_can_read_is_left_to_pytest(tmp_path: Path, name: str, text: str) -> None:
    """It says what is wrong; other sections are none of its own."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")

    assert [] == addopts(path, (), "")
    assert [] == addopts(None, (), "'open")


def test_options_of_ours_are_found_among_others(tmp_path: Path) -> None:
    """Paths mean the same in any folder; the mode is left to the command."""
    words = ["-k", "a", "--evidence=upload", "--evidence-squash-iteration", "4", "tests"]
    words += ["--evidence-map=a.csv", "--evidence-map", "/b.csv", "--evidence-ca-bundle=ca.pem"]

    given, names = ours([*words, "--evidence-dir=kept"], tmp_path)

    paths = [f"--evidence-map={tmp_path / 'a.csv'}", "--evidence-map=/b.csv"]
    paths += [f"--evidence-dir={tmp_path / 'kept'}"]
    bundle = f"--evidence-ca-bundle={tmp_path / 'ca.pem'}"
    assert {bundle, "--evidence-squash-iteration=4", *paths} == set(given)
    assert {
        "evidence_map",
        "evidence_dir",
        "evidence_squash_iteration",
        "evidence_ca_bundle",
    } == names


def test_an_option_without_its_value_is_left_to_pytest(tmp_path: Path) -> None:
    """Nothing is guessed of what stands beside it."""
    assert ([], set()) == ours(["--evidence-squash-iteration=4", "--evidence-dir"], tmp_path)
