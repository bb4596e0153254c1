"""The Workiva destination: the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.destinations.workiva import Workiva

from .contract import DestinationContract
from .scene import Scene
from .scene import scene_of


class TestWorkiva(DestinationContract):
    """A sample keeps all promises."""

    uploads_at_401 = 2

    @pytest.fixture
    def scene(self, tmp_path: Path) -> Iterator[Scene]:
        """A destination whose target is a sample."""
        upload = ("POST", r"/attachmentUpload$")
        with scene_of(
            Workiva, "workiva", tmp_path, text="f1/p1/m1/s1", upload=upload, settle_s=0.0
        ) as scene:
            yield scene
