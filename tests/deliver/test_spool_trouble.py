"""A spool that was damaged, or that cannot be written while delivery runs."""

from __future__ import annotations

import errno
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence import steps
from pytest_attach_evidence.deliveries import is_settled
from pytest_attach_evidence.deliveries import states as recorded
from pytest_attach_evidence.destinations.base import Results
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import SpoolDamagedError
from pytest_attach_evidence.errors import SpoolError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import State
from pytest_attach_evidence.retry import MAX_ATTEMPTS
from pytest_attach_evidence.spool import DeliveryLog
from pytest_attach_evidence.steps import Steps

from .scene import Scene
from .scene import reasons
from .scene import states
from .scene import status
from .scene import stored
from .scripted import LOST
from .scripted import Scripted
from .scripted import Step
from .scripted import committed_after
from .scripted import look_raises
from .scripted import raised
from .scripted import taken


BUSY = TemporaryError("busy", retry_after_s=3600)


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


class TestSentBefore:
    """Pieces that went out once and were damaged in the spool afterwards: looked for first."""

    @pytest.mark.parametrize("harmless", [False, True])
    @pytest.mark.parametrize("answer", [LOST, BUSY], ids=["lost", "busy"])
    def test_what_has_arrived_is_not_called_damaged(
        self, scene: Scene, harmless: bool, answer: Exception
    ) -> None:
        """Its receipt needs no bytes, also where a repeat would do no harm."""
        self.send(scene, answer, arrives=True, repeat_is_harmless=harmless)

        results = scene.deliver()

        assert ({"a.txt": "found"}, 0) == (states(results), status(results))
        assert ["find"] == [call.what for call in scene.one.calls]

    @pytest.mark.parametrize("harmless", [False, True])
    def test_what_is_not_there_is_damaged_and_not_sent(self, scene: Scene, harmless: bool) -> None:
        """Said only when a slow server must have stored it; a push after that looks once more."""
        self.send(scene, LOST, arrives=False, repeat_is_harmless=harmless)

        results = scene.deliver()
        waited = sum(scene.budget.waited)
        again = scene.deliver()

        assert ({"a.txt": "damaged"}, 65) == (states(results), status(results))
        assert ({"a.txt": "damaged"}, 65) == (states(again), status(again))
        assert {"find"} == {call.what for call in scene.one.calls}
        assert waited == 0 if harmless else 59 < waited <= 60

    def test_what_arrives_late_is_found_by_the_push_after_it(self, scene: Scene) -> None:
        """That its bytes are damaged does not end the doubt."""
        self.send(scene, LOST, arrives=False, repeat_is_harmless=False)
        first = scene.deliver()
        scene.one.looks = []
        for delivery in first.plan.deliveries.values():
            scene.one.commit(delivery, b"a.txt")

        results = scene.deliver()

        assert {"a.txt": "damaged"} == states(first)
        assert ({"a.txt": "found"}, 0) == (states(results), status(results))

    def test_what_breaks_while_a_late_piece_is_waited_for_is_not_sent(self, scene: Scene) -> None:
        """The bytes are checked before every send, not only before the first."""
        scene.attach("a.txt")

        def damage(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
            scene.content("a.txt").write_bytes(b"A.txt")
            raise LOST

        scene.one.script = [damage]
        results = scene.deliver()

        assert {"a.txt": "damaged"} == states(results)
        assert (1, 0) == (len(scene.one.did("deliver")), stored(scene.one, "A.txt"))

    def test_where_nobody_can_tell_it_is_damaged(self, scene: Scene) -> None:
        """It cannot be sent again, and the message says that it may be there."""
        self.send(scene, LOST, arrives=True, repeat_is_harmless=True)
        scene.one.looks = [look_raises(UncertainError("there is no list"))]

        results = scene.deliver()

        assert ({"a.txt": "damaged"}, 65) == (states(results), status(results))
        assert "it was sent before, and nobody can tell" in reasons(results)[0]

    def test_where_nobody_can_tell_now_it_stays_uncertain(self, scene: Scene) -> None:
        """A list that is away says nothing; a later push asks again."""
        self.send(scene, LOST, arrives=True, repeat_is_harmless=True)
        scene.one.looks = [look_raises(BUSY)]

        first, results = scene.deliver(), scene.deliver()

        assert ({"a.txt": "uncertain"}, 75) == (states(first), status(first))
        assert ({"a.txt": "found"}, 0) == (states(results), status(results))

    @staticmethod
    def send(scene: Scene, answer: Exception, *, arrives: bool, **limits: bool) -> None:
        """Let a process send a piece and end; then the piece's bytes are damaged."""
        scene.add(**limits)
        scene.attach("a.txt")

        def step(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
            if arrives:
                taken(one, deliveries, content)
            raise answer

        scene.one.script = [step]
        scene.one.looks = [look_raises(BUSY)] * 2
        if limits["repeat_is_harmless"]:
            scene.seconds = 0.1
            scene.one.script = [step] * MAX_ATTEMPTS
        assert states(scene.deliver())["a.txt"] in ("uncertain", "waiting")
        scene.content("a.txt").write_bytes(b"A.txt")
        scene.seconds = 300.0
        for used in (scene.one.calls, scene.one.script, scene.one.looks, scene.budget.waited):
            used.clear()


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


def test_a_delivery_journal_without_its_beginning_is_not_believed_blindly(scene: Scene) -> None:
    """Receipts may have been there: what has none is looked for before anything is sent."""
    scene.attach("a.txt", "b.txt")
    scene.deliver()
    (path,) = (scene.run.path / "deliveries").iterdir()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[2:]))

    results = scene.deliver()

    assert {"a.txt": "found", "b.txt": "delivered"} == states(results)
    assert (1, 1) == (stored(scene.one, "a.txt"), stored(scene.one, "b.txt"))


