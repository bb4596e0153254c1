"""Several targets at once, each request with a fault drawn by lot: all arrives, once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence import retry

from .fault_scene import fault_scene
from .test_fault_rows import check
from .test_fault_rows import told


TARGETS = {
    "squash": ("1042", "TC-1", "TC-2", "iterations/4", "test-cases/201"),
    "workiva": ("f1/p1", "f1/p2", "f1/p1/m1", "f1/p1/m1/s1"),
    "huawei": ("956239067176935400", "956239067176935401", "956239067176935402"),
    "rillsoft": ("4711", "4712", "4713", "8/4801"),
}
# After these a piece is found at once or was surely not taken: nothing waits for a server to settle.
MILD: list[dict[str, Any]] = [
    {"fault": "answer-lost"},
    {"fault": "answer-reset"},
    {"fault": "status", "status": 500, "done": True},
    {"fault": "status", "status": 409, "done": True},
    {"fault": "login-page", "done": True},
    {"fault": "json-cut"},
    {"fault": "status", "status": 429, "retry_after": "0"},
    {"fault": "status", "status": 503, "retry_after": "0"},
    {"fault": "stale"},
    {"fault": "interim"},
    {"fault": "drip-all", "seconds": 0.0005},
]

BASE_WAIT_S = 0.05
# The requests that carry the bytes of any target, not only of the first.
UPLOADS = {
    "squash": r"/attachments$",
    "workiva": "/blobs/",
    "huawei": "attachments/upload$",
    "rillsoft": r"/attachments/\d+$",
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("system", [*TARGETS])
def test_mild_faults_in_any_mixture(
    system: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four faults meet the requests of three to five targets in one run; a push delivers everything."""
    lot = random.Random(f"{system} {seed}")
    monkeypatch.setattr(retry, "BASE_WAIT_S", BASE_WAIT_S)
    with fault_scene(tmp_path, system, monkeypatch=monkeypatch, skipping=False) as scene:
        targets = TARGETS[system]
        scene.collect(texts=targets)
        # Where nothing can be listed a conflict is a refusal, and only an upload can meet a fault.
        mild = [one for one in MILD if system != "rillsoft" or one.get("status") != 409]
        for fault in lot.sample(mild, 4):
            upload = "done" in fault or "seconds" in fault or lot.random() < 0.8
            upload = upload or system == "rillsoft"
            most = 1 if system in ("squash", "rillsoft") else 3
            where = {"path": UPLOADS[system]} if upload else {"method": "GET", "path": ""}
            scene.fail(after=lot.randrange(most), **{**fault, **where})

        pushed = scene.push(seconds=100.0, parallel=4)

        check(scene, pushed)
        assert [] == scene.sandbox.faults.waiting()
        assert f"{2 * len(targets)} delivered: 0" == told(pushed), pushed.lines
