"""Telling a target its outcome: last, the worst, once, and again by a later push where it failed."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

import pytest

from pytest_attach_evidence.deliver import Results
from pytest_attach_evidence.deliveries import is_settled
from pytest_attach_evidence.destinations.base import Results as Answers
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import OnceMoreError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Target

from .scene import Scene
from .scene import states
from .scene import status
from .scripted import Concluding
from .scripted import Scripted
from .scripted import raised
from .scripted import taken


BUSY = TemporaryError("busy")


@pytest.fixture(autouse=True)
def _concluding(scene: Scene) -> None:
    """The destination `one` is told outcomes."""
    scene.add(concludes=True)


def outcomes(scene: Scene) -> list[tuple[str, Outcome]]:
    """Return what the targets were told, in order."""
    return scene.one.outcomes


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        ([Outcome.PASSED], Outcome.PASSED),
        ([Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED], Outcome.FAILED),
        ([Outcome.FAILED, None], Outcome.UNKNOWN),
        ([Outcome.SKIPPED, Outcome.PASSED], Outcome.PASSED),
    ],
)
def test_the_worst_outcome_is_told_after_the_last_piece(
    scene: Scene, ended: list[Outcome | None], told: Outcome
) -> None:
    """An item that never ended counts as unknown, the worst."""
    for number, outcome in enumerate(ended):
        scene.attach(f"{number}.txt", outcome=outcome)

    results = scene.deliver()

    assert [("t1", told)] == outcomes(scene)
    assert "conclude" == scene.one.calls[-1].what
    assert 0 == status(results)


def test_a_target_that_was_told_is_not_told_again(scene: Scene) -> None:
    """A second push makes no call."""
    scene.attach("a.txt")
    scene.deliver()
    scene.one.calls.clear()

    scene.deliver()

    assert [] == scene.one.calls


def test_a_failure_is_repeated_in_the_same_run(scene: Scene) -> None:
    """Up to three times."""
    scene.attach("a.txt")
    scene.one.conclusions = [BUSY, UncertainError("lost")]

    results = scene.deliver()

    assert ([("t1", Outcome.PASSED)], 0) == (outcomes(scene), status(results))


def test_a_throttled_failure_is_repeated_while_there_is_time(scene: Scene) -> None:
    """After the time that the server names, where it names one; no number of times ends it."""
    scene.attach("a.txt")
    throttled = TemporaryError("429", throttled=True, retry_after_s=20)
    scene.one.conclusions = [throttled] * 8

    results = scene.deliver()

    assert ([("t1", Outcome.PASSED)], 0) == (outcomes(scene), status(results))
    assert 8 * 20 <= sum(scene.budget.waited) <= 8 * 22 + 60


@pytest.mark.parametrize(("after_s", "calls"), [(20.0, 2), (3600.0, 1)])
def test_what_is_refused_for_now_is_told_once_more(
    scene: Scene, after_s: float, calls: int
) -> None:
    """Then it is refused, and at once where it would wait for long: 65 with what to do."""
    scene.attach("a.txt")
    not_now = OnceMoreError("413", retry_after_s=after_s, next_step="shorten the comment")
    scene.one.conclusions = [not_now] * 99

    results = scene.deliver()

    ((problem, _),) = results.unconcluded
    assert (calls, 65) == (len(scene.one.did("conclude")), status(results))
    assert "shorten the comment" in problem.next_step


@pytest.mark.parametrize(
    ("errors", "expected"), [([BUSY, BUSY, BUSY], 75), ([PermanentError("403 s3cret")], 65)]
)
def test_what_failed_is_told_by_a_later_push(
    scene: Scene, errors: list[Exception], expected: int
) -> None:
    """The piece is delivered, the status is not: the run stays open until that is done, too."""
    scene.attach("a.txt")
    scene.run.write_finished(0, {})
    scene.one.conclusions = list(errors)
    first = scene.deliver()
    open_then = not is_settled(scene.run.read())

    results = scene.deliver()

    ((problem, _),) = first.unconcluded
    assert (1, expected) == (len(first.receipts), status(first))
    assert problem.seen in ("busy", "403 ***")
    assert open_then
    assert ([("t1", Outcome.PASSED)], 0) == (outcomes(scene), status(results))
    assert is_settled(scene.run.read())
    assert 1 == len(scene.one.did("deliver"))


def test_what_a_later_piece_changes_is_told_again_until_it_succeeded(scene: Scene) -> None:
    """That the target was told an earlier outcome does not count for the new one."""
    scene.attach("a.txt")
    scene.run.write_finished(0, {})
    scene.deliver()
    scene.attach("b.txt", outcome=Outcome.FAILED)
    scene.one.conclusions = [BUSY, BUSY, BUSY]
    scene.deliver()

    scene.deliver()

    assert [("t1", Outcome.PASSED), ("t1", Outcome.FAILED)] == outcomes(scene)
    assert is_settled(scene.run.read())


def test_nothing_is_told_without_a_piece(scene: Scene) -> None:
    """A target whose pieces were all refused keeps the status it has."""
    scene.attach("a.txt")
    scene.one.script = [raised(PermanentError("no"))]

    results = scene.deliver()

    assert ([], 65) == (outcomes(scene), status(results))
    assert [] == scene.one.did("conclude")


def test_a_piece_that_came_earlier_is_enough(scene: Scene) -> None:
    """A target that was not told in time is, though its last piece is refused."""
    scene.attach("a.txt", "b.txt", outcome=Outcome.FAILED)
    scene.one.conclusions = [BUSY, BUSY, BUSY]
    scene.deliver()
    scene.attach("c.txt", outcome=Outcome.FAILED)
    scene.one.script = [raised(PermanentError("no"))]

    scene.deliver()

    assert [("t1", Outcome.FAILED)] == outcomes(scene)


def test_a_closed_destination_is_told_later(scene: Scene) -> None:
    """Credentials refused at the very end leave the piece delivered and the outcome to be told."""
    scene.attach("a.txt")
    scene.run.write_finished(0, {})
    scene.one.conclusions = [DestinationClosedError("401", why="authentication")]
    first = scene.deliver()

    scene.deliver()

    assert 77 == status(first)
    assert [("t1", Outcome.PASSED)] == outcomes(scene)


def test_a_time_that_ends_with_the_last_piece_leaves_the_status_to_be_named(scene: Scene) -> None:
    """All is delivered, and yet something is open: 75, the target and the next step."""
    scene.attach("a.txt")
    scene.one.script = [slow]
    first = scene.deliver()

    second = scene.deliver()

    assert ({"a.txt": "delivered"}, 75) == (states(first), status(first))
    assert ["one thing t1: there was no time left for it - push again"] == untold(first)
    assert ([("t1", Outcome.PASSED)], [], 0) == (outcomes(scene), untold(second), status(second))


@pytest.mark.parametrize("ends", ["no time", "closed"])
def test_a_target_of_which_only_the_status_is_open_is_named_where_it_is_not_told(
    scene: Scene, ends: str
) -> None:
    """Whatever ended the lane before it; a push that reaches it sets the status."""
    scene.attach("a.txt")
    scene.one.conclusions = [BUSY, BUSY, BUSY]
    scene.deliver()
    scene.seconds = 0.0 if ends == "no time" else 300.0
    scene.one.conclusions = [DestinationClosedError("a login page")]
    left = scene.deliver()
    scene.seconds, scene.one.conclusions = 300.0, []

    last = scene.deliver()

    why = "there was no time left for it" if ends == "no time" else "one is closed for this run"
    assert [f"one thing t1: {why} - push again"] == untold(left)
    assert (75, 0) == (status(left), status(last))
    assert ([("t1", Outcome.PASSED)], []) == (outcomes(scene), untold(last))


def test_a_target_that_is_told_nothing_is_asked_nothing(scene: Scene) -> None:
    """No line wants its status set, whoever ends before it."""
    scene.attach("a.txt")
    scene.destinations["one"] = silent = Silent("one", scene.budget, scene.one.limits)
    silent.script = [slow]

    results = scene.deliver()

    assert ([], 0) == (untold(results), status(results))
    assert ([], []) == (scene.entries("to-conclude", "concluded"), silent.did("conclude"))


def test_a_target_whose_destination_was_taken_out_is_named(scene: Scene) -> None:
    """A push that cannot set its status does not call itself done: a person must act."""
    scene.attach("a.txt")
    scene.run.write_finished(0, {})
    scene.one.conclusions = [BUSY] * 3
    scene.deliver()
    one = scene.destinations.pop("one")

    without = scene.deliver()
    scene.destinations["one"] = one
    results = scene.deliver()

    (line,) = untold(without)
    assert "one thing t1: one is not in evidence_destinations - add it, then push again" == line
    assert (65, 0) == (status(without), status(results))


class Silent(Concluding):
    """Tells no target anything."""

    def concludes(self, target: Target) -> bool:
        """Tell that it does not."""
        return False


def slow(one: Scripted, deliveries: Sequence[Delivery], content: Callable[..., bytes]) -> Answers:
    """Take longer than there is time."""
    one.budget.now += 301
    return taken(one, deliveries, content)


def untold(results: Results) -> list[str]:
    """Return which targets the results call untold."""
    return [str(problem) for problem, _ in results.unconcluded]
