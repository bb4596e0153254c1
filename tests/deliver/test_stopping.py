"""When the engine stops: closed destinations, failures in a row, the deadline, Ctrl-C, bugs."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from pytest_attach_evidence.deliver import lanes
from pytest_attach_evidence.destinations.base import Results
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Failure
from pytest_attach_evidence.spool import DeliveryLog

from .scene import Scene
from .scene import reasons
from .scene import states
from .scene import status
from .scene import stored
from .scene import wait_for_threads
from .scripted import LOST
from .scripted import Scripted
from .scripted import Step
from .scripted import look_raises
from .scripted import raised
from .scripted import taken
from .scripted import value


CLOSED = DestinationClosedError("401 s3cret", why="authentication", next_step="renew the token")


class TestClosed:
    """DestinationClosedError: nothing more is sent there in this run."""

    @pytest.mark.parametrize("how", [raised, value])
    def test_nothing_more_is_sent_there_and_others_are_unharmed(
        self, scene: Scene, how: type[Step]
    ) -> None:
        """As a value and as an error of the whole call; 77 for credentials."""
        other = scene.add("other")
        scene.attach("a.txt", "b.txt", to=[scene.one.parse("t1"), other.parse("u1")])
        scene.attach("c.txt", to=[scene.one.parse("t2"), other.parse("u2")])
        scene.one.script = [how(CLOSED)]

        results = scene.deliver()

        assert [("a.txt",)] == scene.one.did("deliver")
        assert (3, 3) == (len(results.receipts), len(other.ledger))
        assert {"waiting"} == {failure.state.value for failure in results.failures.values()}
        assert 77 == status(results)
        assert ["one"] == list(results.closed)

    def test_other_reasons_end_with_75(self, scene: Scene) -> None:
        """A certificate or a login page is for a later push."""
        scene.attach("a.txt")
        scene.one.script = [raised(DestinationClosedError("a login page"))]

        results = scene.deliver()

        assert ({"a.txt": "waiting"}, 75) == (states(results), status(results))

    def test_the_reason_is_kept_without_secrets(self, scene: Scene) -> None:
        """Journal and results hold the masked message and the next step."""
        scene.attach("a.txt")
        scene.one.script = [raised(CLOSED)]

        (failure,) = scene.deliver().failures.values()

        assert ("401 ***", "renew the token") == (failure.reason, failure.next_step)
        assert "s3cret" not in str(scene.entries())

    def test_each_piece_of_its_last_call_keeps_its_own_fate(self, scene: Scene) -> None:
        """Taken, refused, lost and cancelled pieces are told apart; what was lost is looked up later."""
        scene.add(pieces_per_call=None)
        scene.attach("a.txt", "b.txt", "c.txt", "d.txt")
        scene.one.script = [self.mixed]

        results = scene.deliver()

        assert ["delivered", "rejected", "uncertain", "waiting"] == list(states(results).values())
        assert ["deliver"] == [call.what for call in scene.one.calls]
        again = scene.deliver()
        assert ["delivered", "rejected", "found", "delivered"] == list(states(again).values())
        assert 1 == stored(scene.one, "c.txt")

    def test_a_look_that_is_refused_closes_too(self, scene: Scene) -> None:
        """What was sent before stays uncertain."""
        scene.attach("a.txt", "b.txt")
        scene.one.script = [raised(LOST)]
        scene.one.looks = [look_raises(CLOSED)]

        results = scene.deliver()

        assert {"a.txt": "uncertain", "b.txt": "waiting"} == states(results)
        assert 77 == status(results)

    @staticmethod
    def mixed(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
        """Take the first and the third, refuse the second, and want no more at the fourth."""
        first, second, third, fourth = deliveries
        answer = taken(one, [first, third], content)
        errors = {
            second.key: PermanentError("no"),
            third.key: UncertainError("lost"),
            fourth.key: CLOSED,
        }
        return {first.key: answer[first.key], **errors}


class TestFailuresInARow:
    """A destination that only fails is given up."""

    @pytest.mark.parametrize("error", [TemporaryError("refused"), LOST])
    def test_five_close_it(self, scene: Scene, error: Exception) -> None:
        """And two for another target, which fails as well: no more calls; a later push can go on."""
        scene.parallel = 1
        for number in range(7):
            scene.attach(f"{number}.txt", to=f"t{number}")
        scene.one.script = [raised(error)] * 9
        scene.one.looks = [look_raises(TemporaryError("refused"))] * 9

        results = scene.deliver()

        assert ["t0"] * 5 + ["t1"] * 2 == [call.target for call in scene.one.calls]
        assert "7 requests in a row failed" in str(results.closed["one"])
        assert set(states(results).values()) <= {"waiting", "uncertain"}
        assert 75 == status(results)

    @pytest.mark.parametrize("looks", ["find nothing", "fail"])
    @pytest.mark.parametrize("parallel", [1, 4])
    def test_a_target_that_only_fails_costs_no_other(
        self, scene: Scene, looks: str, parallel: int
    ) -> None:
        """It is left after five calls, whether the looks between them succeed or fail; 75."""
        scene.parallel, scene.seconds = parallel, 900.0
        scene.attach("a.txt", "b.txt")
        for number in range(2, 6):
            scene.attach(f"{number}.txt", to=f"t{number}")
        scene.one.by_target["t1"] = [raised(LOST)] * 99
        if looks == "fail":
            scene.one.looks = [look_raises(TemporaryError("away"))] * 4

        results = scene.deliver()

        assert {"a.txt", "b.txt"} == {
            name for name, state in states(results).items() if state != "delivered"
        }
        assert set(states(results).values()) <= {"delivered", "uncertain", "waiting"}
        assert ({}, 75) == (results.closed, status(results))
        assert "5 requests in a row failed" in reasons(results)[0]
        sent = [call for call in scene.one.calls if (call.what, call.target) == ("deliver", "t1")]
        assert len(sent) == (5 if looks == "find nothing" else 1)

    def test_after_a_target_that_only_fails_one_failure_of_the_next_closes_nothing(
        self, scene: Scene
    ) -> None:
        """It is tried again, and so is every other; only the first target is left."""
        scene.parallel = 1
        bad = raised(TemporaryError("500"))
        for number in range(4):
            scene.attach(f"{number}.txt", to=f"t{number}")
            scene.one.by_target[f"t{number}"] = [bad] * (99 if number == 0 else 1)

        results = scene.deliver()

        assert ["waiting", *["delivered"] * 3] == list(states(results).values())
        assert ({}, 75) == (results.closed, status(results))

    def test_a_push_begins_with_targets_that_did_not_fail_before(self, scene: Scene) -> None:
        """Two that only fail close the destination once, and starve nobody in the next push."""
        scene.parallel = 1
        for number in range(4):
            scene.attach(f"{number}.txt", to=f"t{number}")
        bad = raised(TemporaryError("500"))
        scene.one.by_target = {"t0": [bad] * 99, "t1": [bad] * 99}
        first = scene.deliver()
        scene.one.calls.clear()

        results = scene.deliver()

        assert ["waiting"] * 4 == list(states(first).values())
        assert ["t2", "t3"] == [call.target for call in scene.one.calls][:2]
        assert ["waiting", "waiting", "delivered", "delivered"] == list(states(results).values())

    def test_the_only_target_that_is_left_ends_the_lane_as_well(self, scene: Scene) -> None:
        """What was delivered stays; the outcome is told when all is there."""
        scene.add(concludes=True)
        scene.attach("a.txt", "b.txt")
        scene.one.script = [taken, *[raised(TemporaryError("500"))] * 9]

        results = scene.deliver()

        assert {"a.txt": "delivered", "b.txt": "waiting"} == states(results)
        assert (6, 75) == (len(scene.one.did("deliver")), status(results))
        assert [] == scene.one.did("conclude")

    def test_an_answer_in_between_begins_the_count_anew(self, scene: Scene) -> None:
        """Also a refusal is an answer."""
        for number in range(3):
            scene.attach(f"{number}.txt", to=f"t{number}")
            busy = raised(TemporaryError("busy"))
            scene.one.by_target[f"t{number}"] = [busy, raised(PermanentError("no"))]

        results = scene.deliver()

        assert {} == results.closed
        assert ["rejected"] * 3 == list(states(results).values())


class TestDeadline:
    """The time for delivery is over."""

    def test_what_was_not_sent_waits(self, scene: Scene) -> None:
        """Nothing is begun after it, and each piece is counted once."""
        scene.attach("a.txt", "b.txt")
        scene.attach("c.txt", to="t2")
        scene.parallel = 1
        scene.one.script = [self.slow]

        results = scene.deliver()

        assert {"a.txt": "delivered", "b.txt": "waiting", "c.txt": "waiting"} == states(results)
        assert [("a.txt",)] == scene.one.did("deliver")
        assert ({}, 75) == (results.closed, status(results))

    def test_no_time_at_all_sends_nothing(self, scene: Scene) -> None:
        """`evidence_deadline = 0` leaves everything to a push."""
        scene.seconds = 0.0
        scene.attach("a.txt")

        results = scene.deliver()

        assert ([], {"a.txt": "waiting"}) == (scene.one.calls, states(results))

    def test_a_wait_that_no_longer_fits_is_not_begun(self, scene: Scene) -> None:
        """The clock went on between the decision to wait and the wait: the piece waits for a push."""
        scene.attach("a.txt", "b.txt")
        remaining = iter([300.0, 300.0])

        def hurry(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
            one.budget.clock = lambda: one.budget.ends_at - next(remaining, 5.0)
            raise TemporaryError("busy", retry_after_s=20)

        scene.one.script = [hurry]
        results = scene.deliver()

        assert {"a.txt": "waiting", "b.txt": "delivered"} == states(results)
        assert (["busy"], []) == (reasons(results), scene.budget.waited)

    @staticmethod
    def slow(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
        """Take longer than there is time."""
        one.budget.now += 301
        return taken(one, deliveries, content)


class TestInterrupted:
    """Ctrl-C during delivery."""

    @pytest.mark.parametrize("hears", [True, False], ids=["ends", "hangs"])
    def test_everything_is_counted_once(self, scene: Scene, hears: bool) -> None:
        """What was being sent is uncertain, the rest waits, and it is over within five seconds."""
        scene.add("other")
        scene.attach("a.txt", "b.txt")
        scene.attach("c.txt", to="t2")
        scene.attach("d.txt", to=[scene.destinations["other"].parse("u1")])
        hanging, released = threading.Event(), threading.Event()

        def hang(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
            while not scene.told:  # until the other destination is done
                time.sleep(0.01)
            hanging.set()
            (scene.budget.stop if hears else released).wait(60)
            time.sleep(0.3 if hears else 0)  # as long as a socket takes to notice
            raise LOST

        scene.one.script = [hang]
        later = threading.Event()  # a moment in which the main thread has looked around
        threading.Thread(
            target=lambda: hanging.wait(60) and (later.wait(0.3) or _thread.interrupt_main())
        ).start()
        begun = time.monotonic()

        results = scene.deliver()

        assert time.monotonic() - begun < (3 if hears else 8)
        assert results.interrupted
        assert {
            "a.txt": "uncertain",
            "b.txt": "waiting",
            "c.txt": "waiting",
            "d.txt": "delivered",
        } == (states(results))
        told = [line["failure"]["state"] for line in scene.entries("failure")]
        assert (["uncertain", "waiting"] if hears else []) == told
        before = dict(results.failures)
        released.set()
        wait_for_threads()
        assert (before, []) == (results.failures, results.bugs + results.spool_errors)

    def test_what_fails_after_the_end_changes_no_result(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The journal knows it, so that a later push does, but what was told stays as it was told."""
        given = threading.Event()
        write = DeliveryLog.failure

        def write_late(log: DeliveryLog, delivery: Delivery, failure: Failure) -> None:
            write(log, delivery, failure)
            _thread.interrupt_main()
            assert given.wait(10)

        scene.attach("a.txt")
        scene.one.script = [raised(PermanentError("no"))]
        with monkeypatch.context() as patch:
            patch.setattr(DeliveryLog, "failure", write_late)
            patch.setattr(lanes, "JOIN_S", 0.1)
            results = scene.deliver()
        told = states(results)
        given.set()
        wait_for_threads()

        assert {"a.txt": "waiting"} == told == states(results)
        assert {"a.txt": "rejected"} == states(scene.deliver())

    def test_a_later_push_goes_on(self, scene: Scene) -> None:
        """It looks for what was being sent, and sends the rest."""
        self.test_everything_is_counted_once(scene, hears=True)

        results = scene.deliver()

        assert ["delivered"] * 4 == list(states(results).values())
        assert [1, 1, 1] == [stored(scene.one, f"{name}.txt") for name in "abc"]


def test_a_bug_of_an_adapter_costs_only_its_target(scene: Scene) -> None:
    """The other targets and destinations are delivered; 70, with the error but without secrets."""
    other = scene.add("other")
    scene.attach("a.txt", "b.txt", to=[scene.one.parse("t1"), other.parse("u1")])
    scene.attach("c.txt", to="t2")
    scene.one.by_target["t1"] = [raised(ValueError("not s3cret"))]

    results = scene.deliver()

    assert ["uncertain", "waiting"] == [f.state.value for f in results.failures.values()]
    assert 3 == len(results.receipts)
    assert ["one thing t1: ValueError: not ***"] == results.bugs
    assert "ValueError" in reasons(results)[0]
    assert 70 == status(results)


def test_a_bug_of_an_adapter_does_not_make_a_later_push_forget(scene: Scene) -> None:
    """What was being sent is looked up, what was not is sent."""
    scene.attach("a.txt", "b.txt")
    scene.one.script = [self_destroying]
    scene.deliver()

    results = scene.deliver()

    assert {"a.txt": "found", "b.txt": "delivered"} == states(results)
    assert 1 == stored(scene.one, "a.txt")


def self_destroying(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
    """Store everything, then stumble."""
    taken(one, deliveries, content)
    raise ValueError
