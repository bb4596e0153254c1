"""`attach-evidence remote` at Rillsoft, as a person runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from .project import Project


OF_RUNS = " - what runs sent there stands in"
ONLY = f"no operation to do anything with an attachment but upload it{OF_RUNS}"


@pytest.fixture
def rillsoft(tmp_path: Path) -> Iterator[Project]:
    """A project that leads to a look-alike."""
    project = Project(folder=tmp_path / "project")
    project.folder.mkdir()
    with Sandbox(tmp_path / "servers") as sandbox:
        project.lead_to(sandbox, "rillsoft")
        yield project
        assert [] == sandbox.crashes


def test_a_list_shows_what_is_there_and_what_cannot_be_listed(rillsoft: Project) -> None:
    """Projects and portfolios with ids, in a table and as JSON; attachment records say why not."""
    shown = rillsoft.command("remote", "list", "rillsoft")
    [listed] = json.loads(rillsoft.command("remote", "list", "rillsoft", "--json").out)

    assert 0 == shown.status, shown.errors
    for words in ("rillsoft=clients/7/projects/12", "Portfolio 3", "cannot be listed"):
        assert words in shown.out
    names = [(place["text"], place["facts"].get("id")) for place in listed["places"]]
    assert ("rillsoft=clients/7/portfolios/4", "4") in names
    assert (None, None) == names[-1]


def test_documents_are_shown_where_they_are_asked_for(rillsoft: Project) -> None:
    """The place is pasted from the list."""
    shown = rillsoft.command("remote", "list", "rillsoft=clients/7/documents")

    assert 0 == shown.status, shown.errors
    assert "Project plan.pdf" in shown.out


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (["list", "rillsoft=4711"], "no operation to list attachments - "),
        (["info", "rillsoft=4711"], "no operation to show an attachment record - "),
        (["info", "rillsoft=4711", "--attachment", "1"], ONLY),
        (["download", "rillsoft=4711"], f"no operation to download an attachment{OF_RUNS}"),
        (
            ["download", "rillsoft=4711", "--attachment", "1"],
            f"no operation to download an attachment{OF_RUNS}",
        ),
        (
            ["export", "rillsoft=4711", "--attachment", "1"],
            f"no operation to export an attachment{OF_RUNS}",
        ),
        (
            ["rename", "rillsoft=4711", "--attachment", "1", "--name", "a"],
            f"no operation to rename an attachment{OF_RUNS}",
        ),
        (
            ["delete", "rillsoft=4711", "--attachment", "1", "--yes"],
            f"no operation to delete an attachment{OF_RUNS}",
        ),
    ],
)
def test_what_is_not_documented_is_one_line(rillsoft: Project, words: list[str], seen: str) -> None:
    """Nothing is sent that no page describes, and a script learns of it by the exit status."""
    ended = rillsoft.command("remote", *words)

    assert 65 == ended.status
    [line] = ended.errors.splitlines()
    assert f"rillsoft=4711: Rillsoft documents {seen}" in line


def test_info_tells_of_a_project(rillsoft: Project) -> None:
    """What the list tells of it."""
    ended = rillsoft.command("remote", "info", "rillsoft=clients/7/projects/12")

    assert 0 == ended.status, ended.errors
    assert "Project 12" in ended.out


def test_credentials_that_are_refused_are_named(rillsoft: Project) -> None:
    """One line with the variable, and the exit status of logins."""
    wrong = {"PYTEST_EVIDENCE_RILLSOFT_TOKEN": "made-up-and-wrong"}

    ended = rillsoft.command("remote", "list", "rillsoft", **wrong)

    assert 77 == ended.status
    [line] = ended.errors.splitlines()
    assert "HTTP 401" in line
    assert "PYTEST_EVIDENCE_RILLSOFT_TOKEN" in line
    assert "made-up-and-wrong" not in line
