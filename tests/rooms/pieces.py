"""Makes the words of the model with facts that do not matter in a test."""

from __future__ import annotations

import hashlib
from typing import Any

from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.model import key_of
from pytest_attach_evidence.run_record import RunRecord


HERE = "https://squash.example/squash"
CASE = Target.of("squash", HERE, "test-case", "TC-12", iteration="4")
FOLDER = Target.of("archive", "", "folder", "")


def item(id: str = "j1-1", *targets: Target, **facts: Any) -> Item:
    """Return an item that passed, of run `run-1`, for these targets."""
    given: dict[str, Any] = {"nodeid": f"test_it.py::test_{id}", "outcome": Outcome.PASSED, **facts}
    return Item(id=id, run_id="run-1", targets=targets, **given)


def piece(owner: Item, seq: int = 1, content: bytes = b"content", **facts: Any) -> Evidence:
    """Return a piece of an item with the digest and size of some bytes."""
    given: dict[str, Any] = {"kind": "file", "name": f"shot-{seq}.png", "media_type": "image/png"}
    return Evidence(
        id=f"{owner.id}-{seq}",
        item_id=owner.id,
        seq=seq,
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        **{"size": len(content), **given, **facts},
    )


def delivery(owner: Item, evidence: Evidence, target: Target) -> Delivery:
    """Return a delivery with the key it has everywhere."""
    key = key_of(owner.id, evidence.seq, evidence.digest, target)
    return Delivery(evidence=evidence, item=owner, target=target, key=key)


def receipt(of: Delivery, **facts: Any) -> Receipt:
    """Return a receipt for a delivery."""
    return Receipt(key=of.key, **facts)


def record(items: list[Item], pieces: list[Evidence], **facts: Any) -> RunRecord:
    """Return a run that is finished and holds these."""
    return RunRecord(
        run=Run(id="run-1", started_at=""),
        folder="",
        items={one.id: one for one in items},
        pieces=pieces,
        **{"finished": True, **facts},
    )
