"""Pieces whose fate is unknown: looked for at once, sent again only when that can do no harm."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from pytest_attach_evidence.deliver import Group
from pytest_attach_evidence.deliveries import states as recorded
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import SpoolError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Failure
from pytest_attach_evidence.model import State
from pytest_attach_evidence.model import utc_now
from pytest_attach_evidence.model import utc_text
from pytest_attach_evidence.spool import DeliveryLog
from pytest_attach_evidence.spool.journal import Journal

from .scene import Scene
from .scene import reasons
from .scene import states
from .scene import status
from .scene import stored
from .scripted import LOST
from .scripted import Step
from .scripted import answer_lost
from .scripted import committed_after
from .scripted import ledger
from .scripted import left_out
from .scripted import look_raises
from .scripted import raised
from .scripted import value


@pytest.mark.parametrize("step", [answer_lost, left_out], ids=["raised", "left out"])
def test_a_lost_answer_is_looked_up_at_once(scene: Scene, step: Step) -> None:
    """What is found has a receipt that says so, is stored once, and nothing was waited for."""
    scene.attach("a.txt", "b.txt")
    scene.one.script = [step]

    results = scene.deliver()

    first, second = results.plan.deliveries
    assert ["listed", "answered"] == [results.receipts[key].how for key in (first, second)]
    assert {"a.txt": "delivered", "b.txt": "delivered"} == states(results)
    assert ["deliver", "find", "deliver"] == [call.what for call in scene.one.calls]
    assert (1, []) == (stored(scene.one, "a.txt"), scene.budget.waited)


@pytest.mark.parametrize(("stall_s", "settle_s"), [(1.0, 30.0), (15.0, 30.0), (40.0, 80.0)])
def test_what_is_not_found_is_sent_again_after_the_time_to_settle(
    scene: Scene, stall_s: float, settle_s: float
) -> None:
    """The second send comes max(30 s, 2 x stall) after the first, and after a second look."""
    scene.budget.stall_s = stall_s
    scene.attach("a.txt")
    scene.one.script = [raised(LOST)]

    results = scene.deliver()

    begun = scene.one.calls[0].at
    happened = [(call.what, call.at - begun) for call in scene.one.calls]
    expected = [("deliver", 0), ("find", 0), ("find", settle_s), ("deliver", settle_s)]
    assert expected == happened
    assert {"a.txt": "delivered"} == states(results)
    assert [2] == [receipt.attempts for receipt in results.receipts.values()]


def test_who_watches_is_told_of_every_wait(scene: Scene) -> None:
    """How long, how many pieces, and why: a busy server first, then the time to settle."""
    scene.budget.stall_s = 15.0
    scene.attach("a.txt", "b.txt")
    busy = TemporaryError("busy", retry_after_s=100.0)
    scene.one.script = [raised(LOST), raised(busy)]

    scene.deliver()

    (asked, _, why), settle = scene.waits
    assert 100 <= asked <= 110
    assert "as its server asked" == why
    assert settle[1:] == (1, "until what was sent before may be sent again")


def test_the_other_pieces_do_not_wait_for_a_late_one(scene: Scene) -> None:
    """They are sent first; only then is waited for the one whose answer was lost."""
    scene.attach("a.txt", "b.txt", "c.txt")
    scene.one.script = [raised(LOST)]

    scene.deliver()

    assert [("a.txt",), ("b.txt",), ("c.txt",), ("a.txt",)] == scene.one.did("deliver")


def test_without_time_to_settle_the_piece_is_left_uncertain(scene: Scene) -> None:
    """It is not sent again, nothing is waited for, and a later push can finish it: 75."""
    scene.seconds = 29.0
    scene.attach("a.txt", "b.txt")
    scene.one.script = [raised(LOST)]

    results = scene.deliver()

    assert {"a.txt": "uncertain", "b.txt": "delivered"} == states(results)
    assert [("a.txt",), ("b.txt",)] == scene.one.did("deliver")
    assert ([], 75) == (scene.budget.waited, status(results))


def test_a_late_commit_is_found_by_the_second_look(scene: Scene) -> None:
    """A server that stores after our first look does not make us send a second copy."""
    scene.attach("a.txt")
    scene.one.script = [committed_after(20.0)]

    results = scene.deliver()

    assert ["listed"] == [receipt.how for receipt in results.receipts.values()]
    assert ["deliver", "find", "find"] == [call.what for call in scene.one.calls]
    assert 1 == stored(scene.one, "a.txt")


def test_a_piece_that_gets_lost_again_and_again_ends(scene: Scene) -> None:
    """After five sends it is left uncertain, though there is time."""
    scene.seconds = 10_000.0
    scene.attach("a.txt", "b.txt")
    scene.one.script = [raised(LOST), *[raised(LOST)] * 9]
    scene.one.script.insert(1, value(PermanentError("no")))  # an answer, so that nothing is closed

    results = scene.deliver()

    assert {"a.txt": "uncertain", "b.txt": "rejected"} == states(results)
    assert 5 == sum(pieces == ("a.txt",) for pieces in scene.one.did("deliver"))


class TestWhereNobodyCanTell:
    """Destinations that have no list, for all or for some targets."""

    def test_it_stays_uncertain_and_a_person_must_look(self, scene: Scene) -> None:
        """`find` that raises UncertainError ends it at once: never sent again, 65."""
        scene.attach("a.txt", "b.txt")
        scene.one.script = [answer_lost]
        scene.one.looks = [look_raises(UncertainError("this API has no list"))]

        results = scene.deliver()

        assert {"a.txt": "uncertain", "b.txt": "delivered"} == states(results)
        assert ["this API has no list"] == reasons(results)
        assert (1, [], 65) == (stored(scene.one, "a.txt"), scene.budget.waited, status(results))

    def test_later_pushes_do_not_send_it_either(self, scene: Scene) -> None:
        """They look, are told nothing, and end with 65 again."""
        self.test_it_stays_uncertain_and_a_person_must_look(scene)
        scene.one.looks = [look_raises(UncertainError("this API has no list"))]

        results = scene.deliver()

        assert {"a.txt": "uncertain", "b.txt": "delivered"} == states(results)
        assert (1, 65) == (stored(scene.one, "a.txt"), status(results))

    def test_a_person_who_looked_can_have_it_sent_again(self, scene: Scene) -> None:
        """`--retry-rejected` sends it, as the message says."""
        scene.attach("a.txt")
        scene.one.script = [raised(LOST)]
        scene.one.looks = [look_raises(UncertainError("no list"))] * 2
        (failure,) = scene.deliver().failures.values()

        results = scene.deliver(retry_rejected=True)

        assert "push --retry-rejected sends it again" in failure.next_step
        assert {"a.txt": "delivered"} == states(results)
        assert (1, 0) == (stored(scene.one, "a.txt"), status(results))

    def test_a_harmless_repeat_is_sent_again_without_a_look(self, scene: Scene) -> None:
        """Where the same bytes may be sent twice nobody looks, and nothing waits for the server."""
        scene.add(repeat_is_harmless=True)
        scene.attach("a.txt")
        scene.one.script = [raised(LOST), raised(LOST)]

        results = scene.deliver()

        assert ["deliver", "deliver", "deliver"] == [call.what for call in scene.one.calls]
        assert {"a.txt": "delivered"} == states(results)
        assert sum(scene.budget.waited) < 30

    def test_a_harmless_repeat_that_never_succeeds_is_left_uncertain(self, scene: Scene) -> None:
        """It may be there, and a later push sends it again: 75."""
        scene.add(repeat_is_harmless=True)
        scene.attach("a.txt")
        scene.one.script = [raised(LOST)] * 9

        results = scene.deliver()

        assert {"a.txt": "uncertain"} == states(results)
        assert 75 == status(results)


class TestWhereLookingFails:
    """A look that fails says nothing: it is never taken for 'not there'."""

    def test_it_is_repeated(self, scene: Scene) -> None:
        """A server that is away for a moment is asked again, with a pause."""
        scene.attach("a.txt")
        scene.one.script = [answer_lost]
        scene.one.looks = [look_raises(TemporaryError("away"))] * 2

        results = scene.deliver()

        assert ["deliver", "find", "find", "find"] == [call.what for call in scene.one.calls]
        assert {"a.txt": "delivered"} == states(results)

    def test_without_time_for_it_nothing_is_sent(self, scene: Scene) -> None:
        """A list that comes back after the deadline leaves the piece uncertain, in one copy."""
        scene.attach("a.txt")
        scene.one.script = [answer_lost]
        scene.one.looks = [look_raises(TemporaryError("busy", retry_after_s=3600))]

        results = scene.deliver()

        assert {"a.txt": "uncertain"} == states(results)
        assert (1, [], 75) == (stored(scene.one, "a.txt"), scene.budget.waited, status(results))

    def test_what_was_not_taken_is_not_sent_again_without_a_look(self, scene: Scene) -> None:
        """A proxy may have said so: while the list is away it waits."""
        scene.attach("a.txt")
        scene.one.script = [raised(TemporaryError("busy"))]
        scene.one.looks = [look_raises(TemporaryError("busy", retry_after_s=3600))]

        results = scene.deliver()

        assert ({"a.txt": "waiting"}, 75) == (states(results), status(results))
        assert ["deliver", "find"] == [call.what for call in scene.one.calls]

    def test_a_refused_look_needs_a_person(self, scene: Scene) -> None:
        """A list that may not be read can tell nothing now or later."""
        scene.attach("a.txt")
        scene.one.script = [answer_lost]
        scene.one.looks = [look_raises(PermanentError("403"))]

        results = scene.deliver()

        assert {"a.txt": "uncertain"} == states(results)
        assert 65 == status(results)


class TestAcrossProcesses:
    """What an earlier process sent without learning what became of it."""

    def test_it_is_looked_up_before_anything_is_sent(self, scene: Scene) -> None:
        """What is there has a receipt that says found, and is not sent."""
        self.lose(scene, answer_lost)

        results = scene.deliver()

        assert ["find"] == [call.what for call in scene.one.calls]
        assert ({"a.txt": "found"}, 0) == (states(results), status(results))

    def test_what_is_not_there_is_sent_when_the_server_must_have_settled_it(
        self, scene: Scene
    ) -> None:
        """The time counts from the earlier send."""
        self.lose(scene, raised(LOST))

        results = scene.deliver()

        assert ["find", "find", "deliver"] == [call.what for call in scene.one.calls]
        assert 59 < sum(scene.budget.waited) <= 60
        assert {"a.txt": "delivered"} == states(results)

    @pytest.mark.parametrize("ending", ["closed", "no time", "stopped"])
    def test_it_stays_uncertain_when_it_cannot_be_looked_up(
        self, scene: Scene, ending: str
    ) -> None:
        """A push that does not get that far must not make a later one forget to look."""
        self.lose(scene, answer_lost)
        if ending == "closed":
            scene.one.looks = [look_raises(TemporaryError("away"))] * 5
        elif ending == "no time":
            scene.seconds = 0.0
        else:
            scene.one.looks = [lambda *_: scene.budget.stop.set() or {}]
        between = scene.deliver()
        scene.one.looks, scene.seconds = [], 300.0

        results = scene.deliver()

        assert ({"a.txt": "uncertain"}, 75) == (states(between), status(between))
        assert {"a.txt": "found"} == states(results)
        assert 1 == stored(scene.one, "a.txt")

    def test_it_stays_uncertain_while_its_destination_is_not_enabled(self, scene: Scene) -> None:
        """A push with other destinations does not call it waiting."""
        self.lose(scene, answer_lost)
        one = scene.destinations.pop("one")

        assert {"a.txt": "uncertain"} == states(scene.deliver())
        scene.destinations["one"] = one
        assert {"a.txt": "found"} == states(scene.deliver())

    @pytest.mark.parametrize(
        "before", [PermanentError("413"), TemporaryError("busy", retry_after_s=3600)]
    )
    def test_what_was_refused_and_then_sent_is_looked_up(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch, before: Exception
    ) -> None:
        """A process that dies in a later send leaves it uncertain, whatever an earlier send came to."""
        scene.attach("a.txt")
        scene.one.script = [raised(before), answer_lost]
        scene.deliver()
        with monkeypatch.context() as dying:
            dying.setattr(DeliveryLog, "failure", _die)
            scene.one.looks = [ledger, look_raises(UncertainError("cut off"))]
            scene.deliver(retry_rejected=True)

        told = recorded(scene.run.read())
        results = scene.deliver()

        assert {State.UNCERTAIN: 1} == told
        assert ({"a.txt": "found"}, 0) == (states(results), status(results))
        assert 1 == stored(scene.one, "a.txt")

    @pytest.mark.parametrize(
        ("began", "ended", "left"),
        [
            (300, None, 60),
            (3500, None, 60),
            (3700, None, 0),
            (300, 20, 40),
            (3700, 20, 40),
            (300, 70, 0),
        ],
        ids=["killed", "killed long ago", "killed too long ago", "lost", "slow and lost", "over"],
    )
    def test_the_time_to_settle_counts_from_the_end_of_the_send(
        self, scene: Scene, began: float, ended: float | None, left: float
    ) -> None:
        """Nobody knows when a process died in a long upload: then it counts from this push."""
        scene.attach("a.txt")
        self.sent(scene, began, *([] if ended is None else [ended]))

        results = scene.deliver()

        assert {"a.txt": "delivered"} == states(results)
        assert left - 1 < sum(scene.budget.waited) <= left

    def test_pushes_that_cannot_wait_do_not_begin_the_time_to_settle_anew(
        self, scene: Scene
    ) -> None:
        """It counts from the first that said what became of the send, not from the last."""
        scene.attach("a.txt")
        self.sent(scene, 300, 59, 40, 20, 1)

        scene.deliver()

        assert 0 < sum(scene.budget.waited) <= 1

    def test_no_more_than_one_time_to_settle_is_waited_for_many_targets(self, scene: Scene) -> None:
        """After a crash it counts from the beginning of the push, for all of them."""
        scene.parallel = 1
        for name in ("a.txt", "b.txt", "c.txt"):
            scene.attach(name, to=name)
        self.sent(scene, 300)

        results = scene.deliver()

        assert {"delivered"} == set(states(results).values())
        assert 60 == sum(scene.budget.waited)

    @staticmethod
    def sent(scene: Scene, began: float, *left: float) -> None:
        """Note sends of so many seconds ago, and when pushes left the pieces uncertain."""
        keys = list(Group.of([scene.run]).plan(scene.destinations).deliveries)
        ago = [utc_text(utc_now() - timedelta(seconds=seconds)) for seconds in (began, *left)]
        foreign = Journal(scene.run.path / "deliveries")
        foreign.append({"type": "intent", "keys": keys, "attempt": 1, "at": ago[0]})
        for key, at in product(keys, ago[1:]):
            failure = Failure(key=key, state=State.UNCERTAIN, reason="lost", at=at)
            foreign.append({"type": "failure", "failure": failure.to_json()})
        foreign.close()

    @staticmethod
    def lose(scene: Scene, step: Step) -> None:
        """Let a process end right after it sent a piece."""
        scene.attach("a.txt")
        scene.one.script = [step]
        scene.one.looks = [look_raises(TemporaryError("busy", retry_after_s=3600))]
        scene.deliver()
        scene.one.calls.clear()
        scene.budget.waited.clear()


def _die(*_: object) -> None:
    raise SpoolError("as if the process had died here")


@pytest.mark.parametrize("error", [UncertainError("no list"), PermanentError("no rights")])
def test_a_piece_that_was_surely_not_taken_needs_no_look(scene: Scene, error: Exception) -> None:
    """It is looked for before it is sent again, but that nobody can tell stops nothing."""
    scene.attach("a.txt")
    scene.one.script = [raised(TemporaryError("busy"))]
    scene.one.looks = [look_raises(error)]

    results = scene.deliver()

    assert {"a.txt": "delivered"} == states(results)
    assert ["deliver", "find", "deliver"] == [call.what for call in scene.one.calls]


def test_a_send_whose_moment_cannot_be_read_counts_as_one_of_now(scene: Scene) -> None:
    """A strange note of an earlier process: the server gets its whole time to settle."""
    scene.attach("a.txt")
    [key] = Group.of([scene.run]).plan(scene.destinations).deliveries
    foreign = Journal(scene.run.path / "deliveries")
    foreign.append({"type": "intent", "keys": [key], "attempt": 1, "at": "yesterday"})
    foreign.close()

    results = scene.deliver()

    assert {"a.txt": "delivered"} == states(results)
    assert [scene.budget.settle_s] == scene.budget.waited


def test_what_only_a_person_can_tell_is_left_to_them(scene: Scene) -> None:
    """An error that says what to do first ends the attempts: nothing is waited for, nothing sent again."""
    scene.attach("a.txt", "b.txt")
    scene.one.script = [value(UncertainError("two are there", next_step="delete one"))]

    results = scene.deliver()

    assert ({"a.txt": "uncertain", "b.txt": "delivered"}, 65) == (states(results), status(results))
    assert [("a.txt",), ("b.txt",)] == scene.one.did("deliver")
    (failure,) = results.failures.values()
    assert ("two are there", "delete one") == (failure.reason, failure.next_step)
    assert [] == scene.budget.waited
