"""Ways to break the product. A campaign that stays green with one of them proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

from pytest_attach_evidence import delivering
from pytest_attach_evidence.deliver.account import Account
from pytest_attach_evidence.destinations.huawei import Huawei
from pytest_attach_evidence.destinations.squash import Squash
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.spool import DeliveryLog
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import disk

from .blocks import MANY
from .blocks import Block
from .cuts import cut
from .cuts import recorded
from .series import Job
from .series import Series
from .series import Share
from .trials import Ground
from .trials import Tally
from .trials import killed
from .trials import points_of
from .trials import pushed_at_once
from .trials import stored_late
from .world import DESTINATIONS
from .world import TARGETS


NEVER = 10**9
Jobs = Callable[[Ground], Iterator[Job]]


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


def _receipt_first(account: Account, batch: Sequence[Delivery]) -> None:
    """Write the receipts when the intent should be written."""
    for delivery in batch:
        account.ground.log.receipt((delivery, Receipt(key=delivery.key, how="answered")))


def _at_one_object(done: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of the destination that takes every target for the same one."""

    def do(huawei: Huawei, _target: Target, *more: Any) -> Any:
        return done(huawei, huawei.parse(TARGETS["huawei"][0]), *more)

    return do


def _kills(ground: Ground) -> Iterator[Job]:
    points = points_of(ground, "huawei")
    return (partial(killed, ground, "huawei", point) for point in range(points // 2, points, 2))


def _whole_sessions(name: str) -> Jobs:
    return lambda ground: iter([partial(killed, ground, name, NEVER)])


def _failing_server(ground: Ground) -> Iterator[Job]:
    faults: list[dict[str, object]] = [{"fault": "status-500", "system": "huawei", "times": -1}]
    yield partial(killed, ground, "huawei", NEVER, faults=faults)


def _cuts(name: str) -> Jobs:
    def jobs(ground: Ground) -> Iterator[Job]:
        folder = ground.folder / f"mutant-{name.replace(' ', '-')}"
        folder.mkdir()
        with mutated(name):
            one = recorded(folder, "ledger")
        return (partial(cut, one, folder, seed) for seed in range(300))

    return jobs


def _two(ground: Ground) -> Iterator[Job]:
    return (partial(pushed_at_once, ground, name, MANY) for name in DESTINATIONS * 6)


def _late(ground: Ground) -> Iterator[Job]:
    return (partial(stored_late, ground, tenth / 10) for tenth in range(1, 10))


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken part of the product, the trials that must notice it, and what they must say."""

    owner: object
    place: str
    broken: object
    jobs: Jobs
    found: str


MUTANTS = {
    "no intent": Mutant(DeliveryLog, "intent", _nothing, _kills, "doubled"),
    "receipt before the answer": Mutant(
        Account, "begin", _receipt_first, _kills, "a receipt for nothing"
    ),
    "no file fsync": Mutant(disk, "sync", _nothing, _cuts("no file fsync"), "lost by the spool"),
    "no folder fsync": Mutant(
        disk, "sync_folder", _nothing, _cuts("no folder fsync"), "lost with the whole run"
    ),
    "no lock": Mutant(RunFolder, "lock", _nothing, _two, "doubled"),
    "no time to settle": Mutant(
        Budget, "settle_s", property(lambda _: 0.0), _late, "is there 2 times"
    ),
    "everything at one object": Mutant(
        Huawei,
        "deliver",
        _at_one_object(Huawei.deliver),
        _whole_sessions("huawei"),
        "at another object",
    ),
    "the outcome is not told": Mutant(
        Squash, "conclude", _nothing, _whole_sessions("squash"), "has status"
    ),
    "always exit status 0": Mutant(
        delivering, "status_of", lambda *_, **__: 0, _failing_server, "status 0, but open"
    ),
}


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """Break the product in one way."""
    mutant = MUTANTS[name]
    with patch.object(mutant.owner, mutant.place, mutant.broken):
        yield


def _broken(name: str, job: Job) -> Tally:
    with mutated(name):
        return job()


def _block(name: str, mutant: Mutant) -> Block:
    """Return the block that must turn red while the product is broken in a way."""

    def series(ground: Ground, share: Share) -> Iterator[Series]:
        jobs = (partial(_broken, name, job) for job in mutant.jobs(ground))
        yield replace(share, part=1.0).own(jobs)

    return Block(f"C5 {name}", f"mutant: {name}", series, red=mutant.found)


BROKEN = tuple(_block(name, mutant) for name, mutant in MUTANTS.items())
