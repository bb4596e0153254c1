"""The runs that a hostile job may leave: each with two sound pieces, and something bad beside them."""

from __future__ import annotations

import os
from dataclasses import asdict
from dataclasses import replace
from typing import Any

from pytest_attach_evidence.model import Target

from .crafted import ARCHIVE
from .crafted import CANARY
from .crafted import Case
from .crafted import Craft
from .crafted import every_wrong_type
from .crafted import finish
from .crafted import is_root
from .crafted import sealed


TERA = 10**12
MEGA = 1 << 20
COMMANDS = ("::set-output name=x::y", "##vso[task.setvariable variable=x]y", "##teamcity[x]")
EVIL = "https://evil.example"
COPIED = "tells of a piece that is known already"


def bad_blob(craft: Craft, replacement: str) -> None:
    """Add a third piece whose bytes are something else."""
    path = craft.blob(craft.piece(f"{craft.name} bad"))
    path.unlink()
    if replacement == "link":
        path.symlink_to(craft.secret)
    elif replacement == "fifo":
        os.mkfifo(path)
    elif replacement == "folder":
        path.mkdir()
    elif replacement == "device":
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))
    elif replacement == "sparse":
        with path.open("wb") as file:
            file.truncate(TERA)
    elif replacement == "flipped":
        path.write_bytes(b"X" + f"{craft.name} bad".encode()[1:])


def wrong_types(craft: Craft) -> None:
    """Add a line for each field of an item and of a piece that holds another type, or is not there."""
    piece = {"type": "piece", "piece": asdict(craft.forged("x"))}
    item = {"type": "begun", "item": {**craft.items[0].to_json(), "id": "another"}}
    receipt = {"type": "receipt", "receipt": {"key": "k", "how": "found", "attempts": 1, "at": ""}}
    failure = {"type": "failure", "failure": {"key": "k", "state": "waiting", "reason": "r"}}
    craft.write(*every_wrong_type(piece), *every_wrong_type(item))
    craft.write({"type": "ended"}, {"type": "refused"}, {"type": "unwanted", "unwanted": 5})
    craft.write_delivery(*every_wrong_type(receipt), *every_wrong_type(failure))
    craft.add_bytes(sealed({"type": "note"}, {"type": "intent"}), "1.jsonl", "deliveries")


def retold_item(craft: Craft) -> None:
    """Tell of the item once more, with another target."""
    other = Target.of("squash", craft.squash.origin, "executions", "1040")
    craft.write({"type": "begun", "item": replace(craft.items[0], targets=(other,)).to_json()})


def shown_names(craft: Craft) -> None:
    """Put what terminals and CI systems obey wherever text is shown."""
    nasty = "\x1b]0;owned\x07\x1b[2J\u202e\n::set-output name=x::y\r\n##vso[task.complete]"
    item = craft.item(f"::error::{nasty}", replace(craft.squash, id="9", kind=nasty))
    craft.piece("shown", item, name=nasty, media_type="a/b\r\nX-Evil: 1", kind=nasty)
    craft.write({"type": "refused", "subject": nasty, "seen": nasty, "next_step": nasty} | ERROR)
    for number, command in enumerate(COMMANDS):
        craft.piece(
            f"{craft.name} command {number}", craft.item(command), size=TERA, name=f"{command}.txt"
        )


ERROR = {"severity": "error"}


def target(craft: Craft, *targets: Target) -> None:
    """Add a piece for targets that are none."""
    craft.piece(f"{craft.name} bad", craft.item("test_it.py::test_bad", *targets))


def elsewhere(destination: str, kind: str, id: str, **scope: str) -> Any:
    """Return what adds a piece for one target of a system at its configured address."""

    def make(craft: Craft) -> None:
        origin = craft.sandbox.roots[destination]
        target(craft, Target.of(destination, origin, kind, id, **scope))

    return make


def forged_receipt(craft: Craft) -> None:
    """Claim for a third piece that it is there, with a link for whoever reads the summary."""
    piece = craft.piece(f"{craft.name} forged")
    links = [{"key": craft.key(piece, t), "remote_url": f"{EVIL}/{t.id}"} for t in both(craft)]
    craft.write_delivery(*({"type": "receipt", "receipt": link} for link in links))


