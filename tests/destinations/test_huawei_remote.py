"""What CodeArts Req offers beside the upload, as `attach-evidence remote` uses it."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_attach_evidence.destinations.huawei import Huawei
from pytest_attach_evidence.destinations.huawei_targets import IPD_PROJECT
from pytest_attach_evidence.destinations.huawei_targets import SCRUM_PROJECT
from pytest_attach_evidence.destinations.huawei_targets import SCRUM_TITLE
from pytest_attach_evidence.destinations.huawei_targets import WORK_ITEM_TITLE
from pytest_attach_evidence.destinations.remote import Attached
from pytest_attach_evidence.destinations.remote import Offering
from pytest_attach_evidence.destinations.remote import Place
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import NotOfferedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings

from .huawei_scenes import FOREIGN
from .huawei_scenes import ITEM
from .huawei_scenes import PROJECT
from .huawei_scenes import SCRUM
from .huawei_scenes import SceneOf
from .huawei_scenes import codearts
from .huawei_scenes import scenes
from .scene import Scene
from .workiva_time import SkippedTime


SCRUM_ITEM = f"scrum/{SCRUM}/1042"
NUMBER = "US20261105123456"


@pytest.fixture
def make_scene(tmp_path: Path) -> Iterator[SceneOf]:
    """Build scenes with switches of the look-alike, target text and environment of choice."""
    with scenes(tmp_path) as build:
        yield build


@pytest.fixture
def scene(make_scene: SceneOf) -> Scene:
    """Return a scene with an access key."""
    return make_scene()


def texts(places: Iterator[Place]) -> list[str]:
    """Return the texts of places."""
    return [place.text for place in places]


class TestPlaces:
    """What a text stands for in a command."""

    @pytest.mark.parametrize(
        ("text", "kind", "id", "project"),
        [
            (PROJECT, IPD_PROJECT, PROJECT, None),
            (f"scrum/{SCRUM}", SCRUM_PROJECT, SCRUM, None),
            ("a" * 16 + "1" * 16, IPD_PROJECT, "a" * 16 + "1" * 16, None),
            ("~Pay  an invoice ", WORK_ITEM_TITLE, "Pay an invoice", PROJECT),
            (f"{FOREIGN}/~a/b ~ c", WORK_ITEM_TITLE, "a/b ~ c", FOREIGN),
            (f"scrum/{SCRUM}/~Log in", SCRUM_TITLE, "Log in", SCRUM),
            (ITEM, "work-item", ITEM, PROJECT),
            (f"{FOREIGN}/{NUMBER}", "work-item-number", NUMBER, FOREIGN),
            (SCRUM_ITEM, "scrum-item", "1042", SCRUM),
        ],
    )
    def test_every_spelling_is_understood(
        self, scene: Scene, text: str, kind: str, id: str, project: str | None
    ) -> None:
        """All that evidence can be attached to, projects, and titles."""
        target = scene.destination.remote().place(text)

        assert (kind, id, project) == (target.kind, target.id, target.scoped("project"))
        assert [] == scene.requests()

    @pytest.mark.parametrize(
        "text", ["", "~", "~  ", "scrum", "scrum/", "scrum/short", "scrum/~x", "short/~x", "x y"]
    )
    def test_what_is_none_is_refused(self, scene: Scene, text: str) -> None:
        """Half a spelling is an error of one line."""
        with pytest.raises(TargetError) as caught:
            scene.destination.remote().place(text)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("text", [PROJECT, f"scrum/{SCRUM}", "~Pay an invoice"])
    def test_places_and_titles_are_no_targets_of_evidence(self, scene: Scene, text: str) -> None:
        """A mark names one object for good; a title may be another's tomorrow."""
        with pytest.raises(TargetError):
            scene.destination.parse(text)
        assert scene.destination.wrong(scene.destination.remote().place(text))


