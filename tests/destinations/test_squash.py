"""The Squash TM destination: the contract, then what only Squash TM does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.destinations.squash import Squash


from .contract import DestinationContract
from .scene import Scene
from .scene import scene_of


UPLOAD = ("POST", r"/attachments$")


class TestSquash(DestinationContract):
    """An execution named by its id keeps all promises."""

    @pytest.fixture
    def scene(self, tmp_path: Path) -> Iterator[Scene]:
        """A destination whose target is an execution."""
        with scene_of(Squash, "squash", tmp_path, text="executions/1042", upload=UPLOAD) as scene:
            yield scene


class TestSquashTestCase(TestSquash):
    """A test case, which gets a new execution, keeps them too."""

    @pytest.fixture
    def scene(self, tmp_path: Path) -> Iterator[Scene]:
        """A destination whose target is a test case of the iteration's plan."""
        with scene_of(Squash, "squash", tmp_path, text="TC-12", upload=UPLOAD) as scene:
            yield scene
