"""The trials of crashes: a session that is killed or fails at some point, pushes, and what then holds."""

from __future__ import annotations

import itertools
import shutil
import time
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from pytest_attach_evidence import steps as seam
from pytest_attach_evidence.errors import SpoolError
from pytest_attach_evidence.steps import Steps

from . import checks
from .ledger import Late
from .processes import Ending
from .processes import both_in_children
from .processes import in_child
from .servers import Servers
from .steps import Failing
from .steps import Killing
from .world import DESTINATIONS
from .world import SETTLE_S
from .world import SMALL
from .world import Clock
from .world import Suite
from .world import World


PUSHES = 4


@dataclass(slots=True)
class Tally:
    """What a block of trials found. `red` are the violations, each with what leads to its trial again.

    `unfinished` counts the trials whose first push under faults said that something waits.
    """

    trials: int = 0
    struck: int = 0
    unfinished: int = 0
    red: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another process found."""
        self.trials += other.trials
        self.struck += other.struck
        self.unfinished += other.unfinished
        self.red += other.red


@dataclass(kw_only=True)
class Ground:
    """Where trials take place: a folder on a quick disk, and servers of this process's own."""

    folder: Path
    servers: Servers | None
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def warm_up(self) -> None:
        """Import and build everything once, so that the processes of the trials need not."""
        for name in DESTINATIONS:
            with self.world(name) as world:
                world.session()

    @contextmanager
    def world(self, name: str, suite: Suite = SMALL, *, parallel: int = 1) -> Iterator[World]:
        """Give a world of its own to a trial and remove it afterwards."""
        servers = self.servers if name not in ("archive", "ledger") else None
        if servers is not None:
            servers.reset()
        folder = self.folder / f"world-{next(self._numbers)}"
        try:
            yield World(folder=folder, name=name, servers=servers, suite=suite, parallel=parallel)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def taken(work: Callable[[], object], steps: Steps) -> Callable[[], None]:
    """Return work that is done with other steps."""

    def do() -> None:
        with seam.taken_by(steps):
            work()

    return do


def points_of(ground: Ground, name: str, *, push: bool = False) -> int:
    """Return how many points a whole session has, or a push of everything after a collecting one."""
    with ground.world(name) as world:
        killing = Killing()
        if push:
            _sound(in_child(lambda: world.collect().release()))
        work = world.push if push else world.session
        path = world.folder / "points"
        _sound(in_child(lambda: (taken(work, killing)(), path.write_text(str(killing.seen)))[0]))
        return int(path.read_text())


def seconds_of_a_push(ground: Ground, name: str, suite: Suite) -> float:
    """Return how long a push of everything takes here and now."""
    with ground.world(name, suite, parallel=4) as world:
        _sound(in_child(lambda: world.collect().release()))
        begun = time.monotonic()
        _sound(in_child(world.push))
        return time.monotonic() - begun


def steps_of(ground: Ground, name: str) -> int:
    """Return how many steps a whole session takes."""
    with ground.world(name) as world:
        failing = Failing(None)
        path = world.folder / "steps"

        def work() -> None:
            taken(world.session, failing)()
            path.write_text(str(failing.seen))

        _sound(in_child(work))
        return int(path.read_text())


def killed(
    ground: Ground,
    name: str,
    *points: int,
    faults: list[dict[str, object]] | None = None,
) -> Tally:
    """Kill a session at the first point and the pushes after it at the next ones, then push to the end."""
    tally = Tally(trials=1)
    what = f"{name} killed at {points}" + (f" with {faults}" if faults else "")
    with ground.world(name) as world:
        if world.servers is not None and faults:
            world.servers.add_faults(faults)
        works = [world.session, *(world.push for _ in points[1:])]
        for work, point in zip(works, points, strict=True):
            ending = in_child(taken(work, Killing(point)))
            tally.struck += ending.killed
            tally.red += _unwanted(ending, what)
            if world.servers is not None:
                world.servers.quiet()
        if faults and world.servers is not None:
            tally.red += [f"{what}: {v}" for v in _pushed_once(world)]
            tally.unfinished += bool(world.told and world.told[-1]["status"])
            world.servers.clear_faults()
        tally.red += [f"{what}: {violation}" for violation in pushed_to_the_end(world)]
    return tally