def both(craft: Craft) -> tuple[Target, Target]:
    """Return the targets of the sound pieces."""
    return craft.squash, ARCHIVE


def forged_failure(craft: Craft) -> None:
    """Record failures that call themselves delivered."""
    keys = [craft.key(piece) for piece in craft.pieces]
    forged = [{"key": key, "state": "delivered", "reason": "all is well"} for key in keys]
    craft.write_delivery(*({"type": "failure", "failure": one} for one in forged))


def forged_notes(craft: Craft) -> None:
    """Note, for a test case, executions of others and things that are no execution."""
    origin, iteration = craft.sandbox.roots["squash"], "4"
    notes = []
    for item, noted in ((305, "1040"), (306, "../users"), (307, "0 never"), (308, "x y z")):
        for name in ("execution", "latest", "creating"):
            place = f"{name}:{origin}:{iteration}:{item}"
            notes.append({"type": "note", "destination": "squash", "name": place, "value": noted})
    for number in range(5, 9):
        case = Target.of("squash", origin, "reference", f"TC-{number}", iteration=iteration)
        craft.piece(f"{craft.name} noted {number}", craft.item(f"test_it.py::t{number}", case))
    craft.write_delivery(*notes)


def forged_operations(craft: Craft) -> None:
    """Note, for Workiva, that an operation is to be asked for at another address."""
    at = Target.of("workiva", craft.sandbox.roots["workiva"], "test-phase", "f1/p1")
    piece = craft.piece(f"{craft.name} noted", craft.item("test_it.py::test_noted", at))
    key = craft.key(piece, at)
    values = {"operation": f"{EVIL}/operations/1", "put-begun": "2020-01-01T00:00:00.000Z"}
    notes = {f"{name}:{key}": value for name, value in values.items()}
    entries = [{"type": "note", "name": n, "value": v} for n, v in notes.items()]
    craft.write_delivery(*({**entry, "destination": "workiva"} for entry in entries))


def odd_moments(craft: Craft) -> None:
    """Note sends at moments that are no moments, of pieces that were never sent."""
    moments = ["9999-12-31T23:59:59.999Z", "never", "0001-01-01T00:00:00+23:59", ""]
    keys = [f"{number:012x}" for number in range(len(moments))]
    lines = [
        {"type": "intent", "keys": [key], "attempt": 10**18, "at": at}
        for key, at in zip(keys, moments, strict=True)
    ]
    craft.write_delivery(*lines, {"type": "intent", "keys": 3, "attempt": "x", "at": ""})


def copied_journal(craft: Craft) -> None:
    """Leave a whole copy of the journal: every line of it is sound."""
    craft.add_bytes(craft.journal.read_bytes(), "copy.jsonl")


def odd_run_facts(craft: Craft, content: bytes | None) -> None:
    """Replace run.json by something else; None: by a link."""
    path = craft.run.path / "run.json"
    path.unlink()
    if content is None:
        path.symlink_to(craft.secret)
    elif content == b"fifo":
        os.mkfifo(path)
    else:
        path.write_bytes(content)


def strays(craft: Craft) -> None:
    """Leave files and folders that nobody asked for, as killed processes and people do."""
    for place in ("blobs", "journals", "deliveries", "."):
        (craft.run.path / place / ".new-0123456789abcdef").write_bytes(b"half")
        (craft.run.path / place / "notes.txt").write_text(CANARY)
        (craft.run.path / place / "empty").mkdir()
    (craft.run.path / "blobs" / ("0" * 64)).write_bytes(b"nobody's")


def lock_of(kind: str) -> Any:
    """Return what makes the lock something else."""

    def make(craft: Craft) -> None:
        path = craft.run.path / "lock"
        finish(craft)
        path.unlink()
        if kind == "link":
            path.symlink_to(craft.secret)
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            path.mkdir()

    return make


def deep(craft: Craft) -> None:
    """Add lines of a hundred thousand brackets, and numbers as long."""
    depth = 100_000
    lines = [b"[" * depth + b"]" * depth, b'{"a":' * depth, b'{"type":"x","n":' + b"9" * depth]
    craft.add_bytes(b"".join(line + b"\n" for line in lines))


