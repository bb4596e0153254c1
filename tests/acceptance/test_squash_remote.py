"""Squash TM's other operations from the command line, with the files that result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from ..commands.project import Project


@pytest.fixture(params=["full", "stem"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sandbox]:
    """A look-alike that shows names with their extensions, and one that does not."""
    with Sandbox(tmp_path / "servers", switches={"squash": {"name_mode": request.param}}) as begun:
        yield begun
        assert [] == begun.crashes


def test_what_a_run_left_is_listed_renamed_saved_and_removed(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    """From the project down to the execution that a test case got, then its attachments."""
    (tmp_path / "project").mkdir()
    project = Project(folder=tmp_path / "project")
    project.lead_to(sandbox, "squash")
    project.suite("squash", pieces=2, size=70_000)
    project.pytest()
    kept, gone = sorted(sandbox.store.files("squash"), key=lambda file: int(file.id))
    place = f"squash={kept.object}"

    walked = project.command("remote", "list", "squash=iterations/4", "--depth", "2")
    listed = project.command("remote", "list", place, "--json")
    words = ("--attachment", kept.id, "--name", "final report.bin", "--yes")
    renamed = project.command("remote", "rename", place, *words)
    saved = project.command("remote", "download", place, "--attachment", kept.id, "--to", "saved")
    removed = project.command("remote", "delete", place, "--attachment", gone.id, "--yes")
    exported = project.command("remote", "export", place)

    done = (walked, listed, renamed, saved, removed)
    assert [0] * len(done) == [one.status for one in done], [one.out + one.errors for one in done]
    assert kept.object in walked.out
    assert "TC-30[chrome]" in walked.out
    assert kept.id in json.dumps(json.loads(listed.out))
    [left] = sandbox.store.files("squash")
    assert ("final report.bin", kept.id) == (left.name, left.id)
    [file] = [path for path in (project.folder / "saved").rglob("*") if path.is_file()]
    assert kept.path.read_bytes() == file.read_bytes()
    assert 0 != exported.status
    assert "Squash TM documents no operation" in exported.out + exported.errors
