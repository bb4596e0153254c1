"""Destinations side by side, targets in parallel, and the first request alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from pytest_attach_evidence.destinations.base import Results
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import State

from .scene import Scene
from .scene import states
from .scene import status
from .scripted import Scripted
from .scripted import raised
from .scripted import taken


class Meeting:
    """A step that waits until a number of calls are in it at once."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size)

    def __call__(self, one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
        """Wait for the others; a call that is left alone fails the test."""
        self.barrier.wait(timeout=10)
        return taken(one, deliveries, content)


def test_destinations_are_served_side_by_side(scene: Scene) -> None:
    """A slow one does not hold up another."""
    other, meeting = scene.add("other"), Meeting(2)
    scene.attach("a.txt", to=[scene.one.parse("t1"), other.parse("u1")])
    scene.one.script, other.script = [meeting], [meeting]

    results = scene.deliver()

    assert 2 == len(results.receipts)
    assert [] == results.bugs


def test_the_first_request_runs_alone(scene: Scene) -> None:
    """Until an answer shows that requests are accepted there is never a second one."""
    scene.add(repeat_is_harmless=True)
    for number in range(4):
        scene.attach(f"{number}.txt", to=f"t{number}")
    busy: list[int] = []

    def alone(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
        busy.append(one.busy)
        raise TemporaryError("not yet")

    scene.one.script = [alone, alone]
    results = scene.deliver()

    assert [1, 1] == busy
    assert [("0.txt",)] * 3 == scene.one.did("deliver")[:3]
    assert {"delivered"} == set(states(results).values())


@pytest.mark.parametrize(
    ("parallel", "limit", "at_once"), [(3, None, 3), (1, None, 1), (4, 1, 1), (2, 9, 2)]
)
def test_at_most_so_many_targets_are_served_at_once(
    scene: Scene, parallel: int, limit: int | None, at_once: int
) -> None:
    """`evidence_parallel` and the destination's own limit both hold, and are used."""
    scene.add(parallel_targets=limit)
    scene.parallel = parallel
    for number in range(1 + 2 * at_once):
        scene.attach(f"{number}.txt", to=f"t{number}")
    meeting = Meeting(at_once)
    scene.one.script = [taken, *[meeting] * (2 * at_once)]

    results = scene.deliver()

    assert at_once == scene.one.busiest
    assert {"delivered"} == set(states(results).values())


def test_pieces_of_one_target_are_never_sent_at_once(scene: Scene) -> None:
    """However many targets are served, a target's calls follow each other."""
    scene.attach(*(f"{number}.txt" for number in range(6)))

    scene.deliver()

    assert 1 == scene.one.busiest


def test_every_thread_lets_its_connections_go(scene: Scene) -> None:
    """`close` is called in each thread that served targets, and none is left behind."""
    for number in range(5):
        scene.attach(f"{number}.txt", to=f"t{number}")

    scene.deliver()

    assert ["evidence-one", "evidence-one-2", "evidence-one-3", "evidence-one-4"] == (
        sorted(scene.one.closed_by)
    )
    assert [] == [t.name for t in threading.enumerate() if t.name.startswith("evidence-")]


def test_a_destination_without_work_is_not_touched(scene: Scene) -> None:
    """Nothing is called, not even to close it."""
    other = scene.add("other")
    scene.attach("a.txt")

    scene.deliver()

    assert ([], []) == (other.calls, other.closed_by)


def test_progress_is_told_once_for_each_delivery_of_the_work(scene: Scene) -> None:
    """The bar is full at the end, whatever became of the pieces."""
    scene.attach("a.txt", "b.txt", "c.txt")
    scene.one.script = [raised(TemporaryError("busy", retry_after_s=999))]

    scene.deliver()

    ends = [("a.txt", State.WAITING), ("b.txt", State.DELIVERED), ("c.txt", State.DELIVERED)]
    assert ends == scene.told


def test_progress_comes_to_its_end_where_a_call_carries_what_is_there(scene: Scene) -> None:
    """What has a receipt is sent with the rest, but was no work to be done."""
    scene.add(replaces=True, repeat_is_harmless=True, pieces_per_call=None)
    scene.attach("a.txt")
    scene.deliver()
    scene.attach("b.txt")
    scene.told.clear()

    results = scene.deliver()

    assert [("b.txt", State.DELIVERED)] == scene.told
    assert 1 == results.plan.remaining


def test_progress_is_told_of_what_a_bug_left(scene: Scene) -> None:
    """No delivery of the work is forgotten when its target breaks off."""
    scene.attach("a.txt", "b.txt")
    scene.one.script = [raised(ValueError("oops"))]

    results = scene.deliver()

    assert [("a.txt", State.UNCERTAIN), ("b.txt", State.WAITING)] == scene.told
    assert 2 == results.plan.remaining


def test_an_error_of_closing_a_connection_costs_nothing(scene: Scene) -> None:
    """Everything is delivered by then; the bug is told, without secrets: 70."""

    def stumble() -> None:
        msg = "the socket of s3cret"
        raise ValueError(msg)

    scene.attach("a.txt")
    scene.one.close = stumble  # type: ignore[method-assign]

    results = scene.deliver()

    assert {"a.txt": "delivered"} == states(results)
    assert (["one: ValueError: the socket of ***"], 70) == (results.bugs, status(results))


def test_a_destination_that_closes_ends_its_other_targets_too(scene: Scene) -> None:
    """A target that is being served gets nothing more, what it has already stays."""
    scene.parallel = 2
    scene.attach("a.txt", "b.txt")
    scene.attach("c.txt", "d.txt", to="t2")
    begun, closed = threading.Event(), threading.Event()
    scene.one.close = closed.set  # type: ignore[method-assign]

    def wait(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
        begun.set()
        assert closed.wait(10)
        return taken(one, deliveries, content)

    def refuse(*_: object) -> Results:
        assert begun.wait(10)
        raise DestinationClosedError("401", why="authentication")

    scene.one.by_target = {"t1": [taken, refuse], "t2": [wait]}
    results = scene.deliver()

    assert {"a.txt": "delivered", "c.txt": "delivered"} == {
        name: state for name, state in states(results).items() if state != "waiting"
    }
    assert ("d.txt",) not in scene.one.did("deliver")
