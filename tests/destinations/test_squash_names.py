"""Iterations by the names of project, campaign and iteration; test cases by their automated reference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pytest_attach_evidence.destinations.squash import Squash
from pytest_attach_evidence.destinations.squash_names import names_in
from pytest_attach_evidence.destinations.squash_names import path_of
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.settings import Settings

from .conftest import SceneOf
from .scene import MemoryNotes
from .scene import Scene
from .squash_runs import Runs


NAMED = "Online banking/Release 2026.4/Sprint 1"
NAMES = {"evidence_squash_iteration": NAMED}


def deliver_one(scene: Scene, text: str = "TC-12") -> Any:
    """Deliver a piece to a test case; return what came of it."""
    [piece] = scene.pieces(("a.txt", b"a"), text=text)
    return scene.deliver([piece])[piece.key]


class TestPath:
    """The text of a path of names."""

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            (NAMED, ["Online banking", "Release 2026.4", "Sprint 1"]),
            (" a / b/c ", ["a", "b", "c"]),
            ("a/b%2Fc/d", ["a", "b/c", "d"]),
            ("a/100%/c%252F", ["a", "100%", "c%2F"]),
            ("p/folder/c/i", ["p", "folder", "c", "i"]),
            ("a/b", []),
            ("a//c", []),
            ("IT-1", []),
            ("a/b\x00/c", []),
        ],
    )
    def test_names_of_a_text(self, text: str, names: list[str]) -> None:
        """At least three names, none of them empty; a slash in a name is written %2F."""
        assert names == names_in(text)

    @given(some.lists(some.text("ab/%25Ff ", min_size=1).map(str.strip).filter(bool), min_size=3))
    def test_a_text_is_read_as_it_was_written(self, names: list[str]) -> None:
        """Whatever the names are, their one text has them again."""
        assert names == names_in(path_of(names))

    def test_a_target_keeps_the_normalised_names(self, make_scene: SceneOf) -> None:
        """What the spool keeps needs no settings and no network, and is no foreign target."""
        spaced = {"evidence_squash_iteration": " Online banking /Release 2026.4/ Sprint 1"}
        scene = make_scene(options=spaced)

        target = scene.destination.parse("TC-12")

        assert NAMED == target.scoped("iteration")
        assert "" == scene.destination.wrong(target)
        assert scene.destination.wrong(Target.of("squash", "", "reference", "A", iteration="a/b"))
        assert [] == scene.requests()


class TestNames:
    """Names are looked up at delivery, once."""

    @pytest.mark.parametrize(
        "iteration",
        [
            NAMED,
            "Online banking/Release 2026.4/IT-1",
            "Online banking/2026/Release 2026.4/Sprint 1",
        ],
    )
    def test_an_iteration_is_found_by_names(self, make_scene: SceneOf, iteration: str) -> None:
        """By name or reference, with or without the campaign's folder."""
        scene = make_scene(options={"evidence_squash_iteration": iteration})

        assert isinstance(deliver_one(scene), Receipt)
        assert [f"iteration:{scene.destination.origin}:{iteration}"] == [
            name for name in scene.notes.kept if name.startswith("iteration:")
        ]
        assert "4" in scene.notes.kept.values()

    def test_a_later_push_goes_where_the_first_went(self, make_scene: SceneOf) -> None:
        """Though meanwhile another iteration has the name."""
        scene = make_scene(options=NAMES)
        deliver_one(scene)
        system: Any = scene.sandbox.systems["squash"]
        things = system.plan.things
        things["iterations/4"].name, things["iterations/5"].name = "Sprint 0", "Sprint 1"
        scene.destination.close()
        scene.destination = Squash(Settings(given=scene.options), scene.secrets, scene.budget)
        scene.recall()

        [piece] = scene.pieces(("b.txt", b"b"))
        scene.deliver([piece])

        assert 1 == len({file.object for file in scene.sandbox.store.ledger()})
        assert 1 == len(scene.requests("GET", r"/projects\?"))

    def test_an_id_and_names_of_one_iteration_share_an_execution(self, runs: Runs) -> None:
        """Whoever changes the spelling between two shards still gets one."""
        one = runs.run(("TC-12", Outcome.PASSED))
        runs.options = NAMES
        two = runs.run(("TC-12", Outcome.FAILED))
        results = runs.deliver(one, two)

        assert 2 == len(results.receipts)
        assert ["FAILURE"] == list(runs.statuses().values())

    def test_other_runs_may_have_gone_elsewhere(self, make_scene: SceneOf) -> None:
        """One process delivers runs one after the other: each goes on where it began."""
        scene = make_scene(options=NAMES)
        deliver_one(scene)
        note = f"iteration:{scene.destination.origin}:{NAMED}"
        scene.notes = MemoryNotes()
        scene.notes.kept[note] = "5"
        scene.recall()
        [piece] = scene.pieces(("b.txt", b"b"), item="j2-1")
        scene.deliver([piece])

        system: Any = scene.sandbox.systems["squash"]
        stored = [file.object for file in scene.sandbox.store.ledger()]
        assert [4, 5] == [system.plan.things[object].item.iteration.id for object in stored]

    def test_runs_that_went_apart_are_not_brought_together(self, make_scene: SceneOf) -> None:
        """Where each of them went to another iteration nobody guesses which is meant."""
        scene = make_scene(options=NAMES)
        note = f"iteration:{scene.destination.origin}:{NAMED}"
        scene.notes.kept[note] = "4"
        scene.notes.others = ({note: "5"},)

        with pytest.raises(PermanentError, match="4, 5"):
            deliver_one(scene)

    @pytest.mark.parametrize(
        ("iteration", "told"),
        [
            ("Online bankin/Release 2026.4/Sprint 1", "no project is called 'Online bankin'"),
            ("Online banking/Release 2026/Sprint 1", "nearest of 1 is 'Release 2026.4'"),
            ("Online banking/2025/Release 2026.4/Sprint 1", "no campaign is called"),
            ("Online banking/Release 2026.4/Sprint 9", "no iteration is called 'Sprint 9'"),
        ],
    )
    def test_unknown_names_are_told_with_the_nearest(
        self, make_scene: SceneOf, iteration: str, told: str
    ) -> None:
        """Nothing is created, and nothing is noted."""
        scene = make_scene(options={"evidence_squash_iteration": iteration})

        with pytest.raises(PermanentError, match=told) as caught:
            deliver_one(scene)
        created = scene.requests("POST")
        [problem] = scene.destination.check([scene.destination.parse("TC-12")])

        assert "evidence_squash_iteration" in caught.value.next_step
        assert told in problem.seen
        assert [] == created
        assert {} == scene.notes.kept

    def test_two_of_one_name_are_told_with_their_ids(self, make_scene: SceneOf) -> None:
        """A person has to write the id."""
        scene = make_scene(options=NAMES)
        system: Any = scene.sandbox.systems["squash"]
        system.plan.things["iterations/5"].name = "Sprint 1"

        with pytest.raises(PermanentError, match=r"2 iterations are called .* 4, .* 5"):
            deliver_one(scene)