def killed_from_outside(ground: Ground, name: str, suite: Suite, fractions: list[float]) -> Tally:
    """Kill a push of many pieces after a part of the time that it takes, threads and all."""
    tally = Tally(trials=1)
    with ground.world(name, suite, parallel=4) as world:
        _sound(in_child(lambda: world.collect().release()))
        for fraction in fractions:
            ending = in_child(world.push, after_s=fraction)
            tally.struck += ending.killed
            tally.red += _unwanted(ending, name) if not ending.killed else []
            if world.servers is not None:
                world.servers.quiet()
        what = f"{name} killed after {fractions} s"
        tally.red += [f"{what}: {violation}" for violation in pushed_to_the_end(world)]
    return tally


def failed(ground: Ground, name: str, number: int, error: int, *, for_ever: bool) -> Tally:
    """Let the n-th step of a session fail, then push to the end."""
    tally = Tally(trials=1, struck=1)
    what = f"{name} step {number} fails with errno {error}{' for ever' if for_ever else ''}"
    with ground.world(name) as world:

        def work() -> None:
            # What pytest does with the error is tested with pytest.
            with seam.taken_by(Failing(number, error, for_ever=for_ever)), suppress(SpoolError):
                world.session()

        tally.red += _unwanted(in_child(work), what)
        if world.servers is not None:
            world.servers.quiet()
        tally.red += [f"{what}: {violation}" for violation in pushed_to_the_end(world)]
    return tally


def pushed_at_once(ground: Ground, name: str, suite: Suite) -> Tally:
    """Let two processes push the same run at the same time: one delivers, the other is told to wait."""
    tally = Tally(trials=1, struck=1)
    with ground.world(name, suite) as world:
        _sound(in_child(lambda: world.collect().release()))
        endings = both_in_children(world.push)
        tally.red += [v for ending in endings for v in _unwanted(ending, f"{name} pushed twice")]
        tally.red += [f"{name} pushed twice: {v}" for v in pushed_to_the_end(world)]
    return tally


def stored_late(ground: Ground, settle_times: float) -> Tally:
    """Let a server store a piece so late; within the time to settle nothing is doubled.

    Later than that one copy too many is what is promised at most.
    """
    tally = Tally(trials=1, struck=1)
    what = f"stored after {settle_times:.2f} settle times"
    with ground.world("ledger") as world:
        clock = Clock(world.folder / "clock")
        late = Late(settle_times * SETTLE_S, lambda: Clock(clock.path).monotonic())
        world.other = late
        world.session()
        late.settle(everything=True)
        times = Counter(key for key, _ in late.ledger)
        most = 1 if settle_times < 1 else 2
        tally.red += [f"{what}: {key} is there {n} times" for key, n in times.items() if n > most]
        late.ledger = list(dict(late.ledger).items())
        tally.red += [f"{what}: {violation}" for violation in checks.violations(world)]
    return tally


def pushed_to_the_end(world: World) -> list[str]:
    """Push until nothing waits, then once more; return what does not hold afterwards."""
    found: list[str] = []
    for _ in range(PUSHES):
        found += _pushed_once(world)
        if not world.told or world.told[-1]["status"] == 0 or found:
            break
    found += checks.violations(world)
    if not found:
        before = checks.snapshot(world)
        found += _pushed_once(world)
        if checks.snapshot(world) != before:
            found.append("a push of what is settled changed something")
    return found


def _pushed_once(world: World) -> list[str]:
    return _unwanted(in_child(world.push), "push")


def _unwanted(ending: Ending, what: str) -> list[str]:
    if ending.hung:
        return [f"{what}: it hangs"]
    if ending.status and not ending.killed:
        return [f"{what}: it raised {ending.said}"]
    return []


def _sound(ending: Ending) -> None:
    assert ending.status == 0, ending.said
