"""The Rillsoft Integration Server as a destination, against the look-alike."""

from __future__ import annotations

import dataclasses
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO
from typing import Any

import pytest

from pytest_attach_evidence.destinations.base import Destination
from pytest_attach_evidence.destinations.rillsoft import Rillsoft
from pytest_attach_evidence.destinations.rillsoft_bundle import Bundle
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import SpoolDamagedError
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings

from .contract import DestinationContract
from .contract import outcome
from .scene import Scene
from .scene import scene_of


UPLOAD = ("POST", r"/attachments/\d+(\?|$)")
LOGIN = "PYTEST_EVIDENCE_RILLSOFT_"
ACCOUNT = {f"{LOGIN}USER": "sandbox-user", f"{LOGIN}PASSWORD": "sandbox-rillsoft-password"}

SceneOf = Callable[..., Scene]


@pytest.fixture
def make_scene(tmp_path: Path) -> Iterator[SceneOf]:
    """Build scenes with switches of the look-alike, target text and environment of choice."""
    with ExitStack() as stack:

        def build(
            text: str = "4711",
            environ: Mapping[str, str] | None = None,
            options: Mapping[str, str] | None = None,
            **switches: Any,
        ) -> Scene:
            scene = scene_of(
                Rillsoft,
                "rillsoft",
                tmp_path,
                text=text,
                upload=UPLOAD,
                environ=environ,
                options=options,
                **switches,
            )
            return stack.enter_context(scene)

        yield build


class TestRillsoft(DestinationContract):
    """The contract with a token, as far as a server without a list can keep it."""

    @pytest.fixture
    def scene(self, make_scene: SceneOf) -> Scene:
        """Return a scene with an attachment of the configured client."""
        return make_scene()

    def test_a_lost_answer_is_resolved_by_looking(self, scene: Scene) -> None:
        """A lost answer is uncertain, nothing can be looked up, and a repeat leaves one file."""
        [piece] = scene.pieces(("login.png", b"content"))
        scene.fail("answer-lost")

        error = outcome(scene, [piece])
        with pytest.raises(UncertainError, match="no documented list"):
            scene.destination.find(piece.target, [piece])
        receipt = outcome(scene, [piece])

        assert isinstance(error, UncertainError)
        assert scene.destination.limits.repeat_is_harmless
        assert isinstance(receipt, Receipt)
        assert [piece.evidence.sha256] == [f.sha256 for f in scene.sandbox.store.files("rillsoft")]

    def test_what_never_arrived_is_not_found(self, scene: Scene) -> None:
        """Looking is refused rather than answered with nothing."""
        [piece] = scene.pieces(("login.png", b"content"))

        with pytest.raises(UncertainError):
            scene.destination.find(piece.target, [piece])
        assert 0 == scene.uploads()

    @pytest.mark.parametrize("count", [0, 1, 9])
    def test_any_number_of_pieces_is_delivered(self, scene: Scene, count: int) -> None:
        """One piece arrives as it is, several in one zip, each with its own bytes and receipt."""
        alike = [(f"shot-{number % 3}.png", b"bytes %d" % (number % 2)) for number in range(count)]
        pieces = scene.pieces(*alike)

        results = scene.deliver(pieces)

        assert {piece.key for piece in pieces} == set(results)
        assert all(isinstance(result, Receipt) for result in results.values())
        assert min(count, 1) == len(scene.sandbox.store.ledger())
        if count > 1:
            packed = unpacked(scene)
            del packed["manifest-sha256.txt"]
            assert [content for _, content in alike] == list(packed.values())

    @pytest.mark.parametrize("name", ["größe ü.png", 'a "quoted" name.txt', "x" * 300 + ".png"])
    def test_any_name_arrives_and_is_found_again(self, scene: Scene, name: str) -> None:
        """Any name is stored once, under the name of the receipt."""
        [piece] = scene.pieces((name, b"content"))

        receipt = outcome(scene, [piece])

        assert isinstance(receipt, Receipt)
        assert [receipt.remote_name] == [file.name for file in scene.sandbox.store.ledger()]
        assert {piece.key: [piece.evidence.sha256]} == self.stored(scene)


