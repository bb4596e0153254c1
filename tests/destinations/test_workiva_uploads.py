"""The Workiva destination: uploads that take long, fail, or were begun by an earlier process."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.destinations.workiva import Workiva
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import OnceMoreError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import SpoolDamagedError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import utc_text
from pytest_attach_evidence.naming import keys_in
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.settings import Settings

from .contract import outcome
from .scene import Scene
from .scene import scene_of
from .workiva_time import SkippedTime


BYTES = {"method": "PUT", "path": ""}
NEVER = {"settle_s": None, "settle_polls": None}


Start = Callable[..., Scene]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts scenes at a matrix whose time can be skipped; switches are those of the look-alike."""
    with ExitStack() as stack:

        def begin(options: Mapping[str, str] | None = None, **switches: Any) -> Scene:
            skipped = SkippedTime()
            scene = stack.enter_context(
                scene_of(
                    Workiva,
                    "workiva",
                    tmp_path,
                    text="f1/p1/m1",
                    upload=("POST", r"/attachmentUpload$"),
                    options=options,
                    **{"settle_s": 0.0, "clock": skipped.today, **switches},
                )
            )
            scene.budget.stop, scene.budget.clock = skipped, skipped.now
            return scene

        yield begin


def stored(scene: Scene) -> list[str]:
    """Return the keys of everything that was ever attached, in order."""
    return [key for file in scene.sandbox.store.ledger() for key in keys_in(file.name)]


def again(scene: Scene) -> None:
    """Let another process deliver what the notes know about, with a new budget."""
    skipped = SkippedTime()
    scene.budget = Budget.lasting(30.0, stall_s=5.0)
    scene.budget.stop, scene.budget.clock = skipped, skipped.now
    scene.destination.close()
    scene.destination = Workiva(Settings(given=scene.options), scene.secrets, scene.budget)


def ago(seconds: float) -> str:
    """Return a moment in the past as notes hold it."""
    return utc_text(datetime.now(UTC) - timedelta(seconds=seconds))


