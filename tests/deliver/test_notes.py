"""A destination's notes: a durable memory of its own in every run being delivered."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence

import pytest

from pytest_attach_evidence.deliver import Group
from pytest_attach_evidence.destinations.base import GroupNotes
from pytest_attach_evidence.destinations.base import Results
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Notes
from pytest_attach_evidence.model import OpenContent
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.spool import Spool

from .scene import Scene
from .scripted import LOST
from .scripted import Call
from .scripted import Scripted
from .scripted import look_raises
from .scripted import raised


class Noting(Scripted):
    """Reads a note with every call, and puts one that names the pieces of the call."""

    seen: list[str | None]

    def deliver(
        self,
        target: Target,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        notes: Notes,
    ) -> Results:
        """Note what comes, then take it."""
        self.seen.append(notes.get("last"))
        notes.put("last", ",".join(delivery.evidence.name for delivery in deliveries))
        return super().deliver(target, deliveries, open_content, notes)


def noting(scene: Scene, name: str = "one") -> Noting:
    """Make a destination of the scene one that notes."""
    scene.destinations[name] = made = Noting(name, scene.budget)
    made.seen = []
    return made


def deliver_group(scene: Scene, group: Group) -> None:
    """Deliver runs together."""
    scene.budget.ends_at = scene.budget.now + 300
    group.deliver(
        group.plan(scene.destinations),
        scene.destinations,
        budget=scene.budget,
        parallel=1,
        mask=str,
        progress=lambda *_: None,
    )


def test_a_note_is_known_at_once_and_to_every_later_process(scene: Scene) -> None:
    """What was put last is what is read, also after the process has ended."""
    one = noting(scene)
    scene.attach("a.txt", "b.txt")
    scene.deliver()
    scene.attach("c.txt")

    scene.deliver()

    assert [None, "a.txt", "b.txt"] == one.seen


def test_destinations_do_not_read_each_others_notes(scene: Scene) -> None:
    """The same name means another note for another destination."""
    one, other = noting(scene), noting(scene, "other")
    scene.attach("a.txt", to=[one.parse("t1"), other.parse("u1")])

    scene.deliver()

    assert [[None], [None]] == [one.seen, other.seen]


def test_a_note_is_kept_in_every_run_that_is_delivered_together(scene: Scene) -> None:
    """Whichever of the shards is pushed again alone still knows it."""
    noting(scene)
    scene.attach("a.txt")
    second = Spool(scene.folder).begin(Run(id="", started_at="2026-11-06T10:00:00Z"))
    group = Group.of([scene.run, second])
    deliver_group(scene, group)

    assert {("one", "last"): "a.txt"} == scene.run.read().notes == second.read().notes
    second.release()


class Recalling(Noting):
    """Asks, with every call, what each run remembers."""

    def recall(self, notes: GroupNotes, outcomes: Mapping[Target, Outcome]) -> None:
        """Keep what comes, and note that it came."""
        self.notes, self.known = notes, outcomes
        self.calls.append(Call("recall", "", (), self.budget.now))


@pytest.mark.parametrize("lost", [False, True])
def test_who_looks_into_its_notes_has_them_before_the_first_look(scene: Scene, lost: bool) -> None:
    """Also in a later process, with the outcomes of targets for which nothing remains to be done."""
    scene.destinations["one"] = made = Recalling("one", scene.budget)
    made.seen = []
    scene.attach("a.txt", to="t1", outcome=Outcome.FAILED)
    scene.deliver()
    scene.attach("b.txt", to="t2")
    scene.one.script = [raised(LOST)] if lost else []
    scene.one.looks = [look_raises(UncertainError("no"))] if lost else []
    made.calls.clear()
    scene.deliver()
    if lost:
        made.calls.clear()
        scene.deliver(retry_rejected=True)

    assert ["recall", "find" if lost else "deliver"] == [call.what for call in made.calls][:2]
    assert ["b.txt"] == list(made.notes.each("last"))
    assert {"t1": Outcome.FAILED, "t2": Outcome.PASSED} == {
        target.id: outcome for target, outcome in made.known.items()
    }


def test_what_runs_remember_otherwise_is_told_of_each(scene: Scene) -> None:
    """They were delivered apart before; what is put from now on is for all of them."""
    scene.destinations["one"] = made = Recalling("one", scene.budget)
    made.seen = []
    scene.attach("a.txt")
    scene.deliver()
    second = Spool(scene.folder).begin(Run(id="", started_at="2026-11-06T10:00:00Z"))
    scene.attach("b.txt")
    group = Group.of([scene.run, second])
    deliver_group(scene, group)

    assert [scene.run.id, second.id] == list(made.notes.runs)
    assert made.notes.whole
    assert ["b.txt", "b.txt"] == list(made.notes.each("last"))
    assert ["", ""] == list(made.notes.each("other"))
    assert [None, "a.txt"] == made.seen
    second.release()


def test_notes_are_not_whole_where_a_journal_is_damaged(scene: Scene) -> None:
    """A note that is not there may have been put."""
    scene.destinations["one"] = made = Recalling("one", scene.budget)
    made.seen = []
    scene.attach("a.txt")
    scene.deliver()
    (journal,) = (scene.run.path / "deliveries").glob("*.jsonl")
    journal.write_bytes(b"damage\n" + journal.read_bytes())
    scene.attach("b.txt")

    scene.deliver()

    assert not made.notes.whole
