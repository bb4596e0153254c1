"""A destination's notes: a durable memory of its own in every run being delivered."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_attach_evidence.deliver import Group
from pytest_attach_evidence.destinations.base import Results
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Notes
from pytest_attach_evidence.model import OpenContent
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.spool import Spool

from .scene import Scene
from .scripted import Scripted


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
    scene.budget.ends_at = scene.budget.now + 300

    group.deliver(
        group.plan(scene.destinations),
        scene.destinations,
        budget=scene.budget,
        parallel=1,
        mask=str,
        progress=lambda *_: None,
    )

    assert {("one", "last"): "a.txt"} == scene.run.read().notes == second.read().notes
    second.release()