class TestWalk:
    """From the beginning to the work items."""

    def test_it_begins_with_projects(self, scene: Scene) -> None:
        """IPD projects first, then those of Scrum; each says what leads on."""
        found = list(scene.destination.remote().inside(None))

        assert [PROJECT, f"scrum/{SCRUM}"] == [place.text for place in found]
        assert ["IPD project", "Scrum project"] == [place.kind for place in found]
        assert all(place.leads and not place.takes_evidence for place in found)
        assert "cloud service" == found[0].facts["model"]

    def test_nothing_is_asked_before_it_is_needed(self, scene: Scene) -> None:
        """A walk is lazy."""
        places = scene.destination.remote().inside(None)
        assert [] == scene.requests()

        next(places)

        assert 1 == len(scene.requests())

    @pytest.mark.parametrize("start", [PROJECT, f"scrum/{SCRUM}"])
    def test_every_item_below_a_project_can_be_pasted(self, scene: Scene, start: str) -> None:
        """The text of what is listed is a target of evidence, and leads to the same object."""
        remote = scene.destination.remote()
        project = next(p for p in codearts(scene).projects if p.id == start[-32:])

        found = list(remote.inside(remote.place(start)))

        assert {item.id for item in project.items} == {
            place.text[33:].split("/")[-1] for place in found
        }
        assert {item.title for item in project.items} == {place.name for place in found}
        for place in found:
            assert place.takes_evidence
            assert not place.leads
            assert not scene.destination.wrong(scene.destination.parse(place.text))
            assert [] == list(remote.inside(remote.place(place.text)))

    def test_what_holds_no_work_items_is_named_and_not_entered(self, scene: Scene) -> None:
        """Groups of projects, and Kanban, of whose items nothing is documented, end no walk."""
        projects = codearts(scene).projects
        projects.append(dataclasses.replace(projects[0], id="a" * 32, group=True))
        projects.append(dataclasses.replace(projects[1], id="b" * 32, kind="xboard"))

        found = {p.text[-32:]: p for p in scene.destination.remote().inside(None)}

        assert ("IPD project group", False) == (found["a" * 32].kind, found["a" * 32].leads)
        assert ("Kanban project", False) == (found["b" * 32].kind, found["b" * 32].leads)
        assert found[PROJECT].leads
        assert found[SCRUM].leads

    def test_an_account_without_ipd_still_sees_the_rest(self, scene: Scene) -> None:
        """The refusal of the one list does not hide the other, unless that has nothing either."""
        remote = scene.destination.remote()
        scene.sandbox.faults.add("status-403", system="huawei", path="projects/ipd", times=-1)

        assert [f"scrum/{SCRUM}"] == texts(remote.inside(None))
        codearts(scene).projects.clear()
        with pytest.raises(PermanentError, match="list of IPD projects"):
            list(remote.inside(None))


class TestAbout:
    """Facts people need."""

    @pytest.mark.parametrize("text", [ITEM, NUMBER, "~pay an INVOICE", f"{PROJECT}/{ITEM}"])
    def test_a_work_item_says_what_is_left(self, scene: Scene, text: str) -> None:
        """However it is named: title, number, status, state, attachments and room."""
        scene.deliver(scene.pieces(("a.bin", b"x" * 1024 * 1024)))
        remote = scene.destination.remote()

        place = remote.about(remote.place(text))

        assert (f"{PROJECT}/{ITEM}", "US", "Pay an invoice") == (place.text, place.kind, place.name)
        assert {
            "number": NUMBER,
            "status": "Open",
            "state": "OPEN",
            "attachments": "1 of 100 attachments and 1.0 MB of 50.0 MB",
            "left": "99 attachments, 49.0 MB",
        } == place.facts

    def test_what_the_detail_does_not_tell_is_left_out(self, scene: Scene) -> None:
        """The detail may be closed to an account that sees the attachments."""
        scene.sandbox.faults.add("status-403", system="huawei", path="/v2/", times=-1)
        remote = scene.destination.remote()

        place = remote.about(remote.place(ITEM))

        assert ("work item", "") == (place.kind, place.name)
        assert {"attachments", "left"} == set(place.facts)

    @pytest.mark.parametrize("listed", [True, False])
    def test_a_scrum_item_says_what_is_attached(self, make_scene: SceneOf, listed: bool) -> None:
        """Its limits are not documented; the number only where the detail tells it."""
        scene = make_scene(text=SCRUM_ITEM, with_accessories=listed)
        scene.deliver(scene.pieces(("a.txt", b"a")))
        remote = scene.destination.remote()

        place = remote.about(remote.place(f"scrum/{SCRUM}/~Log in"))

        assert (SCRUM_ITEM, "Story", "Log in") == (place.text, place.kind, place.name)
        expected = {"status": "Open"} | ({"attachments": "1"} if listed else {})
        assert expected == place.facts

    @pytest.mark.parametrize(
        ("text", "name"), [(PROJECT, "Payments"), (f"scrum/{SCRUM}", "Web shop")]
    )
    def test_a_project_has_a_name(self, scene: Scene, text: str, name: str) -> None:
        """It is looked for among one's own."""
        remote = scene.destination.remote()

        assert (text, name) == (
            remote.about(remote.place(text)).text,
            remote.about(remote.place(text)).name,
        )
        with pytest.raises(PermanentError, match="no project"):
            remote.about(remote.place(text.replace(text[-32:], FOREIGN)))


