"""F9: what an answer that unpacks to 64 MiB costs in memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from .asked import Asked
from .fault_rows import ANSWERED
from .fault_scene import PIECES
from .fault_scene import fault_scene
from .test_fault_rows import check


MIB = 1024 * 1024


@pytest.mark.parametrize("system", ANSWERED)
def test_an_answer_that_is_too_big_costs_little_memory(
    system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an answer that is 64 MiB when unpacked at most a few are ever held."""
    bomb: dict[str, Any] = {"fault": "gzip-bomb", "done": True}
    with fault_scene(tmp_path, system, monkeypatch=monkeypatch) as scene:
        scene.fail(**bomb)
        check(scene, scene.push())  # the sandbox makes the bomb, and modules are loaded
        scene.collect(*PIECES)
        scene.sandbox.heal()
        scene.asked = Asked(sandbox=scene.sandbox)
        scene.fail(**bomb)
        tracemalloc.start()
        try:
            pushed = scene.push()
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        check(scene, pushed)
        assert most < 16 * MIB, f"{most / MIB:.0f} MiB"