def test_a_delivery_journal_that_is_gone_is_missed(scene: Scene) -> None:
    """Its receipts are lost: what has none is looked for before anything is sent, and it is told: 65."""
    scene.attach("a.txt", "b.txt")
    scene.deliver()
    scene.attach("c.txt")
    (path,) = (scene.run.path / "deliveries").glob("*.jsonl")
    path.unlink()

    results = scene.deliver()
    again = scene.deliver()

    assert {"a.txt": "found", "b.txt": "found", "c.txt": "delivered"} == states(results)
    assert [1, 1, 1] == [stored(scene.one, f"{name}.txt") for name in "abc"]
    record = scene.run.read()
    assert [(path.name, "is gone with what it recorded")] == [
        (problem.subject, problem.seen) for problem in record.problems
    ]
    assert set(states(again).values()) == {"found", "delivered"}
    assert not is_settled(record)


def test_a_delivery_journal_that_was_emptied_costs_a_look(scene: Scene) -> None:
    """Nothing is told, since a crash before its first line looks alike: 0, and each is there once."""
    scene.attach("a.txt", "b.txt")
    scene.deliver()
    scene.attach("c.txt")
    for path in (scene.run.path / "deliveries").glob("*.jsonl"):
        path.write_bytes(b"")

    results = scene.deliver()

    assert {"a.txt": "found", "b.txt": "found", "c.txt": "delivered"} == states(results)
    assert [1, 1, 1] == [stored(scene.one, f"{name}.txt") for name in "abc"]
    assert ([], 0) == (scene.run.read().problems, status(results))


