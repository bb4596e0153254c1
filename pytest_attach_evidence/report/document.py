"""The summary for programs: `evidence-summary.json` in each run's folder, in a versioned format."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import replace
from typing import Any

from ..deliver import Replaced
from ..deliver import Results
from ..deliveries import damage
from ..deliveries import lacking
from ..model import Delivery
from ..model import Problem
from ..model import Target
from ..model import utc_text
from ..run_record import RunRecord
from ..spool import RunFolder
from .drift import facts as drift_facts
from .summary import Summary


VERSION = 1
Mask = Callable[[str], str]
Facts = dict[str, Any]


def write(
    summary: Summary, folders: Sequence[RunFolder], *, by: str, exit_status: int, mask: Mask
) -> None:
    """Write into every run's folder what became of it; the caller holds the locks.

    A run that another version of the plugin wrote is left as it is.
    `by` is `session` or `push`, `exit_status` what it ends with, as far as these runs are concerned.
    Raises SpoolError where a file cannot be written; it is there as it was, then.
    """
    records = {record.run.id: record for record in summary.records}
    for folder in (one for one in folders if not records[one.id].other_version):
        made = document(summary, records[folder.id], by=by, exit_status=exit_status, mask=mask)
        folder.write_summary(made)


def document(
    summary: Summary, record: RunRecord, *, by: str, exit_status: int, mask: Mask
) -> Facts:
    """Return one run's part of a summary as JSON data; all texts of other people are masked."""
    results = _own(summary.results, record)
    own = replace(summary, results=results, records=[record])
    return {
        "v": VERSION,
        "run": record.run.id,
        "group": [one.run.id for one in summary.records],
        "by": by,
        "mode": "collect" if summary.collected_only else "upload",
        "started_at": record.run.started_at,
        "written_at": utc_text(),
        "exit_status": exit_status,
        "counts": own.counts(),
        "outcomes": record.outcomes,
        "deliveries": [
            _delivery(one, record, results, mask) for one in results.plan.deliveries.values()
        ],
        "missing": [
            {
                "nodeid": item.nodeid,
                "rerun": item.rerun,
                "outcome": item.outcome,
                "targets": [_target(target) for target in item.targets],
                "lacks": str(lack),
            }
            for item, lack in lacking(record).items()
        ],
        "replaced": [_replaced(one, mask) for one in results.replaced],
        "refused": [_problem(problem, mask) for problem in record.refused],
        "damaged": [_problem(one, mask) for one in damage(record, results.receipts)],
        **_of_the_group(summary, mask),
    }


def _own(results: Results, record: RunRecord) -> Results:
    """Return the results of one run of a group."""
    plan = results.plan
    own = {k: d for k, d in plan.deliveries.items() if d.item.run_id == record.run.id}
    targets = {delivery.target for delivery in own.values()}
    replaced = [one for one in results.replaced if one.target in targets]
    return replace(results, plan=replace(plan, deliveries=own), replaced=replaced)


def _of_the_group(summary: Summary, mask: Mask) -> Facts:
    """Return what the runs of a group have in common."""
    results = summary.results
    closed = {
        name: {"why": error.why, "reason": mask(str(error)), "next_step": mask(error.next_step)}
        for name, error in results.closed.items()
    }
    unset = [_problem(problem, mask) for problem, _ in results.unconcluded]
    holdings = [
        {"target": _target(target), **asdict(holding)}
        for target, holding in results.holdings.items()
    ]
    return {
        "map": drift_facts(summary.drift, mask) if summary.drift is not None else None,
        "closed": closed,
        "holdings": holdings,
        "status_not_set": unset,
        "interrupted": results.interrupted,
        "spool_errors": list(map(mask, results.spool_errors)),
        "bugs": list(map(mask, results.bugs)),
        "notes": list(map(mask, [*summary.notes, *results.remarks])),
        "next": summary.next,
    }


def _delivery(delivery: Delivery, record: RunRecord, results: Results, mask: Mask) -> Facts:
    key, piece, item = delivery.key, delivery.evidence, delivery.item
    return {
        "key": key,
        "nodeid": item.nodeid,
        "rerun": item.rerun,
        "piece": mask(piece.name),
        "kind": piece.kind,
        "media_type": piece.media_type,
        "size": piece.size,
        "digest": piece.digest,
        "target": _target(delivery.target),
        "state": results.state_of(key).value,
        **_end(key, record, results, mask),
    }


def _end(key: str, record: RunRecord, results: Results, mask: Mask) -> Facts:
    """Return how a delivery ended: its receipt, or why there is none and what to do."""
    if receipt := results.receipts.get(key):
        return {
            "how": receipt.how,
            "at": receipt.at,
            "attempts": receipt.attempts,
            "remote_id": _masked(receipt.remote_id, mask),
            "remote_name": mask(receipt.remote_name),
            "remote_url": _masked(receipt.remote_url, mask),
        }
    failure = results.failures[key]
    return {
        "at": failure.at,
        "attempts": max(failure.attempts, record.attempts.get(key, 0)),
        "reason": mask(failure.reason),
        "next_step": mask(failure.next_step),
    }


def _target(target: Target) -> Facts:
    return {
        "destination": target.destination,
        "origin": target.origin,
        "kind": target.kind,
        "id": target.id,
        "scope": dict(target.scope),
    }


def _replaced(one: Replaced, mask: Mask) -> Facts:
    return {
        "target": _target(one.target),
        "run": one.run_id,
        "remote_name": mask(one.receipt.remote_name),
        "at": one.receipt.at,
    }


def _problem(problem: Problem, mask: Mask) -> Facts:
    return {
        "subject": mask(problem.subject),
        "seen": mask(problem.seen),
        "next_step": mask(problem.next_step),
        "severity": problem.severity,
    }


def _masked(text: str | None, mask: Mask) -> str | None:
    return None if text is None else mask(text)
