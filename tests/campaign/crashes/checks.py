"""What must hold after every trial: nothing lost, nothing doubled, every number the same everywhere."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pytest_attach_evidence.deliveries import deliveries_of
from pytest_attach_evidence.deliveries import states
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import State
from pytest_attach_evidence.run_record import RunRecord

from .arrived import Arrived
from .arrived import arrived
from .arrived import listed
from .arrived import right_object
from .arrived import wrong_status
from .world import World


def violations(world: World) -> list[str]:
    """Return what does not hold in a world whose last push met no fault; none is what we promise."""
    run = world.run()
    if run is None:
        return [f"lost with the whole run: {piece}" for piece in sorted(world.accepted)]
    record = run.read()
    found = arrived(world)
    return [
        *_of_the_spool(world, record),
        *_of_the_destination(record, found),
        *_of_the_place(world, record, found),
        *_of_the_numbers(world, record),
        *_of_the_secrets(world),
    ]


def untrue(world: World, *, allowed: int = 0) -> list[str]:
    """Return what is wrong with the exit status that was told last, at any time.

    `allowed` may be told too where everything is settled.
    """
    run = world.run()
    if not world.told or run is None:
        return []
    status, record = world.told[-1]["status"], run.read()
    waits = any(not state.settled for state in states(record)) or bool(record.to_conclude)
    if waits and status == 0:
        return [f"status 0, but open are {states(record)} {record.to_conclude}"]
    if status not in (0, allowed) and not waits and not record.problems:
        return [f"status {status}, but everything is settled"]
    return []


def snapshot(world: World) -> object:
    """Return everything that a push of a settled run must not change."""
    run = world.run()
    folders = [world.archive, *([run.path] if run else [])]
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    ledger = world.servers.ledger(world.name) if world.servers else []
    return [(str(p), _sha256(p)) for p in files], [file["id"] for file in ledger]


def _of_the_spool(world: World, record: RunRecord) -> Iterator[str]:
    kept = {piece.id for piece in record.pieces}
    yield from (f"lost by the spool: {piece}" for piece in sorted(world.accepted - kept))
    yield from (f"damaged: {problem}" for problem in record.problems)
    counts = states(record)
    open_ones = {state: n for state, n in counts.items() if not state.settled}
    if open_ones:
        reasons = {failure.reason for failure in record.failures.values()}
        yield f"not settled by the last push: {open_ones} {reasons}"


def _deliveries(record: RunRecord) -> dict[str, Delivery]:
    wanted = (piece for piece in record.pieces if piece.id not in record.unwanted)
    return {d.key: d for piece in wanted for d in deliveries_of(record, piece)}


def _of_the_destination(record: RunRecord, found: list[Arrived]) -> Iterator[str]:
    """Each key is there once, with a receipt, and with the bytes of its piece."""
    times = Counter(one.key for one in found)
    yield from (f"doubled: {key} is there {n} times" for key, n in times.items() if n > 1)
    yield from (f"a receipt for nothing: {key}" for key in record.receipts.keys() - times.keys())
    yield from (f"there without a receipt: {key}" for key in times.keys() - record.receipts.keys())
    deliveries = _deliveries(record)
    for one in found:
        if one.key not in deliveries:
            yield f"nobody's: {one.key}"
        elif one.sha256 != deliveries[one.key].evidence.sha256:
            yield f"other bytes: {one.key}"


def _of_the_place(world: World, record: RunRecord, found: list[Arrived]) -> Iterator[str]:
    """Each piece is at its test's object, and Squash was told that test's outcome, once."""
    deliveries = _deliveries(record)
    for one in found:
        if one.key in deliveries and not right_object(world, deliveries[one.key], one.object):
            yield f"at another object: {one.key} is at {one.object}"
    if world.name == "archive":
        yield from listed(world.archive)
    if world.name == "squash":
        yield from wrong_status(world, record, found)


def _of_the_numbers(world: World, record: RunRecord) -> Iterator[str]:
    if not world.told:
        return
    last, counts = world.told[-1], states(record)
    for state in State:
        if last[state.value] != counts.get(state, 0):
            yield f"the summary says {state.value}={last[state.value]}, the journals {counts}"
    if last["status"] != 0:
        yield f"the last push ended with {last['status']}"


def _of_the_secrets(world: World) -> Iterator[str]:
    """No secret stands in the spool, the archive or what was printed."""
    for path in world.folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for name, value in world.exports.items():
            if value.encode() in content:
                yield f"{name} stands in {path.name}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