class TestRillsoftByLogin(TestRillsoft):
    """The contract with user and password: a refused token is replaced once."""

    uploads_at_401 = 2

    @pytest.fixture
    def scene(self, make_scene: SceneOf) -> Scene:
        """Return a scene with a client in the target, and a scope."""
        options = {"evidence_rillsoft_project": "12", "evidence_rillsoft_portfolio": "3"}
        return make_scene("7/4711", ACCOUNT, options, success_code=200)


def unpacked(scene: Scene) -> dict[str, bytes]:
    """Return the entries of the zip that the server holds, in order."""
    [file] = scene.sandbox.store.files("rillsoft")
    with zipfile.ZipFile(file.path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


class TestTargets:
    """What a target text means."""

    def rillsoft(self, **options: str) -> Rillsoft:
        """Return a destination with these options."""
        given = {"evidence_rillsoft_url": "https://ris.example.com/ris/"}
        given |= {f"evidence_rillsoft_{name}": value for name, value in options.items()}
        return Rillsoft(Settings(given=given), Secrets({}), Budget.lasting(1))

    @pytest.mark.parametrize(
        ("text", "client", "id"),
        [
            ("4711", "7", "4711"),
            (4711, "7", "4711"),
            (0, "7", "0"),
            ("8/4801", "8", "4801"),
            ("0/0", "0", "0"),
            ("007/04711", "7", "4711"),
        ],
    )
    def test_every_spelling_gives_a_complete_target(
        self, text: str | int, client: str, id: str
    ) -> None:
        """Client, project and portfolio are in the target; equal ids are spelled alike."""
        target = self.rillsoft(client="7", project="12", portfolio="3").parse(text)

        assert ("attachment", id) == (target.kind, target.id)
        assert (("client", client), ("portfolio", "3"), ("project", "12")) == target.scope
        assert "https://ris.example.com/ris" == target.origin

    def test_the_way_to_a_record_is_not_the_record(self) -> None:
        """What another scope leads to is replaced all the same; another client's record is another."""
        scoped, plain = self.rillsoft(client="7", project="12"), self.rillsoft(client="7")

        records = [
            rillsoft.holder(rillsoft.parse(text))
            for rillsoft, text in ((scoped, "4711"), (plain, "007/04711"), (plain, "8/4711"))
        ]

        assert records[0] == records[1] != records[2]

    @pytest.mark.parametrize(
        "text", [True, None, 1.5, -1, "-1", "+1", "1 ", "1/2/3", "a", "1/", "/1", "１", "1e3"]
    )
    def test_a_bad_target_says_what_is_expected(self, text: Any) -> None:
        """Only non-negative ASCII integers are ids."""
        with pytest.raises(TargetError, match="<client>/<attachment>"):
            self.rillsoft(client="7").parse(text)

    def test_a_client_is_needed_from_somewhere(self) -> None:
        """Without a default the error says both ways out."""
        with pytest.raises(TargetError, match=r"evidence_rillsoft_client.*write <client>/4711"):
            self.rillsoft().parse(4711)


class TestSettings:
    """What is wrong with a configuration."""

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("url", "http://ris.example.com"),
            ("url", "ris.example.com"),
            ("client", "x"),
            ("project", "-1"),
            ("portfolio", "1.5"),
        ],
    )
    def test_a_wrong_option_is_named(self, option: str, value: str) -> None:
        """Each wrong value is one line that begins with its option."""
        given = {"evidence_rillsoft_url": "https://r.example", f"evidence_rillsoft_{option}": value}

        [problem] = Rillsoft(Settings(given=given), Secrets({}), Budget.lasting(1)).problems(
            uploading=False
        )

        assert problem.startswith(f"evidence_rillsoft_{option} ")

    def test_a_secret_file_that_cannot_be_read_is_named(self) -> None:
        """The variable is named, not our guess about its content."""
        given = {"evidence_rillsoft_url": "https://r.example"}
        secrets = Secrets({f"{LOGIN}TOKEN_FILE": "/nowhere"})

        [problem] = Rillsoft(Settings(given=given), secrets, Budget.lasting(1)).problems(
            uploading=True
        )

        assert "RILLSOFT_TOKEN_FILE" in problem

    def test_its_origin_is_that_of_its_targets(self) -> None:
        """The engine refuses targets of another server."""
        given = {"evidence_rillsoft_url": "https://R.example/", "evidence_rillsoft_client": "7"}
        destination: Destination = Rillsoft(Settings(given=given), Secrets({}), Budget.lasting(1))
        without: Destination = Rillsoft(Settings(), Secrets({}), Budget.lasting(1))

        assert "https://r.example" == destination.origin
        assert destination.origin == destination.parse(4711).origin
        assert "" == without.origin


