"""What Workiva offers beside the upload: the walk through test forms, downloads, exports."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.destinations.remote import Attached
from pytest_attach_evidence.destinations.remote import Offering
from pytest_attach_evidence.destinations.remote import Place
from pytest_attach_evidence.destinations.remote import Remote
from pytest_attach_evidence.destinations.workiva import Workiva
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import EvidenceError
from pytest_attach_evidence.errors import NotOfferedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.model import Target

from .scene import Scene
from .scene import scene_of
from .workiva_time import SkippedTime


VERSIONS = ["2026-01-01", "2022-01-01"]
CHANGES = "5d0c3b1e9a7f4862b1c4d2e8f60a7b93"
Start = Callable[..., Scene]


@pytest.fixture(params=VERSIONS)
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Starts scenes in each version, whose time can be skipped; switches are those of the look-alike."""
    with ExitStack() as stack:

        def begin(**switches: Any) -> Scene:
            skipped = SkippedTime()
            scene = stack.enter_context(
                scene_of(
                    Workiva,
                    "workiva",
                    tmp_path,
                    text="f1/p1/m1/s1",
                    upload=("POST", r"/attachmentUpload$"),
                    options={"evidence_workiva_version": request.param},
                    **{"settle_s": 0.0, "clock": skipped.today, **switches},
                )
            )
            scene.budget.stop, scene.budget.clock = skipped, skipped.now
            return scene

        yield begin


def remote_of(scene: Scene) -> Remote:
    """Return the destination's other operations."""
    assert isinstance(scene.destination, Offering)
    return scene.destination.remote()


def attach(scene: Scene, text: str, name: str, content: bytes = b"content") -> Target:
    """Deliver a piece to a target."""
    pieces = scene.pieces((name, content), text=text)
    scene.deliver(pieces)
    return pieces[0].target


def walk(remote: Remote, target: Target | None = None) -> Iterator[Place]:
    """Yield everything below an object."""
    for place in remote.inside(target):
        yield place
        if place.leads:
            yield from walk(remote, remote.place(place.text))


class TestPlaces:
    """What is written after `workiva=`."""

    @pytest.mark.parametrize(
        ("text", "kind", "id"),
        [
            ("f1", "test-form", "f1"),
            ("f1/p1", "test-phase", "f1/p1"),
            ("f1/p1/m1", "matrix", "f1/p1/m1"),
            ("f1/p1/m1/s1", "sample", "f1/p1/m1/s1"),
            ("year%2fend", "test-form", "year%2Fend"),
        ],
    )
    def test_forms_are_places_too(self, start: Start, text: str, kind: str, id: str) -> None:
        """Every target of evidence is a place, and so is the form that leads to them."""
        scene = start()
        place = remote_of(scene).place(text)

        assert (kind, id) == (place.kind, place.id)
        if kind != "test-form":
            assert scene.destination.parse(text) == place

    @pytest.mark.parametrize("text", ["", "f1/", "f1/p1/m1/s1/x", "f 1", "9.5E+17", "f1/.."])
    def test_anything_else_is_refused(self, start: Start, text: str) -> None:
        """The error names the four forms."""
        with pytest.raises(TargetError, match="'<form>', '<form>/<phase>'"):
            remote_of(start()).place(text)


