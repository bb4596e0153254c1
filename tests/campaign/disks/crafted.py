"""Runs in a spool as a hostile job could leave them: sound pieces, and something bad beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.model import key_of
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool
from pytest_attach_evidence.spool.journal import Journal


CANARY = "OUTSIDE-CANARY-6f1d"
ARCHIVE = Target.of("archive", "", "folder", "")


@dataclass(kw_only=True)
class Craft:
    """One run being crafted. `outside` is a folder that nothing may read, write or list."""

    name: str
    run: RunFolder
    outside: Path
    sandbox: Sandbox
    items: list[Item] = field(default_factory=list)
    pieces: list[Evidence] = field(default_factory=list)
    finished: bool = False

    @property
    def squash(self) -> Target:
        """The object that gets the sound pieces."""
        return Target.of("squash", self.sandbox.roots["squash"], "executions", "1042")

    @property
    def journal(self) -> Path:
        """The journal with the sound pieces, to which `write` adds lines."""
        return self.run.path / "journals" / f"{self.run.journal.id}.jsonl"

    @property
    def secret(self) -> Path:
        """A file outside."""
        return self.outside / "secret"

    def item(self, nodeid: str = "test_it.py::test_it", *targets: Target, **facts: Any) -> Item:
        """Begin an item and end it."""
        id = f"{self.run.journal.id}-{len(self.items) + 1}"
        made = Item(
            **{
                "id": id,
                "run_id": self.run.id,
                "nodeid": nodeid,
                "targets": targets or (self.squash, ARCHIVE),
                **facts,
            }
        )
        self.run.write_begun(made)
        self.run.write_ended(replace(made, outcome=Outcome.PASSED, duration_s=0.1), [])
        self.items.append(made)
        return made

    def piece(self, content: str, item: Item | None = None, **facts: Any) -> Evidence:
        """Keep a piece of the newest item, or of another, with some facts forged."""
        made = self.forged(content, item, **facts)
        self.run.write_pieces(made)
        self.pieces.append(made)
        return made

    def forged(self, content: str, item: Item | None = None, **facts: Any) -> Evidence:
        """Return a piece of which only the bytes are kept."""
        owner, seq = item or self.items[-1], len(self.pieces) + 1
        blob = self.run.put([content.encode()])
        return Evidence(
            **{
                "id": f"{owner.id}-{seq}",
                "item_id": owner.id,
                "seq": seq,
                "kind": "file",
                "name": f"{seq}.txt",
                "media_type": "text/plain",
                "digest": blob.digest,
                "size": blob.size,
                **facts,
            }
        )

    def blob(self, piece: Evidence) -> Path:
        """Return where the bytes of a piece are."""
        return self.run.path / "blobs" / piece.sha256

    def key(self, piece: Evidence, target: Target | None = None) -> str:
        """Return the key of a delivery of a piece."""
        return key_of(piece.item_id, piece.seq, piece.digest, target or self.squash)

    def write(self, *entries: dict[str, Any]) -> None:
        """Add lines to the journal, sealed and chained as ours are."""
        self.run.journal.append(*entries)

    def write_delivery(self, *entries: dict[str, Any]) -> None:
        """Add a delivery journal, sealed and chained as ours are."""
        journal = Journal(self.run.path / "deliveries", "000001-")
        journal.append(*entries)
        journal.close()

    def add_bytes(self, content: bytes, name: str = "zz.jsonl", folder: str = "journals") -> Path:
        """Add a journal with any bytes."""
        path = self.run.path / folder / name
        path.write_bytes(content)
        return path

    def replace_by_link(self, name: str) -> None:
        """Move a part of the run outside and leave a link to it."""
        (self.run.path / name).rename(self.outside / f"{self.name}-{name}")
        (self.run.path / name).symlink_to(self.outside / f"{self.name}-{name}")


@dataclass(frozen=True, kw_only=True)
class Case:
    """How a run is crafted and what a push of it must come to.

    `says` stands in one line of the output; `bad` is how many deliveries are not settled, `alone`
    means that not even the sound pieces are delivered, since the whole run cannot be used.
    """

    make: Callable[[Craft], object]
    status: int = 65
    says: str = ""
    bad: int = 0
    alone: bool = False


def sealed(*entries: dict[str, Any]) -> bytes:
    """Return lines without hashes, as somebody writes who does not know of them."""
    return b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)


def begun(spool: Path, outside: Path, sandbox: Sandbox, name: str) -> Craft:
    """Return a run with two sound pieces for one object and the archive."""
    run = Spool(spool).begin(Run(id="", started_at="2026-11-06T10:00:00Z"))
    craft = Craft(name=name, run=run, outside=outside, sandbox=sandbox)
    craft.item(f"test_it.py::test_{name.replace('-', '_')}")
    for number in (1, 2):
        craft.piece(f"{name} sound {number}")
    return craft


def finish(craft: Craft) -> None:
    """End a run and let it go, once."""
    if not craft.finished:
        craft.run.write_finished(0, {"passed": 1})
        craft.run.release()
    craft.finished = True


def every_wrong_type(entry: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Return copies of an entry, in each of which one field has a value of another type."""
    wrong: list[dict[str, Any]] = []
    for outer, inner in entry.items():
        if isinstance(inner, dict):
            for name, value in inner.items():
                other: Any = [] if isinstance(value, str | int | float | None) else 7
                wrong.append({**entry, outer: {**inner, name: other}})
                wrong.append({**entry, outer: {k: v for k, v in inner.items() if k != name}})
    return wrong


def is_root() -> bool:
    """Tell whether this process may do what no other may."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
