"""The scene of the engine's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .scene import Scene
from .scripted import FakeBudget


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A spool with one run, and the destination `one` that takes one piece per call."""
    made = Scene(folder=tmp_path / "spool", budget=FakeBudget(ends_at=0.0))
    made.add()
    yield made
    made.run.release()
