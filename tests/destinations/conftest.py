"""What several tests of destinations need."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.destinations.squash import Squash
from pytest_attach_evidence.sandbox import Sandbox

from .scene import Scene
from .scene import scene_of
from .squash_runs import Runs


SceneOf = Callable[..., Scene]
UPLOAD = ("POST", r"/attachments$")


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    """An empty spool and a look-alike."""
    with Sandbox(tmp_path / "servers", switches={"squash": {}}) as sandbox:
        made = Runs(folder=tmp_path / "spool", sandbox=sandbox)
        yield made
        for run in made.begun:
            run.release()
        assert [] == sandbox.crashes


@pytest.fixture
def make_scene(tmp_path: Path) -> Iterator[SceneOf]:
    """Build a scene whose target is a test case, with options and switches of choice."""
    with ExitStack() as stack:

        def build(text: str = "TC-12", **more: Any) -> Scene:
            return stack.enter_context(
                scene_of(Squash, "squash", tmp_path, text=text, upload=UPLOAD, **more)
            )

        yield build


@pytest.fixture
def scene(make_scene: SceneOf) -> Scene:
    """A scene whose target TC-12 has no execution yet."""
    return make_scene()
