"""The blocks of the campaign: which trials there are, in full and in the part that every CI run takes."""

from __future__ import annotations

import errno
import random
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from functools import partial
from itertools import product
from itertools import repeat

from .cuts import cut
from .cuts import recorded
from .series import Choice
from .series import Job
from .series import Series
from .series import Share
from .traced import DISK
from .traced import NETWORK
from .traced import can_trace
from .traced import traced
from .trials import Ground
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


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its id in the table, what it does, and its trials.

    `red`: what must be found, since the product is broken on purpose; '' where nothing may be.
    """

    id: str
    title: str
    series: Choice
    red: str = ""


def _single(ground: Ground, share: Share) -> Iterator[Series]:
    """Kill at every point of every destination's session, or at a seeded part of them."""
    for name in DESTINATIONS:
        points = range(points_of(ground, name))
        yield share.own(partial(killed, ground, name, point) for point in points)


def _double(ground: Ground, share: Share) -> Iterator[Series]:
    """Kill the session, then the push after it."""
    for name in DESTINATIONS:
        yield share.until_struck(400, _pairs(ground, name, share.chance(1)))


def _pairs(ground: Ground, name: str, chance: random.Random) -> Iterator[Job]:
    points, again = points_of(ground, name), points_of(ground, name, push=True)
    while True:
        yield partial(killed, ground, name, *_two_points(chance, points, again))


def _two_points(chance: random.Random, points: int, again: int) -> tuple[int, int]:
    """Return a point of a session and one of the push after it, which has less left to do."""
    first = chance.randrange(points)
    return first, chance.randrange(max(10, round(again * (1 - first / points))))


def _with_faults(ground: Ground, share: Share) -> Iterator[Series]:
    """Kill the session while the network fails too, sometimes also the push after it."""
    for name in SYSTEMS:
        yield share.until_struck(500, _kills_and_faults(ground, name, share.chance(2)))


def _kills_and_faults(ground: Ground, name: str, chance: random.Random) -> Iterator[Job]:
    points, again = points_of(ground, name), points_of(ground, name, push=True)
    while True:
        faults = [_fault(chance, name) for _ in range(chance.randint(1, 4))]
        first, second = _two_points(chance, points, again)
        kills = [max(first, points // 3), second][: chance.randint(1, 2)]
        yield partial(killed, ground, name, *kills, faults=faults)


def _fault(chance: random.Random, system: str) -> dict[str, object]:
    anywhere = chance.random() < 0.4
    return {
        **chance.choice(FAULTS),
        "system": system,
        "after": chance.randint(0, 5 if anywhere else 2),
        "path": "" if anywhere else UPLOADS[system],
    }


def _power(ground: Ground, share: Share) -> Iterator[Series]:
    """Cut the power in a session, every third time also in the push after it."""
    for name in ("ledger", "archive"):
        yield share.until_struck(2500, _cuts(ground, name, share.chance(3)))


def _cuts(ground: Ground, name: str, chance: random.Random) -> Iterator[Job]:
    folder = ground.folder / f"power-{name}"
    folder.mkdir()
    one = recorded(folder, name)
    while True:
        yield partial(cut, one, folder, chance.randrange(10**9))


def _failing(ground: Ground, share: Share) -> Iterator[Series]:
    """Let every step of a session fail with every error, and every step of a push after it too.

    Pushes to network systems take two of the four errors at a step; the next round takes the others.
    """
    for name in DESTINATIONS:
        yield share.own(_failures(ground, name, share.seed, push=False))
        yield share.own(_failures(ground, name, share.seed, push=True))


def _failures(ground: Ground, name: str, seed: int, *, push: bool) -> Iterator[Job]:
    chance = random.Random(seed)
    for number in range(1, steps_of(ground, name, push=push) + 1):
        ways = list(product(ERRORS, (False, True)))
        if name != "archive":
            ways = [(error, chance.random() < 0.5) for error in ERRORS]
            ways = ways[(number + seed) % 2 :: 2] if push else ways
        for error, for_ever in ways:
            yield partial(failed, ground, name, number, error, for_ever=for_ever, push=push)


def _outside(ground: Ground, share: Share) -> Iterator[Series]:
    """Kill uploads of twelve pieces by several threads at any time, up to three times in a row."""
    for name in DESTINATIONS:
        yield share.until_struck(300, _moments(ground, name, share.chance(4)))


def _moments(ground: Ground, name: str, chance: random.Random) -> Iterator[Job]:
    longest = seconds_of_a_push(ground, name, MANY)
    while True:
        moments = [chance.uniform(longest / 5, longest * 1.1) for _ in range(chance.randint(1, 3))]
        yield partial(killed_from_outside, ground, name, MANY, moments)


def _two(ground: Ground, share: Share) -> Iterator[Series]:
    """Let two processes push one run at the same time."""
    for name in DESTINATIONS:
        yield share.until_struck(20, repeat(partial(pushed_at_once, ground, name, MANY)))


def _late(ground: Ground, share: Share) -> Iterator[Series]:
    """Let a server commit after our listing, by delays around the time to settle."""
    jobs = (partial(stored_late, ground, tenth / 10 + 0.05) for tenth in range(1, 21))
    yield replace(share, part=1.0).own(jobs)


def _traced(ground: Ground, share: Share) -> Iterator[Series]:
    """Let the system call itself be the last thing a process does."""
    if can_trace():
        yield share.until_struck(50, _calls(ground, share.chance(5)))


def _calls(ground: Ground, chance: random.Random) -> Iterator[Job]:
    while True:
        name = chance.choice(DESTINATIONS)
        call = chance.choice(DISK if name == "archive" else (*DISK, *NETWORK))
        yield partial(traced, ground, name, call, chance.randint(1, 12))


BLOCKS = (
    Block("C1", "killed with signal 9 at every step: before, half-way, after", _single),
    Block("C2", "killed twice: in the session, then in the push", _double),
    Block("C3", "killed while the network fails", _with_faults),
    Block("C4", "power cut: what was not synced is lost, torn or zeros", _power),
    Block("C6", "each step fails: EIO, ENOSPC, EMFILE and EINTR, once or for ever", _failing),
    Block(
        "C7",
        "killed by strace at the n-th rename, fsync, mkdir, unlink, connect, send or receive",
        _traced,
    ),
    Block("C8", "the server stores late: within the time to settle, and after it", _late),
    Block("C11", "uploads killed at any time, up to three times, with several threads", _outside),
    Block("C12", "two pushes of one run at the same time", _two),
)
