"""What a destination holds, and at which object, read without any of our clients."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.naming import keys_in
from pytest_attach_evidence.outcomes import worst_outcomes
from pytest_attach_evidence.run_record import RunRecord

from ...bundles import pieces_in
from .world import TARGETS
from .world import World


STATUSES: Mapping[Outcome, str] = {
    Outcome.PASSED: "SUCCESS",
    Outcome.FAILED: "FAILURE",
    Outcome.UNKNOWN: "FAILURE",
}
MANIFEST = "manifest-sha256.txt"


@dataclass(frozen=True, slots=True)
class Arrived:
    """One thing that a destination stored, and where; '' where there is only one place."""

    key: str
    sha256: str
    object: str = ""


def arrived(world: World) -> list[Arrived]:
    """Return everything that a destination ever stored, once for each time."""
    if world.other is not None:
        held: list[tuple[str, str]] = getattr(world.other, "ledger")  # noqa: B009  # only the model has one
        return [Arrived(*one) for one in held]
    if world.name == "archive":
        files = world.archive.glob("*/data/*/*")
        return [Arrived(keys_in(p.name)[-1], _sha256(p.read_bytes())) for p in files]
    if world.name == "rillsoft":
        return list(_bundled(world))
    ledger = world.servers.ledger(world.name)
    return [Arrived(keys_in(f["name"])[-1], f["sha256"], f["object"]) for f in ledger]


def right_object(world: World, delivery: Delivery, object: str) -> bool:
    """Tell whether an object is the one that a delivery's test is mapped to."""
    test = int(delivery.item.nodeid.rpartition("_")[2])
    target = TARGETS[world.name][test % len(TARGETS[world.name])]
    if world.other is not None or world.name == "archive":
        return True
    if world.name == "workiva":
        form, phase = target.split("/")
        return object == f"testForms/{form}/testPhases/{phase}"
    facts = world.servers.objects(world.name).get(object)
    if facts is None:
        return False
    if world.name == "squash":
        return object.startswith("executions/") and facts["title"].startswith(f"{target} - ")
    return target in (object.rpartition("/")[2], facts["facts"].get("number"))


def wrong_status(world: World, record: RunRecord, found: list[Arrived]) -> Iterator[str]:
    """Yield what is wrong with the executions of Squash TM: one new one for each test, with its outcome."""
    objects, outcomes = world.servers.objects("squash"), worst_outcomes([record])
    created = [
        one["title"]
        for place, one in objects.items()
        if place.startswith("executions/") and place not in world.before
    ]
    yield from (f"{n} executions of {title}" for title, n in Counter(created).items() if n > 1)
    if record.to_conclude:
        yield f"never told its outcome: {record.to_conclude}"
    wanted = {target.id: STATUSES[outcome] for target, outcome in outcomes.items()}
    for place in sorted({one.object for one in found}):
        test = objects[place]["title"].partition(" - ")[0]
        status = objects[place]["facts"]["status"]
        if status != wanted.get(test):
            yield f"{place} of {test} has status {status}, not {wanted.get(test)}"


def listed(archive: Path) -> Iterator[str]:
    """Yield the files whose hash a run's manifest does not have, and lines without their file."""
    for run in archive.iterdir() if archive.is_dir() else ():
        files = [path for path in run.glob("data/*/*") if path.is_file()]
        there = {f"{_sha256(p.read_bytes())}  {p.relative_to(run).as_posix()}" for p in files}
        manifest = run / MANIFEST
        lines = manifest.read_text().splitlines() if manifest.exists() else []
        yield from (f"not in the manifest: {line}" for line in sorted(there - set(lines)))
        yield from (f"in the manifest alone: {line}" for line in sorted(set(lines) - there))
        if len(lines) != len(set(lines)):
            yield f"listed twice in {manifest.name}"


def _bundled(world: World) -> Iterator[Arrived]:
    """Yield what a record's one file holds; a zip replaces what was there."""
    for file in world.servers.held("rillsoft"):
        content = world.servers.content("rillsoft", file["id"])
        for name, piece in pieces_in(file["name"], content).items():
            yield Arrived(keys_in(name)[-1], _sha256(piece), file["object"])


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
