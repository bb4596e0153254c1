"""A real spool with pieces in it, scripted destinations, and the engine between them."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_attach_evidence.deliver import Group
from pytest_attach_evidence.deliver import Results
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Limits
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.model import State
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.report.exit_status import exit_status
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool

from .scripted import Concluding
from .scripted import FakeBudget
from .scripted import Scripted


@dataclass(kw_only=True)
class Scene:
    """One run in a spool, and the destinations `one` and (if a test asks for more) others."""

    folder: Path
    budget: FakeBudget
    destinations: dict[str, Scripted] = field(default_factory=dict)
    seconds: float = 300.0
    parallel: int = 4
    told: list[tuple[str, State | None]] = field(default_factory=list)
    waits: list[tuple[float, int, str]] = field(default_factory=list)
    _run: RunFolder | None = None
    _items: int = 0

    @property
    def run(self) -> RunFolder:
        """The run, begun when it is first asked for; its lock is held."""
        if self._run is None:
            self._run = Spool(self.folder).begin(Run(id="", started_at="2026-11-06T10:00:00Z"))
        return self._run

    @property
    def one(self) -> Scripted:
        """The destination of most tests."""
        return self.destinations["one"]

    def add(self, name: str = "one", *, concludes: bool = False, **limits: Any) -> Scripted:
        """Add a destination whose limits are the default but for those given."""
        kind = Concluding if concludes else Scripted
        self.destinations[name] = kind(name, self.budget, Limits(**limits))
        return self.destinations[name]

    def attach(
        self, *names: str, to: str | list[Target] = "t1", outcome: Outcome | None = Outcome.PASSED
    ) -> Item:
        """Keep pieces, each with its name as content, as an item mapped to a target of `one`."""
        self._items += 1
        targets = [self.one.parse(to)] if isinstance(to, str) else to
        item = Item(
            id=f"{self.run.journal.id}-{self._items}",
            run_id=self.run.id,
            nodeid=f"test_it.py::test_{self._items}",
            targets=tuple(targets),
        )
        pieces = [self._piece(item, seq, name) for seq, name in enumerate(names, start=1)]
        self.run.write_begun(item, *pieces)
        if outcome is not None:
            self.run.write_ended(replace(item, outcome=outcome, duration_s=0.1), [])
        return item

    def deliver(self, **options: Any) -> Results:
        """Deliver the run as a session's end or a push does; each call is a process of its own."""
        self.budget.ends_at = self.budget.now + self.seconds
        self.budget.stop.clear()
        group = Group.of([self.run])
        results = group.deliver(
            group.plan(self.destinations, **options),
            self.destinations,
            budget=self.budget,
            parallel=self.parallel,
            mask=lambda text: text.replace("s3cret", "***"),
            progress=self._progress,
            watch=Waits(self.waits),
        )
        assert set(results.plan.deliveries) == {*results.receipts, *results.failures}
        assert not set(results.receipts) & set(results.failures)
        return results

    def entries(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the lines of the delivery journals as they are on the disk now, by type."""
        files = sorted((self.run.path / "deliveries").glob("*.jsonl"))
        lines = [json.loads(line) for file in files for line in file.read_bytes().splitlines()]
        return [line for line in lines if not kinds or line["type"] in kinds]

    def content(self, name: str) -> Path:
        """Return where the bytes of a piece are in the spool."""
        return self.run.path / "blobs" / hashlib.sha256(name.encode()).hexdigest()

    def _piece(self, item: Item, seq: int, name: str) -> Evidence:
        blob = self.run.put([name.encode()])
        return Evidence(
            id=f"{item.id}-{seq}",
            item_id=item.id,
            seq=seq,
            kind="file",
            name=name,
            media_type="text/plain",
            digest=blob.digest,
            size=blob.size,
        )

    def _progress(self, delivery: Delivery, state: State | None) -> None:
        self.told.append((delivery.evidence.name, state))


@dataclass(frozen=True)
class Waits:
    """Notes what somebody who watches is told: seconds, pieces, why."""

    noted: list[tuple[float, int, str]]

    def waits(self, destination: str, seconds: float, pieces: int, why: str) -> None:
        """Note a wait."""
        self.noted.append((round(seconds), pieces, why))

    def tick(self) -> None:
        """Let time go by."""


def states(results: Results) -> dict[str, str]:
    """Return the state of each delivery by the name of its piece."""
    return {
        delivery.evidence.name: results.state_of(key).value
        for key, delivery in results.plan.deliveries.items()
    }


def status(results: Results) -> int:
    """Return the exit status that the results stand for."""
    return int(exit_status(results))


def reasons(results: Results) -> list[str]:
    """Return why deliveries are open, in the order of the plan."""
    failures = (results.failures.get(key) for key in results.plan.deliveries)
    return [failure.reason for failure in failures if failure is not None]


def stored(destination: Scripted, name: str) -> int:
    """Return how often the bytes of a piece were stored."""
    return sum(content == name.encode() for kept in destination.ledger.values() for content in kept)


def wait_for_threads() -> None:
    """Return when no thread of the engine is left that an interrupted delivery gave up."""
    for thread in threading.enumerate():
        if thread.name.startswith("evidence-"):
            thread.join(10)