CASES: dict[str, Case] = {
    "nothing-bad": Case(make=lambda craft: None, status=0),
    "blob-link": Case(make=lambda c: bad_blob(c, "link"), says="cannot be read from", bad=2),
    "blob-fifo": Case(make=lambda c: bad_blob(c, "fifo"), says="cannot be read from", bad=2),
    "blob-folder": Case(make=lambda c: bad_blob(c, "folder"), says="cannot be read from", bad=2),
    "blob-gone": Case(make=lambda c: bad_blob(c, "gone"), says="cannot be read from", bad=2),
    "blob-sparse": Case(make=lambda c: bad_blob(c, "sparse"), says="1000000000000 bytes", bad=2),
    "blob-flipped": Case(make=lambda c: bad_blob(c, "flipped"), says="were changed", bad=2),
    "size-claimed": Case(
        make=lambda c: c.piece("claimed", size=TERA), says="1000000000000 were kept", bad=2
    ),
    "size-negative": Case(make=lambda c: c.piece("x", size=-1), says="number 3 of -1 bytes"),
    "size-endless": Case(make=lambda c: c.piece("x", size=10**400), says="line 5: not what it"),
    "seq-odd": Case(make=lambda c: c.piece("x", seq=10**17), says="number 1e+17 of 1 bytes"),
    "digest-upwards": Case(
        make=lambda c: c.piece("x", digest="sha256:../../outside/secret"), says="SHA-256", bad=2
    ),
    "digest-absolute": Case(
        make=lambda c: c.piece("x", digest=str(c.secret)), says="not a SHA-256", bad=2
    ),
    "ids-are-paths": Case(
        make=lambda c: c.piece("x", c.item("../../x", id="../../x", worker="/x"), id="/x"), status=0
    ),
    "types": Case(make=wrong_types, says="not what it should be"),
    "not-a-number": Case(
        make=lambda c: c.add_bytes(b'{"v":1,"type":"ended","duration_s":NaN}\n'), says="not readab"
    ),
    "duration-negative": Case(
        make=lambda c: c.item(duration_s=-5.0, id="odd"), says="a duration of -5 s"
    ),
    "half-a-character": Case(
        make=lambda c: c.piece("x", name="\ud800.txt"), says="line 5: not readable"
    ),
    "deep": Case(make=deep, says="lines 1 to 3: not readable"),
    "line-of-two-megabytes": Case(
        make=lambda c: c.add_bytes(b'{"v":1,"type":"' + b"x" * 2 * MEGA + b'"}\n'),
        says="zz.jsonl line 1: longer than a line may be",
    ),
    "name-of-a-megabyte": Case(
        make=lambda c: c.piece("x", c.item(), name="n" * (MEGA - 2000), size=TERA),
        says="damaged: nnnnnnn",
        bad=2,
    ),
    "garbage-lines": Case(
        make=lambda c: c.add_bytes(b"\x00garbage\n" * 100_000), says="lines 1 to 100000: not"
    ),
    "many-lines": Case(make=lambda c: c.write(*[{"type": "unknown"}] * 100_000), status=0),
    "journal-without-end": Case(
        make=lambda c: os.truncate(c.add_bytes(b'{"v":1}\n'), TERA), says="longer than a line"
    ),
    "journal-of-half-a-line": Case(make=lambda c: c.add_bytes(b'{"v":1,"type":"pi'), status=0),
    "journal-fifo": Case(
        make=lambda c: os.mkfifo(c.run.path / "journals" / "0.jsonl"), says="0.jsonl: cannot be"
    ),
    "delivery-fifo": Case(
        make=lambda c: os.mkfifo(c.run.path / "deliveries" / "0.jsonl"), says="0.jsonl: cannot be"
    ),
    "journal-folder": Case(
        make=lambda c: (c.run.path / "journals" / "0.jsonl").mkdir(), says="0.jsonl: cannot be"
    ),
    "journal-link": Case(
        make=lambda c: (c.run.path / "journals" / "0.jsonl").symlink_to(c.secret),
        says="0.jsonl: cannot be read",
    ),
    "journals-elsewhere": Case(
        make=lambda c: c.replace_by_link("journals"), says="its journals is a link", alone=True
    ),
    "deliveries-elsewhere": Case(
        make=lambda c: c.replace_by_link("deliveries"), says="its deliveries is a link", alone=True
    ),
    "blobs-elsewhere": Case(
        make=lambda c: c.replace_by_link("blobs"), says="its blobs is a link", alone=True
    ),
    "run-elsewhere": Case(make=lambda craft: None, says="it is a link", alone=True),
    "lock-link": Case(make=lock_of("link"), says="its lock is a link", alone=True),
    "lock-fifo": Case(make=lock_of("fifo"), status=0),
    "lock-folder": Case(make=lock_of("folder"), status=74, says="cannot be locked", alone=True),
    "no-deliveries": Case(make=lambda c: (c.run.path / "deliveries").rmdir(), status=0),
    "run-link": Case(make=lambda c: odd_run_facts(c, None), status=0),
    "run-fifo": Case(make=lambda c: odd_run_facts(c, b"fifo"), status=0),
    "run-deep": Case(make=lambda c: odd_run_facts(c, b"[" * 100_000), status=0),
    "run-list": Case(make=lambda c: odd_run_facts(c, b'["../../x"]'), status=0),
    "run-endless": Case(make=lambda c: odd_run_facts(c, b" " * 64 * MEGA), status=0),
    "copied-journal": Case(make=copied_journal, says=COPIED),
    "same-id-other-bytes": Case(
        make=lambda c: c.piece("other", id=c.pieces[0].id, seq=1), status=0
    ),
    "item-retold": Case(make=retold_item, says="tells otherwise of an item"),
    "piece-of-nobody": Case(
        make=lambda c: c.piece("x", item_id="a-run-of-others-1"), says="an item that never began"
    ),
    "commands-in-names": Case(make=shown_names, bad=7),
    "foreign-origin": Case(
        make=lambda c: target(c, replace(c.squash, origin=EVIL)),
        status=75,
        says=f"was collected for {EVIL}",
        bad=1,
    ),
    "unknown-destination": Case(
        make=lambda c: target(c, Target.of("evil", EVIL, "x", "y")),
        status=75,
        says="evil is not in evidence_destinations",
        bad=1,
    ),
    "squash-path": Case(
        make=elsewhere("squash", "executions", "1042/../../users"), says="no target of", bad=1
    ),
    "squash-kind": Case(make=elsewhere("squash", "../users", "1"), says="no target of", bad=1),
    "squash-iteration": Case(
        make=elsewhere("squash", "reference", "TC-1", iteration="4/.."), says="no target", bad=1
    ),
    "squash-names": Case(
        make=elsewhere("squash", "reference", "TC-1", iteration="4/../5"),
        says="no project is called '4'",
        bad=1,
    ),
    "workiva-path": Case(
        make=elsewhere("workiva", "test-phase", "../.."), says="no target of Workiva", bad=1
    ),
    "huawei-path": Case(
        make=elsewhere("huawei", "work-item", "..", project=".."), says="no target of", bad=1
    ),
    "rillsoft-path": Case(
        make=elsewhere("rillsoft", "attachment", "..", client="7"), says="no target of", bad=1
    ),
    "receipt-forged": Case(make=forged_receipt, status=0),
    "failure-forged": Case(make=forged_failure, says="a failure that calls itself delivered"),
    "executions-noted": Case(make=forged_notes, status=0),
    "operation-noted": Case(make=forged_operations, status=0),
    "moments": Case(make=odd_moments),
    "another-version": Case(
        make=lambda c: c.add_bytes(sealed({"v": 2, "type": "piece", "piece": {}})),
        says="zz.jsonl line 1: written by another version of the plugin (format 2)",
    ),
    "unknown-types": Case(
        make=lambda c: c.write({"type": "obey", "command": "rm -rf /"}, {"type": ""}), status=0
    ),
    "strays": Case(make=strays, status=0),
}
if is_root():
    CASES["blob-device"] = Case(
        make=lambda c: bad_blob(c, "device"), says="cannot be read from", bad=2
    )
