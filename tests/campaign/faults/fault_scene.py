"""The scene of the fault rows: a run in a spool, the sandbox, and pushes as by processes of their own."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence import again
from pytest_attach_evidence import delivering
from pytest_attach_evidence.deliver import Group
from pytest_attach_evidence.deliver import Results
from pytest_attach_evidence.deliver import account
from pytest_attach_evidence.destinations import factory
from pytest_attach_evidence.destinations import squash_adoption
from pytest_attach_evidence.destinations import workiva_uploads
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.project import Project
from pytest_attach_evidence.redact import Redactor
from pytest_attach_evidence.report.summary import Summary
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.run_record import RunRecord
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool

from .asked import Asked
from .skipped_time import SkippedTime
from .skipped_time import SkippingBudget


@dataclass(frozen=True, kw_only=True)
class System:
    """One way to use one system: the target, and the request that a fault is about by default.

    `in_steps`: every piece but the first belongs to a step of its own.
    """

    name: str
    text: str
    upload: tuple[str, str]
    switches: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    in_steps: bool = False


RILLSOFT_LOGIN = {
    "PYTEST_EVIDENCE_RILLSOFT_USER": "sandbox-user",
    "PYTEST_EVIDENCE_RILLSOFT_PASSWORD": "sandbox-rillsoft-password",
}
ITEM = "956239067176935400"
SCRUM_ITEM = "scrum/b07c2d9e41f54a8b9e6d3c5a1f80e274/1042"
SYSTEMS = {
    "squash": System(name="squash", text="1042", upload=("POST", r"1042/attachments$")),
    "squash-plan": System(name="squash", text="TC-1", upload=("POST", r"/attachments$")),
    "squash-steps": System(
        name="squash", text="TC-1", upload=("POST", r"/attachments$"), in_steps=True
    ),
    "workiva": System(name="workiva", text="f1/p1", upload=("PUT", "/blobs/")),
    "workiva-start": System(name="workiva", text="f1/p1", upload=("POST", "attachmentUpload$")),
    "huawei": System(name="huawei", text=ITEM, upload=("POST", "attachments/upload$")),
    "huawei-login": System(
        name="huawei",
        text=ITEM,
        upload=("POST", "attachments/upload$"),
        switches={"login": "password"},
    ),
    "huawei-unlisted": System(
        name="huawei",
        text=SCRUM_ITEM,
        upload=("POST", "attachments/upload$"),
        switches={"with_accessories": False},
    ),
    "rillsoft": System(name="rillsoft", text="4711", upload=("POST", r"/attachments/\d+$")),
    "rillsoft-login": System(
        name="rillsoft",
        text="4711",
        upload=("POST", r"/attachments/\d+$"),
        environ=RILLSOFT_LOGIN,
    ),
}
PIECES = (("trace.zip", b"PK" + bytes(range(256)) * 400), ("login.txt", b"signed in"))


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What one push did and said. `lines` are those of the summary."""

    results: Results
    record: RunRecord
    lines: tuple[str, ...]
    status: int
    took_s: float
    waited: tuple[float, ...]

    @property
    def states(self) -> dict[str, int]:
        """How many deliveries are in which state."""
        return {state.value: number for state, number in self.results.counts().items() if number}


