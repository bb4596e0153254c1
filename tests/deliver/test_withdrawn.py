"""Pieces that may have arrived at a target which they no longer have: looked for, never sent there."""

from __future__ import annotations

import _thread
import threading

import pytest

from pytest_attach_evidence.deliver import Group
from pytest_attach_evidence.deliver import lanes
from pytest_attach_evidence.deliveries import is_settled
from pytest_attach_evidence.deliveries import states as recorded
from pytest_attach_evidence.deliveries import stuck_ones
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import State
from pytest_attach_evidence.spool import DeliveryLog

from .scene import Scene
from .scene import states
from .scene import status
from .scene import stored
from .scene import wait_for_threads
from .scripted import LOST
from .scripted import Step
from .scripted import answer_lost
from .scripted import committed_after
from .scripted import look_raises
from .scripted import raised


BLIND = UncertainError("it cannot be listed")
AWAY = TemporaryError("the server is away", retry_after_s=3600)


def lose_one(scene: Scene, step: Step, *, outcome: Outcome = Outcome.PASSED) -> None:
    """Send a.txt of the first test to t1, without learning what became of it; then map it to t2."""
    scene.attach("a.txt", outcome=outcome)
    scene.seconds = 20.0
    scene.one.by_target["t1"] = [step] * 9
    scene.one.looks = [look_raises(AWAY)]
    assert {"a.txt": "uncertain"} == states(scene.deliver())
    for used in (
        scene.one.calls,
        scene.one.looks,
        scene.one.by_target,
        scene.budget.waited,
        scene.told,
    ):
        used.clear()
    remap(scene, "t2")


def remap(scene: Scene, to: str) -> None:
    """Write that the first test has another target now."""
    found = {"test_it.py::test_1": (scene.one.parse(to),)}
    Group.of([scene.run]).remap(found, scene.destinations)


def ends(scene: Scene) -> dict[str, int]:
    """Return the states that the journals tell."""
    return {state.value: number for state, number in recorded(scene.run.read()).items()}


def sent_to(scene: Scene, target: str) -> int:
    """Return how many calls sent something to a target."""
    return sum(call.what == "deliver" and call.target == target for call in scene.one.calls)


def test_what_had_arrived_gets_its_receipt(scene: Scene) -> None:
    """Both targets have it then, each once, and both are told."""
    lose_one(scene, answer_lost)

    results = scene.deliver()

    assert {"delivered": 1, "found": 1} == ends(scene)
    assert (2, 0, 0) == (len(results.receipts), sent_to(scene, "t1"), status(results))
    assert 2 == stored(scene.one, "a.txt")
    assert is_settled_when_finished(scene)


def test_it_is_looked_for_before_anything_is_sent(scene: Scene) -> None:
    """Both targets may be one object, which then has it already."""
    lose_one(scene, answer_lost)

    scene.deliver()

    assert [("find", "t1"), ("deliver", "t2")] == [(c.what, c.target) for c in scene.one.calls]


def test_what_surely_did_not_arrive_is_given_up(scene: Scene) -> None:
    """After the time to settle and a second look; the old delivery is counted no more."""
    lose_one(scene, raised(LOST))
    scene.seconds = 300.0

    results = scene.deliver()

    assert [pytest.approx(60, abs=5)] == scene.budget.waited
    assert (["find", "find"], 0) == (
        [call.what for call in scene.one.calls if call.target == "t1"],
        sent_to(scene, "t1"),
    )
    assert {None, State.DELIVERED} == {state for _, state in scene.told}
    assert (2, 2) == (len(scene.told), results.plan.remaining)
    assert {"delivered": 1} == ends(scene)
    assert (1, {"a.txt": "delivered"}) == (len(results.plan.deliveries), states(results))
    assert [1] == [len(found) for found in scene.one.ledger.values()]
    assert is_settled_when_finished(scene)
    assert [] == scene.deliver().plan.work


