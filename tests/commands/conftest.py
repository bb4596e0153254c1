"""Projects and servers for the tests of the commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from .project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project that delivers to its archive."""
    (tmp_path / "project").mkdir()
    made = Project(folder=tmp_path / "project")
    made.configure("archive")
    return made


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """The four look-alike systems."""
    with Sandbox(tmp_path / "servers") as started:
        yield started
        assert [] == started.crashes