@pytest.mark.parametrize("damage", ["gone", "a line"])
def test_what_only_the_record_makes_doubtful_has_time_to_settle(scene: Scene, damage: str) -> None:
    """It may have been sent right before: a slow server stores it once, though nobody wrote when."""
    scene.attach("a.txt")
    scene.one.script = [committed_after(40)]
    scene.one.looks = [look_raises(BUSY)]
    scene.deliver()
    (path,) = (scene.run.path / "deliveries").glob("*.jsonl")
    path.write_bytes(b"no line of ours\n")
    if damage == "gone":
        path.unlink()

    results = scene.deliver()

    scene.one.settle()
    assert ({"a.txt": "found"}, 1) == (states(results), stored(scene.one, "a.txt"))
    assert 59 < sum(scene.budget.waited) <= 60


@pytest.mark.parametrize("before", [False, True], ids=["never", "busy before"])
@pytest.mark.parametrize("seconds", [0.0, 50.0], ids=["no time", "too little time"])
def test_summary_and_journals_tell_the_same_of_a_doubtful_record(
    scene: Scene, before: bool, seconds: float
) -> None:
    """Uncertain, in words that claim no send of which nobody knows."""
    scene.attach("a.txt")
    scene.one.script = [raised(BUSY)] if before else []
    if before:
        scene.deliver()
    (scene.run.path / "deliveries" / "000009-0123456789ab.jsonl").write_text("no line of ours\n")
    scene.seconds = seconds

    results = scene.deliver()

    assert {"a.txt": "uncertain"} == states(results)
    assert {State.UNCERTAIN: 1} == recorded(scene.run.read())
    (reason,) = reasons(results)
    assert reason.startswith("may have been sent, since a part of the record is damaged or gone")


class Unreadable(Steps):
    """A disk that fails when the bytes of one blob are read, from the n-th time on."""

    def __init__(self, blob: Path, good: int) -> None:
        self.blob = blob
        self.good = good

    def open(self, path: Path, flags: int) -> io.BufferedReader:
        """Open a file; that of the blob gives nothing."""
        file = super().open(path, flags)
        if path == self.blob:
            self.good -= 1
            if self.good < 0:
                file.close()
                return io.BufferedReader(FailingFile(path, "rb"))
        return file


class FailingFile(io.FileIO):
    """A plain file of which no byte can be read."""

    def readinto(self, buffer: object) -> int:
        """Fail as a broken disk does."""
        raise OSError(errno.EIO, "Input/output error")


def judged(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
    """Store every piece whose bytes can be read, and say of the others why they are not there."""
    answers: Results = {}
    for delivery in deliveries:
        try:
            answers = {**answers, **taken(one, [delivery], content)}
        except SpoolDamagedError as error:
            refused = PermanentError(f"the body could not be built: {error}")
            refused.__cause__ = error
            answers = {**answers, delivery.key: refused}
    return answers


@pytest.mark.parametrize(
    ("good", "script"),
    [(0, []), (1, []), (1, [taken, judged])],
    ids=["checked", "sent", "sent by an adapter that judges it"],
)
def test_a_disk_that_fails_costs_the_piece_it_cannot_read(
    scene: Scene, good: int, script: list[Step]
) -> None:
    """An error while reading is damage of that piece, not a bug of ours: the rest is delivered."""
    scene.attach("a.txt", "b.txt", "c.txt")
    scene.one.script = script

    with steps.taken_by(Unreadable(scene.content("b.txt"), good)):
        results = scene.deliver()

    assert {"a.txt": "delivered", "b.txt": "damaged", "c.txt": "delivered"} == states(results)
    assert ["its bytes cannot be read from the spool (Input/output error)"] == reasons(results)
    assert 65 == status(results)


class Full(Steps):
    """A disk that takes no new file in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self, path: Path, flags: int, mode: int) -> int:
        """Create a file, where there is room."""
        if path.parent == self.folder:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().create(path, flags, mode)


def test_a_spool_that_takes_no_intent_sends_nothing(scene: Scene) -> None:
    """What could not be remembered must not be sent: 74, and each piece is counted."""
    scene.attach("a.txt", "b.txt")
    scene.attach("c.txt", to="t2")

    with steps.taken_by(Full(scene.run.path / "deliveries")):
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
