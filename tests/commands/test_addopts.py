"""Options of ours in `addopts`, as files of all kinds hold them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_attach_evidence.commands.addopts import without_effect


INI = "addopts = -q\n    --evidence-map=x --evidence-map=y\n"
LIST = 'addopts = ["-q", "--evidence-map=x"]\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", f"[pytest]\n{INI}"),
        ("tox.ini", f"[tox]\na = %(b)s\n[pytest]\n{INI}"),
        ("setup.cfg", f"[tool:pytest]\n{INI}"),
        ("pyproject.toml", f"[tool.pytest.ini_options]\n{LIST}"),
        ("pyproject.toml", '[tool.pytest.ini_options]\naddopts = "-q --evidence-map=x"\n'),
        ("pyproject.toml", f"[tool.pytest]\n{LIST}"),
        ("pytest.toml", f"[pytest]\n{LIST}"),
    ],
)
def test_each_is_named_once(tmp_path: Path, name: str, text: str) -> None:
    """Unless it was given to the command, too."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")

    [warning] = without_effect(path, "", lambda option: False)
    given = without_effect(path, "", lambda option: option == "evidence_map")

    assert f"addopts in {name}" == warning.subject
    assert warning.seen.startswith("--evidence-map in it")
    assert [] == given


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\naddopts = -q\nevidence_map = --evidence-dir\n"),
        ("pytest.ini", "addopts = --evidence-map=x\n"),
        ("pyproject.toml", "addopts = ["),
        ("pyproject.toml", "[tool.other]\naddopts = ['--evidence-map=x']\n"),
    ],
)
def test_what_is_none_of_them_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    """Other options and sections, and a file that nobody can read."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")

    assert [] == without_effect(path, "", lambda option: False)
    assert [] == without_effect(None, "", lambda option: False)


def test_the_variable_is_named_by_itself() -> None:
    """It holds for pytest, and not for the commands."""
    [warning] = without_effect(None, "-x --evidence-dir=there", lambda option: False)

    assert "PYTEST_ADDOPTS" == warning.subject
    assert "--evidence-dir" in warning.seen