class TestBundle:
    """Several pieces for one attachment."""

    def test_the_engine_is_told_that_pieces_belong_together(self) -> None:
        """A call replaces what the record holds, so it has to carry everything."""
        limits = Rillsoft(Settings(), Secrets({}), Budget.lasting(1)).limits

        assert limits.replaces
        assert limits.repeat_is_harmless
        assert limits.pieces_per_call is None

    def test_a_zip_names_its_pieces_and_proves_them(self, make_scene: SceneOf) -> None:
        """Readable names in the order given, and a manifest that `sha256sum -c` reads."""
        scene = make_scene()
        one, two = scene.pieces(("log in.txt", b"text"), ("größe.png", b"picture"))

        results = scene.deliver([one, two])

        names = [f"log-in--{one.key}.txt", f"groe--{two.key}.png"]
        packed = unpacked(scene)
        assert [*names, "manifest-sha256.txt"] == list(packed)
        manifest = (
            f"{one.evidence.sha256}  {names[0]}\n{two.evidence.sha256}  {names[1]}\n".encode()
        )
        assert manifest == packed["manifest-sha256.txt"]
        receipts = [results[piece.key] for piece in (one, two)]
        zip_name = f"evidence--{one.key}.zip"
        assert [zip_name] * 2 == [r.remote_name for r in receipts if isinstance(r, Receipt)]
        assert {"4711"} == {r.remote_id for r in receipts if isinstance(r, Receipt)}
        assert "application/zip" == scene.sandbox.store.ledger()[0].media_type

    def test_a_repeat_sends_the_same_bytes(self, make_scene: SceneOf) -> None:
        """Therefore a repeat is harmless."""
        scene = make_scene()
        pieces = scene.pieces(("a.txt", b"a" * 10_000), ("b.png", b"b" * 10_000))

        scene.deliver(pieces)
        scene.deliver(pieces)

        first, second = scene.sandbox.store.ledger()
        assert first.sha256 == second.sha256
        assert first.name == second.name

    def test_a_token_that_ended_early_does_not_cut_the_zip(self, make_scene: SceneOf) -> None:
        """After a new login the whole zip is sent again from its beginning."""
        scene = make_scene(environ=ACCOUNT)
        pieces = scene.pieces(("a.txt", b"a" * 300_000), ("b.png", b"b" * 300_000))
        scene.fail("status-401")

        results = scene.deliver(pieces)

        assert all(isinstance(result, Receipt) for result in results.values())
        assert 2 == len(scene.requests("POST", "/login"))
        assert 3 == len(unpacked(scene))

    def test_switched_off_two_pieces_are_both_rejected(self, make_scene: SceneOf) -> None:
        """One would silently replace the other; the message says how many there are."""
        scene = make_scene(options={"evidence_rillsoft_bundle": "off"})
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))

        results = scene.deliver(pieces)

        errors = [result for result in results.values() if isinstance(result, PermanentError)]
        assert 2 == len(errors)
        assert "2 pieces want rillsoft attachment 4711" in str(errors[0])
        assert "evidence_rillsoft_bundle" in errors[0].next_step
        assert 0 == scene.uploads()

    def test_switched_off_one_piece_is_delivered(self, make_scene: SceneOf) -> None:
        """One piece fits."""
        scene = make_scene(options={"evidence_rillsoft_bundle": "off"})
        pieces = scene.pieces(("a.txt", b"a"))

        assert isinstance(outcome(scene, pieces), Receipt)

    @pytest.mark.parametrize("damage", ["changed", "shorter", "longer", "gone"])
    def test_without_a_piece_that_breaks_nothing_is_sent(
        self, make_scene: SceneOf, damage: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It may be what the record holds already: a zip without it would push it out."""
        scene = make_scene()
        good, bad, fine = scene.pieces(("a.txt", b"aa"), ("b.txt", b"bb"), ("c.txt", b"cc"))
        wrong = {"changed": b"bB", "shorter": b"b", "longer": b"bbb"}
        original = scene.open_content

        def damaged(evidence: Evidence) -> IO[bytes]:
            if evidence.id != bad.evidence.id:
                return original(evidence)
            if damage == "gone":
                msg = "the blob is not there"
                raise SpoolDamagedError(msg)
            return io.BytesIO(wrong[damage])

        monkeypatch.setattr(scene, "open_content", damaged)
        with pytest.raises(TemporaryError) as caught:
            scene.deliver([good, bad, fine])

        assert "b.txt of tests/test_login.py::test_login" in str(caught.value)
        assert 0 == scene.uploads()

    def test_what_is_compressed_already_is_stored(self, make_scene: SceneOf) -> None:
        """Pictures are not compressed again, text is."""
        scene = make_scene()
        names = ("a.png", "b.mp4", "c.zip", "d.svg", "e.txt", "f.har")
        scene.deliver(scene.pieces(*[(name, b"x" * 1000) for name in names]))

        [file] = scene.sandbox.store.files("rillsoft")
        with zipfile.ZipFile(file.path) as archive:
            stored = {e.filename[0] for e in archive.infolist() if e.compress_type == 0}
        assert set("abc") == stored

    def test_a_full_disk_is_temporary(
        self, make_scene: SceneOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing was sent, and the disk may be free again later."""
        scene = make_scene()
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))

        def full() -> IO[bytes]:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("tempfile.TemporaryFile", full)

        error = outcome(scene, pieces)

        assert isinstance(error, TemporaryError)
        assert "No space left on device" in str(error)

    def test_memory_stays_small(self, make_scene: SceneOf) -> None:
        """A zip of 64 MB is packed and read in blocks."""
        scene = make_scene()
        megabyte = b"\0" * (1024 * 1024)
        pieces = scene.pieces(("a.png", megabyte), ("b.png", megabyte))
        big = 32 * len(megabyte)
        digest = "sha256:83ee47245398adee79bd9c0a8bc57b821e92aba10f5f9ade8a5d1fae4d8c4302"
        pieces = [
            dataclasses.replace(
                piece, evidence=dataclasses.replace(piece.evidence, size=big, digest=digest)
            )
            for piece in pieces
        ]

        tracemalloc.start()
        bundle = Bundle.of(pieces, lambda _evidence: Zeros(big), max_name=120, goes_on=lambda: None)
        length = sum(len(block) for block in bundle.body)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        bundle.close()

        assert length == bundle.body.length
        assert length > 2 * big
        assert peak < 4 * len(megabyte)


