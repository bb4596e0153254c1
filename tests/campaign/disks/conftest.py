"""What the rows of disks and files start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from ...commands.conftest import sandbox
from ...commands.project import Project
from .small_disk import check_left


__all__ = ["apart", "project", "sandbox"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that delivers to its archive."""
    made = Project(folder=tmp_path / "project")
    made.folder.mkdir()
    made.configure("archive")
    return made


@pytest.fixture
def apart(tmp_path: Path, sandbox: Sandbox) -> Iterator[Project]:
    """A project that delivers to an archive on another disk and to the look-alike of Squash TM."""
    made = Project(folder=tmp_path / "project")
    made.folder.mkdir()
    elsewhere = f"evidence_archive_dir = {tmp_path / 'archive'}"
    made.lead_to(sandbox, "squash archive", elsewhere, stall_s=5)
    yield made
    check_left(made, sandbox)
