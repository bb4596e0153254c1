"""Runs in a real spool that the engine delivers to a Squash TM look-alike, again and again."""

from __future__ import annotations

import io
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

from pytest_attach_evidence.deliver import Group
from pytest_attach_evidence.deliver import Results
from pytest_attach_evidence.destinations.squash import Squash
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.model import utc_text
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings
from pytest_attach_evidence.spool import DeliveryLog
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool


@dataclass(kw_only=True)
class Runs:
    """A spool with runs, and a look-alike that gets them; every delivery is a process of its own."""

    folder: Path
    sandbox: Sandbox
    options: Mapping[str, str] = field(default_factory=dict)
    begun: list[RunFolder] = field(default_factory=list)
    stall_s: float = 5.0

    def run(self, *tests: tuple[str, Outcome]) -> RunFolder:
        """Leave a run whose tests attached a piece each, by targets and outcome."""
        run = Spool(self.folder).begin(Run(id="", started_at="2026-11-06T10:00:00Z"))
        self.begun.append(run)
        squash = self._squash()
        for number, (text, outcome) in enumerate(tests, start=1):
            item = Item(
                id=f"{run.journal.id}-{number}",
                run_id=run.id,
                nodeid=f"test_it.py::test_{number}",
                targets=tuple(map(squash.parse, text.split())),
            )
            blob = run.put([b"%d" % number])
            facts = {"kind": "file", "media_type": "text/plain", "digest": blob.digest}
            piece = Evidence(
                id=f"{item.id}-1", item_id=item.id, seq=1, name="a.txt", size=blob.size, **facts
            )
            run.write_begun(item, piece)
            run.write_ended(replace(item, outcome=outcome, duration_s=0.1), [])
        run.write_finished(0, {})
        squash.close()
        return run

    def stepped(
        self, text: str, outcome: Outcome, *steps: Outcome, ended: bool = True
    ) -> RunFolder:
        """Leave a run of one test with a piece outside of any step and one in each of its steps."""
        run = Spool(self.folder).begin(Run(id="", started_at="2026-11-06T10:00:00Z"))
        self.begun.append(run)
        squash = self._squash()
        item = Item(
            id=f"{run.journal.id}-1",
            run_id=run.id,
            nodeid="test_it.py::test_stepped",
            targets=tuple(map(squash.parse, text.split())),
        )
        run.write_begun(item)
        for number in range(len(steps) + 1):
            blob = run.put([b"step %d" % number])
            piece = Evidence(
                id=f"{item.id}-{number + 1}",
                item_id=item.id,
                seq=number + 1,
                kind="file",
                name=f"piece-{number}.txt",
                media_type="text/plain",
                digest=blob.digest,
                size=blob.size,
                step=f"Part {number}" if number else "",
                step_number=number,
            )
            run.write_pieces(piece)
        if ended:
            run.write_ended(replace(item, outcome=outcome, duration_s=0.1, steps=steps), [])
        run.write_finished(0, {})
        squash.close()
        return run

    def deliver(self, *runs: RunFolder, retry_rejected: bool = False) -> Results:
        """Deliver runs together."""
        group = Group.of(runs)
        squash = self._squash()
        return group.deliver(
            group.plan({"squash": squash}, retry_rejected=retry_rejected),
            {"squash": squash},
            budget=squash.budget,
            parallel=1,
            mask=str,
            progress=lambda *_: None,
        )

    def remap(self, run: RunFolder, text: str) -> None:
        """Give what is open of a run's first test another target, as after its mark was mended."""
        squash = self._squash()
        Group.of([run]).remap({"test_it.py::test_1": (squash.parse(text),)}, {"squash"})
        squash.close()

    def break_off(self, method: str, path: str, *, after: int = 0) -> None:
        """Let a delivery end when it comes to a request: its credentials are refused from then on."""
        where = {"system": "squash", "method": method, "path": path}
        self.sandbox.faults.add("status-401", after=after, **where)

    def lose_the_answer(self) -> None:
        """Let the next upload succeed without an answer, and the delivery end when it looks."""
        self.sandbox.faults.add("answer-lost", system="squash", method="POST", path="/attachments$")
        self.break_off("GET", r"/attachments\?")

    def lose_a_creation(self, run: RunFolder) -> Results:
        """Deliver a run whose execution is created without an answer, and end when it looks for it."""
        return self._lose("answer-lost", run)

    def lose_a_request(self, run: RunFolder) -> Results:
        """Deliver a run whose request for an execution never arrives, and end when it looks for it."""
        return self._lose("reset-before-answer", run)

    def age(self, *runs: RunFolder) -> None:
        """Let every request for an execution be so old that nothing can come of it any more."""
        old = utc_text(datetime.now(UTC) - timedelta(days=1))
        for run in runs:
            log = DeliveryLog([run])
            for (destination, name), note in run.read().notes.items():
                if name.startswith("creating:") and note:
                    log.note(destination, name, f"{note.split()[0]} {old}")
            log.close()

    def attach(self, object: str, name: str) -> None:
        """Let a person attach a file to an object."""
        facts = {"id": "9001", "system": "squash", "media_type": "image/png"}
        content = io.BytesIO(b"a person's")
        self.sandbox.store.commit(object=object, name=name, stream=content, **facts)

    def _lose(self, fault: str, run: RunFolder) -> Results:
        where = {"system": "squash", "method": "POST", "path": "/executions$"}
        self.sandbox.faults.add(fault, **where)
        self.break_off("GET", r"/test-plan-items/\d+$", after=1)
        results = self.deliver(run)
        self.sandbox.faults.clear()
        return results

    def stored(self) -> list[str]:
        """Return the object of every piece that was ever stored."""
        return [file.object for file in self.sandbox.store.ledger()]

    def statuses(self) -> dict[str, str]:
        """Return the status of every execution that holds evidence."""
        system: Any = self.sandbox.systems["squash"]
        objects = sorted(set(self.stored()))
        return {object: system.plan.things[object].status for object in objects}

    def placed(self) -> dict[str, str]:
        """Return the object of every piece by the beginning of its name."""
        ledger = self.sandbox.store.ledger()
        return {file.name.partition("--")[0]: file.object for file in ledger}

    def step_statuses(self, execution: str) -> list[str]:
        """Return the status of every step of an execution."""
        system: Any = self.sandbox.systems["squash"]
        return [step.status for step in system.plan.things[execution].steps]

    def _squash(self) -> WithBudget:
        system = self.sandbox.systems["squash"]
        settings = Settings(given={**system.options(), **self.options})
        budget = Budget.lasting(60.0, stall_s=self.stall_s)
        return WithBudget(settings, Secrets(system.exports()), budget)


class WithBudget(Squash):
    """The destination, with the budget it was built with."""

    def __init__(self, settings: Settings, secrets: Secrets, budget: Budget) -> None:
        super().__init__(settings, secrets, budget)
        self.budget = budget


def in_steps(pieces: Sequence[Delivery], *numbers: int) -> list[Delivery]:
    """Return pieces as those of steps, by number."""
    return [
        replace(one, evidence=replace(one.evidence, step=f"Part {n}" * bool(n), step_number=n))
        for one, n in zip(pieces, numbers, strict=True)
    ]
