"""What every destination promises, as tests that the test class of each adapter inherits.

A subclass gives the fixture `scene` and overrides what its API cannot do; its own oddities follow.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import pytest

from pytest_attach_evidence.errors import DeliveryError
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import SettingsError
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.naming import keys_in
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings

from .scene import Scene


HEAVY = "requests urllib3 rich jinja2 werkzeug"

PARSE_ALONE = """
import importlib, sys
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings
module, name, heavy, text, *options = sys.argv[1:]
given = dict(option.split("=", 1) for option in options)
factory = getattr(importlib.import_module(module), name)
factory(Settings(given=given), Secrets({}), Budget.lasting(1)).parse(text)
print(*[name for name in heavy.split() if name in sys.modules])
"""


class DestinationContract:
    """The promises of every destination; names of fixtures and hooks are those of `scene.py`.

    `uploads_at_401`: how often bytes are sent to a server that answers 401 (a token that can be
    renewed is renewed once, so 2).
    """

    uploads_at_401 = 1

    def stored(self, scene: Scene) -> Mapping[str, list[str]]:
        """Return the SHA-256 of everything ever committed, by the key in its name."""
        digests: dict[str, list[str]] = {}
        for file in scene.sandbox.store.ledger():
            for key in keys_in(file.name):
                digests.setdefault(key, []).append(file.sha256)
        return digests

    def test_a_receipt_stands_for_exactly_the_bytes_that_the_server_stored(
        self, scene: Scene
    ) -> None:
        """A receipt names the piece by its key, and the server holds its bytes once."""
        [piece] = scene.pieces(("login.png", b"\x89PNG pretended"))

        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(receipt, Receipt)
        assert piece.key == receipt.key
        assert {piece.key: [piece.evidence.sha256]} == self.stored(scene)

    def test_refused_credentials_close_the_destination(self, scene: Scene) -> None:
        """After a 401 nothing is tried again, and the message shows no secret."""
        [piece] = scene.pieces(("login.png", b"content"))
        scene.fail("status-401", times=9)

        error = outcome(scene, [piece])

        assert isinstance(error, DestinationClosedError)
        assert "authentication" == error.why
        assert self.uploads_at_401 == scene.uploads()
        assert not [secret for secret in scene.secrets.known_values() if secret in str(error)]

    def test_too_large_is_rejected_after_one_request(self, scene: Scene) -> None:
        """A 413 is final: sent once, stored never."""
        [piece] = scene.pieces(("login.png", b"content"))
        scene.fail("status-413", times=9)

        error = outcome(scene, [piece])

        assert isinstance(error, PermanentError)
        assert 1 == scene.uploads()
        assert {} == self.stored(scene)

    def test_a_busy_server_says_when_to_come_again(self, scene: Scene) -> None:
        """A 503 with Retry-After is temporary, and the next attempt sends the full body anew."""
        [piece] = scene.pieces(("trace.zip", b"x" * 300_000))
        scene.fail("status-503", retry_after="7")

        error = outcome(scene, [piece])
        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(error, TemporaryError)
        assert 7.0 == error.retry_after_s
        assert isinstance(receipt, Receipt)
        assert {piece.key: [piece.evidence.sha256]} == self.stored(scene)

    def test_a_lost_answer_is_resolved_by_looking(self, scene: Scene) -> None:
        """A piece whose answer was lost is uncertain or seen in a listing, and was stored once."""
        [piece] = scene.pieces(("login.png", b"content"))
        scene.fail("answer-lost")

        result = outcome(scene, [piece])
        found = scene.destination.find(piece.target, [piece])

        assert isinstance(result, UncertainError) or "listed" == getattr(result, "how", result)
        assert {piece.key: "found"} == {key: receipt.how for key, receipt in found.items()}
        assert {piece.key: [piece.evidence.sha256]} == self.stored(scene)

    def test_what_never_arrived_is_not_found(self, scene: Scene) -> None:
        """Looking finds nothing where nothing is, and changes nothing."""
        pieces = scene.pieces(("login.png", b"content"), ("log.txt", b"text"))

        found = scene.destination.find(pieces[0].target, pieces)

        assert {} == found
        assert {} == self.stored(scene)
        assert 0 == scene.uploads()

    def test_an_empty_file_is_a_piece_like_any_other(self, scene: Scene) -> None:
        """An empty log is delivered, not skipped."""
        [piece] = scene.pieces(("empty.txt", b""))

        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(receipt, Receipt)
        assert {piece.key: [piece.evidence.sha256]} == self.stored(scene)

    @pytest.mark.parametrize("count", [0, 1, 9])
    def test_any_number_of_pieces_is_delivered(self, scene: Scene, count: int) -> None:
        """Every piece of a target arrives once with its own bytes, also those that are alike."""
        alike = [(f"shot-{number % 3}.png", b"bytes %d" % (number % 2)) for number in range(count)]
        pieces = scene.pieces(*alike)

        results = scene.deliver(pieces)

        assert bool(count) == bool(scene.uploads())
        assert {piece.key for piece in pieces} == set(results)
        assert all(isinstance(result, Receipt) for result in results.values())
        assert {piece.key: [piece.evidence.sha256] for piece in pieces} == self.stored(scene)

    @pytest.mark.parametrize(
        "name",
        [
            "größe ü.png",
            'a "quoted" name.txt',
            "folder/inner.log",
            "x" * 300 + ".png",
            "no-extension",
            ".env",
            "many.dots.tar.gz",
            "name.extension-too-long",
            "テスト.json",
        ],
    )
    def test_any_name_arrives_and_is_found_again(self, scene: Scene, name: str) -> None:
        """Whatever a piece is called, it is stored once and can be looked up afterwards."""
        [piece] = scene.pieces((name, b"content"))

        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(receipt, Receipt)
        assert {piece.key: [piece.evidence.sha256]} == self.stored(scene)
        assert [piece.key] == list(scene.destination.find(piece.target, [piece]))

    def test_a_target_is_complete_and_read_back_alike(self, scene: Scene) -> None:
        """Parsing gives the destination, the base URL and text ids; JSON brings the same back."""
        target = scene.destination.parse(scene.text)

        assert scene.destination.name == target.destination
        assert target.origin
        assert target == type(target).from_json(target.to_json())

    @pytest.mark.parametrize(
        "text", ["", " ", "9.56239E+17", "٤٢", True, "a b/../c", "/", "x/", "\x00"]
    )
    def test_a_bad_target_is_refused_with_a_reason(self, scene: Scene, text: str) -> None:
        """Blanks, ruined numbers, foreign digits and half paths are errors of one line."""
        with pytest.raises(TargetError) as caught:
            scene.destination.parse(text)

        assert str(caught.value)
        assert "\n" not in str(caught.value)

    def test_missing_settings_are_all_named(self, scene: Scene) -> None:
        """Without any setting every problem is a line that names an option or a variable."""
        empty = type(scene.destination)(Settings(), Secrets({}), scene.budget)

        problems = empty.problems(uploading=True)

        assert problems
        assert all("evidence_" in line or "PYTEST_EVIDENCE_" in line for line in problems)
        assert not [line for line in problems if "\n" in line]

    def test_complete_settings_have_no_problem(self, scene: Scene) -> None:
        """What the sandbox exports is a complete configuration."""
        assert [] == scene.destination.problems(uploading=True)

    def test_parsing_without_settings_says_what_to_set(self, scene: Scene) -> None:
        """Where a target cannot be completed without a setting, the error names it."""
        empty = type(scene.destination)(Settings(), Secrets({}), scene.budget)

        if not empty.problems(uploading=False):
            assert empty.parse(scene.text)
            return
        with pytest.raises((TargetError, SettingsError), match="evidence_"):
            empty.parse(scene.text)

    def test_parsing_imports_nothing_heavy(self, scene: Scene) -> None:
        """Collecting tests never loads the HTTP library."""
        factory = type(scene.destination)
        options = [f"{name}={value}" for name, value in scene.options.items()]
        command = [sys.executable, "-c", PARSE_ALONE, factory.__module__, factory.__name__]

        done = subprocess.run(
            [*command, HEAVY, scene.text, *options], capture_output=True, text=True, check=False
        )

        assert ("", 0) == (done.stderr, done.returncode)
        assert "" == done.stdout.strip()

    def test_closing_is_possible_at_any_time(self, scene: Scene) -> None:
        """Closing before, after, and twice does no harm; a later request opens anew."""
        scene.destination.close()
        [piece] = scene.pieces(("login.png", b"content"))
        scene.deliver([piece])
        scene.destination.close()
        scene.destination.close()

        assert [] == [p for p in scene.destination.check([piece.target]) if p.severity == "error"]


def outcome(scene: Scene, pieces: list[Delivery]) -> Receipt | DeliveryError:
    """Return what became of the first piece; an error that concerns all is its error too."""
    try:
        results = scene.deliver(pieces)
    except DeliveryError as error:
        return error
    left_out = UncertainError("the key was left out of the result")
    return results.get(pieces[0].key, left_out)
