"""The trials of power cuts: the machine dies in a session, and perhaps again in the push after it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_attach_evidence import steps as seam

from . import checks
from .arrived import arrived
from .ledger import Ledger
from .power import Disk
from .power import Event
from .power import Recorded
from .power import events_until
from .trials import Tally
from .trials import own_time
from .world import World


TWICE = 1 / 3


@dataclass(frozen=True, slots=True)
class Recording:
    """What a session did, and what was there before it. `stored` is what the destination had."""

    name: str
    folder: Path
    events: list[Event]
    accepted: frozenset[str] = frozenset()
    stored: tuple[tuple[str, str], ...] = ()
    before: Path | None = None


def recorded(folder: Path, name: str) -> Recording:
    """Let a session happen once and write it down."""
    steps = Recorded()
    world = _world(folder / "recorded", name, (), steps)
    with own_time(), seam.taken_by(steps):
        world.session()
    return Recording(name, world.folder, steps.events)


def cut(one: Recording, folder: Path, seed: int) -> Tally:
    """Cut the power at a random moment, look at what is left, and push to the end.

    It is struck where a piece had been accepted by then, which must not be lost.
    """
    chance = random.Random(seed)
    tally = Tally(trials=1)
    what = f"{one.name} without power, seed {seed}"
    with own_time(), _cut(one, folder / f"cut-{seed}", chance) as (world, accepted, stored):
        tally.struck += bool(accepted)
        if chance.random() < TWICE:
            again = _pushed(world, accepted, stored)
            with _cut(again, folder / f"again-{seed}", chance) as (world_after, _, _):
                tally.red += [f"{what}, twice: {v}" for v in _violations(world_after)]
        else:
            tally.red += [f"{what}: {v}" for v in _violations(world)]
    return tally


Left = tuple[World, frozenset[str], tuple[tuple[str, str], ...]]


@contextmanager
def _cut(one: Recording, folder: Path, chance: random.Random) -> Iterator[Left]:
    """Give the world that a power cut leaves."""
    moment = chance.randint(0, len(one.events))
    disk = Disk(one.folder, one.before)
    disk.follow(one.events[:moment])
    accepted = one.accepted | {
        line for name, line in events_until(one.events, moment, "noted") if name == "accepted"
    }
    new = [(key, sha256) for key, sha256 in events_until(one.events, moment, "stored")]
    stored = (*one.stored, *new)
    try:
        disk.cut_power(chance, folder)
        world = _world(folder, one.name, stored)
        (folder / "accepted").write_text("".join(f"{id}\n" for id in accepted))
        yield world, frozenset(accepted), stored
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(_before(folder), ignore_errors=True)


def _pushed(
    world: World, accepted: frozenset[str], stored: tuple[tuple[str, str], ...]
) -> Recording:
    """Push what a cut left and write that down too."""
    before = _before(world.folder)
    shutil.copytree(world.folder, before)
    steps = Recorded()
    pushing = _world(world.folder, world.name, stored, steps)
    with seam.taken_by(steps):
        pushing.push()
    return Recording(world.name, world.folder, steps.events, accepted, stored, before)


def _before(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-before")


def _violations(world: World) -> list[str]:
    world.push()
    found = [*checks.untrue(world), *checks.violations(world)]
    if not found:
        before = checks.snapshot(world), arrived(world)
        world.push()
        if before != (checks.snapshot(world), arrived(world)):
            found.append("a push of what is settled changed something")
    return found


def _world(
    folder: Path, name: str, stored: tuple[tuple[str, str], ...], steps: Recorded | None = None
) -> World:
    folder.mkdir(exist_ok=True)
    heard = steps or Recorded()
    other = Ledger(stored, lambda *commit: heard.note("stored", *commit))
    return World(
        folder=folder,
        name=name,
        other=other if name == "ledger" else None,
        noted=lambda *line: heard.note("noted", *line),
    )