class TestTitles:
    """One hit, or an error that names the hits."""

    def test_several_hits_are_named(self, scene: Scene) -> None:
        """Nobody guesses."""
        remote = scene.destination.remote()

        with pytest.raises(PermanentError, match="2 items") as caught:
            remote.attachments(remote.place("~invoice"))
        assert f"{NUMBER} (Pay an invoice)" in str(caught.value)
        assert "US20261001000099 (Print an invoice)" in str(caught.value)

    def test_no_hit_is_an_error(self, scene: Scene) -> None:
        """The words are in it."""
        remote = scene.destination.remote()

        with pytest.raises(PermanentError, match="'nothing like it'"):
            remote.attachments(remote.place("~nothing like it"))

    def test_a_whole_title_wins_over_a_part_of_others(self, scene: Scene) -> None:
        """Otherwise an item whose title others contain could not be named."""
        project = codearts(scene).projects[0]
        shorter = dataclasses.replace(project.items[0], id="956239067176935499", title="Invoice")
        codearts(scene).projects[0] = dataclasses.replace(project, items=(*project.items, shorter))
        remote = scene.destination.remote()

        assert f"{PROJECT}/956239067176935499" == remote.about(remote.place("~invoice")).text

    def test_many_hits_are_not_all_named(self, scene: Scene) -> None:
        """A line stays a line."""
        project = codearts(scene).projects[0]
        many = [
            dataclasses.replace(project.items[0], id=str(956239067176936000 + number))
            for number in range(25)
        ]
        codearts(scene).projects[0] = dataclasses.replace(project, items=tuple(many))
        remote = scene.destination.remote()

        with pytest.raises(PermanentError, match=r"25 items .*, \.\.\.$"):
            remote.about(remote.place("~invoice"))


class TestAttachments:
    """Lists, bytes, deletion, and what is not offered."""

    @pytest.mark.parametrize("text", [ITEM, NUMBER, SCRUM_ITEM])
    def test_what_was_delivered_is_listed_and_comes_back(
        self, make_scene: SceneOf, text: str
    ) -> None:
        """Names carry the keys; the bytes are the same; sizes where the vendor tells them."""
        scene = make_scene(text=text)
        pieces = scene.pieces(("a.txt", b"first"), ("b.bin", bytes(300_000)))
        scene.deliver(pieces)
        remote = scene.destination.remote()
        target = remote.place(text)

        found = remote.attachments(target)

        for piece, one, content in zip(pieces, found, (b"first", bytes(300_000)), strict=True):
            assert piece.key in one.name
            assert one.size == (None if text == SCRUM_ITEM else piece.evidence.size)
            assert one.facts["created"].startswith("20")
            into = io.BytesIO()
            remote.download(target, one, into)
            assert content == into.getvalue()

    def test_a_scrum_attachment_is_deleted_and_others_stay(self, make_scene: SceneOf) -> None:
        """One request each, only for what was named."""
        scene = make_scene(text=SCRUM_ITEM)
        scene.deliver(scene.pieces(*[(f"{number}.txt", b"x") for number in range(4)]))
        remote = scene.destination.remote()
        target = remote.place(SCRUM_ITEM)
        first, second, third, fourth = remote.attachments(target)

        remote.delete(target, [second, fourth])

        assert [first, third] == remote.attachments(target)
        assert 2 == len(scene.requests("DELETE"))

    def test_a_deletion_that_fails_ends_there(self, make_scene: SceneOf) -> None:
        """The error names the attachment; those behind it are not tried."""
        scene = make_scene(text=SCRUM_ITEM)
        scene.deliver(scene.pieces(*[(f"{number}.txt", b"x") for number in range(3)]))
        remote = scene.destination.remote()
        target = remote.place(SCRUM_ITEM)
        found = remote.attachments(target)
        scene.sandbox.faults.add("status-403", system="huawei", method="DELETE", after=1)

        with pytest.raises(PermanentError, match=f"deletion of attachment {found[1].id}"):
            remote.delete(target, found)
        assert found[1:] == remote.attachments(target)

    def test_where_a_scrum_item_lists_nothing_an_id_is_enough(self, make_scene: SceneOf) -> None:
        """The error says where the id stands; with it, download and deletion work."""
        scene = make_scene(text=SCRUM_ITEM, with_accessories=False)
        [piece] = scene.pieces(("a.txt", b"content"))
        receipt = scene.deliver([piece])[piece.key]
        remote = scene.destination.remote()
        target = remote.place(SCRUM_ITEM)

        with pytest.raises(NotOfferedError) as caught:
            remote.attachments(target)
        one = remote.attachment(target, str(receipt.remote_id))
        into = io.BytesIO()
        remote.download(target, one, into)
        remote.delete(target, [one])

        assert "receipt" in caught.value.next_step
        assert b"content" == into.getvalue()
        assert [] == scene.sandbox.store.files("huawei")
        with pytest.raises(TargetError, match="digits"):
            remote.attachment(target, "../5001")

    def test_what_codearts_lacks_it_says(self, scene: Scene) -> None:
        """IPD has no deletion, nothing can be renamed or exported, projects hold no files."""
        remote = scene.destination.remote()
        item, one = remote.place(ITEM), Attached(id="1", name="a.txt")

        for lacking, hint in (
            (lambda: remote.delete(item, [one]), "on the page of the work item"),
            (lambda: remote.rename(item, one, "b.txt"), ""),
            (lambda: remote.export(item, one, io.BytesIO()), ""),
            (lambda: remote.attachments(remote.place(PROJECT)), "name one of its work items"),
        ):
            with pytest.raises(NotOfferedError, match="CodeArts Req documents no") as caught:
                lacking()
            assert hint in caught.value.next_step
        offered = [remote.offers("delete", remote.place(text)) for text in (ITEM, SCRUM_ITEM)]
        assert [False, True] == offered
        assert not remote.offers("rename", item)
        for name in ("attachments", "download", "delete"):
            for text in (PROJECT, f"scrum/{PROJECT}"):
                assert not remote.offers(name, remote.place(text))
                with pytest.raises(NotOfferedError, match="attachments of a project"):
                    remote.expect(name, remote.place(text))
        assert [] == scene.requests()

    @pytest.mark.parametrize("fault", ["answer-cut", "empty", "login-page"])
    def test_what_is_not_the_file_does_not_pass_for_it(self, scene: Scene, fault: str) -> None:
        """The size of the list is compared."""
        scene.deliver(scene.pieces(("a.html", b"<html>" + bytes(300_000))))
        remote = scene.destination.remote()
        target = remote.place(ITEM)
        [one] = remote.attachments(target)
        scene.sandbox.faults.add(fault, system="huawei", path="download")

        with pytest.raises(TemporaryError):
            remote.download(target, one, io.BytesIO())

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        name=st.text(min_size=1, max_size=300),
        content=st.binary(max_size=3000),
        scrum=st.booleans(),
    )
    def test_anything_goes_there_and_back_unchanged(
        self, scene: Scene, name: str, content: bytes, scrum: bool
    ) -> None:
        """Names of any characters become plain ones with their key; bytes come back as they went."""
        text = SCRUM_ITEM if scrum else ITEM
        for file in scene.sandbox.store.files("huawei"):
            scene.sandbox.store.remove("huawei", file.id)
        [piece] = scene.pieces((name, content), text=text)
        remote = scene.destination.remote()

        scene.deliver([piece])
        [one] = remote.attachments(remote.place(text))
        into = io.BytesIO()
        remote.download(remote.place(text), one, into)

        assert one.name.isascii()
        assert piece.key in one.name
        assert content == into.getvalue()


