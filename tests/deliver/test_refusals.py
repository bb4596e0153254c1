"""What a destination refuses, for a while or for good, and what it costs the other pieces."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

import pytest

from pytest_attach_evidence.deliver.soundness import HELD_HINT
from pytest_attach_evidence.deliveries import stuck_ones
from pytest_attach_evidence.errors import ConflictError
from pytest_attach_evidence.errors import DeliveryError
from pytest_attach_evidence.errors import OnceMoreError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.retry import MAX_ATTEMPTS
from pytest_attach_evidence.retry import MAX_WAIT_S

from .scene import Scene
from .scene import reasons
from .scene import states
from .scene import status
from .scene import stored
from .scripted import LOST
from .scripted import Scripted
from .scripted import Step
from .scripted import answer_lost
from .scripted import look_raises
from .scripted import raised
from .scripted import taken
from .scripted import value


THROTTLED = TemporaryError("429 too many requests", throttled=True)
NOT_NOW = OnceMoreError("413 for now", retry_after_s=20.0, next_step="attach a smaller file")
NO = PermanentError("413 too large", next_step="attach a smaller file")


class TestForAWhile:
    """TemporaryError: surely not accepted, later it may be."""

    @pytest.mark.parametrize("how", [raised, value])
    def test_it_is_sent_again(self, scene: Scene, how: type[Step]) -> None:
        """As a value and as an error of the whole call."""
        scene.attach("a.txt")
        scene.one.script = [how(TemporaryError("busy"))]

        results = scene.deliver()

        assert {"a.txt": "delivered"} == states(results)
        assert 1 == stored(scene.one, "a.txt")

    def test_the_time_that_the_destination_names_is_kept(self, scene: Scene) -> None:
        """The next call comes not before Retry-After, and not much later."""
        scene.attach("a.txt")
        scene.one.script = [raised(TemporaryError("busy", retry_after_s=100))]

        scene.deliver()

        first, second = (call.at for call in scene.one.calls if call.what == "deliver")
        assert 100 <= second - first <= 110

    def test_a_time_beyond_the_deadline_is_not_waited_for(self, scene: Scene) -> None:
        """The piece waits for a later push; nobody sleeps."""
        scene.attach("a.txt")
        scene.one.script = [raised(TemporaryError("come back", retry_after_s=301))]

        results = scene.deliver()

        assert ({"a.txt": "waiting"}, ["come back"]) == (states(results), reasons(results))
        assert ([], 75) == (scene.budget.waited, status(results))

    def test_a_busy_destination_is_not_given_up(self, scene: Scene) -> None:
        """One that names a time is alive, however often it does."""
        scene.attach("a.txt")
        scene.one.script = [raised(TemporaryError("429", retry_after_s=1))] * 8

        results = scene.deliver()

        assert {"a.txt": "delivered"} == states(results)

    def test_one_that_names_no_time_is_not_given_up_either(self, scene: Scene) -> None:
        """It is asked again and again while there is time: what looks and what sends."""
        scene.attach("a.txt", "b.txt")
        scene.one.script = [raised(THROTTLED)] * 8
        scene.one.looks = [look_raises(THROTTLED)] * 8

        results = scene.deliver()

        assert {"a.txt": "delivered", "b.txt": "delivered"} == states(results)
        assert {} == results.closed

    def test_a_piece_is_not_lost_sooner_for_having_been_throttled(self, scene: Scene) -> None:
        """What a limiter turned away is no attempt of those that a lost answer has."""
        scene.attach("a.txt")
        scene.one.script = [*[raised(THROTTLED)] * 8, raised(LOST)]

        results = scene.deliver()

        assert {"a.txt": "delivered"} == states(results)

    def test_one_that_throttles_for_ever_is_left_at_the_deadline(self, scene: Scene) -> None:
        """The pieces wait for a push: 75; it was tried until there was hardly any time."""
        scene.attach("a.txt", "b.txt")
        scene.one.script = [raised(THROTTLED)] * 999

        results = scene.deliver()

        assert ({"a.txt": "waiting", "b.txt": "waiting"}, 75) == (states(results), status(results))
        assert {} == results.closed
        assert len(scene.one.did("deliver")) > MAX_ATTEMPTS
        assert sum(scene.budget.waited) > 300 - MAX_WAIT_S

    @pytest.mark.parametrize("how", [raised, value])
    def test_what_is_refused_for_now_is_sent_once_more(self, scene: Scene, how: type[Step]) -> None:
        """Not before the time that was named, and not a third time: 65 then, with what to do."""
        scene.attach("a.txt", "b.txt")
        scene.one.script = [how(NOT_NOW), taken, how(NOT_NOW), how(NOT_NOW)]

        results = scene.deliver()

        assert {"a.txt": "delivered", "b.txt": "rejected"} == states(results)
        assert [("a.txt",)] * 2 + [("b.txt",)] * 2 == scene.one.did("deliver")
        assert all(20 <= waited <= 22 for waited in scene.budget.waited)
        (failure,) = results.failures.values()
        assert ("413 for now", "attach a smaller file") == (failure.reason, failure.next_step)
        assert 65 == status(results)

    @pytest.mark.parametrize(
        ("after_s", "seconds"), [(3600.0, 9000.0), (61.0, 300.0), (20.0, 21.0)]
    )
    def test_what_is_refused_for_long_is_rejected_at_once(
        self, scene: Scene, after_s: float, seconds: float
    ) -> None:
        """Longer than a minute, or than there is time: 65 with the time; the others are delivered."""
        scene.seconds = seconds
        scene.attach("a.txt", "b.txt")
        scene.one.script = [raised(OnceMoreError("413", retry_after_s=after_s))]

        results = scene.deliver()

        assert ({"a.txt": "rejected", "b.txt": "delivered"}, 65) == (
            states(results),
            status(results),
        )
        (failure,) = results.failures.values()
        assert (
            f"413; the server takes it again in {after_s:.0f} s at the earliest" == failure.reason
        )
        retry = "attach-evidence push --retry-rejected after that time; or attach a smaller file"
        assert (retry, []) == (failure.next_step, scene.budget.waited)

    @pytest.mark.parametrize("after_s", [3600.0, 2.0])
    def test_large_pieces_refused_for_now_do_not_starve_the_others(
        self, scene: Scene, after_s: float
    ) -> None:
        """However many are refused in a row: a server that answers is no target that fails."""
        large = [f"{number}.zip" for number in range(9)]
        scene.attach(*large, "small.txt")
        no = raised(OnceMoreError("413", retry_after_s=after_s))
        scene.one.script = [no] * (9 if after_s > 60 else 18)

        results = scene.deliver()

        assert {**dict.fromkeys(large, "rejected"), "small.txt": "delivered"} == states(results)
        assert {} == results.closed

    def test_a_call_refused_twice_as_a_whole_is_tried_piece_by_piece(self, scene: Scene) -> None:
        """Only the piece that is refused by itself is rejected."""
        scene.add(pieces_per_call=None)
        scene.attach("a.txt", "b.txt", "c.txt")
        scene.one.script = [raised(NOT_NOW), raised(NOT_NOW), taken, raised(NOT_NOW)]

        results = scene.deliver()

        assert ["delivered", "rejected", "delivered"] == list(states(results).values())
        assert 5 == len(scene.one.did("deliver"))

    def test_only_the_pieces_that_were_not_taken_are_sent_again(self, scene: Scene) -> None:
        """Of a call with several pieces the others are settled."""
        scene.add(pieces_per_call=None)
        scene.attach("a.txt", "b.txt", "c.txt")
        scene.one.script = [value(TemporaryError("busy"), "b.txt")]

        scene.deliver()

        assert [("a.txt", "b.txt", "c.txt"), ("b.txt",)] == scene.one.did("deliver")


class TestForGood:
    """PermanentError: a person must act."""

    def test_it_is_rejected_after_one_call(self, scene: Scene) -> None:
        """The others are delivered; the message has the reason and the next step; 65."""
        scene.attach("a.txt", "b.txt")
        scene.one.script = [raised(NO)]

        results = scene.deliver()

        assert {"a.txt": "rejected", "b.txt": "delivered"} == states(results)
        (failure,) = results.failures.values()
        assert ("413 too large", "attach a smaller file") == (failure.reason, failure.next_step)
        assert (65, [("a.txt",), ("b.txt",)]) == (status(results), scene.one.did("deliver"))

    def test_a_call_refused_as_a_whole_is_tried_piece_by_piece(self, scene: Scene) -> None:
        """Only the bad piece is rejected."""
        scene.add(pieces_per_call=None)
        scene.attach("a.txt", "b.txt", "c.txt")
        scene.one.script = [raised(NO), value(NO, "none"), raised(NO)]

        results = scene.deliver()

        assert [("a.txt", "b.txt", "c.txt"), ("a.txt",), ("b.txt",), ("c.txt",)] == (
            scene.one.did("deliver")
        )
        assert ["delivered", "rejected", "delivered"] == list(states(results).values())

    def test_what_a_refused_call_brought_nevertheless_is_not_sent_again(self, scene: Scene) -> None:
        """A server that kept the first piece before it refused the rest: each is there once."""
        scene.add(pieces_per_call=None)
        scene.attach("a.txt", "b.txt")
        scene.one.script = [self.keeps_the_first]

        results = scene.deliver()

        assert [("a.txt", "b.txt"), ("b.txt",)] == scene.one.did("deliver")
        assert ["delivered", "delivered"] == list(states(results).values())
        assert [1, 1] == [stored(scene.one, name) for name in ("a.txt", "b.txt")]

    def test_a_refused_call_is_split_without_a_look_where_a_repeat_is_harmless(
        self, scene: Scene
    ) -> None:
        """There the same bytes may be sent twice, and nobody may be able to look."""
        scene.add(pieces_per_call=None, repeat_is_harmless=True)
        scene.attach("a.txt", "b.txt")
        scene.one.script = [raised(NO)]

        scene.deliver()

        assert ["deliver"] * 3 == [call.what for call in scene.one.calls]

    def test_a_refusal_that_holds_for_the_target_is_not_tried_piece_by_piece(
        self, scene: Scene
    ) -> None:
        """An object that is not there refuses every piece: one call."""
        scene.add(pieces_per_call=None)
        scene.attach("a.txt", "b.txt")
        scene.attach("c.txt", to="t2")
        scene.one.by_target["t1"] = [raised(PermanentError("404", whole_target=True))]

        results = scene.deliver()

        assert ["rejected", "rejected", "delivered"] == list(states(results).values())
        assert [("a.txt", "b.txt"), ("c.txt",)] == scene.one.did("deliver")

    def test_pieces_refused_one_by_one_are_not_sent_a_second_time(self, scene: Scene) -> None:
        """Refusals as values are about each piece by itself."""
        scene.add(pieces_per_call=None)
        scene.attach("a.txt", "b.txt")
        scene.one.script = [value(NO)]

        scene.deliver()

        assert [("a.txt", "b.txt")] == scene.one.did("deliver")

    def test_a_refusal_of_what_is_there_already_is_no_refusal(self, scene: Scene) -> None:
        """A second attempt refused as 'exists' is settled by looking."""
        scene.attach("a.txt")
        scene.one.script = [raised(TemporaryError("busy")), self.exists]

        results = scene.deliver()

        assert ({"a.txt": "delivered"}, 0) == (states(results), status(results))

    def test_it_stays_rejected_until_somebody_says_retry(self, scene: Scene) -> None:
        """A later push sends nothing; `--retry-rejected` does, once."""
        scene.attach("a.txt")
        scene.one.script = [raised(NO)]
        scene.deliver()

        again = scene.deliver()
        retried = scene.deliver(retry_rejected=True)

        assert ({"a.txt": "rejected"}, 65) == (states(again), status(again))
        assert ["413 too large"] == reasons(again)
        assert ({"a.txt": "delivered"}, 0) == (states(retried), status(retried))
        assert 2 == len(scene.one.did("deliver"))

    def test_a_limit_that_is_broken_is_worked_out_anew_by_every_push(self, scene: Scene) -> None:
        """Nobody refused the piece: with other credentials that take it, it goes by itself."""
        scene.add(max_bytes=4)
        scene.attach("a.txt")
        first, again = scene.deliver(), scene.deliver()
        noted = scene.entries("failure")
        scene.add(max_bytes=3)
        lower = scene.deliver()
        scene.add(max_bytes=400)

        results = scene.deliver()

        assert [{"a.txt": "rejected"}] * 3 == [states(one) for one in (first, again, lower)]
        assert (1, 2) == (len(noted), len(scene.entries("failure")))
        assert ["has 5 bytes, one takes 3"] == reasons(lower)
        assert ({"a.txt": "delivered"}, 0) == (states(results), status(results))

    def test_what_was_refused_stays_so_whatever_the_limits(self, scene: Scene) -> None:
        """That a limit was lowered and raised again is no reason to knock again."""
        scene.attach("a.txt")
        scene.one.script = [raised(NO)]
        scene.deliver()
        for limit in (4, 400):
            scene.add(max_bytes=limit)

            assert ["413 too large"] == reasons(scene.deliver())
        assert [] == scene.one.calls

    def test_a_limit_does_not_hide_what_may_be_there(self, scene: Scene) -> None:
        """A piece whose answer was lost is looked for, also where its like is not sent any more."""
        scene.attach("a.txt")
        scene.one.script = [answer_lost]
        scene.one.looks = [look_raises(TemporaryError("away", retry_after_s=3600))]
        scene.deliver()
        kept = scene.one.ledger
        scene.add(max_bytes=4).ledger = kept

        results = scene.deliver()

        assert ({"a.txt": "found"}, 0) == (states(results), status(results))

    def test_only_what_is_there_or_goes_there_counts_for_a_limit_of_number(
        self, scene: Scene
    ) -> None:
        """Pieces that are not sent take nobody's place, also not those before; delivered ones do."""
        scene.add(max_per_target=2, max_bytes=5)
        scene.attach("large.txt", "a.txt", "b.txt", "c.txt")
        first = scene.deliver()
        kept = scene.one.ledger
        scene.add(max_per_target=2).ledger = kept

        results = scene.deliver()

        expected = ["rejected", "delivered", "delivered", "rejected"]
        assert [expected, expected] == [list(states(one).values()) for one in (first, results)]
        assert ["is piece 3 for one target, one takes 2"] * 2 == reasons(results)

    def test_a_conflict_with_what_is_there_is_settled_by_looking(self, scene: Scene) -> None:
        """Nothing is sent a second time: what is there is ours, the rest of the call goes alone."""
        scene.add(pieces_per_call=2)
        scene.attach("a.txt", "b.txt")
        scene.one.script = [self.first_is_there]

        results = scene.deliver()

        assert ({"a.txt": "delivered", "b.txt": "delivered"}, 0) == (
            states(results),
            status(results),
        )
        assert [("a.txt", "b.txt"), ("b.txt",)] == scene.one.did("deliver")
        assert (1, 1) == (stored(scene.one, "a.txt"), stored(scene.one, "b.txt"))

    @pytest.mark.parametrize("harmless", [False, True])
    def test_a_conflict_with_something_else_is_rejected(self, scene: Scene, harmless: bool) -> None:
        """Sent once; that it was refused is an answer, so that the destination stays open."""
        scene.add(repeat_is_harmless=harmless)
        names = [f"{number}.txt" for number in range(8)]
        scene.attach(*names)
        scene.one.script = [raised(ConflictError("409 Conflict"))] * 8

        results = scene.deliver()

        assert (dict.fromkeys(names, "rejected"), 65) == (states(results), status(results))
        assert 8 == len(scene.one.did("deliver"))

    @staticmethod
    def keeps_the_first(one: Scripted, deliveries: Sequence[Delivery], content: object) -> object:
        """Store the first piece, and refuse the call for the others."""
        one.commit(deliveries[0], content(deliveries[0]))  # type: ignore[operator]
        raise NO

    @staticmethod
    def first_is_there(one: Scripted, deliveries: Sequence[Delivery], content: object) -> object:
        """Have the first piece by now, and refuse the call for that."""
        one.commit(deliveries[0], content(deliveries[0]))  # type: ignore[operator]
        raise ConflictError("409 Conflict")

    @staticmethod
    def exists(one: object, deliveries: object, content: object) -> object:
        """Have it by now, and refuse it for that."""
        answer_lost_then: Step = answer_lost
        try:
            return answer_lost_then(one, deliveries, content)  # type: ignore[arg-type]
        except type(LOST):
            raise PermanentError("409 exists") from None


