"""The blocks of the campaign: which trials there are, in full and in the part that every CI run takes."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product

from .cuts import cut
from .cuts import recorded
from .mutants import mutant
from .traced import DISK
from .traced import NETWORK
from .traced import can_trace
from .traced import traced
from .trials import Ground
from .trials import Tally
from .trials import failed
from .trials import killed
from .trials import killed_from_outside
from .trials import points_of
from .trials import pushed_at_once
from .trials import seconds_of_a_push
from .trials import steps_of
from .trials import stored_late
from .world import DESTINATIONS
from .world import SYSTEMS
from .world import Suite


ERRORS = (errno.EIO, errno.ENOSPC, errno.EMFILE, errno.EINTR)
MANY: Suite = [[b"%d %d " % (test, piece) * 4000 for piece in range(3)] for test in range(4)]
"""Four tests with three pieces of some 16 kB each: enough for all threads to be busy."""

UPLOADS: Mapping[str, str] = {
    "squash": r"/(attachments|executions)(\?|$)",
    "workiva": r"attachment|upload|blob",
    "huawei": r"/attachments/upload",
    "rillsoft": r"/attachments/\d+",
}
FAULTS: tuple[dict[str, object], ...] = (
    {"fault": "answer-lost"},
    {"fault": "answer-lost"},
    {"fault": "answer-cut"},
    {"fault": "reset-before-answer"},
    {"fault": "reset-before-answer", "body_bytes": 0},
    {"fault": "status-500"},
    {"fault": "status-502"},
    {"fault": "status-503"},
    {"fault": "status-429", "retry_after": "2"},
    {"fault": "drip", "seconds": 0.0005},
)
Job = Callable[[], Tally]


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its id in the table, what it does, and its trials; `part` of them: 1 is all."""

    id: str
    title: str
    jobs: Callable[[Ground, int, float], Iterator[Job]]
    red: bool = False


def _single(ground: Ground, seed: int, part: float) -> Iterator[Job]:
    """Kill at every point of every destination's session, or at a seeded part of them."""
    chance = random.Random(seed)
    for name in DESTINATIONS:
        points = range(points_of(ground, name))
        wanted = chance.sample(points, max(1, round(len(points) * part)))
        for point in sorted(wanted):
            yield partial(killed, ground, name, point)


def _double(ground: Ground, seed: int, part: float) -> Iterator[Job]:
    """Kill the session, then the push after it."""
    chance = random.Random(seed + 1)
    for name in DESTINATIONS:
        points, again = points_of(ground, name), points_of(ground, name, push=True)
        for _ in range(round(400 * part)):
            pair = (chance.randrange(points), chance.randrange(again))
            yield partial(killed, ground, name, *pair)


