"""The Workiva destination: the contract, and what a test phase, a matrix and a sample are called."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.destinations.base import Holding
from pytest_attach_evidence.destinations.base import Telling
from pytest_attach_evidence.destinations.workiva import Workiva
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings

from .contract import DestinationContract
from .contract import outcome
from .scene import MemoryNotes
from .scene import Scene
from .scene import scene_of


START = ("POST", r"/attachmentUpload$")
BYTES = {"method": "PUT", "path": ""}
LEGACY = {"evidence_workiva_version": "2022-01-01"}


class TestWorkiva(DestinationContract):
    """A sample keeps all promises."""

    uploads_at_401 = 2

    @pytest.fixture
    def scene(self, tmp_path: Path) -> Iterator[Scene]:
        """A destination whose target is a sample."""
        with scene_of(
            Workiva, "workiva", tmp_path, text="f1/p1/m1/s1", upload=START, settle_s=0.0
        ) as scene:
            yield scene

    def test_a_lost_answer_is_resolved_by_looking(self, scene: Scene) -> None:
        """A lost answer to the start is only temporary: an upload without bytes attaches nothing."""
        [piece] = scene.pieces(("login.png", b"content"))
        scene.fail("answer-lost")

        error = outcome(scene, [piece])
        found = scene.destination.find(piece.target, [piece])
        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(error, TemporaryError)
        assert {} == found
        assert isinstance(receipt, Receipt)
        assert {piece.key: [piece.evidence.sha256]} == self.stored(scene)

    def test_a_lost_answer_to_the_bytes_is_resolved_by_the_list(self, scene: Scene) -> None:
        """A piece whose bytes arrived is listed, whatever became of the answer, and stored once."""
        [piece] = scene.pieces(("login.png", b"content"))
        scene.fail("answer-lost", **BYTES)

        receipt = scene.deliver([piece])[piece.key]
        found = scene.destination.find(piece.target, [piece])

        assert isinstance(receipt, Receipt)
        assert "listed" == receipt.how
        assert {piece.key: "found"} == {key: one.how for key, one in found.items()}
        assert {piece.key: [piece.evidence.sha256]} == self.stored(scene)


class TestWorkivaOldVersion(TestWorkiva):
    """A test phase in version 2022-01-01 of the API keeps them too."""

    @pytest.fixture
    def scene(self, tmp_path: Path) -> Iterator[Scene]:
        """A destination that speaks the older version."""
        with scene_of(
            Workiva,
            "workiva",
            tmp_path,
            text="f1/p1",
            upload=START,
            options=LEGACY,
            settle_s=0.0,
            nulls=True,
        ) as scene:
            yield scene


class TestTargets:
    """Target texts."""

    @pytest.mark.parametrize(
        ("text", "kind", "id"),
        [
            ("f1/p1", "test-phase", "f1/p1"),
            ("f1/p1/m1", "matrix", "f1/p1/m1"),
            ("f1/p1/m1/s1", "sample", "f1/p1/m1/s1"),
            ("f1/year%2Fend", "test-phase", "f1/year%2Fend"),
            ("f1/year%2fend", "test-phase", "f1/year%2Fend"),
            ("%66%31/p-1_~.x", "test-phase", "f1/p-1_~.x"),
            ("f1/50%25", "test-phase", "f1/50%25"),
            ("f1/V1ZVd2Vy+a=", "test-phase", "f1/V1ZVd2Vy%2Ba%3D"),
            ("1234/12e5", "test-phase", "1234/12e5"),
        ],
    )
    def test_each_object_has_one_normal_form(self, text: str, kind: str, id: str) -> None:
        """However an id is written, the target is the same and knows its region."""
        target = destination().parse(text)

        assert (kind, id) == (target.kind, target.id)
        assert "https://api.app.wdesk.com" == target.origin

    @pytest.mark.parametrize(
        "text",
        [
            "f1",
            "f1/p1/m1/s1/x",
            "f1//m1",
            "/f1/p1",
            "f1/..",
            "f1/%2E%2e",
            "f1/.",
            "f1/%20",
            "f1/p 1",
            " f1/p1",
            "f1/p1\n",
            "f1/50%",
            "f1/%zz",
            "f1/%FF",
            "f1/9.56E+17",
            "f1/9,5e-3",
            "f1/٤٢",
            "https://app.wdesk.com/x",
            1042,
            True,
        ],
    )
    def test_anything_else_is_refused_with_what_is_expected(self, text: Any) -> None:
        """The error shows what was written and the three forms that are understood."""
        with pytest.raises(TargetError, match="<form>/<phase>/<matrix>/<sample>") as caught:
            destination().parse(text)

        assert repr(text) in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "object"),
        [
            ("f1/p2", "testForms/f1/testPhases/p2"),
            ("f1/p2/m2", "testForms/f1/testPhases/p2/matrices/m2"),
            (
                "5d0c3b1e9a7f4862b1c4d2e8f60a7b93/year%2Fend",
                "testForms/5d0c3b1e9a7f4862b1c4d2e8f60a7b93/testPhases/year%2Fend",
            ),
        ],
    )
    def test_a_target_leads_to_its_object(self, tmp_path: Path, text: str, object: str) -> None:
        """Pieces arrive at the object whose ids were written, with a slash in an id too."""
        with scene_of(Workiva, "workiva", tmp_path, text=text, upload=START) as scene:
            pieces = scene.pieces(("a.txt", b"a"))
            scene.deliver(pieces)

            assert [object] == [file.object for file in scene.sandbox.store.ledger()]


class TestSettings:
    """What is wrong is said before anything is sent."""

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("url", "https://api.eu.wdesk.com/platform/v1/", "leave that out"),
            ("url", "http://api.eu.wdesk.com", "evidence_http_hosts"),
            ("url", "api.eu.wdesk.com", "write https://host/path"),
            ("version", "2024-01-01", "2026-01-01 or 2022-01-01"),
            ("hosts", "blobs.example *.wdesk.com", "without an asterisk"),
            ("hosts", "http://blobs.example", "evidence_http_hosts"),
            ("hosts", "user:pass@blobs.example", "login"),
        ],
    )
    def test_a_wrong_option_is_named(self, name: str, value: str, expected: str) -> None:
        """Each problem is one line with the option's name and what to do."""
        option = f"evidence_workiva_{name}"

        [problem] = destination(**{option: value}).problems(uploading=False)

        assert problem.startswith(option)
        assert expected in problem

    @pytest.mark.parametrize(
        "hosts", ["", "a.example\nb.example", "https://a.example:8443, b.example"]
    )
    def test_hosts_may_be_written_in_several_ways(self, hosts: str) -> None:
        """Names and whole origins, separated by line breaks, blanks or commas."""
        assert [] == destination(evidence_workiva_hosts=hosts).problems(uploading=False)

    def test_missing_credentials_are_wanted_for_uploads_only(self) -> None:
        """Collecting needs no secret; uploading names each variable that is missing."""
        secrets = {"PYTEST_EVIDENCE_WORKIVA_CLIENT_ID": "client"}
        adapter = Workiva(Settings(), Secrets(secrets), Budget.lasting(1))

        assert [] == adapter.problems(uploading=False)
        [problem] = adapter.problems(uploading=True)
        assert problem.endswith("set PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET")