class TestWalk:
    """The way to ids that nobody can guess."""

    def test_everything_is_listed_with_ids_and_names(self, start: Start) -> None:
        """Each text leads on; a row is called after its values; hidden forms are not there."""
        found = list(walk(remote_of(start(page_size=1))))

        assert [
            ("f1", "test form", "Access management"),
            ("f1/p1", "test phase", "Walkthrough"),
            ("f1/p1/m1", "matrix", "Purchase orders"),
            ("f1/p1/m1/s1", "sample", "PO-23897, 385.30"),
            ("f1/p1/m1/s2", "sample", "PO-23911, 72.00"),
        ] == [(place.text, place.kind, place.name) for place in found[:5]]
        texts = [place.text for place in found]
        assert f"{CHANGES}/year%2Fend" in texts
        assert "f9" not in texts
        assert [text for text in texts if "/" in text] == [
            place.text for place in found if place.takes_evidence
        ]

    def test_a_listed_text_is_a_target(self, start: Start) -> None:
        """What the walk prints can be pasted into a mark, and evidence arrives there."""
        scene = start()
        for place in walk(remote_of(scene)):
            if place.takes_evidence and not place.text.startswith("f8"):
                attach(scene, place.text, "a.txt", place.text.encode())

        held = {file.object for file in scene.sandbox.store.files("workiva")}
        assert f"testForms/{CHANGES}/testPhases/year%2Fend" in held
        assert len(held) == len(scene.sandbox.store.ledger()) == 11

    def test_places_tell_how_much_is_attached(self, start: Start) -> None:
        """One look at a level shows where evidence is."""
        scene = start()
        attach(scene, "f1/p1/m1/s2", "a.txt")
        remote = remote_of(scene)

        rows = list(remote.inside(remote.place("f1/p1/m1")))

        assert [{"attachments": "0"}, {"attachments": "1"}] == [row.facts for row in rows]

    def test_pages_are_asked_for_as_they_are_wanted(self, start: Start) -> None:
        """A thousand rows are not read for the first one."""
        scene = start(page_size=1)
        remote = remote_of(scene)
        rows = remote.inside(remote.place("f1/p1/m1"))

        assert [] == scene.requests("GET")
        next(rows)
        assert 1 == len(scene.requests("GET"))

    def test_a_sample_leads_nowhere(self, start: Start) -> None:
        """Nothing is asked for what cannot be there."""
        scene = start()
        remote = remote_of(scene)

        assert [] == list(remote.inside(remote.place("f1/p1/m1/s1")))
        assert [] == scene.requests()

    def test_a_rate_limit_costs_a_wait_and_not_the_walk(self, start: Start) -> None:
        """The limiter's time is kept, then the walk goes on where it was."""
        scene = start(page_size=1)
        scene.fail("status-429", method="GET", path="/samples", retry_after="20", times=2)
        scene.budget.ends_at += 300
        remote = remote_of(scene)
        begun = scene.budget.clock()

        assert 2 == len(list(remote.inside(remote.place("f1/p1/m1"))))
        assert 20 <= scene.budget.clock() - begun < 60

    def test_a_hidden_form_is_told_with_what_to_check(self, start: Start) -> None:
        """Not there, not visible, or another region: one line says all."""
        remote = remote_of(start())

        with pytest.raises(PermanentError, match="404") as caught:
            list(remote.inside(remote.place("f9")))

        assert "evidence_workiva_url" in caught.value.next_step


class TestAbout:
    """One object."""

    @pytest.mark.parametrize(
        ("text", "name", "facts"),
        [
            ("f1", "Access management", {"test phases": "2", "attachments": "0"}),
            ("f1/p1", "Walkthrough", {"matrices": "1", "attachments": "0"}),
            (
                "f1/p1/m1",
                "Purchase orders",
                {"samples": "2", "columns": "PO number, Amount, Approved", "attachments": "0"},
            ),
            (
                "f1/p1/m1/s1",
                "PO-23897, 385.30",
                {
                    "data": "PO number: PO-23897, Amount: 385.30",
                    "results": "Approved: PASS",
                    "attachments": "1",
                },
            ),
        ],
    )
    def test_what_is_known(self, start: Start, text: str, name: str, facts: dict[str, str]) -> None:
        """How much is in it and attached to it; a row with the names of its columns."""
        scene = start(page_size=1)
        attach(scene, "f1/p1/m1/s1", "a.txt")
        remote = remote_of(scene)

        about = remote.about(remote.place(text))

        assert (text, name, facts) == (about.text, about.name, dict(about.facts))