@dataclass(kw_only=True)
class FaultScene:
    """One run with two pieces for one target of each system, and everything it leads to.

    `skipped` is None where waits take the time they take.
    """

    folder: Path
    sandbox: Sandbox
    systems: Sequence[System]
    skipped: SkippedTime | None
    stall_s: float = 10.0
    ca_bundle: str | None = None
    run: RunFolder = field(init=False)
    asked: Asked = field(init=False)

    def __post_init__(self) -> None:
        self.asked = Asked(sandbox=self.sandbox)

    @property
    def spool(self) -> Path:
        """The folder of the spool."""
        return self.folder / "spool"

    @property
    def secrets(self) -> Mapping[str, str]:
        """The environment with its secrets."""
        found: dict[str, str] = {}
        for system in self.systems:
            own = self.sandbox.systems[system.name].exports()
            found |= own if system.environ is None else system.environ
        return found

    def project(self, *, parallel: int = 1) -> Project:
        """Return a project as a process of its own would load it."""
        given: dict[str, str] = {}
        for system in self.systems:
            given |= {**self.sandbox.systems[system.name].options(), **system.options}
        names = tuple(system.name for system in self.systems)
        settings = Settings(
            given=given,
            dir=self.spool,
            destinations=names,
            stall_s=self.stall_s,
            parallel=parallel,
            ca_bundle=self.ca_bundle,
        )
        budget = (
            Budget(ends_at=0.0, stall_s=self.stall_s)
            if self.skipped is None
            else SkippingBudget(ends_at=0.0, stall_s=self.stall_s, time=self.skipped)
        )
        secrets = Secrets(self.secrets)
        built = {name: factory(name)(settings, secrets, budget) for name in names}
        return Project(
            settings=settings,
            redactor=Redactor(secrets.known_values()),
            budget=budget,
            destinations=built,
            known=frozenset(names),
        )

    def collect(self, *contents: tuple[str, bytes], texts: Sequence[str] = ()) -> None:
        """Keep pieces, as a session does: one test for the target of each system.

        `texts` are targets of the first system instead, with a test and its pieces for each.
        """
        parse = {name: one.parse for name, one in self.project().destinations.items()}
        targets = [tuple(parse[system.name](system.text) for system in self.systems)]
        if texts:
            targets = [(parse[self.systems[0].name](text),) for text in texts]
        self.run = Spool(self.spool).begin(Run(id="", started_at="2026-11-06T10:00:00Z"))
        for number, mapped in enumerate(targets, start=1):
            item = Item(
                id=f"{self.run.journal.id}-{number}",
                run_id=self.run.id,
                nodeid=f"tests/test_login.py::test_login[{number}]",
                targets=mapped,
            )
            pieces = [self._piece(item, *one) for one in enumerate(contents or PIECES, start=1)]
            if self.systems[0].in_steps:
                pieces = [replace(one, step_number=one.seq - 1) for one in pieces]
            self.run.write_begun(item, *pieces)
            steps = tuple(Outcome.PASSED for one in pieces if one.step_number)
            ended = replace(item, outcome=Outcome.PASSED, duration_s=0.1, steps=steps)
            self.run.write_ended(ended, [])
        self.run.write_finished(0, {"passed": len(targets)})
        self.run.release()

    def fail(self, fault: str, **values: Any) -> None:
        """Let a request of the first system meet a fault; by default the one that carries bytes."""
        system = self.systems[0]
        method, path = system.upload
        where = {"system": system.name, "method": method, "path": path}
        self.asked.add(fault, **{**where, **values})

    def executions(self) -> int:
        """Return how many executions Squash TM has."""
        lines = self.sandbox.systems["squash"].objects()
        return sum(1 for line in lines if re.fullmatch(r"executions/\d+", line.object))

    def push(self, *, seconds: float = 300.0, parallel: int = 1) -> Pushed:
        """Deliver what is open, as `attach-evidence push` does in a process of its own."""
        project, begun = self.project(parallel=parallel), time.monotonic()
        said: list[str] = []
        with self.run.locked():
            group = Group.of([self.run])
            results = delivering.deliver_runs(
                project, group, seconds=seconds, terminal=False, write=said.append
            )
            command = again.push_command(
                project, [], [self.run], only_rejected=delivering.only_rejected(results)
            )
            summary = Summary(
                results=results,
                records=group.records,
                next=command if delivering.undelivered(results) else "",
                notes=project.budget.clocks.told(),
            )
        return Pushed(
            results=results,
            record=self.run.read(),
            lines=(*said, *summary.lines()),
            status=delivering.status_of(summary, collected_now=False),
            took_s=time.monotonic() - begun,
            waited=tuple(getattr(project.budget, "waited", ())),
        )

    def _piece(self, item: Item, seq: int, content: tuple[str, bytes]) -> Evidence:
        blob = self.run.put([content[1]])
        assert blob.digest.endswith(hashlib.sha256(content[1]).hexdigest())
        return Evidence(
            id=f"{item.id}-{seq}",
            item_id=item.id,
            seq=seq,
            kind="file",
            name=content[0],
            media_type="application/octet-stream",
            digest=blob.digest,
            size=blob.size,
        )


MakeScene = Callable[..., FaultScene]


@contextmanager
def fault_scene(
    folder: Path,
    *names: str,
    monkeypatch: pytest.MonkeyPatch,
    skipping: bool = True,
    stall_s: float = 10.0,
    ca_bundle: str | None = None,
    **switches: Any,
) -> Iterator[FaultScene]:
    """Start a sandbox and collect two pieces for the named systems (see SYSTEMS).

    `switches` are further ones of the first system's class.
    """
    systems = [SYSTEMS[name] for name in names]
    given = {system.name: dict(system.switches) for system in systems}
    given[systems[0].name] |= switches
    skipped = SkippedTime() if skipping else None
    if skipped is not None:
        for room in (account, squash_adoption, workiva_uploads):
            monkeypatch.setattr(room, "seconds_since", skipped.seconds_since)
    with Sandbox(folder / "sandbox", switches=given) as sandbox:
        made = FaultScene(
            folder=folder,
            sandbox=sandbox,
            systems=systems,
            skipped=skipped,
            stall_s=stall_s,
            ca_bundle=ca_bundle,
        )
        made.collect()
        yield made
    assert [] == sandbox.crashes
