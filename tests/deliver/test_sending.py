"""What is sent, in which order, and what is on the disk before and after each call."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pytest

from pytest_attach_evidence.destinations.base import Results
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.model import key_of
from pytest_attach_evidence.model import utc_text
from pytest_attach_evidence.spool.journal import Journal

from .scene import Scene
from .scene import reasons
from .scene import states
from .scene import status
from .scripted import LOST
from .scripted import Scripted
from .scripted import raised
from .scripted import taken


def test_pieces_of_a_target_go_in_the_order_in_which_they_were_attached(scene: Scene) -> None:
    """Items in the order in which they began, their pieces in that of `attach`."""
    scene.attach("a.txt", "b.txt")
    scene.attach("c.txt")

    results = scene.deliver()

    assert [("a.txt",), ("b.txt",), ("c.txt",)] == scene.one.did("deliver")
    assert {"a.txt": "delivered", "b.txt": "delivered", "c.txt": "delivered"} == states(results)
    assert 0 == status(results)


@pytest.mark.parametrize(
    ("per_call", "calls"),
    [(1, [1, 1, 1, 1, 1]), (2, [2, 2, 1]), (None, [5]), (9, [5])],
)
def test_a_call_has_as_many_pieces_as_the_destination_takes(
    scene: Scene, per_call: int | None, calls: list[int]
) -> None:
    """`pieces_per_call` is the most there are in a call; None means all of the target."""
    scene.add(pieces_per_call=per_call)
    scene.attach(*(f"{number}.txt" for number in range(5)))

    scene.deliver()

    assert calls == [len(pieces) for pieces in scene.one.did("deliver")]


def test_a_piece_with_two_targets_is_delivered_twice(scene: Scene) -> None:
    """Each target gets the piece once, under a key of its own."""
    scene.attach("a.txt", to=[scene.one.parse("t1"), scene.one.parse("t2")])

    results = scene.deliver()

    assert 2 == len(results.receipts)
    assert [[b"a.txt"], [b"a.txt"]] == list(scene.one.ledger.values())


def test_the_intent_is_on_the_disk_before_the_call_and_the_receipt_after_it(scene: Scene) -> None:
    """Whatever moment the process dies at, the journal tells what may have been sent."""
    scene.attach("a.txt", "b.txt")
    seen: list[list[tuple[str, Any]]] = []

    def look_at_the_disk(one: Scripted, deliveries: Sequence[Delivery], content: Any) -> Results:
        lines = scene.entries("intent", "receipt")
        seen.append([(line["type"], line.get("attempt")) for line in lines])
        assert scene.entries("intent")[-1]["keys"] == [delivery.key for delivery in deliveries]
        return taken(one, deliveries, content)

    scene.one.script = [look_at_the_disk, look_at_the_disk]
    results = scene.deliver()

    assert [("intent", 1)] == seen[0]
    assert [("intent", 1), ("receipt", None), ("intent", 1)] == seen[1]
    written = {line["receipt"]["key"]: line["receipt"] for line in scene.entries("receipt")}
    assert {key: asdict(receipt) for key, receipt in results.receipts.items()} == written


def test_every_piece_of_a_call_has_its_own_number_of_attempts(scene: Scene) -> None:
    """Told by a later process: a piece that was sent once was not sent as often as its neighbour."""
    scene.add(pieces_per_call=None, repeat_is_harmless=True)
    scene.attach("a.txt")
    scene.one.script = [raised(LOST)] * 5
    scene.deliver()
    scene.attach("b.txt")
    scene.one.script = [raised(TemporaryError("busy", retry_after_s=3600))]

    results = scene.deliver()

    attempts = scene.run.read().attempts
    assert [6, 1] == [attempts[key] for key in results.plan.deliveries]
    assert [("a.txt", "b.txt")] == scene.one.did("deliver")[5:]


def test_lines_of_earlier_versions_count_their_pieces_alike(scene: Scene) -> None:
    """Their intents had one number for a whole call."""
    journal = Journal(scene.run.path / "deliveries")
    journal.append({"type": "intent", "keys": ["k1", "k2"], "attempt": 3, "at": utc_text()})
    journal.close()

    assert {"k1": 3, "k2": 3} == scene.run.read().attempts


def test_what_is_settled_is_never_sent_again(scene: Scene) -> None:
    """A second delivery of the same run makes no call at all."""
    scene.attach("a.txt")
    scene.deliver()

    results = scene.deliver()

    assert [("a.txt",)] == scene.one.did("deliver")
    assert [] == scene.one.did("find")
    assert {"a.txt": "delivered"} == states(results)


@pytest.mark.parametrize(
    ("limits", "names", "rejected", "number"),
    [
        ({"max_bytes": 5}, ["12345", "123456"], ["123456"], "6 bytes, one takes 5"),
        ({"extensions": frozenset({"png"})}, ["a.png", "b.exe"], ["b.exe"], ".exe file"),
        ({"max_per_target": 2}, ["a", "b", "c"], ["c"], "piece 3 for one target, one takes 2"),
    ],
)
def test_what_breaks_a_limit_is_rejected_before_any_call(
    scene: Scene, limits: dict[str, Any], names: list[str], rejected: list[str], number: str
) -> None:
    """The message has the number; the other pieces of the target are delivered."""
    scene.add(**limits)
    scene.attach(*names)

    results = scene.deliver()

    refused = [name for name, state in states(results).items() if state == "rejected"]
    assert rejected == refused
    assert [(name,) for name in names if name not in rejected] == scene.one.did("deliver")
    assert number in reasons(results)[0]
    assert 65 == status(results)
    (failure,) = scene.entries("failure")
    assert "rejected" == failure["failure"]["state"]


def test_a_target_of_a_destination_that_is_not_enabled_waits(scene: Scene) -> None:
    """It is counted, and named with the option that would deliver it."""
    scene.attach("a.txt", to=[Target.of("other", "https://other.test", "thing", "1")])

    results = scene.deliver()

    assert {"a.txt": "waiting"} == states(results)
    assert ["other is not in evidence_destinations"] == reasons(results)
    assert 75 == status(results)


def test_a_target_of_another_address_waits(scene: Scene) -> None:
    """What was collected for one server is never sent to another that is configured later."""
    scene.attach("a.txt", to=[Target.of("one", "https://staging.test", "thing", "1")])

    results = scene.deliver()

    assert [] == scene.one.calls
    assert "was collected for https://staging.test" in reasons(results)[0]
    assert 75 == status(results)


def test_a_key_is_the_same_in_every_process() -> None:
    """Key and thus remote name do not depend on hash seeds, order or time."""
    target = Target.of("squash", "https://host/squash", "reference", "TC-1", iteration="4", a="ü")
    code = (
        "from pytest_attach_evidence.model import Target, key_of\n"
        "target = Target.of('squash', 'https://host/squash', 'reference', 'TC-1', a='ü', "
        "iteration='4')\n"
        "print(key_of('j-1', 2, 'sha256:00', target))"
    )

    keys = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert {key_of("j-1", 2, "sha256:00", target)} == keys


@pytest.mark.parametrize(
    ("item", "seq", "digest", "id"),
    [("j-2", 2, "d", "1"), ("j-1", 3, "d", "1"), ("j-1", 2, "e", "1"), ("j-1", 2, "d", "2")],
)
def test_a_key_differs_with_every_fact(item: str, seq: int, digest: str, id: str) -> None:
    """Item, position, bytes and target all count."""
    target = Target.of("one", "https://one.test", "thing", "1")
    other = Target.of("one", "https://one.test", "thing", id)

    assert key_of("j-1", 2, "d", target) != key_of(item, seq, digest, other)
