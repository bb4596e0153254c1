"""Faults of time in the time they take, and destinations side by side, of which one is dead."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.commands.project import wait_until

from .fault_rows import ALL
from .fault_rows import EVER
from .fault_scene import PIECES
from .fault_scene import FaultScene
from .fault_scene import fault_scene
from .front import Front
from .invariants import OVER
from .test_fault_rows import check
from .test_fault_rows import told


EVERYTHING = {"method": "", "path": "", "times": EVER}
ENDING_S = 6.0
SLOW = [
    ("drip", {"seconds": 0.3, "times": EVER}, "squash", "2 uncertain: 75"),
    ("drip", {"seconds": 0.3, "times": EVER}, "rillsoft", "2 uncertain: 75"),
    ("drip-all", {"seconds": 0.3, **EVERYTHING}, "huawei", "2 waiting: 75"),
    ("drip-all", {"seconds": 0.3, **EVERYTHING}, "workiva", "2 waiting: 75"),
    ("silent-at-accept", {"seconds": 60, "times": EVER}, "squash", "2 waiting: 75"),
    ("silent", {"seconds": 60, **EVERYTHING}, "huawei", "2 waiting: 75"),
    ("slow", {"seconds": 60, "times": EVER}, "rillsoft", "2 uncertain: 75"),
    (
        "slow-reading",
        {"seconds": 0.5, "body_bytes": 100, "times": EVER},
        "squash",
        "2 uncertain: 75",
    ),
]
SOON = [
    ("slow", {"seconds": 1.5}, "squash", 1.5),
    ("slow-reading", {"seconds": 0.05}, "huawei", 0.3),
    ("status", {"status": 429, "retry_after": "1"}, "workiva", 1.0),
    ("status", {"status": 429}, "rillsoft", 0.0),
    ("stale", EVERYTHING, "huawei", 0.0),
]


Start = Callable[..., AbstractContextManager[FaultScene]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts scenes."""
    return partial(fault_scene, tmp_path, monkeypatch=monkeypatch)


@pytest.mark.parametrize(("fault", "values", "system", "promise"), SLOW)
def test_whatever_a_server_does_the_deadline_holds(
    fault: str,
    values: dict[str, Any],
    system: str,
    promise: str,
    start: Start,
) -> None:
    """A push of three seconds ends soon after them, and everything is counted."""
    with start(system, skipping=False, stall_s=2.0) as scene:
        scene.fail(fault, **values)

        pushed = scene.push(seconds=3.0)

        assert promise == told(pushed), pushed.lines
        assert pushed.took_s < 3.0 + ENDING_S
        check(scene, pushed)


@pytest.mark.parametrize(("fault", "values", "system", "least_s"), SOON)
def test_what_takes_its_time_is_waited_for(
    fault: str,
    values: dict[str, Any],
    system: str,
    least_s: float,
    start: Start,
) -> None:
    """A server that moves, or that names a short wait, gets everything in the same push."""
    with start(system, skipping=False) as scene:
        scene.fail(fault, **values)

        pushed = scene.push(seconds=60.0)

        assert "2 delivered: 0" == told(pushed), pushed.lines
        assert least_s <= pushed.took_s < 20.0
        check(scene, pushed)


def test_an_hour_is_not_waited_for(start: Start) -> None:
    """Where the named time lies beyond the deadline the push ends at once."""
    with start("huawei", skipping=False) as scene:
        scene.fail("status", status=429, retry_after="3600", times=EVER)

        pushed = scene.push(seconds=300.0)

        assert "2 waiting: 75" == told(pushed), pushed.lines
        assert pushed.took_s < ENDING_S
        check(scene, pushed)


@pytest.mark.parametrize("system", ["squash", "workiva", "huawei"])
def test_what_a_server_stores_late_is_found_by_the_next_push(system: str, start: Start) -> None:
    """The server begins when we have given up; nothing is sent again before it must have settled."""
    with start(system, skipping=False, stall_s=0.8) as scene:
        scene.fail("stalled", seconds=1.6)

        first = scene.push(seconds=4.0)
        check(scene, first)
        wait_until(lambda: len(scene.sandbox.store.ledger()) == 2)
        second = scene.push(seconds=20.0)

        check(scene, second)
        assert "2 delivered: 0" == told(second), second.lines
        assert second.took_s < 15.0