class TestOneCall:
    """All pieces of a target in one call."""

    def test_bytes_follow_each_start_and_one_list_proves_all(self, start: Start) -> None:
        """No upload URL waits for other pieces, and nothing is polled where the list tells."""
        scene = start()
        pieces = scene.pieces(*[(f"{n}.txt", b"%d" % n) for n in range(4)])

        results = scene.deliver(pieces)

        assert ["listed"] * 4 == [result.how for result in results.values()]  # type: ignore[union-attr]
        methods = [seen.method for seen in scene.sandbox.requests("workiva")]
        assert ["POST", *["POST", "PUT"] * 4, "GET"] == methods
        assert 1 == scene.sandbox.systems["workiva"].tokens.calls  # type: ignore[attr-defined]
        assert [piece.key for piece in pieces] == stored(scene)

    def test_receipts_name_what_the_target_lists(self, start: Start) -> None:
        """Id and name are the attachment's own; no address is claimed."""
        scene = start()
        [piece] = scene.pieces(("login.png", b"x"))

        receipt = scene.deliver([piece])[piece.key]

        [file] = scene.sandbox.store.files("workiva")
        expected = Receipt(key=piece.key, remote_id=file.id, remote_name=file.name, how="listed")
        assert expected == receipt

    def test_notes_hold_no_upload_url(self, start: Start) -> None:
        """What is remembered on disk leads to the operation and carries no signature."""
        scene = start()
        [piece] = scene.pieces(("login.png", b"x"))

        scene.deliver([piece])

        names = {f"{name}:{piece.key}" for name in ("operation", "put-begun", "put-done")}
        assert names == set(scene.notes.kept)
        assert scene.notes.kept[f"operation:{piece.key}"].startswith("/operations/")
        assert "sig=" not in str(scene.notes.kept)

    def test_the_bytes_begin_after_it_was_noted(self, start: Start) -> None:
        """When the content is opened, both the operation and the begin are already remembered."""
        scene = start()
        [piece] = scene.pieces(("login.png", b"x"))
        seen: list[set[str]] = []
        open_content = scene.open_content

        def watched(evidence: Evidence) -> Any:
            seen.append(set(scene.notes.kept))
            return open_content(evidence)

        scene.destination.deliver(piece.target, [piece], watched, scene.notes)

        assert [{f"operation:{piece.key}", f"put-begun:{piece.key}"}] == seen

    def test_switches_of_the_api_make_no_difference(self, start: Start) -> None:
        """Relative and repeated addresses, other statuses and small pages are all understood."""
        scene = start(
            relative_location=True, operation_location=True, put_status=204, page_size=1, nulls=True
        )
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))

        scene.deliver(pieces)

        assert [piece.key for piece in pieces] == stored(scene)

    def test_threads_share_one_token(self, start: Start) -> None:
        """Targets that are served at once do not each log in."""
        scene = start()
        groups = [
            scene.pieces(("a.txt", b"a"), text=text) for text in ("f1/p1", "f1/p2", "f1/p1/m1")
        ]

        with ThreadPoolExecutor(3) as threads:
            results = list(threads.map(scene.deliver, groups))

        assert [1, 1, 1] == [len(result) for result in results]
        assert 1 == scene.sandbox.systems["workiva"].tokens.calls  # type: ignore[attr-defined]

    def test_a_revoked_token_is_replaced(self, start: Start) -> None:
        """A token that ended between two calls costs one more login and nothing else."""
        scene = start()
        first, second = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
        scene.deliver([first])
        tokens = scene.sandbox.systems["workiva"].tokens  # type: ignore[attr-defined]
        tokens.revoke_all()

        result = scene.deliver([second])[second.key]

        assert isinstance(result, Receipt)
        assert 2 == tokens.calls

    @pytest.mark.parametrize("version", ["2026-01-01", "2022-01-01"])
    @pytest.mark.parametrize(("life_s", "logins"), [(599, 3), (60, 5)])
    def test_a_token_ends_in_the_middle_of_a_run(
        self, start: Start, version: str, life_s: int, logins: int
    ) -> None:
        """A run that outlives its tokens logs in as often as they end, and is never refused."""
        scene = start(options={"evidence_workiva_version": version}, token_life_s=life_s)
        scene.budget.ends_at += 3600
        skipped: Any = scene.budget.stop
        put = scene.notes.put

        def slowly(name: str, value: str) -> None:
            put(name, value)
            if name.startswith("put-done:"):
                skipped.wait(life_s * 0.8)

        scene.notes.put = slowly  # type: ignore[method-assign]
        pieces = scene.pieces(*[(f"{n}.txt", b"%d" % n) for n in range(4)])

        results = scene.deliver(pieces)

        assert all(isinstance(result, Receipt) for result in results.values())
        assert [piece.key for piece in pieces] == stored(scene)
        assert 401 not in [seen.status for seen in scene.sandbox.requests("workiva")]
        assert logins == scene.sandbox.systems["workiva"].tokens.calls  # type: ignore[attr-defined]

    def test_a_token_that_ends_between_start_and_bytes_costs_one_upload(self, start: Start) -> None:
        """The bytes are refused once, and the next attempt begins anew with another token."""
        scene = start()
        [piece] = scene.pieces(("a.txt", b"a"))
        tokens = scene.sandbox.systems["workiva"].tokens  # type: ignore[attr-defined]
        put = scene.notes.put

        def revoking(name: str, value: str) -> None:
            put(name, value)
            if name.startswith("put-begun:"):
                tokens.revoke_all()
                scene.notes.put = put  # type: ignore[method-assign]

        scene.notes.put = revoking  # type: ignore[method-assign]

        with pytest.raises(TemporaryError, match="401"):
            scene.deliver([piece])
        assert isinstance(scene.deliver([piece])[piece.key], Receipt)
        assert [piece.key] == stored(scene)