class TestFetching:
    """Download and export."""

    def test_a_sample_s_attachment_becomes_a_pdf(self, start: Start, tmp_path: Path) -> None:
        """List, export, and there is a file that a reader of PDF opens."""
        scene = start()
        target = attach(scene, "f1/p1/m1/s1", "login.png", b"\x89PNG pretended")
        remote = remote_of(scene)

        [attached] = remote.attachments(target)
        with (tmp_path / "export").open("wb") as into:
            name = remote.export(target, attached, into)

        found = (tmp_path / "export").read_bytes()
        assert found.startswith(b"%PDF-")
        assert found.rstrip().endswith(b"%%EOF")
        assert attached.name.encode() in found
        assert attached.name.removesuffix("png") + "pdf" == name
        assert remote.exports_attachments(target)

    @pytest.mark.parametrize("text", ["f1/p1", "f1/p1/m1", "f1/p1/m1/s1"])
    def test_every_level_gives_its_bytes_back(self, start: Start, text: str) -> None:
        """What was attached comes back byte by byte, one by its id too."""
        scene = start(page_size=1)
        target = attach(scene, text, "a.bin", bytes(range(256)))
        attach(scene, text, "b.bin", b"b")
        remote = remote_of(scene)

        first, second = remote.attachments(target)
        into = io.BytesIO()
        remote.download(target, first, into)

        assert bytes(range(256)) == into.getvalue()
        assert second == remote.attachment(target, second.id)

    def test_a_form_becomes_a_workbook(self, start: Start) -> None:
        """A whole form in one file, called after the form."""
        scene = start()
        attach(scene, "f1/p1/m1/s1", "login.png")
        remote = remote_of(scene)
        form, into = remote.place("f1"), io.BytesIO()

        name = remote.export(form, None, into)

        assert "Access management.xlsx" == name
        assert not remote.exports_attachments(form)
        assert (False, True) == (remote.offers("download", form), remote.offers("export", form))
        with zipfile.ZipFile(into) as archive:
            assert "login--" in archive.read("xl/sheet.xml").decode()

    def test_polls_keep_the_pace_and_the_token_may_end(self, start: Start) -> None:
        """Twenty minutes of waiting are polled as the vendor wants it, and outlive two tokens."""
        scene = start(retry_after_s=10, poll_interval_s=1.0)
        target = attach(scene, "f1/p1/m1/s1", "a.txt", b"content")
        system: Any = scene.sandbox.systems["workiva"]
        system.settle_s, system.settle_polls = 1200.0, None
        scene.budget.ends_at += 3600
        polled: list[float] = []
        poll = system.operations.poll
        system.operations.poll = lambda one: polled.append(scene.budget.clock()) or poll(one)
        remote = remote_of(scene)
        [attached] = remote.attachments(target)
        before, into = system.tokens.calls, io.BytesIO()

        remote.download(target, attached, into)

        assert b"content" == into.getvalue()
        assert 3 == system.tokens.calls - before + 1
        assert all(9.9 < b - a < 12 for a, b in pairwise(polled))
        assert 401 not in [seen.status for seen in scene.sandbox.requests("workiva")]

    def test_two_fetches_share_one_pace(self, start: Start) -> None:
        """However many files are fetched, polls come at most once a second."""
        scene = start(retry_after_s=0)
        target = attach(scene, "f1/p1/m1/s1", "a.txt")
        system: Any = scene.sandbox.systems["workiva"]
        polled: list[float] = []
        poll = system.operations.poll
        system.operations.poll = lambda one: polled.append(scene.budget.clock()) or poll(one)
        first, second = remote_of(scene), remote_of(scene)

        for remote in (first, second, first):
            remote.download(target, remote.attachments(target)[0], io.BytesIO())

        assert 3 <= len(polled)
        assert all(b - a > 0.9 for a, b in pairwise(polled))

    @pytest.mark.parametrize("fault", ["status-500", "status-503", "status-429", "answer-lost"])
    def test_troubles_of_polls_pass(self, start: Start, fault: str) -> None:
        """A look that fails is made again; what has been started goes on by itself."""
        scene = start()
        target = attach(scene, "f1/p1/m1/s1", "a.txt", b"content")
        remote = remote_of(scene)
        [attached] = remote.attachments(target)
        scene.fail(fault, method="GET", path="/operations/", times=2)
        into = io.BytesIO()

        remote.download(target, attached, into)

        assert b"content" == into.getvalue()

    def test_what_cannot_be_converted_says_why_and_what_else_there_is(self, start: Start) -> None:
        """The vendor's reasons, the id its support asks for, and the way to the bytes."""
        scene = start(unconvertible="log")
        target = attach(scene, "f1/p1/m1/s1", "a.log")
        remote = remote_of(scene)
        [attached] = remote.attachments(target)

        with pytest.raises(
            PermanentError, match=r"failed.*ConversionFailed.*request [0-9a-f-]{36}"
        ) as caught:
            remote.export(target, attached, io.BytesIO())

        assert "remote download" in caught.value.next_step
        assert attached.name in str(caught.value)

    @pytest.mark.parametrize(
        ("switches", "error", "words"),
        [
            ({"outcome": "cancelled"}, TemporaryError, "cancelled"),
            ({"outcome": "stuck"}, TemporaryError, "the time is over"),
            ({"resource_key": ""}, PermanentError, "without a resourceUrl"),
        ],
    )
    def test_other_ends_are_told(
        self, start: Start, switches: dict[str, str], error: type[EvidenceError], words: str
    ) -> None:
        """Cancelled, never ended, ended without a file: each in one line with the name of the file."""
        scene = start()
        target = attach(scene, "f1/p1/m1/s1", "a.txt")
        remote = remote_of(scene)
        [attached] = remote.attachments(target)
        for name, value in switches.items():
            setattr(scene.sandbox.systems["workiva"], name, value)

        with pytest.raises(error, match=words) as caught:
            remote.download(target, attached, io.BytesIO())

        assert attached.name in str(caught.value)

    def test_the_other_spelling_of_the_address_is_understood(self, start: Start) -> None:
        """The vendor's prose writes resourceURL."""
        scene = start(resource_key="resourceURL")
        target = attach(scene, "f1/p1/m1/s1", "a.txt", b"content")
        remote = remote_of(scene)
        into = io.BytesIO()

        remote.download(target, remote.attachments(target)[0], into)

        assert b"content" == into.getvalue()

    def test_a_page_is_no_pdf(self, start: Start) -> None:
        """A gateway that answers 200 with a page of its own does not pass for the export."""
        scene = start()
        target = attach(scene, "f1/p1/m1/s1", "a.png")
        remote = remote_of(scene)
        [attached] = remote.attachments(target)
        scene.fail("login-page", method="GET", path="/blob-storage/", times=9)

        with pytest.raises(PermanentError, match="bytes came that are no PDF"):
            remote.export(target, attached, io.BytesIO())


