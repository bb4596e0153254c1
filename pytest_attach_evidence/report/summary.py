"""The summary of a delivery: counts, one line per trouble, links, and the command that continues."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from ..deliver import Results
from ..deliveries import damage
from ..deliveries import lacking
from ..deliveries import missing
from ..deliveries import states
from ..destinations.base import Holding
from ..drift import Drift
from ..model import Delivery
from ..model import Failure
from ..model import Problem
from ..model import State
from ..model import Target
from ..run_record import RunRecord
from ..spool import readable_size
from . import replaced
from .drift import line as drift_line
from .output import counted


MOST_TARGETS = 20
MOST_TROUBLES = 50
LONGEST = 1000
OPEN = (State.WAITING, State.UNCERTAIN, State.REJECTED, State.DAMAGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything there is to say.

    `notes` are lines about the configuration, `next` a command or '', `on_missing` what becomes of tests
    that lack evidence (off, warn, fail), `drift` what became of the map, where there is one.
    """

    results: Results
    records: Sequence[RunRecord]
    next: str = ""
    notes: Sequence[str] = ()
    collected_only: bool = False
    on_missing: str = "off"
    drift: Drift | None = None

    @property
    def fails_for_missing(self) -> bool:
        """Whether the run fails since tests lack evidence."""
        return self.on_missing == "fail" and bool(missing(self.records))

    @property
    def pieces(self) -> int:
        """The number of wanted pieces."""
        return sum(
            sum(1 for piece in record.pieces if piece.id not in record.unwanted)
            for record in self.records
        )

    def counts(self) -> dict[str, int]:
        """Return the numbers of the last line; deliveries is the sum of the states."""
        states = {state.value: number for state, number in self.results.counts().items()}
        return {
            "pieces": self.pieces,
            "deliveries": len(self.results.plan.deliveries),
            **states,
            "missing": len(missing(self.records)),
        }

    def last_line(self) -> str:
        """Return the one line for programs."""
        runs = ",".join(record.run.id for record in self.records)
        return _last_line(self.counts(), runs, self.next)

    def lines(self) -> list[str]:
        """Return what people read, the last line included."""
        troubles = self.troubles()
        hidden = len(troubles) - MOST_TROUBLES
        more = [f"and {hidden} more like these: attach-evidence status"] if hidden > 0 else []
        return [
            self.headline(),
            *self.notes,
            *([drift_line(self.drift)] if self.drift is not None else []),
            *(_short(f"note: {remark}") for remark in self.results.remarks),
            *map(_short, self._targets()),
            *map(_short, replaced.lines(self.results.replaced)),
            *map(_short, troubles[:MOST_TROUBLES]),
            *more,
            *self._about_rejected(),
            *([f"next: {self.next}"] if self.next else []),
            self.last_line(),
        ]

    def _about_rejected(self) -> list[str]:
        """Return what a person has to choose from where the summary alone cannot know it."""
        if not self._failed(State.REJECTED):
            return []
        ways = "--retry-rejected after you acted there, with --remap after you changed marks or map"
        return [f"what was rejected is not tried again by itself: push with {ways}"]

    def headline(self) -> str:
        """Return the counts in words; what is damaged beside the pieces is counted here alone."""
        places = sum(len(record.problems) for record in self.records)
        damaged = f"; {counted(places, 'place')} in the spool damaged" if places else ""
        return self._counted() + damaged

    def _counted(self) -> str:
        size = sum(p.size for r in self.records for p in r.pieces if p.id not in r.unwanted)
        kept = f"{counted(self.pieces, 'piece')} ({readable_size(size)}) kept"
        if self.collected_only:
            total = counted(len(self.results.plan.deliveries), "delivery", "deliveries")
            return f"{kept}, {total} waiting: evidence = collect sends nothing"
        if not self.results.plan.deliveries:
            return f"{kept}, nothing to deliver"
        states = self.results.counts().items()
        told = ", ".join(f"{number} {state.value}" for state, number in states if number)
        return f"{kept}, {counted(len(self.results.plan.deliveries), 'delivery', 'deliveries')}: {told}"

    def troubles(self) -> list[str]:
        """Return one line per trouble: refused pieces, damage, closed destinations, open deliveries."""
        damaged = (p for record in self.records for p in damage(record, self.results.receipts))
        return [
            *(f"damaged: {problem}" for problem in damaged),
            *(_refused(problem) for record in self.records for problem in record.refused),
            *self._missing(),
            *self._closed(),
            *self._open(),
            *(f"status not set: {problem}" for problem, _ in self.results.unconcluded),
            *(f"spool: {error}" for error in self.results.spool_errors),
            *map(bug_line, self.results.bugs),
        ]

    def _missing(self) -> list[str]:
        """Return which tests lack evidence, where that is to be said."""
        if self.on_missing == "off":
            return []
        hint = "attach it in the test, or take the test out of the map or its marks"
        lacks = (one for record in self.records for one in lacking(record).items())
        return [f"missing: {item.title} {lack} - {hint}" for item, lack in lacks]

    def _closed(self) -> list[str]:
        """Return why destinations were given up, and how much waits because of it."""
        lines = []
        for name, error in self.results.closed.items():
            waiting = sum(
                1 for delivery in self._failed(State.WAITING) if delivery.target.destination == name
            )
            waits = f"; {counted(waiting, 'piece')} {'waits' if waiting == 1 else 'wait'}"
            lines.append(f"closed: {name}: {error}{waits}{_then(error.next_step)}")
        return lines

    def _failed(self, state: State) -> list[Delivery]:
        failures = self.results.failures.items()
        return [
            self.results.plan.deliveries[key] for key, failure in failures if failure.state is state
        ]

    def _open(self) -> list[str]:
        """Return the deliveries that are not settled; those with one reason share a line."""
        if self.collected_only:
            return []
        groups: dict[tuple[State, str, str, str], list[Delivery]] = {}
        for key, failure in self.results.failures.items():
            delivery = self.results.plan.deliveries[key]
            if (
                failure.state is State.WAITING
                and delivery.target.destination in self.results.closed
            ):
                continue  # said by the line about the closed destination
            groups.setdefault(_group(failure, delivery), []).append(delivery)
        lines = []
        for (state, destination, reason, next_step), deliveries in groups.items():
            first = deliveries[0].title
            if len(deliveries) > 1:
                first = f"{len(deliveries)} pieces for {destination} (first: {first})"
            lines.append(f"{state.value}: {first}: {reason}{_then(next_step)}")
        return lines

    def _targets(self) -> list[str]:
        """Return the targets that got something, with a link where there is one."""
        got: dict[Target, list[str]] = {}
        for key, receipt in self.results.receipts.items():
            delivery = self.results.plan.deliveries[key]
            got.setdefault(delivery.target, []).append(receipt.remote_url or "")
        shown = [
            f"{target}: {counted(len(urls), 'piece')}{self._holding(target)}{_link(target, urls)}"
            for target, urls in got.items()
        ]
        hidden = len(shown) - MOST_TARGETS
        shown.sort(key=lambda line: line.partition(" ")[0])
        return shown[:MOST_TARGETS] + ([f"and {hidden} more targets"] if hidden > 0 else [])

    def _holding(self, target: Target) -> str:
        """Return what a target holds of other runs, and what is left of its limits, where it was seen."""
        holding = self.results.holdings.get(target)
        return f" ({words})" if holding and (words := holding_words(holding)) else ""


