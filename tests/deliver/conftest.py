"""The scene of the engine's tests."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from .scene import Scene
from .scripted import FakeBudget


@pytest.fixture
def make_scene(tmp_path: Path) -> Iterator[Callable[[], Scene]]:
    """Makes scenes, each with a spool of its own."""
    made: list[Scene] = []

    def make() -> Scene:
        folder = tmp_path / f"spool-{len(made)}"
        made.append(Scene(folder=folder, budget=FakeBudget(ends_at=0.0)))
        made[-1].add()
        return made[-1]

    yield make
    for scene in made:
        scene.run.release()


@pytest.fixture
def scene(make_scene: Callable[[], Scene]) -> Scene:
    """A spool with one run, and the destination `one` that takes one piece per call."""
    return make_scene()