class TestOperations:
    """What is not listed at once."""

    def test_slow_operations_are_polled_at_the_vendor_s_pace(self, start: Start) -> None:
        """Polls of all pieces together come at most once a second, and never too fast for one."""
        scene = start(settle_s=40.0, settle_polls=None, poll_interval_s=1.0, retry_after_s=2)
        scene.budget.ends_at += 300
        polled: list[float] = []
        operations = scene.sandbox.systems["workiva"].operations  # type: ignore[attr-defined]
        poll = operations.poll
        operations.poll = lambda operation: polled.append(scene.budget.clock()) or poll(operation)
        pieces = scene.pieces(*[(f"{n}.txt", b"%d" % n) for n in range(5)])

        results = scene.deliver(pieces)

        assert all(isinstance(result, Receipt) for result in results.values())
        assert 5 < len(polled) < 40
        assert all(b - a > 0.9 for a, b in pairwise(polled))
        assert 429 not in [seen.status for seen in scene.sandbox.requests("workiva")]

    @pytest.mark.parametrize(("asked_s", "kept_s"), [(10, 10.0), (3600, 30.0)])
    def test_retry_after_is_kept_within_reason(
        self, start: Start, asked_s: int, kept_s: float
    ) -> None:
        """An operation is left alone as long as it asks for, but never for more than 30 seconds."""
        scene = start(settle_s=None, settle_polls=3, retry_after_s=asked_s)
        scene.budget.ends_at += 300
        polled: list[float] = []
        operations = scene.sandbox.systems["workiva"].operations  # type: ignore[attr-defined]
        poll = operations.poll
        operations.poll = lambda operation: polled.append(scene.budget.clock()) or poll(operation)
        begun = scene.budget.clock()
        [piece] = scene.pieces(("a.txt", b"a"))

        assert isinstance(scene.deliver([piece])[piece.key], Receipt)
        gaps = [b - a for a, b in pairwise([begun, *polled])]
        assert 3 == len(gaps)
        assert all(kept_s <= gap < kept_s + 6 for gap in gaps)

    def test_a_failed_operation_is_rejected_with_its_reasons(self, start: Start) -> None:
        """The message has the reasons and the request id; a later attempt begins anew."""
        scene = start(outcome="failed")
        [piece] = scene.pieces(("a.txt", b"a"))

        error = scene.deliver([piece])[piece.key]
        scene.sandbox.systems["workiva"].outcome = "completed"  # type: ignore[attr-defined]
        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(error, PermanentError)
        assert "ProcessingFailed" in str(error)
        assert "request " in str(error)
        assert isinstance(receipt, Receipt)
        assert [piece.key] == stored(scene)

    def test_a_cancelled_operation_is_tried_again(self, start: Start) -> None:
        """Nobody refused the piece, so it is temporary."""
        scene = start(outcome="cancelled")
        [piece] = scene.pieces(("a.txt", b"a"))

        assert isinstance(scene.deliver([piece])[piece.key], TemporaryError)

    def test_a_stuck_operation_stays_uncertain_and_is_not_repeated(self, start: Start) -> None:
        """While an operation runs nothing is sent again; once it ends, a later push finds it."""
        scene = start(outcome="stuck", retry_after_s=5)
        [piece] = scene.pieces(("a.txt", b"a"))

        first = scene.deliver([piece])[piece.key]
        again(scene)
        second = scene.deliver([piece])[piece.key]
        for operation in scene.sandbox.systems["workiva"].operations._all.values():  # type: ignore[attr-defined]
            operation.outcome = "completed"
        again(scene)
        third = scene.deliver([piece])[piece.key]

        assert isinstance(first, UncertainError)
        assert "its operation is 'started'" in str(first)
        assert isinstance(second, UncertainError)
        assert isinstance(third, Receipt)
        assert "found" == third.how
        assert 1 == scene.uploads()
        assert [piece.key] == stored(scene)

    def test_without_a_list_the_operation_is_the_proof(self, start: Start) -> None:
        """Where graph:read was not granted a completed operation is a receipt without an id."""
        scene = start(scopes="graph:write")
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))

        results = scene.deliver(pieces)

        answered = [("answered", None)] * 2
        assert answered == [(r.how, r.remote_id) for r in results.values()]  # type: ignore[union-attr]
        assert 1 == len(scene.requests("GET", "/attachments$"))

    def test_completed_but_never_listed_is_uncertain(self, start: Start) -> None:
        """An operation alone is no proof where the list can be read."""
        scene = start()
        scene.sandbox.systems["workiva"].operations._attach = lambda operation: None  # type: ignore[attr-defined]
        [piece] = scene.pieces(("a.txt", b"a"))

        error = scene.deliver([piece])[piece.key]

        assert isinstance(error, UncertainError)
        assert "not among the 0 attachments" in str(error)

    @pytest.mark.parametrize("fault", ["status-429", "status-500", "status-502", "answer-lost"])
    def test_troubles_while_waiting_pass(self, start: Start, fault: str) -> None:
        """A list or poll that fails for a while is asked again; nothing is sent twice."""
        scene = start(settle_s=None, settle_polls=2)
        scene.budget.ends_at += 100
        scene.sandbox.faults.add(fault, method="GET", path="", times=3, retry_after="20")
        [piece] = scene.pieces(("a.txt", b"a"))

        assert isinstance(scene.deliver([piece])[piece.key], Receipt)
        assert 1 == scene.uploads()

    def test_a_rate_limit_is_waited_for_while_waiting(self, start: Start) -> None:
        """The list is not asked for again before the service wants to be asked."""
        scene = start()
        scene.sandbox.faults.add("status-429", method="GET", path="", retry_after="20")
        [piece] = scene.pieces(("a.txt", b"a"))
        begun = scene.budget.clock()

        assert isinstance(scene.deliver([piece])[piece.key], Receipt)
        assert scene.budget.clock() - begun >= 20

    def test_credentials_that_end_while_waiting_leave_it_uncertain(self, start: Start) -> None:
        """What was sent is not called refused because looking is."""
        scene = start()
        scene.sandbox.faults.add("status-401", method="GET", path="", times=9)
        [piece] = scene.pieces(("a.txt", b"a"))

        assert isinstance(scene.deliver([piece])[piece.key], UncertainError)