def _with_faults(ground: Ground, seed: int, part: float) -> Iterator[Job]:
    """Kill the session while the network fails too, sometimes also the push after it."""
    chance = random.Random(seed + 2)
    for name in SYSTEMS:
        points = points_of(ground, name)
        path = UPLOADS[name]
        for _ in range(round(500 * part)):
            faults = [_fault(chance, name, path) for _ in range(chance.randint(1, 4))]
            kills = [chance.randrange(points // 3, points) for _ in range(chance.randint(1, 2))]
            yield partial(killed, ground, name, *kills, faults=faults)


def _fault(chance: random.Random, system: str, path: str) -> dict[str, object]:
    fault = dict(chance.choice(FAULTS))
    anywhere = chance.random() < 0.4
    return {
        **fault,
        "system": system,
        "after": chance.randint(0, 5),
        "path": "" if anywhere else path,
    }


def _power(ground: Ground, seed: int, part: float) -> Iterator[Job]:
    """Cut the power in a session, every third time also in the push after it."""
    for name in ("ledger", "archive"):
        folder = ground.folder / f"power-{name}"
        folder.mkdir()
        one = recorded(folder, name)
        for number in range(round(2500 * part)):
            yield partial(cut, one, folder, seed * 100_000 + number)


def _failing(ground: Ground, seed: int, part: float) -> Iterator[Job]:
    """Let the n-th step fail: for the archive in every way, for a server in one of them."""
    chance = random.Random(seed + 3)
    ways = list(product(ERRORS, (False, True)))
    for name in DESTINATIONS:
        for number in range(1, steps_of(ground, name) + 1):
            for error, for_ever in ways if name == "archive" else [chance.choice(ways)]:
                if chance.random() < part:
                    yield partial(failed, ground, name, number, error, for_ever=for_ever)


def _outside(ground: Ground, seed: int, part: float) -> Iterator[Job]:
    """Kill uploads of twelve pieces by several threads at any time, up to three times in a row."""
    chance = random.Random(seed + 4)
    for name in DESTINATIONS:
        longest = seconds_of_a_push(ground, name, MANY)
        for _ in range(round(300 * part)):
            moments = [chance.uniform(0, longest) for _ in range(chance.randint(1, 3))]
            yield partial(killed_from_outside, ground, name, MANY, moments)


def _two(ground: Ground, seed: int, part: float) -> Iterator[Job]:
    """Let two processes push one run at the same time."""
    del seed
    for name in DESTINATIONS:
        for _ in range(max(2, round(20 * part))):
            yield partial(pushed_at_once, ground, name, MANY)


def _late(ground: Ground, seed: int, part: float) -> Iterator[Job]:
    """Let a server commit after our listing, by delays around the time to settle."""
    del seed, part
    for tenth in range(1, 21):
        yield partial(stored_late, ground, tenth / 10 + 0.05)


def _traced(ground: Ground, seed: int, part: float) -> Iterator[Job]:
    """Let the system call itself be the last thing a process does."""
    chance = random.Random(seed + 5)
    wanted = max(4, round(50 * part)) if can_trace() else 0
    for number in range(wanted):
        name = DESTINATIONS[number % len(DESTINATIONS)]
        call = chance.choice(DISK if name == "archive" else (*DISK, *NETWORK))
        yield partial(traced, ground, name, call, chance.randint(1, 12))


def _mutated(name: str, jobs: Callable[[Ground], Iterator[Job]]) -> Block:
    """Return the block that must turn red while the product is broken in a way."""

    def broken(ground: Ground, _seed: int, _part: float) -> Iterator[Job]:
        for job in jobs(ground):
            yield partial(_broken, name, job)

    return Block(f"C5 {name}", f"mutant: {name}", broken, red=True)


def _broken(name: str, job: Job) -> Tally:
    with mutant(name):
        return job()


def _kills_at_the_destination(ground: Ground) -> Iterator[Job]:
    points = points_of(ground, "huawei")
    return (partial(killed, ground, "huawei", point) for point in range(points // 2, points, 2))


def _cuts(name: str) -> Callable[[Ground], Iterator[Job]]:
    def jobs(ground: Ground) -> Iterator[Job]:
        folder = ground.folder / f"mutant-{name.replace(' ', '-')}"
        folder.mkdir()
        with mutant(name):
            one = recorded(folder, "ledger")
        return (partial(cut, one, folder, seed) for seed in range(300))

    return jobs


BLOCKS = (
    Block("C1", "killed with signal 9 at every step: before, half-way, after", _single),
    Block("C2", "killed twice: in the session, then in the push", _double),
    Block("C3", "killed while the network fails", _with_faults),
    Block("C4", "power cut: what was not synced is lost, torn or zeros", _power),
    Block("C6", "the n-th step fails: EIO, ENOSPC, EMFILE, EINTR, once or for ever", _failing),
    Block(
        "C7",
        "killed by strace at the n-th rename, fsync, mkdir, unlink, connect, send or receive",
        _traced,
    ),
    Block("C8", "the server stores late: within the time to settle, and after it", _late),
    Block("C9", "uploads killed at any time, up to three times, with several threads", _outside),
    Block("C10", "two pushes of one run at the same time", _two),
    _mutated("no intent", _kills_at_the_destination),
    _mutated("receipt before the answer", _kills_at_the_destination),
    _mutated("no file fsync", _cuts("no file fsync")),
    _mutated("no folder fsync", _cuts("no folder fsync")),
    _mutated("no lock", lambda ground: _two(ground, 0, 0.3)),
)