DEAD = [
    ("silent-at-accept", {"seconds": 60, "times": EVER}),
    ("status", {"status": 500, **EVERYTHING}),
    ("status", {"status": 401, **EVERYTHING}),
    ("login-page", EVERYTHING),
    ("reset-before-answer", {"body_bytes": ALL, **EVERYTHING}),
]
PAIRS = [
    ("squash", "workiva"),
    ("workiva", "huawei"),
    ("huawei", "rillsoft"),
    ("rillsoft", "squash"),
]


@pytest.mark.parametrize(("fault", "values"), DEAD, ids=[name for name, _ in DEAD])
@pytest.mark.parametrize(("dead", "fine"), PAIRS)
def test_one_dead_destination_takes_nothing_from_the_other(
    fault: str,
    values: dict[str, Any],
    dead: str,
    fine: str,
    start: Start,
) -> None:
    """F19: all of the fine one arrives before the dead one says a word; the dead one costs a deadline."""
    front = Front(lambda _connection: None)
    with front.serving(), start(dead, fine, skipping=False, stall_s=1.0) as scene:
        store, root = scene.sandbox.store, urlsplit(scene.sandbox.roots[dead])
        option = {f"evidence_{dead}_url": root._replace(netloc=f"127.0.0.1:{front.port}").geturl()}
        scene.systems = [replace(scene.systems[0], options=option), scene.systems[1]]
        scene.collect(*PIECES)
        scene.stall_s = 30.0 if fault != "silent-at-accept" else 1.0
        all_of_it = 1 if fine == "rillsoft" else 2
        front.behaviour = front.when(lambda: len(store.files(fine)) == all_of_it, root.port or 0)
        scene.fail(fault, **values)

        pushed = scene.push(seconds=3.0)

        results = pushed.results
        arrived = [results.plan.deliveries[key].target.destination for key in results.receipts]
        assert [fine, fine] == arrived, pushed.lines
        # Nothing at Rillsoft can be looked for: a page there stays an answer that says nothing.
        refused = values.get("status") == 401 or (fault == "login-page" and dead != "rillsoft")
        assert (77 if refused else 75) == pushed.status
        assert pushed.took_s < 3.0 + ENDING_S
        check(scene, pushed)


@pytest.mark.parametrize("system", ["squash", "workiva", "huawei", "rillsoft"])
def test_a_destination_that_keeps_failing_is_closed(system: str, start: Start) -> None:
    """F4: after five failures in a row nothing more is sent there; the other one gets everything."""
    fine = "huawei" if system == "squash" else "squash"
    with start(system, fine) as scene:
        pieces = [(f"{number}.txt", b"%d" % number) for number in range(8)]
        scene.collect(*pieces)
        scene.fail("status", status=500, **EVERYTHING)

        pushed = scene.push(parallel=1)

        check(scene, pushed)
        assert f"closed: {system}: 5 requests in a row failed" in "\n".join(pushed.lines)
        arrived = [pushed.results.plan.deliveries[key] for key in pushed.results.receipts]
        assert [fine] * 8 == [one.target.destination for one in arrived], pushed.lines
        assert 5 == len([one for one in scene.sandbox.requests(system) if one.status == 500])
        scene.sandbox.heal()
        second = scene.push()
        check(scene, second)
        assert "16 delivered: 0" == told(second), second.lines


@pytest.mark.parametrize(("system", "count"), [("squash", 5000), ("workiva", 5000), ("huawei", 95)])
def test_a_lost_piece_is_found_among_many(system: str, count: int, start: Start) -> None:
    """F15: a list of as many attachments as there can be is read to its end; nothing goes twice."""
    with start(system) as scene:
        scene.push(seconds=60.0)
        stored, store = scene.sandbox.store.ledger()[0], scene.sandbox.store
        scene.collect(*PIECES)
        for number in range(count):
            store.copy(stored, id=str(900_000 + number), object=stored.object)
        scene.fail("answer-lost", times=EVER)

        pushed = scene.push()

        check(scene, pushed)
        assert "2 delivered: 0" == told(pushed), pushed.lines
        assert {"listed"} == {receipt.how for receipt in pushed.results.receipts.values()}


def test_where_nobody_can_tell_a_person_looks(start: Start) -> None:
    """A Scrum item whose detail has no list: what was lost stays uncertain and is not sent again."""
    with start("huawei-unlisted") as scene:
        scene.fail("answer-lost")

        first, second = scene.push(), scene.push()

        for pushed in (first, second):
            check(scene, pushed)
            assert "1 delivered, 1 uncertain: 65" == told(pushed), pushed.lines
            assert pushed.status in OVER
        assert 2 == len(scene.sandbox.store.ledger())
