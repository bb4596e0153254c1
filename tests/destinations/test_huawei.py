"""Huawei CodeArts Req as a destination, against the look-alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.destinations.base import Destination
from pytest_attach_evidence.destinations.huawei import Huawei
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings

from .contract import DestinationContract
from .contract import outcome
from .huawei_scenes import FOREIGN
from .huawei_scenes import ITEM
from .huawei_scenes import KEYS
from .huawei_scenes import LIST
from .huawei_scenes import PROJECT
from .huawei_scenes import SCRUM
from .huawei_scenes import SceneOf
from .huawei_scenes import codearts
from .huawei_scenes import scenes
from .scene import Scene


TREE = r"/issues/tree\?"


@pytest.fixture
def make_scene(tmp_path: Path) -> Iterator[SceneOf]:
    """Build scenes with switches of the look-alike, target text and environment of choice."""
    with scenes(tmp_path) as build:
        yield build


@pytest.fixture
def scene(make_scene: SceneOf) -> Scene:
    """Return a scene with an access key and the id of a work item."""
    return make_scene()


class TestHuawei(DestinationContract):
    """The contract with an access key, a work item by its id, and answers without an id."""


class TestHuaweiByLogin(DestinationContract):
    """The contract with user and password: a refused token is replaced once."""

    uploads_at_401 = 2

    @pytest.fixture
    def scene(self, make_scene: SceneOf) -> Scene:
        """Return a scene whose uploads carry a token."""
        return make_scene(login="password", with_result=True, name_key="store_filename")


class TestHuaweiByNumber(DestinationContract):
    """The contract with a work item by its number."""

    @pytest.fixture
    def scene(self, make_scene: SceneOf) -> Scene:
        """Return a scene whose target is looked up."""
        return make_scene(text="US20261105123456", source_project_required=True)


class TestHuaweiScrum(DestinationContract):
    """The contract with a Scrum item, whose detail lists its attachments."""

    @pytest.fixture
    def scene(self, make_scene: SceneOf) -> Scene:
        """Return a scene whose target is a Scrum item."""
        return make_scene(text=f"scrum/{SCRUM}/1042")


class TestTargets:
    """What a target text means."""

    ROOT = "https://projectman-ext.cn-north-4.myhuaweicloud.com"

    def huawei(self, **options: str) -> Huawei:
        """Return a destination that is configured by its region only."""
        given = {"evidence_huawei_region": "cn-north-4"}
        given |= {f"evidence_huawei_{name}": value for name, value in options.items()}
        return Huawei(Settings(given=given), Secrets({}), Budget.lasting(1))

    @pytest.mark.parametrize(
        ("text", "kind", "id", "project"),
        [
            (ITEM, "work-item", ITEM, PROJECT),
            (int(ITEM), "work-item", ITEM, PROJECT),
            ("1956239067176935404", "work-item", "1956239067176935404", PROJECT),
            (f"{FOREIGN}/{ITEM}", "work-item", ITEM, FOREIGN),
            ("US20261105123456", "work-item-number", "US20261105123456", PROJECT),
            (f"{FOREIGN}/Bug1", "work-item-number", "Bug1", FOREIGN),
            (f"scrum/{SCRUM}/1042", "scrum-item", "1042", SCRUM),
        ],
    )
    def test_every_spelling_gives_a_complete_target(
        self, text: str | int, kind: str, id: str, project: str
    ) -> None:
        """Kind, id and project are in the target, with the endpoint derived from the region."""
        target = self.huawei(project=PROJECT).parse(text)

        assert (kind, id) == (target.kind, target.id)
        assert project == target.scoped("project")
        assert self.ROOT == target.origin

    @pytest.mark.parametrize(
        ("text", "seen"),
        [
            ("9.56239067176935E+17", "spreadsheet"),
            ("956239067176935400.0", "spreadsheet"),
            (12345, "5 digits"),
            ("12345678901234567890", "20 digits"),
            (-956239067176935400, "no work item"),
            (f" {ITEM}", "no work item"),
            (False, "no work item"),
            (9.5e17, "no work item"),
            ("٩٥٦٢٣٩٠٦٧١٧٦٩٣٥٤٠٠", "no work item"),
            (f"short/{ITEM}", "project"),
            (f"scrum/{SCRUM}/0", "Scrum"),
            (f"scrum/{SCRUM}/12345678901", "Scrum"),
            (f"scrum/short/{1042}", "project"),
            (f"{PROJECT}/{ITEM}/1", "2 slashes"),
        ],
    )
    def test_a_bad_target_says_what_is_wrong_with_it(self, text: Any, seen: str) -> None:
        """The message names what was seen, not only that it is wrong."""
        with pytest.raises(TargetError, match=seen):
            self.huawei(project=PROJECT).parse(text)

    def test_a_project_is_needed_from_somewhere(self) -> None:
        """Without a default the error says both ways out."""
        with pytest.raises(TargetError, match=r"evidence_huawei_project.*write <project>/"):
            self.huawei().parse(ITEM)

    def test_two_projects_are_two_targets(self) -> None:
        """The same id in another project is another target."""
        huawei = self.huawei(project=PROJECT)

        assert huawei.parse(ITEM) != huawei.parse(f"{FOREIGN}/{ITEM}")


class TestSettings:
    """What is wrong with a configuration."""

    def problems(self, environ: Mapping[str, str], **options: str) -> list[str]:
        """Return the problems of a configuration in mode upload."""
        given = {f"evidence_huawei_{name}": value for name, value in options.items()}
        settings, budget = Settings(given=given), Budget.lasting(1)
        return Huawei(settings, Secrets(environ), budget).problems(uploading=True)

    LOGIN: Mapping[str, str] = {f"{KEYS}USER": "u", f"{KEYS}PASSWORD": "p", f"{KEYS}DOMAIN": "d"}
    PAIR: Mapping[str, str] = {f"{KEYS}ACCESS_KEY": "a", f"{KEYS}SECRET_KEY": "s"}

    def test_a_region_alone_is_enough(self) -> None:
        """Endpoint and IAM follow from the region."""
        assert [] == self.problems(self.LOGIN, region="cn-north-4")
        assert [] == self.problems(self.PAIR, region="cn-north-4")

    def test_the_region_is_read_from_the_vendors_endpoint(self) -> None:
        """A token is of a region; the public endpoint names it."""
        url = "https://projectman-ext.ap-southeast-3.myhuaweicloud.com/"

        assert [] == self.problems(self.LOGIN, url=url)

    def test_another_endpoint_does_not_tell_the_region(self) -> None:
        """Behind a gateway of one's own the region has to be said for a login, not for a key."""
        [problem] = self.problems(self.LOGIN, url="https://gateway.example")

        assert "evidence_huawei_region" in problem
        assert [] == self.problems(self.PAIR, url="https://gateway.example")

    @pytest.mark.parametrize(
        ("environ", "missing"),
        [
            ({f"{KEYS}ACCESS_KEY": "a"}, "SECRET_KEY"),
            ({f"{KEYS}USER": "u", f"{KEYS}PASSWORD": "p"}, "DOMAIN"),
            ({}, "HUAWEI_USER"),
            ({f"{KEYS}ACCESS_KEY_FILE": "/nowhere"}, "ACCESS_KEY_FILE"),
        ],
    )
    def test_missing_credentials_are_named(self, environ: dict[str, str], missing: str) -> None:
        """Half a login names its other half."""
        [problem] = self.problems(environ, region="cn-north-4")

        assert missing in problem

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("region", "cn north 4"),
            ("region", "evil.example/"),
            ("url", "http://projectman.example"),
            ("url", "https://u:p@projectman.example"),
            ("project", "short"),
            ("iam_url", "ftp://iam.example"),
        ],
    )
    def test_a_wrong_option_is_named(self, option: str, value: str) -> None:
        """Each wrong value is one line that begins with its option."""
        [problem] = self.problems(self.LOGIN, **{"region": "cn-north-4", option: value})

        assert problem.startswith(f"evidence_huawei_{option} ")

    def test_a_signed_request_takes_less_than_one_with_a_token(self) -> None:
        """The gateway takes 12 MiB where a request is signed, the service 50."""
        given, budget = {"evidence_huawei_region": "cn-north-4"}, Budget.lasting(1)
        pair = Huawei(Settings(given=given), Secrets(self.PAIR), budget)
        login = Huawei(Settings(given=given), Secrets(self.LOGIN), budget)

        assert 12 * 1024 * 1024 - 4096 == pair.limits.max_bytes
        assert 52_428_800 == login.limits.max_bytes

    def test_its_origin_is_that_of_its_targets(self) -> None:
        """The engine refuses targets of another endpoint."""
        given = {"evidence_huawei_url": "https://H.example/", "evidence_huawei_project": PROJECT}
        destination: Destination = Huawei(Settings(given=given), Secrets({}), Budget.lasting(1))
        without: Destination = Huawei(Settings(), Secrets({}), Budget.lasting(1))

        assert "https://h.example" == destination.origin
        assert destination.origin == destination.parse(ITEM).origin
        assert "" == without.origin

    def test_a_secret_file_that_cannot_be_read_leaves_the_lower_limit(self) -> None:
        """Its problem is told elsewhere; the limit is the one that is surely right."""
        given, secrets = {"evidence_huawei_region": "x"}, {f"{KEYS}ACCESS_KEY_FILE": "/nowhere"}
        huawei = Huawei(Settings(given=given), Secrets(secrets), Budget.lasting(1))

        assert 12 * 1024 * 1024 - 4096 == huawei.limits.max_bytes

    def test_delivering_without_credentials_says_what_to_set(self) -> None:
        """Also where nobody asked for problems before."""
        given = {"evidence_huawei_region": "cn-north-4", "evidence_huawei_project": PROJECT}
        huawei = Huawei(Settings(given=given), Secrets({}), Budget.lasting(1))

        (problem,) = huawei.check([huawei.parse(ITEM)])

        assert "configuration" == problem.why
        assert "PYTEST_EVIDENCE_HUAWEI_ACCESS_KEY" in problem.seen


