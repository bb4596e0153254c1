"""From journals to deliveries: what is wanted, minus what is settled, grouped by target. Pure."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from .deliveries import target_name
from .deliveries import wanted
from .known import Known
from .model import Delivery
from .model import Failure
from .model import Outcome
from .model import Receipt
from .model import Target
from .obstacles import Capability
from .obstacles import apart
from .obstacles import away
from .obstacles import obstacle
from .outcomes import EndedTest
from .outcomes import place_of_test
from .outcomes import tests_by_target
from .outcomes import worst_outcomes
from .run_record import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What remains to be done for one target.

    `deliveries` are in order; `uncertain` maps those that were sent without a known result to the
    moment of the last send; `unheard` are those of which nobody wrote that the send was over, since its
    process died; `attempts` counts earlier sends; `conclude` tells whether the target has
    yet to be told `outcome`, the worst of the items mapped to it; `insist` to send what nobody can
    tell about once more, since a person looked. `withdrawn` are only looked for and never sent, since
    their piece has other targets now: with the outcome of its test, which counts where the piece turns
    out to be there.
    """

    target: Target
    deliveries: tuple[Delivery, ...]
    uncertain: Mapping[str, str]
    attempts: Mapping[str, int]
    outcome: Outcome
    conclude: bool
    insist: bool = False
    withdrawn: Mapping[str, Outcome] = field(default_factory=dict)
    unheard: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Plan:
    """All deliveries of the runs being delivered, and the work that remains.

    `keys` are those of the deliveries by target, `outcomes` the worst of the items mapped to each target,
    `tests` those that count for it, `untold` the targets that cannot be told it as things are, with the
    reason and what to do.
    """

    deliveries: dict[str, Delivery] = field(default_factory=dict)
    keys: dict[Target, tuple[str, ...]] = field(default_factory=dict)
    settled: dict[str, Receipt] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)
    work: list[Work] = field(default_factory=list)
    outcomes: dict[Target, Outcome] = field(default_factory=dict)
    untold: dict[Target, tuple[str, str]] = field(default_factory=dict)
    tests: dict[Target, tuple[EndedTest, ...]] = field(default_factory=dict)

    @property
    def remaining(self) -> int:
        """How many deliveries of the work have no receipt yet."""
        return sum(d.key not in self.settled for work in self.work for d in work.deliveries)


def plan(
    records: Sequence[RunRecord],
    capabilities: Mapping[str, Capability],
    *,
    retry_rejected: bool = False,
    missing: Mapping[str, Collection[str]] | None = None,
) -> Plan:
    """Return what is to be done for some runs, delivered together.

    What a destination refused before stays rejected unless `retry_rejected`. What breaks a limit is
    rejected here, before any request, with the number in the message; each plan decides that anew.
    `missing` are, by run, those it was delivered together with and that are not delivered now: what would
    push out their pieces is held.
    """
    result = Plan()
    by_target: dict[Target, list[Delivery]] = {}
    for delivery in wanted(records):
        result.deliveries[delivery.key] = delivery
        by_target.setdefault(delivery.target, []).append(delivery)
    result.keys = {target: tuple(d.key for d in own) for target, own in by_target.items()}
    known = Known.of(records)
    result.settled = {k: r for k, r in known.receipts.items() if k in result.deliveries}
    result.outcomes, result.tests = worst_outcomes(records), tests_by_target(records)
    folders = {record.run.id: record.folder for record in records}
    for target, deliveries in by_target.items():
        capability = capabilities.get(target.destination)
        open_ones = _open(deliveries, known, capability, result, retry_rejected)
        if capability is not None and capability.limits.replaces and not retry_rejected:
            runs = {delivery.item.run_id for delivery in deliveries}
            lacking = {id for run in runs for id in (missing or {}).get(run, ())}
            open_ones = _whole(open_ones, known, folders, lacking, result)
        cause = away(target, capability)
        if cause is not None and known.is_to_conclude(target, deliveries):
            result.untold[target] = cause
        work = _work(
            target,
            deliveries,
            open_ones,
            known=known,
            capability=None if cause else capability,
            outcome=result.outcomes[target],
            insist=retry_rejected,
        )
        if work is not None:
            result.work.append(work)
    result.work.sort(key=lambda work: _turn(work, known))
    return result


def _turn(work: Work, known: Known) -> int:
    """Return when a target is served: one that only fails must not starve the others in every push.

    What may have arrived at a target that its piece no longer has is looked for first, but a look that
    was in vain before comes last.
    """
    if work.withdrawn:
        return 2 if known.sought.intersection(work.withdrawn) else 0
    sent = (d.key in work.attempts for d in work.deliveries if d.key not in known.receipts)
    return 2 if any(sent) else 1


def _open(
    deliveries: Sequence[Delivery],
    known: Known,
    capability: Capability | None,
    result: Plan,
    retry_rejected: bool,
) -> list[Delivery]:
    """Return the deliveries of one target that remain; put the others that fail into the result."""
    open_ones = []
    place = sum(delivery.key in known.receipts for delivery in deliveries)
    together = sum(delivery.key not in known.withdrawn for delivery in deliveries)
    for delivery in deliveries:
        if delivery.key in known.receipts:
            continue
        failure = obstacle(
            delivery, place, together, known, capability, retry_rejected=retry_rejected
        )
        if failure is None:
            open_ones.append(delivery)
            place += delivery.key not in known.withdrawn
        else:
            result.failed[delivery.key] = failure
    return open_ones


def _whole(
    open_ones: Sequence[Delivery],
    known: Known,
    folders: Mapping[str, str],
    lacking: Collection[str],
    result: Plan,
) -> list[Delivery]:
    """Return what is open for a target that is replaced as a whole, unless runs are lacking."""
    if not lacking:
        return list(open_ones)
    for delivery in open_ones:
        if delivery.key not in known.withdrawn:
            folder = folders[delivery.item.run_id]
            result.failed[delivery.key] = apart(delivery, known, folder, lacking)
    return [delivery for delivery in open_ones if delivery.key in known.withdrawn]


def _work(
    target: Target,
    deliveries: Sequence[Delivery],
    open_ones: Sequence[Delivery],
    *,
    known: Known,
    capability: Capability | None,
    outcome: Outcome,
    insist: bool,
) -> Work | None:
    if capability is None or capability.wrong(target):
        return None
    name = (target.destination, target_name(target))
    has_any = any(delivery.key in known.receipts for delivery in deliveries)
    conclude = name in known.to_conclude or (
        capability.concludes(target) and (bool(open_ones) or name not in known.concluded)
    )
    conclude = conclude and (bool(open_ones) or has_any)
    if not open_ones and not conclude:
        return None
    if capability.limits.replaces and any(d.key not in known.withdrawn for d in open_ones):
        open_keys = {delivery.key for delivery in open_ones}
        open_ones = [d for d in deliveries if d.key in known.receipts or d.key in open_keys]
    keys = [delivery.key for delivery in open_ones]
    left = [delivery for delivery in open_ones if delivery.key in known.withdrawn]
    return Work(
        target=target,
        deliveries=tuple(open_ones),
        uncertain={key: known.uncertain[key] for key in keys if key in known.uncertain},
        attempts={key: known.attempts[key] for key in keys if key in known.attempts},
        outcome=outcome,
        conclude=conclude,
        insist=insist,
        withdrawn={d.key: known.ended[place_of_test(d.item)] for d in left},
        unheard=frozenset(k for k in keys if k in known.uncertain and k not in known.failures),
    )
