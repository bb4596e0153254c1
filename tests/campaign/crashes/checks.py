"""What must hold after every trial: nothing lost, nothing doubled, every number the same everywhere."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pytest_attach_evidence.model import RunRecord
from pytest_attach_evidence.model import State
from pytest_attach_evidence.naming import keys_in
from pytest_attach_evidence.plan import states

from .world import World


Held = list[tuple[str, str]]
"""Key and SHA-256 of everything that a destination ever stored, once for each time."""


def violations(world: World) -> list[str]:
    """Return what does not hold in a world whose last push met no fault; none is what we promise."""
    run = world.run()
    if run is None:
        return [f"lost with the whole run: {piece}" for piece in sorted(world.accepted)]
    record = run.read()
    return [
        *_of_the_spool(world, record),
        *_of_the_destination(record, stored(world)),
        *_of_the_status(world, record),
        *_of_the_numbers(world, record),
        *_of_the_secrets(world, run.path),
    ]


def snapshot(world: World) -> object:
    """Return everything that a push of a settled run must not change."""
    run = world.run()
    spool = sorted((p.name, p.stat().st_size) for p in run.path.rglob("*")) if run else []
    servers = world.servers
    ledger = [f["id"] for f in servers.ledger(world.name)] if servers else []
    return spool, ledger, sorted(map(str, world.archive.rglob("*")))


def stored(world: World) -> Held:
    """Return what the destination holds, read without any of our clients."""
    if world.other is not None:
        held: Held = getattr(world.other, "ledger")  # noqa: B009  # only the model has one
        return held
    if world.name == "archive":
        return [(keys_in(p.name)[-1], _sha256(p)) for p in world.archive.glob("*/data/*/*")]
    assert world.servers is not None
    if world.name == "rillsoft":
        return list(_bundled(world))
    ledger = world.servers.ledger(world.name)
    return [(keys_in(file["name"])[-1], file["sha256"]) for file in ledger]


def _of_the_spool(world: World, record: RunRecord) -> Iterator[str]:
    kept = {piece.id for piece in record.pieces}
    yield from (f"lost by the spool: {piece}" for piece in sorted(world.accepted - kept))
    yield from (f"damaged: {problem}" for problem in record.problems)
    counts = states(record)
    open_ones = {state: n for state, n in counts.items() if not state.settled}
    if open_ones:
        reasons = {failure.reason for failure in record.failures.values()}
        yield f"not settled by the last push: {open_ones} {reasons}"


def _of_the_destination(record: RunRecord, held: Held) -> Iterator[str]:
    times = Counter(key for key, _ in held)
    yield from (f"doubled: {key} is there {n} times" for key, n in times.items() if n > 1)
    digests = {piece.sha256 for piece in record.pieces}
    yield from (f"other bytes: {key}" for key, sha256 in held if sha256 not in digests)
    yield from (f"a receipt for nothing: {key}" for key in record.receipts.keys() - times.keys())
    yield from (f"there without a receipt: {key}" for key in times.keys() - record.receipts.keys())


def _of_the_status(world: World, record: RunRecord) -> Iterator[str]:
    """Squash: one new execution for each test that has a piece, and it was told the outcome."""
    if world.name != "squash" or world.servers is None:
        return
    created = [
        seen["path"]
        for seen in world.servers.requests("squash")
        if seen["method"] == "POST"
        and seen["path"].endswith("/executions")
        and (seen["status"] in (200, 201) or seen["fault"] in ("answer-lost", "answer-cut"))
    ]
    yield from (f"{n} executions by {path}" for path, n in Counter(created).items() if n > 1)
    if record.to_conclude:
        yield f"never told its outcome: {record.to_conclude}"


def _of_the_numbers(world: World, record: RunRecord) -> Iterator[str]:
    if not world.told:
        return
    last, counts = world.told[-1], states(record)
    for state in State:
        if last[state.value] != counts.get(state, 0):
            yield f"the summary says {state.value}={last[state.value]}, the journals {counts}"
    if last["status"] != 0:
        yield f"the last push ended with {last['status']}"


def _of_the_secrets(world: World, run: Path) -> Iterator[str]:
    for path in run.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for name, value in world.exports.items():
            if value.encode() in content:
                yield f"{name} stands in {path.name}"


def _bundled(world: World) -> Iterator[tuple[str, str]]:
    """Yield what the record's one file holds; a zip replaces what was there."""
    assert world.servers is not None
    for file in world.servers.held("rillsoft"):
        content = world.servers.content("rillsoft", file["id"])
        if not file["name"].endswith(".zip"):
            yield keys_in(file["name"])[-1], file["sha256"]
            continue
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            for name in bundle.namelist():
                found = keys_in(name)
                if found:
                    yield found[-1], hashlib.sha256(bundle.read(name)).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