class TestTroubles:
    """What goes wrong with some or all pieces."""

    def test_a_token_that_ends_while_bytes_are_sent_is_renewed_for_a_new_upload(
        self, start: Start
    ) -> None:
        """No other token is tried on an upload URL; a second refusal closes the destination."""
        scene = start()
        scene.fail("status-401", **BYTES, times=3)
        pieces = scene.pieces(("a.txt", b"a"))

        with pytest.raises(TemporaryError):
            scene.deliver(pieces)
        with pytest.raises(DestinationClosedError) as caught:
            scene.deliver(pieces)

        assert "authentication" == caught.value.why
        assert (2, 2) == (len(scene.requests("PUT")), len(scene.requests("POST", "/oauth2/token")))

    def test_refused_bytes_concern_one_piece_and_are_sent_once(self, start: Start) -> None:
        """After a 403 on an upload URL the next piece has its own."""
        scene = start()
        scene.fail("status-403", **BYTES)
        first, second = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))

        results = scene.deliver([first, second])

        assert isinstance(results[first.key], PermanentError)
        assert isinstance(results[second.key], Receipt)
        assert 2 == len(scene.requests("PUT"))

    def test_a_busy_store_stops_sending_but_not_what_was_sent(self, start: Start) -> None:
        """After a 503 the rest waits; the pieces before it are proven; nothing is sent twice."""
        scene = start()
        scene.fail("status-503", **BYTES, after=1, retry_after="9")
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c"))

        results = scene.deliver(pieces)
        rest = scene.deliver(pieces[1:])

        kinds = [type(results[piece.key]) for piece in pieces]
        assert [Receipt, TemporaryError, TemporaryError] == kinds
        assert 2 == len(rest)
        assert [piece.key for piece in pieces] == stored(scene)

    @pytest.mark.parametrize(("text", "hint"), [("f9/p9", "region"), ("f8/p8", "graph:write")])
    def test_a_refused_object_is_asked_once(self, start: Start, text: str, hint: str) -> None:
        """Every piece of a target that is not there, or is read-only, shares one refusal."""
        scene = start()
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"), text=text)

        with pytest.raises(PermanentError) as caught:
            scene.deliver(pieces)

        assert hint in caught.value.next_step
        assert 1 == scene.uploads()

    @pytest.mark.parametrize("status", [403, 404, 409])
    def test_a_form_that_takes_nothing_is_said_in_words(self, start: Start, status: int) -> None:
        """Which status a locked form answers with is not documented: each is final, none is a guess."""
        scene = start(locked_status=status)
        [piece] = scene.pieces(("a.txt", b"a"), text="f8/p8")

        error = outcome(scene, [piece])

        assert isinstance(error, PermanentError)
        assert f"HTTP {status}" in str(error)
        assert "may only read this form" in str(error)
        assert [] == stored(scene)

    @pytest.mark.parametrize(
        ("where", "words"),
        [
            ({"method": "POST", "path": "attachmentUpload"}, "may have 10485760 bytes"),
            (BYTES, "documents no limit for attachments (10485760 bytes concern"),
        ],
    )
    @pytest.mark.parametrize("wait", [{}, {"retry_after": "7"}])
    def test_too_large_names_the_host_s_number(
        self, start: Start, where: dict[str, str], words: str, wait: dict[str, str]
    ) -> None:
        """What is limited is a request to the API host; a refusal of the store is another thing."""
        scene = start()
        [piece] = scene.pieces(("a.txt", b"a" * 77))
        scene.fail("status-413", **where, **wait)

        error = outcome(scene, [piece])

        assert isinstance(error, OnceMoreError if wait else PermanentError)
        assert words in error.next_step
        assert ("a request of 77 bytes" in str(error)) == (where is BYTES)

    def test_more_than_the_api_host_takes_goes_to_the_store(self, start: Start) -> None:
        """The 10 MB of a request to the API host do not concern the bytes of a file."""
        scene = start()
        [piece] = scene.pieces(("a.bin", b"x" * 10_485_761))

        assert isinstance(scene.deliver([piece])[piece.key], Receipt)
        assert [10_485_761] == [file.size for file in scene.sandbox.store.ledger()]

    def test_a_gateway_s_timeout_is_uncertain_only_where_bytes_went(self, start: Start) -> None:
        """A start that was cut off attached nothing; bytes whose answer was cut off are looked for."""
        scene = start()
        first, second = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
        scene.fail("status-504")

        error = outcome(scene, [first])
        scene.fail("status-504", **BYTES)
        results = scene.deliver([first, second])

        assert isinstance(error, TemporaryError)
        assert "29 s" in str(error)
        assert isinstance(results[second.key], Receipt)

    def test_a_foreign_upload_host_gets_nothing(self, start: Start) -> None:
        """An upload URL outside the allowed hosts closes the destination before a byte is sent."""
        scene = start()
        scene.sandbox.systems["workiva"].blob_root = "https://blobs.example"  # type: ignore[attr-defined]
        pieces = scene.pieces(("a.txt", b"a"))

        with pytest.raises(DestinationClosedError, match=r"https://blobs\.example, "):
            scene.deliver(pieces)

        assert {} == scene.notes.kept

    def test_one_damaged_piece_does_not_hold_up_the_others(self, start: Start) -> None:
        """A piece whose bytes are not what was recorded is refused; the next one arrives."""
        scene = start()
        damaged, whole = scene.pieces(("a.txt", b"aaaa"), ("b.txt", b"b"))
        scene._contents[damaged.evidence.id] = b"a"

        results = scene.deliver([damaged, whole])

        error = results[damaged.key]
        assert isinstance(error, PermanentError)
        assert isinstance(error.__cause__, SpoolDamagedError)
        assert isinstance(results[whole.key], Receipt)
        assert [whole.key] == stored(scene)

    @pytest.mark.parametrize("cause", ["stopped", "late"])
    def test_nothing_is_sent_when_there_is_no_time(self, start: Start, cause: str) -> None:
        """A delivery that was stopped or is late says so before the first request."""
        scene = start()
        if cause == "stopped":
            scene.budget.stop.set()
        else:
            scene.budget.ends_at = 0.0
        pieces = scene.pieces(("a.txt", b"a"))

        with pytest.raises(TemporaryError, match="not sent"):
            scene.deliver(pieces)

        assert [] == scene.requests()

    def test_credentials_that_end_in_between_close_the_destination(self, start: Start) -> None:
        """What was sent before is uncertain, the rest is not sent, and nothing more is asked."""
        scene = start()
        scene.fail("status-401", after=1, times=9)
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c"))

        results = scene.deliver(pieces)

        kinds = [type(results[piece.key]) for piece in pieces]
        assert [UncertainError, DestinationClosedError, DestinationClosedError] == kinds
        assert 3 == scene.uploads()
        assert [] == scene.requests("GET")

    def test_stopping_in_between_leaves_what_was_sent_uncertain(self, start: Start) -> None:
        """After a stop the piece under way is uncertain, the rest was not sent."""
        scene = start(**NEVER)
        first, second = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
        put = scene.notes.put

        def stopping(name: str, value: str) -> None:
            put(name, value)
            if name.startswith("put-done"):
                scene.budget.stop.set()

        scene.notes.put = stopping  # type: ignore[method-assign]
        results = scene.deliver([first, second])

        assert isinstance(results[first.key], UncertainError)
        assert isinstance(results[second.key], TemporaryError)