def test_what_is_given_up_after_the_end_changes_no_result(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while that is written: what was told stays as it was told, and a later push knows it."""
    lose_one(scene, raised(LOST))
    scene.seconds = 300.0
    given = threading.Event()
    write = DeliveryLog.gone

    def write_late(log: DeliveryLog, delivery: Delivery) -> None:
        write(log, delivery)
        _thread.interrupt_main()
        assert given.wait(10)

    with monkeypatch.context() as patch:
        patch.setattr(DeliveryLog, "gone", write_late)
        patch.setattr(lanes, "JOIN_S", 0.1)
        results = scene.deliver()
    told = dict(results.failures)
    given.set()
    wait_for_threads()

    assert ({"a.txt"}, True) == (set(states(results)), results.interrupted)
    assert (told, set()) == (results.failures, results.gone)
    scene.deliver()
    assert {"delivered": 1} == ends(scene)
    assert 1 == stored(scene.one, "a.txt")


def test_what_arrives_late_is_seen_by_the_second_look(scene: Scene) -> None:
    """A slow server is no reason to say that nothing is there."""
    lose_one(scene, committed_after(25))
    scene.seconds = 300.0

    scene.deliver()

    assert {"delivered": 1, "found": 1} == ends(scene)
    assert 0 == sent_to(scene, "t1")


def test_without_time_to_settle_it_stays_uncertain(scene: Scene) -> None:
    """The new target gets it all the same; a later push looks again and sends nothing there."""
    lose_one(scene, raised(LOST))

    first = scene.deliver()
    scene.seconds = 300.0
    scene.deliver()

    assert 75 == status(first)
    assert {"delivered": 1} == ends(scene)
    assert (0, 1) == (sent_to(scene, "t1"), sent_to(scene, "t2"))


@pytest.mark.parametrize("insist", [False, True])
def test_where_nobody_can_tell_a_person_looks(scene: Scene, insist: bool) -> None:
    """65 with what to do; after `--retry-rejected` it is forgotten, never sent."""
    lose_one(scene, raised(LOST))
    scene.one.looks = [look_raises(BLIND)]

    results = scene.deliver(retry_rejected=insist)

    assert 0 == sent_to(scene, "t1")
    assert (0 if insist else 65) == status(results)
    assert ({"delivered": 1} if insist else {"delivered": 1, "uncertain": 1}) == ends(scene)
    hints = [failure.next_step for failure in results.failures.values()]
    told = ["look at one thing t1 yourself; push --retry-rejected forgets it"]
    assert (0 if insist else 1) == stuck_ones(scene.run.read())
    assert ([] if insist else told) == hints


def test_where_a_repeat_is_harmless_nothing_is_repeated_either(scene: Scene) -> None:
    """The old target gets only what is mapped to it, also where every call carries all pieces."""
    scene.add(repeat_is_harmless=True, replaces=True)
    lose_one(scene, raised(LOST))
    scene.attach("b.txt", to="t1")
    scene.one.looks = [look_raises(BLIND)]

    scene.deliver()

    sent = [(call.target, call.pieces) for call in scene.one.calls if call.what == "deliver"]
    assert [("t1", ("b.txt",)), ("t2", ("a.txt",))] == sorted(sent)


def test_a_look_that_only_fails_comes_last_in_the_next_push(scene: Scene) -> None:
    """It was made first once; what is new need not wait for it again."""
    lose_one(scene, raised(LOST))
    scene.seconds = 300.0
    scene.one.looks = [look_raises(TemporaryError("500"))] * 5
    scene.deliver()
    scene.attach("b.txt", to="t3")
    scene.one.calls.clear()

    results = scene.deliver()

    called = list(dict.fromkeys((call.what, call.target) for call in scene.one.calls))
    assert [("deliver", "t3"), ("find", "t1")] == called
    assert ("delivered", 0) == (states(results)["b.txt"], status(results))


def test_a_mark_that_returns_changes_nothing_once_all_is_settled(scene: Scene) -> None:
    """What is delivered stays where it is."""
    lose_one(scene, raised(LOST))
    scene.seconds = 300.0
    scene.deliver()
    remap(scene, "t1")

    results = scene.deliver()

    assert ({"delivered": 1}, 0) == (ends(scene), status(results))
    assert 0 == sent_to(scene, "t1")


def test_a_mark_that_returns_in_time_makes_a_delivery_of_it_again(scene: Scene) -> None:
    """The other target is left while nothing was sent there, and the piece is sent to the first."""
    lose_one(scene, raised(LOST))
    scene.one.by_target["t2"] = [raised(AWAY)]
    scene.seconds = 300.0
    scene.deliver()
    assert {"waiting": 1} == ends(scene)
    remap(scene, "t1")

    scene.deliver()

    assert {"delivered": 1} == ends(scene)
    assert 1 == sent_to(scene, "t1")
    assert [1] == [len(found) for found in scene.one.ledger.values()]


@pytest.mark.parametrize(
    ("arrived", "told"),
    [(False, [Outcome.PASSED]), (True, [Outcome.FAILED])],
    ids=["is not there", "is there"],
)
def test_the_old_target_is_told_of_a_failed_test_only_where_its_piece_is(
    scene: Scene, arrived: bool, told: list[Outcome]
) -> None:
    """A mark that was wrong makes no test fail which is the target's own; what was found counts at once."""
    scene.add(concludes=True)
    lose_one(scene, answer_lost if arrived else raised(LOST), outcome=Outcome.FAILED)
    scene.attach("b.txt", to="t1")
    scene.seconds = 300.0

    results = scene.deliver()

    assert told == [outcome for target, outcome in scene.one.outcomes if target == "t1"]
    assert ("t2", Outcome.FAILED) in scene.one.outcomes
    assert (0, told[0]) == (status(results), results.plan.outcomes[scene.one.parse("t1")])


def test_an_old_target_of_which_nobody_can_tell_is_told_without_it(scene: Scene) -> None:
    """What is uncertain counts for nothing; a later push that finds it tells the target anew."""
    scene.add(concludes=True)
    lose_one(scene, answer_lost, outcome=Outcome.FAILED)
    scene.attach("b.txt", to="t1")
    scene.one.looks = [look_raises(BLIND)]
    scene.deliver()

    scene.deliver()

    told = [outcome for target, outcome in scene.one.outcomes if target == "t1"]
    assert [Outcome.PASSED, Outcome.FAILED] == told


def is_settled_when_finished(scene: Scene) -> bool:
    """Tell whether nothing would be open if the session had said that it is over."""
    record = scene.run.read()
    record.finished = True
    return is_settled(record)