class TestFind:
    """Looking for what is attached."""

    @pytest.fixture
    def scene(self, tmp_path: Path) -> Iterator[Scene]:
        """A destination whose lists have two entries a page."""
        with scene_of(
            Workiva, "workiva", tmp_path, text="f1/p1", upload=START, settle_s=0.0, page_size=2
        ) as scene:
            yield scene

    def test_every_page_is_looked_at(self, scene: Scene) -> None:
        """Pieces are found wherever in the list they stand; others are not."""
        pieces = scene.pieces(*[(f"{n}.txt", b"%d" % n) for n in range(5)])
        scene.deliver(pieces)
        [other] = scene.pieces(("0.txt", b"0"), item="j1-2")

        found = scene.destination.find(pieces[0].target, [*pieces, other])

        assert {piece.key for piece in pieces} == set(found)
        stored = {file.id: file.name for file in scene.sandbox.store.files("workiva")}
        assert stored == {one.remote_id: one.remote_name for one in found.values()}

    @pytest.mark.parametrize(
        "fault",
        ["status-403", "status-404", "status-429", "status-500", "login-page", "answer-cut"],
    )
    def test_a_list_that_cannot_be_read_says_nothing(self, scene: Scene, fault: str) -> None:
        """An error on any page is never taken for 'not there'."""
        pieces = scene.pieces(*[(f"{n}.txt", b"%d" % n) for n in range(3)])
        scene.deliver(pieces)
        scene.sandbox.faults.add(fault, method="GET", path=r"/attachments\?", times=9)

        closes = DestinationClosedError if fault == "login-page" else TemporaryError
        with pytest.raises((UncertainError, closes)):
            scene.destination.find(pieces[0].target, pieces)

    def test_a_missing_scope_is_named(self, tmp_path: Path) -> None:
        """Without graph:read nothing can be looked up, and the error says what to grant."""
        with scene_of(
            Workiva, "workiva", tmp_path, text="f1/p1", upload=START, scopes="graph:write"
        ) as scene:
            pieces = scene.pieces(("a.txt", b"a"))

            with pytest.raises(UncertainError, match="graph:read"):
                scene.destination.find(pieces[0].target, pieces)