def test_it_is_offered_only_with_settings_and_credentials() -> None:
    """The error says what to set; nothing is sent."""
    huawei = Huawei(Settings(), Secrets({}), Budget.lasting(1))

    assert isinstance(huawei, Offering)
    with pytest.raises(DestinationClosedError, match="evidence_huawei_url"):
        huawei.remote()


def test_closing_is_possible_at_any_time(scene: Scene) -> None:
    """Twice does no harm; a later request opens anew."""
    remote = scene.destination.remote()
    remote.close()
    remote.close()

    assert [] == remote.attachments(remote.place(ITEM))


def skipped_time(scene: Scene) -> SkippedTime:
    """Let waits of a scene take no time."""
    skipped = SkippedTime()
    scene.budget.stop, scene.budget.clock = skipped, skipped.now
    return skipped


class TestThrottling:
    """What changes nothing waits until it is let through; what changes something is sent once."""

    @pytest.mark.parametrize("status", [429, 400])
    def test_a_look_up_waits(self, make_scene: SceneOf, status: int) -> None:
        """By the gateway or by the service: the walk goes on where it was."""
        scene = make_scene()
        time = skipped_time(scene)
        remote = scene.destination.remote()
        codearts(scene).throttle_status, codearts(scene).throttle_next = status, 3

        assert [] == remote.attachments(remote.place(ITEM))
        assert 4 == len(scene.sandbox.requests("huawei"))
        assert time.skipped_s > 0

    def test_a_deletion_does_not(self, make_scene: SceneOf) -> None:
        """It is refused in words that say that it may be asked again."""
        scene = make_scene(text=SCRUM_ITEM)
        time = skipped_time(scene)
        remote = scene.destination.remote()
        codearts(scene).throttle_next = 1

        with pytest.raises(TemporaryError):
            remote.delete(remote.place(SCRUM_ITEM), [Attached(id="5001", name="a.txt")])

        assert (1, 0) == (len(scene.sandbox.requests("huawei")), time.skipped_s)

    def test_a_delivery_does_not_either(self, make_scene: SceneOf) -> None:
        """The engine waits there, and tells for what."""
        scene = make_scene(throttle_next=1)

        with pytest.raises(TemporaryError):
            scene.destination.find(scene.destination.parse(ITEM), [])

        assert 1 == len(scene.sandbox.requests("huawei"))
