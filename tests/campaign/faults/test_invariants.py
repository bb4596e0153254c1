"""The harness tells what it is there for: bytes at the wrong object, and faults that nobody met."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from .fault_scene import fault_scene
from .invariants import holding
from .places import places_of
from .test_fault_rows import check


OTHERS = {
    "squash": "executions/1041",
    "squash-plan": "executions/1041",
    "squash-steps": "execution-steps/78",
    "workiva": "testForms/f1/testPhases/p2",
    "huawei": "projects/5f1e7a0c9b2d4e63a8c4d0f7b6219e35/issues/956239067176935401",
    "rillsoft": "clients/7/attachments/4712",
}


@pytest.mark.parametrize("name", OTHERS)
def test_bytes_at_another_object_are_seen(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies at its target is held; the same bytes anywhere else, instead or too, are not."""
    with fault_scene(tmp_path, name, monkeypatch=monkeypatch) as scene:
        pushed = scene.push()
        check(scene, pushed)

        right = scene.sandbox.store.ledger()
        elsewhere = [replace(file, object=OTHERS[name]) for file in right]
        for delivery in pushed.results.plan.deliveries.values():
            places = places_of(delivery.target, scene.sandbox)
            assert holding(delivery, right, places) is not None
            assert holding(delivery, elsewhere, places) is None
            if name != "rillsoft":  # there the same bytes may be anywhere else, too
                assert holding(delivery, [*right, *elsewhere], places) is None


def test_a_fault_nobody_met_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two faults of one name do not stand in for each other."""
    with fault_scene(tmp_path, "squash", monkeypatch=monkeypatch) as scene:
        scene.fail("status", status=503)
        scene.fail("status", status=502, method="DELETE")

        pushed = scene.push()

        assert ["status"] == scene.asked.unmet()
        with pytest.raises(AssertionError, match="nobody met"):
            check(scene, pushed)