class TestLacking:
    """What the vendor does not document."""

    @pytest.mark.parametrize(
        ("text", "ask"),
        [
            ("f1/p1", lambda remote, at, one: remote.delete(at, [one])),
            ("f1/p1", lambda remote, at, one: remote.rename(at, one, "b.txt")),
            ("f1/p1", lambda remote, at, one: remote.export(at, None, io.BytesIO())),
            ("f1", lambda remote, at, one: remote.export(at, one, io.BytesIO())),
            ("f1", lambda remote, at, one: remote.download(at, one, io.BytesIO())),
            ("f1", lambda remote, at, one: remote.attachment(at, one.id)),
        ],
    )
    def test_it_is_said_in_one_line(
        self, start: Start, text: str, ask: Callable[[Remote, Target, Attached], object]
    ) -> None:
        """Nothing is sent to find that out."""
        scene = start()
        remote = remote_of(scene)

        with pytest.raises(NotOfferedError, match="Workiva documents no operation to") as caught:
            ask(remote, remote.place(text), Attached(id="a1", name="a.txt"))

        assert "\n" not in str(caught.value)
        assert [] == scene.requests()

    def test_an_attachment_without_an_id_cannot_be_fetched(self, start: Start) -> None:
        """No id is required of a list's entry; the address of another thing is not asked for."""
        scene = start()
        remote = remote_of(scene)

        with pytest.raises(PermanentError, match=r"a\.txt is listed without an id"):
            remote.download(remote.place("f1/p1"), Attached(id="", name="a.txt"), io.BytesIO())

        assert [] == scene.requests()


def test_refused_credentials_are_told(tmp_path: Path) -> None:
    """Nothing is known before the first request, which is not repeated."""
    environ = {
        "PYTEST_EVIDENCE_WORKIVA_CLIENT_ID": "client",
        "PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET": "made-up-secret",
    }
    with scene_of(
        Workiva, "workiva", tmp_path, text="f1/p1", upload=("POST", "x"), environ=environ
    ) as scene:
        remote = remote_of(scene)
        with pytest.raises(DestinationClosedError, match="invalid_client") as caught:
            list(remote.inside(None))

        assert "authentication" == caught.value.why
        assert 1 == len(scene.requests())