class TestReplacing:
    """Destinations whose objects hold one file: a call replaces what is there."""

    @pytest.fixture(autouse=True)
    def replacing(self, scene: Scene) -> None:
        """The destination `one` is of that sort."""
        scene.add(replaces=True, repeat_is_harmless=True, pieces_per_call=None)

    def test_a_call_carries_all_pieces_the_settled_ones_too(self, scene: Scene) -> None:
        """What comes later to the same target does not push out what was there."""
        scene.attach("a.txt", "b.txt")
        scene.deliver()
        scene.attach("c.txt")

        results = scene.deliver()

        assert [("a.txt", "b.txt"), ("a.txt", "b.txt", "c.txt")] == scene.one.did("deliver")
        assert 3 == len(results.receipts)
        assert 3 == len(scene.entries("receipt"))

    @pytest.mark.parametrize("error", [TemporaryError("busy"), LOST])
    def test_it_is_sent_again_as_a_whole(self, scene: Scene, error: Exception) -> None:
        """Also where only one piece is left open."""
        scene.attach("a.txt", "b.txt")
        scene.one.script = [value(error, "b.txt")]  # type: ignore[arg-type]

        results = scene.deliver()

        assert [("a.txt", "b.txt"), ("a.txt", "b.txt")] == scene.one.did("deliver")
        assert {"a.txt": "delivered", "b.txt": "delivered"} == states(results)

    def test_it_is_not_sent_again_without_a_piece_that_has_no_time(self, scene: Scene) -> None:
        """One piece alone would push the others out."""
        scene.attach("a.txt", "b.txt")
        errors = {"a.txt": TemporaryError("busy", retry_after_s=5)}
        errors["b.txt"] = TemporaryError("busy", retry_after_s=4000)
        scene.one.script = [
            lambda _one, deliveries, _content: {d.key: errors[d.evidence.name] for d in deliveries}
        ]

        results = scene.deliver()

        assert ({"a.txt": "waiting", "b.txt": "waiting"}, 75) == (states(results), status(results))
        assert [("a.txt", "b.txt")] == scene.one.did("deliver")

    def test_it_is_never_split(self, scene: Scene) -> None:
        """A refusal concerns all: single pieces would replace each other."""
        scene.attach("a.txt", "b.txt")
        scene.one.script = [raised(NO)]

        results = scene.deliver()

        assert [("a.txt", "b.txt")] == scene.one.did("deliver")
        assert {"a.txt": "rejected", "b.txt": "rejected"} == states(results)

    def test_what_is_there_is_not_pushed_out_since_it_cannot_be_read_any_more(
        self, scene: Scene
    ) -> None:
        """Nothing is sent and what is new waits until a person acted, 65; then all of it goes."""
        scene.attach("a.txt")
        scene.deliver()
        scene.attach("b.txt", "c.txt")
        scene.content("a.txt").write_bytes(b"A.txt")
        scene.one.calls.clear()

        results = scene.deliver()
        scene.content("a.txt").write_bytes(b"a.txt")
        mended = scene.deliver()

        assert ["delivered", "waiting", "waiting"] == list(states(results).values())
        assert (65, 2) == (status(results), len(reasons(results)))
        assert (
            "a.txt of test_it.py::test_1, which is there and would be replaced"
            in (reasons(results)[0])
        )
        assert [("a.txt", "b.txt", "c.txt")] == scene.one.did("deliver")
        assert ({"delivered"}, 0) == (set(states(mended).values()), status(mended))

    def test_what_may_be_there_is_not_pushed_out_either(self, scene: Scene) -> None:
        """A damaged piece whose answer was lost: it stays the only one in this and every later push."""
        scene.attach("a.txt")
        scene.one.script = [raised(LOST)] * MAX_ATTEMPTS
        scene.deliver()
        scene.attach("b.txt")
        scene.content("a.txt").write_bytes(b"A.txt")
        scene.one.calls.clear()

        for _ in range(2):
            scene.one.looks = [look_raises(UncertainError("there is no list"))]
            results = scene.deliver()

            assert {"a.txt": "damaged", "b.txt": "waiting"} == states(results)
            assert (65, 1) == (status(results), stuck_ones(scene.run.read()))
            assert [HELD_HINT] * 2 == [one.next_step for one in results.failures.values()]
        assert [] == scene.one.did("deliver")

    def test_what_was_surely_refused_is_called_damaged_and_nothing_else(self, scene: Scene) -> None:
        """Its only send was turned away: where nobody can look that is believed; the rest is delivered."""
        scene.attach("a.txt", "b.txt")
        scene.seconds = 20.0
        scene.one.script = [raised(TemporaryError("429", retry_after_s=3600, throttled=True))]
        scene.deliver()
        scene.content("a.txt").write_bytes(b"A.txt")
        scene.one.calls.clear()
        scene.one.looks = [look_raises(UncertainError("there is no list"))]

        results = scene.deliver()

        assert {"a.txt": "damaged", "b.txt": "delivered"} == states(results)
        assert not any("nobody can tell" in reason for reason in reasons(results))

    def test_what_was_never_sent_holds_nobody_up_when_it_is_damaged(self, scene: Scene) -> None:
        """Nothing is pushed out by a call without it."""
        scene.attach("a.txt", "b.txt")
        scene.content("a.txt").write_bytes(b"A.txt")

        results = scene.deliver()

        assert ({"a.txt": "damaged", "b.txt": "delivered"}, 65) == (
            states(results),
            status(results),
        )

    def test_pieces_of_unknown_fate_go_with_the_others(self, scene: Scene) -> None:
        """After a crash the whole target is sent in one call, in order."""
        scene.attach("a.txt")
        scene.one.script = [raised(LOST)] * MAX_ATTEMPTS
        scene.deliver()
        scene.attach("b.txt")
        scene.one.calls.clear()

        results = scene.deliver()

        assert [("a.txt", "b.txt")] == scene.one.did("deliver")
        assert {"a.txt": "delivered", "b.txt": "delivered"} == states(results)

    def test_what_breaks_during_a_call_is_judged_before_the_next(self, scene: Scene) -> None:
        """It may be there from before: what follows does not go without it."""
        scene.attach("a.txt")
        scene.one.script = [raised(LOST)] * MAX_ATTEMPTS
        scene.deliver()
        scene.attach("b.txt")
        scene.one.calls.clear()

        def breaking(
            one: Scripted, deliveries: Sequence[Delivery], content: Callable[[Delivery], bytes]
        ) -> dict[str, Receipt | DeliveryError]:
            scene.content("a.txt").unlink()
            return {deliveries[0].key: PermanentError(str(content(deliveries[0])))}

        scene.one.script = [breaking]
        scene.one.looks = [look_raises(UncertainError("there is no list"))]
        results = scene.deliver()

        assert [("a.txt", "b.txt")] == scene.one.did("deliver")
        assert "damaged" == states(results)["a.txt"]
        assert "delivered" != states(results)["b.txt"]
        assert 65 == status(results)
