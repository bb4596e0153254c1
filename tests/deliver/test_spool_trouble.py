"""A spool that was damaged, or that cannot be written while delivery runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

import pytest

from pytest_attach_evidence.destinations.base import Results
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import SpoolDamagedError
from pytest_attach_evidence.errors import SpoolError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.spool import DeliveryLog

from .scene import Scene
from .scene import states
from .scene import status
from .scene import stored
from .scripted import Scripted
from .scripted import taken


@pytest.mark.parametrize("damage", ["changed", "cut", "gone", "link", "folder"])
def test_a_damaged_piece_does_not_leave_the_house(scene: Scene, damage: str) -> None:
    """It is named as damaged, the rest is delivered: 65."""
    scene.attach("a.txt", "b.txt", "c.txt")
    blob = scene.content("b.txt")
    blob.unlink()
    if damage in ("changed", "cut"):
        blob.write_bytes(b"B.txt" if damage == "changed" else b"b")
    elif damage == "link":
        blob.symlink_to(scene.content("a.txt"))
    elif damage == "folder":
        blob.mkdir()

    results = scene.deliver()

    assert {"a.txt": "delivered", "b.txt": "damaged", "c.txt": "delivered"} == states(results)
    assert [("a.txt",), ("c.txt",)] == scene.one.did("deliver")
    assert 65 == status(results)


def test_a_piece_is_checked_right_before_it_is_sent(scene: Scene) -> None:
    """What was damaged while the pieces before it were sent does not leave the house either."""
    scene.attach("a.txt", "b.txt")

    def damage(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
        scene.content("b.txt").write_bytes(b"B.txt")
        return taken(one, deliveries, content)

    scene.one.script = [damage]
    results = scene.deliver()

    assert {"a.txt": "delivered", "b.txt": "damaged"} == states(results)
    assert [("a.txt",)] == scene.one.did("deliver")


@pytest.mark.parametrize("as_value", [False, True], ids=["raised", "value"])
def test_a_piece_that_gets_lost_while_it_is_sent_is_damaged(scene: Scene, as_value: bool) -> None:
    """Whatever the adapter makes of it; the others of the call are looked up and sent again."""
    scene.add(pieces_per_call=None)
    scene.attach("a.txt", "b.txt")

    def lose(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
        scene.content("b.txt").unlink()
        try:
            return taken(one, deliveries, content)
        except SpoolDamagedError as error:
            if not as_value:
                raise
            answers = taken(one, [], content)
            return {**answers, deliveries[1].key: PermanentError(str(error))}

    scene.one.script = [lose]
    results = scene.deliver()

    assert {"a.txt": "delivered", "b.txt": "damaged"} == states(results)
    assert (1, 65) == (stored(scene.one, "a.txt"), status(results))


def test_a_spool_that_takes_no_intent_sends_nothing(scene: Scene) -> None:
    """What could not be remembered must not be sent: 74, and each piece is counted."""
    scene.attach("a.txt", "b.txt")
    scene.attach("c.txt", to="t2")
    shutil.rmtree(scene.run.path / "deliveries")

    results = scene.deliver()

    assert [] == scene.one.calls
    assert {"waiting"} == set(states(results).values())
    assert 74 == status(results)
    assert 1 == len(results.spool_errors)


def test_a_receipt_that_is_not_on_the_disk_does_not_count(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The piece is uncertain, 74; a later push finds it instead of sending it again."""
    scene.attach("a.txt", "b.txt")
    scene.attach("c.txt", to="t2")
    scene.parallel = 1

    def full(*_: object) -> None:
        raise SpoolError("the journal cannot be written (No space left on device)")

    with monkeypatch.context() as disk:
        disk.setattr(DeliveryLog, "receipt", full)
        disk.setattr(DeliveryLog, "failure", full)
        first = scene.deliver()
    results = scene.deliver()

    assert {"a.txt": "uncertain", "b.txt": "waiting", "c.txt": "uncertain"} == states(first)
    assert 74 == status(first)
    assert {"a.txt": "found", "b.txt": "delivered", "c.txt": "found"} == states(results)
    assert [1, 1, 1] == [stored(scene.one, f"{name}.txt") for name in "abc"]
