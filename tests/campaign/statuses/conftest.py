"""A project and servers where every trouble can be met."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from ...commands.project import Project
from .trouble import BUGGY


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> Project:
    """A project with a destination for every sort of trouble."""
    (tmp_path / "project").mkdir()
    made = Project(folder=tmp_path / "project")
    made.write("bugs.py", BUGGY)
    made.lead_to(sandbox, "archive huawei workiva squash buggy")
    return made


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """The look-alikes: Workiva refuses the credentials, Squash asks to come back in an hour."""
    with Sandbox(tmp_path / "servers") as started:
        started.faults.add("status-401", system="workiva", times=99)
        started.faults.add("status-503", system="squash", times=99, retry_after="3600")
        yield started
        assert [] == started.crashes
