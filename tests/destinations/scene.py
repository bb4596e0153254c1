"""The scene of a destination's tests: a look-alike on a real socket, the adapter, and its pieces."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

from pytest_attach_evidence.destinations.base import Factory
from pytest_attach_evidence.destinations.base import Recalling
from pytest_attach_evidence.destinations.base import Results
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.model import key_of
from pytest_attach_evidence.naming import media_type_of
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings


class MemoryNotes:
    """Notes that a test can read; they outlive the destination object, as on disk.

    `kept` is what the first of the runs remembers, `others` what those beside it do.
    """

    def __init__(self, *others: dict[str, str]) -> None:
        self.kept: dict[str, str] = {}
        self.others = others
        self.whole = True

    @property
    def runs(self) -> list[str]:
        """Name the runs."""
        return [f"run-{number}" for number in range(1, len(self.others) + 2)]

    def get(self, name: str) -> str | None:
        """Return what was last put under a name."""
        found = [run[name] for run in (self.kept, *self.others) if name in run]
        return found[-1] if found else None

    def put(self, name: str, value: str) -> None:
        """Remember a value."""
        for run in (self.kept, *self.others):
            run[name] = value

    def each(self, name: str) -> list[str]:
        """Return what each run remembers."""
        return [run.get(name, "") for run in (self.kept, *self.others)]


@dataclass(kw_only=True)
class Scene:
    """Everything a test of a destination needs.

    `name` is the system's in the sandbox, `text` the target used by the contract, `upload` method and
    path pattern of the request that carries the bytes.
    """

    destination: Any
    sandbox: Sandbox
    name: str
    text: str
    upload: tuple[str, str]
    options: Mapping[str, str]
    secrets: Secrets
    budget: Budget
    notes: MemoryNotes = field(default_factory=MemoryNotes)
    outcomes: dict[Target, Outcome] = field(default_factory=dict)
    _contents: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin as the engine does."""
        self.recall()

    def recall(self) -> None:
        """Let a destination that looks into its notes have them."""
        if isinstance(self.destination, Recalling):
            self.destination.recall(self.notes, self.outcomes)

    def fail(self, fault: str, **matching: Any) -> None:
        """Let the next upload requests meet a fault of the sandbox."""
        method, path = self.upload
        where = {"system": self.name, "method": method, "path": path}
        self.sandbox.faults.add(fault, **{**where, **matching})

    def uploads(self) -> int:
        """Return how many upload requests reached the look-alike."""
        return len(self.requests(*self.upload))

    def requests(self, method: str = "", pattern: str = "") -> list[str]:
        """Return path and query of the requests of a method (all: '') that match a pattern."""
        seen = [one for one in self.sandbox.requests(self.name) if method in ("", one.method)]
        paths = [f"{one.path}?{one.query}".removesuffix("?") for one in seen]
        return [path for path in paths if re.search(pattern, path)]

    def pieces(
        self, *contents: tuple[str, bytes], text: str | int | None = None, item: str = "j1-1"
    ) -> list[Delivery]:
        """Return deliveries of one item to one target, by name and bytes."""
        target = self.destination.parse(self.text if text is None else text)
        owner = Item(id=item, run_id="run-1", nodeid="tests/test_login.py::test_login")
        return [
            self._piece(owner, target, seq, name, content)
            for seq, (name, content) in enumerate(contents, start=1)
        ]

    def open_content(self, evidence: Evidence) -> io.BytesIO:
        """Open the bytes of a piece anew."""
        return io.BytesIO(self._contents[evidence.id])

    def deliver(self, pieces: Sequence[Delivery]) -> Results:
        """Deliver as the engine does: in calls of at most `pieces_per_call` pieces."""
        target = pieces[0].target if pieces else self.destination.parse(self.text)
        step = self.destination.limits.pieces_per_call or len(pieces) or 1
        results: Results = {}
        for start in range(0, len(pieces) or 1, step):
            part = pieces[start : start + step]
            given = self.destination.deliver(target, part, self.open_content, self.notes)
            results.update(given)
        return results

    def _piece(self, item: Item, target: Target, seq: int, name: str, content: bytes) -> Delivery:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        evidence = Evidence(
            id=f"{item.id}-{seq}",
            item_id=item.id,
            seq=seq,
            kind="file",
            name=name,
            media_type=media_type_of(name),
            digest=digest,
            size=len(content),
        )
        self._contents[evidence.id] = content
        key = key_of(item.id, seq, digest, target)
        return Delivery(evidence=evidence, item=item, target=target, key=key)


@contextmanager
def scene_of(
    factory: Factory,
    name: str,
    folder: Path,
    *,
    text: str,
    upload: tuple[str, str],
    options: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    **switches: Any,
) -> Iterator[Scene]:
    """Start a sandbox and build one destination against its system of that name.

    `options` add to those the system gives, `environ` replaces its credentials, `switches` are those
    of the system's class.
    """
    with Sandbox(folder, switches={name: switches}) as sandbox:
        system = sandbox.systems[name]
        given = {**system.options(), **(options or {})}
        secrets = Secrets(system.exports() if environ is None else environ)
        budget = Budget.lasting(30.0, stall_s=5.0)
        destination = factory(Settings(given=given), secrets, budget)
        try:
            yield Scene(
                destination=destination,
                sandbox=sandbox,
                name=name,
                text=text,
                upload=upload,
                options=given,
                secrets=secrets,
                budget=budget,
            )
        finally:
            destination.close()
        assert [] == sandbox.crashes
