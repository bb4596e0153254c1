"""What Squash TM offers beside the upload: the walk, and the attachments of every owner."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pytest_attach_evidence.destinations.base import Holding
from pytest_attach_evidence.destinations.base import Telling
from pytest_attach_evidence.destinations.remote import Attached
from pytest_attach_evidence.destinations.remote import Offering
from pytest_attach_evidence.destinations.remote import Place
from pytest_attach_evidence.destinations.squash import Squash
from pytest_attach_evidence.destinations.squash_remote import SquashRemote
from pytest_attach_evidence.destinations.squash_targets import OWNERS
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import NotOfferedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.settings import Settings

from .conftest import SceneOf
from .scene import Scene
from .squash_runs import in_steps


def remote_of(scene: Scene) -> SquashRemote:
    """Return the other operations of a scene's destination."""
    assert isinstance(scene.destination, Offering)
    found = scene.destination.remote()
    assert isinstance(found, SquashRemote)
    return found


@pytest.fixture
def remote(scene: Scene) -> Iterator[SquashRemote]:
    """The other operations, at a look-alike without switches."""
    found = remote_of(scene)
    yield found
    found.close()


def walked(remote: SquashRemote, text: str | None, depth: int) -> Iterator[Place]:
    """Yield what lies below a place, as `remote list` does."""
    for place in remote.inside(None if text is None else remote.place(text)):
        yield place
        if depth > 1 and place.text and place.leads:
            yield from walked(remote, place.text, depth - 1)


def content(remote: SquashRemote, place: str, attached: Attached) -> bytes:
    """Return what a download writes."""
    into = io.BytesIO()
    remote.download(remote.place(place), attached, into)
    return into.getvalue()


def attach(scene: Scene, *names: str) -> None:
    """Let an execution hold files, whose bytes are their names."""
    scene.deliver(scene.pieces(*((name, name.encode()) for name in names), text="executions/1042"))


class TestWalk:
    """`remote list`."""

    @pytest.mark.parametrize("version", [13, 14])
    def test_everything_is_reached_from_the_top(self, make_scene: SceneOf, version: int) -> None:
        """Projects, campaigns, iterations, suites, lines of plans, executions and their steps."""
        scene = make_scene(version=version, max_page_size=6)
        remote = remote_of(scene)
        places = list(walked(remote, None, 6))

        kinds = dict.fromkeys(place.kind for place in places)
        assert [
            "project",
            "campaign",
            "iteration",
            "test suite",
            "test plan item",
            "execution",
            "execution step",
        ] == [*kinds]
        system: Any = scene.sandbox.systems["squash"]
        for owner in ("executions", "execution-steps", "iterations", "campaigns", "projects"):
            expected = [f"{owner}/{thing.id}" for thing in system.plan.of_owner(owner)]
            assert expected == sorted(
                (place.text for place in places if place.text.startswith(f"{owner}/")),
                key=lambda text: int(text.partition("/")[2]),
            )
        remote.close()

    def test_lines_of_the_configured_plan_are_named_as_markers_are(
        self, remote: SquashRemote
    ) -> None:
        """What a marker can name is named so, with its dataset; everything else by the line's id."""
        lines = {
            place.facts["item"]: place
            for place in remote.inside(remote.place("iterations/4"))
            if place.kind == "test plan item"
        }

        assert ("TC-12", True) == (lines["312"].text, lines["312"].takes_evidence)
        assert "TC-30[chrome]" == lines["321"].text
        assert ("test-plan-items/323", False) == (lines["323"].text, lines["323"].takes_evidence)
        assert "(the test case was deleted)" == lines["323"].name
        assert "test-plan-items/324" == lines["324"].text
        case = lines["321"].facts["test case"]
        assert {
            "reference": "TC-30",
            "dataset": "chrome",
            "status": "FAILURE",
            "item": "321",
            "test case": case,
        } == {**lines["321"].facts}
        assert "TC-30" == remote.about(remote.place(case)).facts["reference"]

    @pytest.mark.parametrize("iteration", ["", "5", "Online banking/Release 2026.4/Sprint 1"])
    def test_the_configured_iteration_may_be_another_or_named(
        self, make_scene: SceneOf, iteration: str
    ) -> None:
        """The lines of any plan can be listed and looked into."""
        scene = make_scene("executions/1042", options={"evidence_squash_iteration": iteration})
        remote = remote_of(scene)

        lines = [p for p in walked(remote, "iterations/4", 1) if p.kind == "test plan item"]

        assert iteration.startswith("Online") == lines[0].takes_evidence
        assert 2 == len(list(walked(remote, "test-plan-items/301", 1)))
        remote.close()

    def test_it_asks_for_no_more_than_is_looked_at(
        self, scene: Scene, remote: SquashRemote
    ) -> None:
        """The first project costs one request, and nothing was asked before."""
        assert [] == scene.requests()
        next(remote.inside(None))

        assert 1 == len(scene.requests())

    @pytest.mark.parametrize("owner", OWNERS)
    def test_every_owner_is_told_about(
        self, scene: Scene, remote: SquashRemote, owner: str
    ) -> None:
        """With its name, and the number of its attachments; its text is the one it was asked by."""
        system: Any = scene.sandbox.systems["squash"]
        thing = system.plan.of_owner(owner)[0]

        about = remote.about(remote.place(thing.object))

        assert thing.object == about.text
        assert about.takes_evidence
        assert "0" == about.facts["attachments"]

    def test_facts_of_executions_and_lines(self, remote: SquashRemote) -> None:
        """Status, dataset, steps, who and when."""
        execution = remote.about(remote.place("executions/1043"))
        case = remote.about(remote.place("TC-30[chrome]"))

        assert ("FAILURE", "chrome", "2") == tuple(
            execution.facts[name] for name in ("status", "dataset", "steps")
        )
        assert ("TC-30[chrome]", "1", "executions/1043") == (
            case.text,
            case.facts["executions"],
            case.facts["latest"],
        )

    def test_what_does_not_exist_is_told(self, remote: SquashRemote) -> None:
        """In the vendor's words."""
        with pytest.raises(PermanentError, match="Unable to find execution with id 9"):
            remote.about(remote.place("executions/9"))
        with pytest.raises(TargetError, match="no line of a plan"):
            remote.place("test-plan-items/x")
        assert [] == list(remote.inside(remote.place("test-cases/212")))


