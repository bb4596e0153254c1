"""What the rows of disks and files start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...commands.conftest import sandbox
from ...commands.project import Project


__all__ = ["project", "sandbox"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that delivers to its archive."""
    made = Project(folder=tmp_path / "project")
    made.folder.mkdir()
    made.configure("archive")
    return made
