"""What several tests of destinations need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from .squash_runs import Runs


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    """An empty spool and a look-alike."""
    with Sandbox(tmp_path / "servers", switches={"squash": {}}) as sandbox:
        made = Runs(folder=tmp_path / "spool", sandbox=sandbox)
        yield made
        for run in made.begun:
            run.release()
        assert [] == sandbox.crashes
