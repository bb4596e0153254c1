"""The engine: takes runs from the spool to their destinations, each delivery exactly once."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from ..destinations.base import Choosing
from ..destinations.base import Concluding
from ..destinations.base import Destination
from ..destinations.base import Judging
from ..model import Delivery
from ..model import State
from ..model import Target
from ..obstacles import Capability
from ..plan import Plan
from ..plan import plan
from ..remap import Remap
from ..remap import remap
from ..retry import Budget
from ..run_record import RunRecord
from ..spool import DeliveryLog
from ..spool import RunFolder
from .ground import Ground
from .ground import Nobody
from .ground import Replaced
from .ground import Results
from .ground import Watch
from .lanes import deliver
from .replaced import replaced


__all__ = ["Group", "Replaced", "Results", "replaced"]


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that are delivered together: shards of one pipeline share what is created for them.

    The caller holds the lock of every run.
    """

    runs: Sequence[RunFolder]
    records: Sequence[RunRecord]

    @classmethod
    def of(cls, runs: Sequence[RunFolder]) -> Group:
        """Read what the runs hold."""
        return cls(tuple(runs), tuple(run.read() for run in runs))

    def plan(
        self, destinations: Mapping[str, Destination], *, retry_rejected: bool = False
    ) -> Plan:
        """Return what remains to be done for these destinations; asks none of them."""
        capabilities = {
            name: Capability(
                origin=destination.origin,
                limits=destination.limits,
                concludes=_concludes(destination),
                wrong=destination.wrong if isinstance(destination, Judging) else _never,
            )
            for name, destination in destinations.items()
        }
        own = {run.id for run in self.runs}
        missing = {run.id: run.group() - own for run in self.runs}
        return plan(self.records, capabilities, retry_rejected=retry_rejected, missing=missing)

    def remap(
        self, found: Mapping[str, tuple[Target, ...]], enabled: Collection[str]
    ) -> list[Remap]:
        """Write which targets the open pieces have from now on; return what changed in each run."""
        changes = [remap(record, found, enabled) for record in self.records]
        log = DeliveryLog(self.runs)
        try:
            for record, change in zip(self.records, changes, strict=True):
                log.remapped(record.run.id, change.moves)
        finally:
            log.close()
        return changes

    def deliver(
        self,
        todo: Plan,
        destinations: Mapping[str, Destination],
        *,
        budget: Budget,
        parallel: int,
        mask: Callable[[str], str],
        progress: Callable[[Delivery, State | None], None],
        watch: Watch | None = None,
    ) -> Results:
        """Do the work of a plan; see `lanes.deliver`."""
        folders = {run.id: run for run in self.runs}
        log = DeliveryLog(self.runs)
        remembered = {record.run.id: dict(record.notes) for record in self.records}
        whole = not any(record.doubtful for record in self.records)
        ground = Ground(
            budget=budget,
            log=log,
            open_content=lambda d: folders[d.item.run_id].open_content(d.evidence),
            verify=lambda d: folders[d.item.run_id].blobs.verify(
                d.evidence.digest, d.evidence.size
            ),
            notes=lambda name: _GroupNotes(log, name, remembered, whole=whole),
            mask=mask,
            progress=progress,
            watch=watch or Nobody(),
        )
        try:
            for run in self.runs:
                run.write_group(folders)
            self._note_rejected(todo, log)
            return deliver(todo, destinations, ground, parallel=parallel)
        finally:
            log.close()

    def _note_rejected(self, todo: Plan, log: DeliveryLog) -> None:
        """Write what the plan has rejected or held and no journal knows yet, so that `status` tells it."""
        known = {
            key: failure for record in self.records for key, failure in record.failures.items()
        }
        for key, failure in todo.failed.items():
            if (failure.state is State.REJECTED or failure.stuck) and failure is not known.get(key):
                log.failure(todo.deliveries[key], failure)


def _never(target: Target) -> str:
    return ""


def _concludes(destination: Destination) -> Callable[[Target], bool]:
    """Return what tells whether the destination is told a target's outcome."""
    if isinstance(destination, Choosing):
        return destination.concludes
    told = isinstance(destination, Concluding)
    return lambda _target: told


class _GroupNotes:
    """A destination's memory, kept in every run of the group (see `destinations.base.GroupNotes`)."""

    def __init__(
        self,
        log: DeliveryLog,
        destination: str,
        remembered: Mapping[str, dict[tuple[str, str], str]],
        *,
        whole: bool,
    ) -> None:
        self.runs = tuple(remembered)
        self.whole = whole
        self._log = log
        self._destination = destination
        self._remembered = remembered

    def get(self, name: str) -> str | None:
        """Return what was last put under a name; of runs that differ the last named counts."""
        place = (self._destination, name)
        found = [notes[place] for notes in self._remembered.values() if place in notes]
        return found[-1] if found else None

    def put(self, name: str, value: str) -> None:
        """Remember a value durably."""
        self._log.note(self._destination, name, value)
        for notes in self._remembered.values():
            notes[self._destination, name] = value

    def each(self, name: str) -> Sequence[str]:
        """Return what each run remembers under a name, '' where it has none."""
        place = (self._destination, name)
        return [notes.get(place, "") for notes in self._remembered.values()]
