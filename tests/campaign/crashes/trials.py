"""The trials of crashes: a session that is killed or fails at some point, pushes, and what then holds."""

from __future__ import annotations

import itertools
import os
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

from pytest_attach_evidence import model
from pytest_attach_evidence import steps as seam
from pytest_attach_evidence.deliveries import is_settled
from pytest_attach_evidence.errors import SpoolError
from pytest_attach_evidence.report.exit_status import ExitStatus
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

    `struck` counts the trials in which everything happened that was to happen: a kill that came too
    late, or a fault that nobody met, proves nothing.
    """

    trials: int = 0
    struck: int = 0
    red: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another process found."""
        self.trials += other.trials
        self.struck += other.struck
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
        world = World(folder=folder, name=name, servers=servers, suite=suite, parallel=parallel)
        if servers is not None and name == "squash":
            world.before = frozenset(servers.objects(name))
        try:
            yield world
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own_time() -> Iterator[None]:
    """Give the date back that a world in this very process took."""
    before = model.utc_now
    try:
        yield
    finally:
        model.utc_now = before


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


def steps_of(ground: Ground, name: str, *, push: bool = False) -> int:
    """Return how many steps a whole session takes, or a push of everything after a collecting one."""
    with ground.world(name) as world:
        if push:
            _sound(in_child(lambda: world.collect().release()))
        failing = Failing(None)
        path = world.folder / "steps"

        def work() -> None:
            taken(world.push if push else world.session, failing)()
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
        kills = 0
        for work, point in zip(works, points, strict=True):
            ending = in_child(taken(work, Killing(point)))
            kills += ending.killed
            tally.red += [f"{what}: {v}" for v in _wrong(ending, world)]
            if world.servers is not None:
                world.servers.quiet()
        met = True
        if faults and world.servers is not None:
            tally.red += [f"{what}: {v}" for v in _pushed_once(world)]
            met = any(seen["fault"] for seen in world.servers.requests(name))
            world.servers.clear_faults()
        tally.struck += kills == len(points) and met
        tally.red += [f"{what}: {violation}" for violation in pushed_to_the_end(world)]
    return tally


def killed_from_outside(ground: Ground, name: str, suite: Suite, moments_s: list[float]) -> Tally:
    """Kill pushes of many pieces after so many seconds each, threads and all.

    It is struck where a kill came after the first send and before the last receipt.
    """
    tally, amidst = Tally(trials=1), False
    with ground.world(name, suite, parallel=4) as world:
        _sound(in_child(lambda: world.collect().release()))
        what = f"{name} killed after {moments_s} s"
        for moment_s in moments_s:
            ending = in_child(world.push, after_s=moment_s)
            amidst |= ending.killed and _is_amidst(world)
            tally.red += [f"{what}: {v}" for v in _wrong(ending, world) if not ending.killed]
            if world.servers is not None:
                world.servers.quiet()
        tally.struck += amidst
        tally.red += [f"{what}: {violation}" for violation in pushed_to_the_end(world)]
    return tally


def failed(
    ground: Ground, name: str, number: int, error: int, *, for_ever: bool, push: bool = False
) -> Tally:
    """Let the n-th step of a session, or of a push after a collecting one, fail; push to the end."""
    tally = Tally(trials=1)
    what = f"{name} {'push ' if push else ''}step {number} fails with errno {error}"
    what += " for ever" if for_ever else ""
    with ground.world(name) as world:
        if push:
            _sound(in_child(lambda: world.collect().release()))
        mark = world.folder / "struck"

        def struck() -> None:
            os.close(os.open(mark, os.O_CREAT | os.O_WRONLY))

        def work() -> None:
            # What pytest and the command do with the error is tested with them.
            failing = Failing(number, error, for_ever=for_ever, struck=struck)
            with seam.taken_by(failing), suppress(SpoolError):
                world.push() if push else world.session()

        ending = in_child(work)
        tally.struck += mark.exists()
        wrong = [*_unwanted(ending), *checks.untrue(world, allowed=ExitStatus.SPOOL)]
        tally.red += [f"{what}: {v}" for v in wrong]
        if world.servers is not None:
            world.servers.quiet()
        tally.red += [f"{what}: {violation}" for violation in pushed_to_the_end(world)]
    return tally


def pushed_at_once(ground: Ground, name: str, suite: Suite) -> Tally:
    """Let two processes push the same run at the same time; struck where one is told to wait."""
    tally = Tally(trials=1)
    with ground.world(name, suite) as world:
        _sound(in_child(lambda: world.collect().release()))
        endings = both_in_children(world.push)
        tally.struck += world.met_a_busy_run
        tally.red += [f"{name} pushed twice: {v}" for ending in endings for v in _unwanted(ending)]
        tally.red += [f"{name} pushed twice: {v}" for v in pushed_to_the_end(world)]
    return tally


def stored_late(ground: Ground, settle_times: float) -> Tally:
    """Let a server store a piece so late; within the time to settle nothing is doubled.

    Later than that one copy too many is what is promised at most.
    """
    tally = Tally(trials=1)
    what = f"stored after {settle_times:.2f} settle times"
    with ground.world("ledger") as world, own_time():
        clock = Clock(world.folder / "clock")
        late = Late(settle_times * SETTLE_S, lambda: Clock(clock.path).monotonic())
        world.other = late
        world.session()
        late.settle(everything=True)
        tally.struck += bool(late.seen)
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
    return _wrong(in_child(world.push), world)


def _wrong(ending: Ending, world: World) -> list[str]:
    """Return what is wrong with how a process ended, and with what it told if it was not killed."""
    return [*_unwanted(ending), *([] if ending.killed else checks.untrue(world))]


def _is_amidst(world: World) -> bool:
    """Tell whether something was sent, and something is open."""
    run = world.run()
    record = run.read() if run is not None else None
    return record is not None and bool(record.attempts) and not is_settled(record)


def _unwanted(ending: Ending) -> list[str]:
    if ending.hung:
        return ["it hangs"]
    if ending.status and not ending.killed:
        return [f"it raised {ending.said}"]
    return []


def _sound(ending: Ending) -> None:
    assert ending.status == 0, ending.said
