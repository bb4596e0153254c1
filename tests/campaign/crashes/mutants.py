"""Five ways to break the product. A campaign that stays green with one of them proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from pytest_attach_evidence.deliver.account import Account
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.spool import DeliveryLog
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import disk


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


def _receipt_first(account: Account, batch: Sequence[Delivery]) -> None:
    """Write the receipts when the intent should be written."""
    for delivery in batch:
        account.ground.log.receipt((delivery, Receipt(key=delivery.key, how="answered")))


MUTANTS: dict[str, tuple[object, str, Callable[..., None]]] = {
    "no intent": (DeliveryLog, "intent", _nothing),
    "no file fsync": (disk, "sync", _nothing),
    "no folder fsync": (disk, "sync_folder", _nothing),
    "no lock": (RunFolder, "lock", _nothing),
    "receipt before the answer": (Account, "begin", _receipt_first),
}


@contextmanager
def mutant(name: str) -> Iterator[None]:
    """Break the product in one way; '' leaves it as it is."""
    if not name:
        yield
        return
    owner, place, broken = MUTANTS[name]
    with patch.object(owner, place, broken):
        yield