class TestAutomated:
    """`auto:<automated test reference>`."""

    def test_a_test_case_is_found_by_its_automated_reference(self, scene: Scene) -> None:
        """One request per test case of the plan, however many targets ask."""
        system: Any = scene.sandbox.systems["squash"]
        reference = system.plan.things["test-cases/212"].automated

        assert isinstance(deliver_one(scene, f"auto:{reference}"), Receipt)
        assert isinstance(deliver_one(scene, "auto:" + reference), Receipt)
        asked = scene.requests("GET", r"/test-cases/\d+$")
        assert len(asked) == len(set(asked)) > 20
        [stored] = {file.object for file in scene.sandbox.store.ledger()}
        assert system.plan.things[stored].reference == "TC-12"

    def test_nobody_asks_where_no_target_has_one(self, scene: Scene) -> None:
        """The plan alone tells references and ids."""
        deliver_one(scene)

        assert [] == scene.requests("GET", "/test-cases/")

    def test_unknown_and_ambiguous_ones_are_refused(self, scene: Scene) -> None:
        """Both are told in words."""
        system: Any = scene.sandbox.systems["squash"]
        for id in (212, 213):
            system.plan.things[f"test-cases/{id}"].automated = "twice"

        with pytest.raises(PermanentError, match=r"no test case .* reference nowhere"):
            deliver_one(scene, "auto:nowhere")
        with pytest.raises(PermanentError, match=r"2 test cases .*#212, #213"):
            deliver_one(scene, "auto:twice")

    @pytest.mark.parametrize(
        ("text", "told"), [("auto:", "after auto:"), ("Auto:x", "in small letters")]
    )
    def test_what_is_no_target(self, scene: Scene, text: str, told: str) -> None:
        """Mistakes are refused before any test runs."""
        with pytest.raises(TargetError, match=told):
            scene.destination.parse(text)