class TestCheck:
    """The doctor's reads."""

    def test_hidden_and_missing_objects_are_problems(self, tmp_path: Path) -> None:
        """Each target is read once; what is not visible is named with its hint."""
        with scene_of(Workiva, "workiva", tmp_path, text="f1/p1", upload=START) as scene:
            targets = [scene.destination.parse(text) for text in ("f1/p1", "f9/p9", "f1/p1/m1/x")]

            problems = scene.destination.check(targets)

            subjects = ["workiva test-phase f9/p9", "workiva sample f1/p1/m1/x"]
            assert subjects == [problem.subject for problem in problems]
            assert all("evidence_workiva_version" in problem.next_step for problem in problems)
            assert len(targets) == len(scene.requests("GET", "(?<!attachments)$"))
            assert 1 == len(scene.requests("GET", "attachments$"))
            assert [] == scene.destination.check([])

    def test_a_token_that_may_not_write_is_a_problem(self, tmp_path: Path) -> None:
        """Nothing is written to find that out: the token says what it may do."""
        with scene_of(
            Workiva, "workiva", tmp_path, text="f1/p1", upload=START, scopes="graph:read"
        ) as scene:
            [problem] = scene.destination.check([scene.destination.parse("f1/p1")])

            assert "graph:write" in str(problem)
            assert 0 == scene.uploads()

    @pytest.mark.parametrize("status", [400, 401])
    def test_refused_credentials_are_one_problem(self, tmp_path: Path, status: int) -> None:
        """However many targets there are, the login is tried once."""
        with scene_of(
            Workiva,
            "workiva",
            tmp_path,
            text="f1/p1",
            upload=START,
            environ={
                "PYTEST_EVIDENCE_WORKIVA_CLIENT_ID": "client",
                "PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET": "made-up-secret",
            },
            bad_client_status=status,
        ) as scene:
            [problem] = scene.destination.check([scene.destination.parse("f1/p1")] * 3)
            error = outcome(scene, scene.pieces(("a.txt", b"a")))

            assert "invalid_client" in problem.seen
            assert isinstance(error, DestinationClosedError)
            assert "authentication" == error.why
            assert "made-up-secret" not in f"{problem} {error}"
            assert 2 == len(scene.requests())


class TestHolding:
    """How full a target is."""

    @pytest.fixture
    def scene(self, tmp_path: Path) -> Iterator[Scene]:
        """A destination whose lists have two entries a page."""
        with scene_of(
            Workiva, "workiva", tmp_path, text="f1/p1", upload=START, settle_s=0.0, page_size=2
        ) as scene:
            yield scene

    def test_nobody_knows_before_a_list_was_made(self, scene: Scene) -> None:
        """Asking sends nothing."""
        assert None is scene.destination.holding(scene.destination.parse("f1/p1"), ())
        assert [] == scene.requests()

    def test_what_other_runs_left_is_counted(self, scene: Scene) -> None:
        """Keys of this run are not those of others, nor are names without a key."""
        others = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"), item="j0-1")
        scene.deliver(others)
        store = scene.sandbox.store
        store.rename("workiva", store.files("workiva")[0].id, "by-hand.txt")
        later = anew(scene)
        pieces = later.pieces(("c.txt", b"c"), ("d.txt", b"d"))

        later.deliver(pieces)

        assert Holding(all=4, of_others=1) == held_at(later, pieces)

    def test_what_an_earlier_push_brought_is_not_another_s(self, scene: Scene) -> None:
        """The keys of all pieces of the run are its own, also of those that this process never sent."""
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
        scene.deliver(pieces[:1])
        again = anew(scene, notes=scene.notes)

        again.deliver(again.pieces(("a.txt", b"a"), ("b.txt", b"b"))[1:])

        assert Holding(all=2, of_others=0) == held_at(again, pieces)

    def test_looking_tells_as_well(self, scene: Scene) -> None:
        """A push that finds everything knows how full the target is."""
        pieces = scene.pieces(("a.txt", b"a"))
        scene.deliver(pieces)
        again = anew(scene)

        again.destination.find(pieces[0].target, pieces)

        assert Holding(all=1, of_others=0) == held_at(again, pieces)


def held_at(scene: Scene, pieces: Sequence[Delivery]) -> Holding | None:
    """Return how full the target of a run's pieces is."""
    assert isinstance(scene.destination, Telling)
    return scene.destination.holding(pieces[0].target, {piece.key for piece in pieces})


def anew(scene: Scene, notes: MemoryNotes | None = None) -> Scene:
    """Return a scene of another process, with the notes of its run."""
    made = replace(
        scene,
        destination=Workiva(Settings(given=scene.options), scene.secrets, scene.budget),
        notes=notes or MemoryNotes(),
    )
    made.recall()
    return made


def destination(**given: str) -> Workiva:
    """Return the destination with some options and no secrets."""
    return Workiva(Settings(given=given), Secrets({}), Budget.lasting(1))
