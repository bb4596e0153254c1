"""Scenes of the CodeArts destination: what its test modules share."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_attach_evidence.destinations.huawei import Huawei
from pytest_attach_evidence.settings import Settings

from .scene import Scene
from .scene import scene_of


UPLOAD = ("POST", r"/attachments/upload$")
LIST = r"/attachments\?issue_id="
PROJECT = "5f1e7a0c9b2d4e63a8c4d0f7b6219e35"
SCRUM = "b07c2d9e41f54a8b9e6d3c5a1f80e274"
FOREIGN = "e3d8c1b5a7f942068d1b6e4c9a50f7b2"
ITEM = "956239067176935400"
KEYS = "PYTEST_EVIDENCE_HUAWEI_"

SceneOf = Callable[..., Scene]


@contextmanager
def scenes(folder: Path) -> Iterator[SceneOf]:
    """Give a function that builds scenes with switches, target text, options and environment of choice."""
    with ExitStack() as stack:

        def build(
            text: str = ITEM,
            environ: Mapping[str, str] | None = None,
            options: Mapping[str, str] | None = None,
            **switches: Any,
        ) -> Scene:
            scene = scene_of(
                Huawei,
                "huawei",
                folder,
                text=text,
                upload=UPLOAD,
                environ=environ,
                options=options,
                **switches,
            )
            return stack.enter_context(scene)

        yield build


def codearts(scene: Scene) -> Any:
    """Return the look-alike of the service itself."""
    return scene.sandbox.systems["huawei"]


def another(scene: Scene) -> Huawei:
    """Return a second destination object with the same settings, as a later push has it."""
    return Huawei(Settings(given=scene.options), scene.secrets, scene.budget)
