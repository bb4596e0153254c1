"""A project with servers for the tests of how processes live and die."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from ...commands.project import Project
from .scene import Life


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """A project that delivers to Squash TM, CodeArts and its archive."""
    (tmp_path / "project").mkdir()
    project = Project(folder=tmp_path / "project")
    with Sandbox(tmp_path / "servers") as sandbox:
        project.lead_to(sandbox, "squash huawei archive", stall_s=100)
        yield Life(project=project, sandbox=sandbox)
        assert [] == sandbox.crashes