class Zeros(io.BytesIO):
    """A long file of zeros that is nowhere."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left = size

    def read(self, size: int | None = -1) -> bytes:
        """Return at most `size` zeros."""
        count = min(size or 0, self._left)
        self._left -= count
        return b"\0" * count


class TestDelivery:
    """What this server does differently from others."""

    def test_a_token_is_fetched_once(self, make_scene: SceneOf) -> None:
        """One login serves all uploads."""
        scene = make_scene(environ=ACCOUNT)
        one, two = (
            scene.pieces((name, b"x"), text=text)[0]
            for name, text in (("a.txt", "4711"), ("b.txt", "4712"))
        )

        scene.deliver([one])
        scene.deliver([two])

        assert 1 == len(scene.requests("POST", "/login"))
        assert 2 == len(scene.sandbox.store.ledger())

    def test_a_wrong_password_closes_after_one_login(self, make_scene: SceneOf) -> None:
        """Nothing was uploaded, and the password is in no message."""
        scene = make_scene(environ={**ACCOUNT, f"{LOGIN}PASSWORD": "wrong-password"})
        pieces = scene.pieces(("a.txt", b"a"))

        error = outcome(scene, pieces)

        assert isinstance(error, DestinationClosedError)
        assert "wrong-password" not in str(error)
        assert 1 == len(scene.requests())

    @pytest.mark.parametrize(
        ("text", "seen"),
        [
            ("4999", "client 7, attachment 4999, project 12"),
            ("4721", "client 7, attachment 4721, project 12"),
            ("6/4711", "client 6, attachment 4711, project 12"),
            ("9/4901", "403"),
        ],
    )
    def test_what_cannot_be_reached_is_rejected(
        self, make_scene: SceneOf, text: str, seen: str
    ) -> None:
        """The message names every id, since the answer does not."""
        scene = make_scene(text, options={"evidence_rillsoft_project": "12"})
        pieces = scene.pieces(("a.txt", b"a"))

        error = outcome(scene, pieces)

        assert isinstance(error, PermanentError)
        assert seen in str(error)
        assert error.next_step

    def test_a_success_that_says_error_is_none(self, make_scene: SceneOf) -> None:
        """The body is the answer."""
        scene = make_scene(success_status="error")
        pieces = scene.pieces(("a.txt", b"a"))

        assert isinstance(outcome(scene, pieces), PermanentError)

    @pytest.mark.parametrize("count", [1, 2])
    def test_nothing_is_sent_once_delivery_has_to_end(
        self, make_scene: SceneOf, count: int
    ) -> None:
        """After a stop the pieces wait; they surely were not sent."""
        scene = make_scene()
        pieces = scene.pieces(*[(f"{number}.txt", b"a") for number in range(count)])
        scene.budget.stop.set()

        assert isinstance(outcome(scene, pieces), TemporaryError)
        assert [] == scene.requests()


class TestCheck:
    """What the doctor says of targets."""

    @pytest.mark.parametrize(
        ("texts", "subjects"),
        [
            (["4711", "4712"], []),
            (["9/4901"], ["rillsoft client 9"]),
            (["6/1", "7/1", "9/1"], ["rillsoft client 6", "rillsoft client 9"]),
        ],
    )
    def test_each_client_is_asked_once(
        self, make_scene: SceneOf, texts: list[str], subjects: list[str]
    ) -> None:
        """Clients that are not open to us are problems."""
        scene = make_scene()
        targets = [scene.destination.parse(text) for text in texts]

        problems = scene.destination.check(targets)

        assert subjects == [problem.subject for problem in problems]
        assert all(problem.next_step for problem in problems)
        assert len({target.scoped("client") for target in targets}) == len(scene.requests())

    def test_refused_credentials_are_tried_once(self, make_scene: SceneOf) -> None:
        """One refusal is enough to know."""
        scene = make_scene(environ={f"{LOGIN}TOKEN": "made-up-and-wrong"})
        targets = [scene.destination.parse(text) for text in ("6/1", "7/1", "8/1")]

        [problem] = scene.destination.check(targets)

        assert "rillsoft" == problem.subject
        assert "PYTEST_EVIDENCE_RILLSOFT_TOKEN" in problem.next_step
        assert 1 == len(scene.requests())

    @pytest.mark.parametrize(("bundle", "told"), [("on", []), ("off", ["4711"])])
    def test_a_record_of_several_tests_is_a_warning_without_a_bundle(
        self, make_scene: SceneOf, bundle: str, told: list[str]
    ) -> None:
        """It holds one file: what the tests attach would be rejected after forty minutes."""
        scene = make_scene(options={"evidence_rillsoft_bundle": bundle})
        targets = [scene.destination.parse(text) for text in ("4711", "4712", "4711")]

        problems = scene.destination.check(targets)

        assert told == [text for one in problems for text in told if text in one.subject]
        assert ["warning"] * len(told) == [problem.severity for problem in problems]
        assert all("2 tests" in one.seen and "bundle = on" in one.next_step for one in problems)