class TestDelivery:
    """What this service does differently from others."""

    def test_a_refusal_inside_a_200_is_a_rejection(self, make_scene: SceneOf) -> None:
        """The body is the answer."""
        scene = make_scene(refuse_next=1)
        [piece] = scene.pieces(("a.txt", b"a"))

        error = outcome(scene, [piece])

        assert isinstance(error, PermanentError)
        assert "told to refuse" in str(error)

    @pytest.mark.parametrize("status", [400, 429])
    def test_throttling_is_temporary(self, make_scene: SceneOf, status: int) -> None:
        """Also as a 400 with its code; nothing was sent when it met the list."""
        scene = make_scene(throttle_next=1, throttle_status=status)
        [piece] = scene.pieces(("a.txt", b"a"))

        assert isinstance(outcome(scene, [piece]), TemporaryError)
        assert 0 == scene.uploads()
        assert isinstance(outcome(scene, [piece]), Receipt)

    def test_a_wrong_key_is_tried_once(self, make_scene: SceneOf) -> None:
        """Five failures in a row would lock the access key."""
        environ = {f"{KEYS}ACCESS_KEY": "SANDBOXACCESSKEY0001", f"{KEYS}SECRET_KEY": "wrong-key"}
        scene = make_scene(environ=environ)
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))

        with pytest.raises(DestinationClosedError, match=r"APIGW\.0301"):
            scene.destination.deliver(pieces[0].target, pieces, scene.open_content, scene.notes)
        assert 1 == len(scene.requests())

    def test_a_temporary_key_is_accepted(self, make_scene: SceneOf) -> None:
        """Its security token is sent and signed."""
        environ = {
            f"{KEYS}ACCESS_KEY": "SANDBOXTEMPORARY0002",
            f"{KEYS}SECRET_KEY": "sandbox-secret-key-that-opens-nothing-02",
            f"{KEYS}SECURITY_TOKEN": "sandbox-security-token-that-opens-nothing",
        }
        scene = make_scene(environ=environ)
        [piece] = scene.pieces(("a.txt", b"a"))

        assert isinstance(outcome(scene, [piece]), Receipt)

    def test_a_token_that_died_early_is_replaced_once(self, make_scene: SceneOf) -> None:
        """One login for all, one more after a 401, and the body is sent anew and whole."""
        scene = make_scene(login="password", token_length=32_768)
        one, two = scene.pieces(("a.txt", b"a"), ("b.txt", b"b" * 300_000))
        scene.deliver([one])
        access = codearts(scene).access
        before = access.token_calls
        access.revoke_all()

        receipt = scene.deliver([two])[two.key]

        assert isinstance(receipt, Receipt)
        assert (1, 2) == (before, access.token_calls)
        stored = [file.sha256 for file in scene.sandbox.store.ledger()]
        assert [one.evidence.sha256, two.evidence.sha256] == stored

    def test_where_listing_is_refused_a_lost_answer_stays_uncertain(
        self, make_scene: SceneOf
    ) -> None:
        """A refused list is not an empty one."""
        scene = make_scene()
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.sandbox.faults.add("status-403", method="GET", path=LIST, times=9)

        with pytest.raises(UncertainError):
            scene.destination.find(piece.target, [piece])

    def test_an_attachment_of_another_size_is_not_ours(self, make_scene: SceneOf) -> None:
        """Half a file under our name does not count."""
        scene = make_scene()
        [piece] = scene.pieces(("a.txt", b"content"))
        scene.deliver([piece])
        evidence = dataclasses.replace(piece.evidence, size=8)

        found = scene.destination.find(
            piece.target, [dataclasses.replace(piece, evidence=evidence)]
        )

        assert {} == found

    def test_a_number_is_looked_up_once(self, make_scene: SceneOf) -> None:
        """The id is remembered for all pieces of the work item."""
        scene = make_scene(text="Bug20261106000017")
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))

        scene.deliver(pieces)
        scene.destination.find(pieces[0].target, pieces)

        assert 1 == len(scene.requests("POST", TREE))
        objects = {file.object for file in scene.sandbox.store.ledger()}
        assert {f"projects/{PROJECT}/issues/956239067176935402"} == objects

    def test_an_unknown_number_is_rejected(self, make_scene: SceneOf) -> None:
        """The message names number and project."""
        scene = make_scene(text="US20000101000000")
        [piece] = scene.pieces(("a.txt", b"a"))

        error = outcome(scene, [piece])

        assert isinstance(error, PermanentError)
        assert f"US20000101000000 is visible in project {PROJECT}" in str(error)

    def test_an_unknown_work_item_is_rejected(self, make_scene: SceneOf) -> None:
        """A 400 of the service is final."""
        scene = make_scene(text="956239067176935499")
        [piece] = scene.pieces(("a.txt", b"a"))

        error = outcome(scene, [piece])

        assert isinstance(error, PermanentError)
        assert "PM.02175006" in str(error)

    def test_nothing_is_sent_once_delivery_has_to_end(self, make_scene: SceneOf) -> None:
        """After a stop the piece waits; it surely was not sent."""
        scene = make_scene()
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.destination.find(piece.target, [piece])
        scene.budget.stop.set()

        assert isinstance(outcome(scene, [piece]), TemporaryError)
        assert 0 == scene.uploads()

    def test_pieces_after_a_closing_one_are_closed_too(self, make_scene: SceneOf) -> None:
        """What was delivered before keeps its receipt; nothing is tried after a 401."""
        scene = make_scene()
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c"))
        scene.fail("status-401", after=1, times=9)

        results = scene.destination.deliver(
            pieces[0].target, pieces, scene.open_content, scene.notes
        )

        kinds = [type(results[piece.key]) for piece in pieces]
        assert [Receipt, DestinationClosedError, DestinationClosedError] == kinds
        assert 2 == scene.uploads()