class TestEarlierAttempts:
    """What notes of an earlier process say."""

    def begun(self, scene: Scene, piece: Delivery, since_s: float | None) -> None:
        """Leave notes of an upload that got no bytes, and when they were begun."""
        scene.sandbox.faults.add("reset-before-answer", method="PUT", path="", body_bytes=0)
        scene.budget.ends_at = scene.budget.clock() + 5.0
        assert isinstance(outcome(scene, [piece]), UncertainError)
        scene.notes.put(f"put-begun:{piece.key}", "" if since_s is None else ago(since_s))
        again(scene)

    def test_an_upload_without_bytes_is_begun_anew(self, start: Start) -> None:
        """Where the bytes had not begun nothing can be attached, so nothing is waited for."""
        scene = start()
        [piece] = scene.pieces(("a.txt", b"a"))
        self.begun(scene, piece, None)
        polls = len(scene.requests("GET", "/operations/"))

        result = scene.deliver([piece])[piece.key]

        assert isinstance(result, Receipt)
        assert polls == len(scene.requests("GET", "/operations/"))
        assert [piece.key] == stored(scene)

    def test_bytes_that_may_still_arrive_are_waited_for(self, start: Start) -> None:
        """While an answer may yet come nothing is sent again, as long as there is time."""
        scene = start()
        [piece] = scene.pieces(("a.txt", b"a"))
        self.begun(scene, piece, 1.0)
        scene.budget.ends_at = scene.budget.clock() + 20.0

        result = scene.deliver([piece])[piece.key]

        assert isinstance(result, UncertainError)
        assert "acknowledged" in str(result)
        assert 1 == scene.uploads()

    @pytest.mark.parametrize("since_s", [1.0, 60.0, 1e6])
    def test_bytes_that_did_not_arrive_in_time_are_sent_again(
        self, start: Start, since_s: float
    ) -> None:
        """Once the server must have settled it, an operation without bytes is replaced."""
        scene = start()
        [piece] = scene.pieces(("a.txt", b"a"))
        self.begun(scene, piece, since_s)
        scene.budget.ends_at += 60.0

        result = scene.deliver([piece])[piece.key]

        assert isinstance(result, Receipt)
        assert 2 == scene.uploads()
        assert [piece.key] == stored(scene)

    def test_bytes_that_arrived_are_not_given_up_early(self, start: Start) -> None:
        """An operation that took all bytes may stay acknowledged for long without a second send."""
        scene = start(**NEVER)
        scene.sandbox.systems["workiva"].operations._ends_now = lambda operation: False  # type: ignore[attr-defined]
        [piece] = scene.pieces(("a.txt", b"a"))
        assert isinstance(outcome(scene, [piece]), UncertainError)
        scene.notes.put(f"put-done:{piece.key}", ago(900))
        again(scene)

        assert isinstance(scene.deliver([piece])[piece.key], UncertainError)
        assert 1 == scene.uploads()

    def test_notes_of_a_replaced_upload_are_dropped(self, start: Start) -> None:
        """That an earlier operation got all bytes is not taken for the news of a later one."""
        scene = start(outcome="failed")
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.deliver([piece])
        assert scene.notes.kept[f"put-done:{piece.key}"]
        scene.sandbox.faults.add("reset-before-answer", method="PUT", path="", body_bytes=0)

        scene.deliver([piece])

        assert scene.notes.kept[f"put-begun:{piece.key}"]
        assert not scene.notes.kept[f"put-done:{piece.key}"]

    def test_an_operation_that_is_forgotten_is_judged_by_the_list(self, start: Start) -> None:
        """An old operation the service does not know, and no attachment: the piece is sent."""
        scene = start()
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.notes.put(f"operation:{piece.key}", "/operations/gone")
        scene.notes.put(f"put-begun:{piece.key}", ago(100))

        assert isinstance(scene.deliver([piece])[piece.key], Receipt)
        assert [piece.key] == stored(scene)

    def test_a_forgotten_operation_says_nothing_where_listing_is_refused(
        self, start: Start
    ) -> None:
        """Without a list nobody can tell, so nothing is sent again."""
        scene = start(scopes="graph:write")
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.notes.put(f"operation:{piece.key}", "/operations/gone")
        scene.notes.put(f"put-begun:{piece.key}", ago(100))

        assert isinstance(scene.deliver([piece])[piece.key], UncertainError)
        assert 0 == scene.uploads()

    def test_what_had_arrived_is_found_beside_what_is_new(self, start: Start) -> None:
        """A crash after the bytes costs one look; only the other pieces are sent."""
        scene = start()
        first, second = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
        scene.deliver([first])
        again(scene)

        results = scene.deliver([first, second])

        assert ["found", "listed"] == [results[p.key].how for p in (first, second)]  # type: ignore[union-attr]
        assert [first.key, second.key] == stored(scene)

    def test_refused_credentials_are_said_before_anything_is_judged(self, start: Start) -> None:
        """Where looking is refused with 401 the destination is closed, and nothing is sent."""
        scene = start()
        [piece] = scene.pieces(("a.txt", b"a"))
        self.begun(scene, piece, 100.0)
        scene.sandbox.faults.add("status-401", method="GET", path="", times=9)

        with pytest.raises(DestinationClosedError):
            scene.deliver([piece])

        assert 1 == scene.uploads()

    def test_unreadable_notes_are_no_reason_to_send_early(self, start: Start) -> None:
        """A moment that cannot be read counts from now."""
        scene = start()
        [piece] = scene.pieces(("a.txt", b"a"))
        self.begun(scene, piece, 1e6)
        scene.notes.put(f"put-begun:{piece.key}", "yesterday")
        scene.budget.ends_at = scene.budget.clock() + 20.0

        assert isinstance(scene.deliver([piece])[piece.key], UncertainError)
        assert 1 == scene.uploads()