class TestAttachments:
    """List, download, rename, delete."""

    @pytest.mark.parametrize("mode", ["full", "stem"])
    def test_list_download_rename_and_delete(self, make_scene: SceneOf, mode: str) -> None:
        """Whatever form names have, the same files come back and the right ones go."""
        scene = make_scene("executions/1042", name_mode=mode)
        remote, place = remote_of(scene), "executions/1042"
        attach(scene, "a.txt", "b.txt", "c.pdf")
        one, two, three = remote.attachments(remote.place(place))

        renamed = remote.rename(remote.place(place), one, "first.txt")
        remote.delete(remote.place(place), [two])

        assert "first.txt" == scene.sandbox.store.files("squash")[0].name
        assert ("first.txt", one.id) == (renamed.name, renamed.id)
        assert [".txt", ".txt", ".pdf"] == [file.name[-4:] for file in (one, two, three)]
        assert [b"a.txt", b"c.pdf"] == [content(remote, place, one) for one in (renamed, three)]
        assert ("pdf", 5) == (three.facts["type"], three.size)
        assert [one.id, three.id] == [o.id for o in remote.attachments(remote.place(place))]
        remote.close()

    def test_a_test_case_stands_for_its_latest_execution(
        self, scene: Scene, remote: SquashRemote
    ) -> None:
        """Where it was never executed that is said."""
        scene.deliver(scene.pieces(("a.txt", b"a")))

        [listed] = remote.attachments(remote.place("TC-12"))
        remote.delete(remote.place("TC-12"), [listed])

        assert [] == scene.sandbox.store.files("squash")
        assert [] == remote.attachments(remote.place("TC-13"))
        with pytest.raises(PermanentError, match="never been executed"):
            remote.delete(remote.place("TC-13"), [listed])

    @pytest.mark.parametrize("text", ["TC-12", "executions/1042"])
    def test_pieces_of_steps_belong_to_the_execution(self, make_scene: SceneOf, text: str) -> None:
        """They are listed with the number of their step, counted, fetched, renamed and deleted there."""
        scene = make_scene(text)
        named = [(f"{name}.txt", name.encode()) for name in ("out", "one", "two")]
        scene.deliver(in_steps(scene.pieces(*named), 0, 1, 2))
        remote = remote_of(scene)
        place = remote.place(text)

        out, one, two = remote.attachments(place)
        renamed = remote.rename(place, one, "first.txt")
        remote.delete(place, [out, two])

        assert ["", "1", "2"] == [a.facts.get("step", "") for a in (out, one, two)]
        assert b"one" == content(remote, text, renamed)
        assert ("first.txt", "1") == (renamed.name, renamed.facts["step"])
        assert ["first.txt"] == [file.name for file in scene.sandbox.store.files("squash")]
        assert "1" == remote.about(place).facts["attachments"]
        remote.close()

    def test_what_was_listed_is_deleted_though_a_newer_execution_came(
        self, scene: Scene, remote: SquashRemote
    ) -> None:
        """The newer one is not even asked, and a second removal is told."""
        system: Any = scene.sandbox.systems["squash"]
        scene.deliver(scene.pieces(("a.txt", b"a")))
        place = remote.place("TC-12")
        [listed] = remote.attachments(place)
        [held] = scene.sandbox.store.files("squash")
        item = system.plan.things[held.object].item
        system.plan.create_execution(item)

        remote.delete(place, [listed])

        assert [] == scene.sandbox.store.files("squash")
        with pytest.raises(PermanentError, match=f"{held.object} does not hold {listed.id}"):
            remote.delete(place, [listed])

    def test_nothing_is_deleted_where_one_is_not_there(
        self, scene: Scene, remote: SquashRemote
    ) -> None:
        """Neither what was never listed of an object nor what is gone takes others with it."""
        attach(scene, "a.txt", "b.txt")
        place = remote.place("executions/1042")
        one, two = remote.attachments(place)
        with pytest.raises(PermanentError, match="does not hold 9"):
            remote.delete(place, [one, replace(two, id="9")])
        scene.sandbox.store.remove("squash", two.id)

        with pytest.raises(PermanentError, match="nothing was deleted"):
            remote.delete(place, [one, two])

        assert [one.id] == [file.id for file in scene.sandbox.store.files("squash")]

    def test_what_is_still_listed_was_not_deleted(self, scene: Scene, remote: SquashRemote) -> None:
        """A success without effect is no success: the documentation shows no answer to trust."""
        attach(scene, "a.txt")
        place = remote.place("executions/1042")
        [listed] = remote.attachments(place)
        scene.sandbox.faults.add("status", status=204, system="squash", method="DELETE")

        with pytest.raises(PermanentError, match=f"still lists {listed.id}"):
            remote.delete(place, [listed])

    def test_a_page_in_place_of_the_file_is_no_file(
        self, scene: Scene, remote: SquashRemote
    ) -> None:
        """A page to log in, with status 200, has another size than the list tells."""
        attach(scene, "a.txt")
        place = remote.place("executions/1042")
        [listed] = remote.attachments(place)
        scene.sandbox.faults.add("login-page", system="squash", path="/content$")

        with pytest.raises(TemporaryError, match="bytes, where 5 are listed"):
            content(remote, "executions/1042", listed)

    def test_there_is_no_export(self, remote: SquashRemote) -> None:
        """One line that says so, and what to do instead."""
        with pytest.raises(NotOfferedError, match="Squash TM documents no") as caught:
            remote.export(remote.place("executions/1042"), None, io.BytesIO())

        assert "download" in caught.value.next_step

    @pytest.mark.parametrize(
        "text", ["executions/1042", "TC-12", "projects/14", "test-plan-items/301"]
    )
    def test_what_is_offered_is_known_without_asking(
        self, scene: Scene, remote: SquashRemote, text: str
    ) -> None:
        """All but the export, whatever the object is; whoever expects that is refused."""
        place, every = remote.place(text), ("about", "attachments", "download", "rename", "delete")

        assert all(remote.offers(name, place) for name in every)
        assert not remote.offers("export", place)
        remote.expect("delete", place)
        with pytest.raises(NotOfferedError, match="to export"):
            remote.expect("export", place)
        assert [] == scene.requests()

    def test_without_credentials_nothing_is_offered(self, make_scene: SceneOf) -> None:
        """The variable is named before anything is asked."""
        scene = make_scene("executions/1042", environ={})

        with pytest.raises(DestinationClosedError, match="PYTEST_EVIDENCE_SQUASH_TOKEN"):
            scene.destination.remote()


class TestHolding:
    """How full a target is."""

    def test_a_list_tells_what_others_left(self, make_scene: SceneOf) -> None:
        """Nothing is known before a list was made; what is delivered later counts, too."""
        scene = make_scene("executions/1042")
        ours = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
        others = scene.pieces(("c.txt", b"c"), item="j9-1")
        scene.deliver(others)
        scene.destination.close()
        scene.destination = Squash(Settings(given=scene.options), scene.secrets, scene.budget)
        scene.recall()

        own = {one.key for one in ours}
        before = scene.destination.holding(ours[0].target, own)
        scene.destination.find(ours[0].target, ours)
        scene.deliver(ours)

        assert isinstance(scene.destination, Telling)
        assert before is None
        assert Holding(all=3, of_others=1) == scene.destination.holding(ours[0].target, own)