def holding_words(holding: Holding) -> str:
    """Return how full a target is: `holds 87 of other runs, room for 13 more, 4.2 MB`; '' for nothing."""
    room = [f"{holding.left} more"] if holding.left is not None else []
    room += [readable_size(holding.left_bytes)] if holding.left_bytes is not None else []
    others = [f"holds {holding.of_others} of other runs"] if holding.of_others else []
    return ", ".join([*others, *([f"room for {' and '.join(room)}"] if room else [])])


def last_words(run: str, record: RunRecord | None, bugs: Sequence[str], next: str) -> list[str]:
    """Return the least that every run says, from its journals alone: for when a summary fails.

    `record` is None where not even the journals could be read.
    """
    known = states(record) if record is not None else {}
    counts = {
        "pieces": len({p.id for p in record.pieces} - record.unwanted) if record is not None else 0,
        "deliveries": sum(known.values()),
        **{state.value: known.get(state, 0) for state in State},
        "missing": len(missing([record])) if record is not None else 0,
    }
    open_ones = record is None or any(not state.settled for state in known)
    return [*map(bug_line, bugs), _last_line(counts, run, next if open_ones else "")]


def _last_line(counts: Mapping[str, int], runs: str, next: str) -> str:
    numbers = " ".join(f"{name}={number}" for name, number in counts.items())
    return f'evidence: {numbers} run={runs} next="{next}"'


def bug_line(bug: str) -> str:
    """Return how an error of ours is said."""
    return f"bug of pytest-attach-evidence: {bug}"


def _group(failure: Failure, delivery: Delivery) -> tuple[State, str, str, str]:
    return failure.state, delivery.target.destination, failure.reason, failure.next_step


def _refused(problem: Problem) -> str:
    return f"{'not taken' if problem.severity == 'error' else 'note'}: {problem}"


def _short(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _then(next_step: str) -> str:
    return f" - {next_step}" if next_step else ""


def _link(target: Target, urls: Iterable[str]) -> str:
    """Return the address of the first piece; for the archive, of the run's folder.

    An address elsewhere than where the target is was written by somebody else, and is not shown.
    """
    start = "file://" if target.destination == "archive" else target.origin
    url = next((url for url in urls if url and url.startswith(start)), "")
    if target.destination == "archive":
        url = url.partition("/data/")[0]
    return f"  {url}" if url else ""
