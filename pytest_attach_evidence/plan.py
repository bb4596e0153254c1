"""From journals to deliveries: what is wanted, minus what is settled, grouped by target. Pure."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

from . import naming
from .deliveries import LONG_AGO
from .deliveries import in_doubt
from .deliveries import target_name
from .deliveries import wanted
from .model import Delivery
from .model import Failure
from .model import Limits
from .model import Outcome
from .model import Receipt
from .model import RunRecord
from .model import State
from .model import Target
from .model import utc_text
from .outcomes import EndedTest
from .outcomes import ended_tests
from .outcomes import place_of_test
from .outcomes import tests_by_target
from .outcomes import worst_outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What `plan` has to know of an enabled destination. `origin` is '' where targets have none.

    `concludes` tells whether a target is told its outcome, `wrong` why a target, which a spool from
    elsewhere may name, is none of this destination's.
    """

    origin: str
    limits: Limits
    concludes: Callable[[Target], bool] = lambda target: False
    wrong: Callable[[Target], str] = lambda target: ""


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
    `tests` those that count for it.
    """

    deliveries: dict[str, Delivery] = field(default_factory=dict)
    keys: dict[Target, tuple[str, ...]] = field(default_factory=dict)
    settled: dict[str, Receipt] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)
    work: list[Work] = field(default_factory=list)
    outcomes: dict[Target, Outcome] = field(default_factory=dict)
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
) -> Plan:
    """Return what is to be done for some runs, delivered together.

    What a destination refused before stays rejected unless `retry_rejected`. What breaks a limit is
    rejected here, before any request, with the number in the message; each plan decides that anew.
    """
    result = Plan()
    by_target: dict[Target, list[Delivery]] = {}
    for delivery in wanted(records):
        result.deliveries[delivery.key] = delivery
        by_target.setdefault(delivery.target, []).append(delivery)
    result.keys = {target: tuple(d.key for d in own) for target, own in by_target.items()}
    known = _Known.of(records)
    result.settled = {k: r for k, r in known.receipts.items() if k in result.deliveries}
    result.outcomes, result.tests = worst_outcomes(records), tests_by_target(records)
    for target, deliveries in by_target.items():
        open_ones = _open(
            deliveries, known, capabilities.get(target.destination), result, retry_rejected
        )
        work = _work(
            target,
            deliveries,
            open_ones,
            known=known,
            capability=capabilities.get(target.destination),
            outcome=result.outcomes[target],
            insist=retry_rejected,
        )
        if work is not None:
            result.work.append(work)
    result.work.sort(key=lambda work: _turn(work, known))
    return result


def _turn(work: Work, known: _Known) -> int:
    """Return when a target is served: one that only fails must not starve the others in every push.

    What may have arrived at a target that its piece no longer has is looked for first, but a look that
    was in vain before comes last.
    """
    if work.withdrawn:
        return 2 if known.sought.intersection(work.withdrawn) else 0
    sent = (d.key in work.attempts for d in work.deliveries if d.key not in known.receipts)
    return 2 if any(sent) else 1


@dataclass(frozen=True, slots=True)
class _Known:
    """What earlier attempts of all the runs found out."""

    receipts: dict[str, Receipt]
    failures: dict[str, Failure]
    uncertain: dict[str, str]
    attempts: dict[str, int]
    concluded: set[tuple[str, str]]
    to_conclude: set[tuple[str, str]]
    sought: set[str]
    withdrawn: set[str]
    ended: dict[tuple[str, str, str], Outcome]

    @classmethod
    def of(cls, records: Sequence[RunRecord]) -> _Known:
        known = cls({}, {}, {}, {}, set(), set(), set(), set(), ended_tests(records))
        concluded: list[set[tuple[str, str]]] = []
        for record in records:
            known.receipts.update(record.receipts)
            known.failures.update(record.failures)
            known.uncertain.update(in_doubt(record))
            known.attempts.update(record.attempts)
            known.withdrawn.update(key for keys in record.withdrawn.values() for key in keys)
            concluded.append(record.concluded)
            known.to_conclude.update(record.to_conclude)
            known.sought.update(key for key, in_vain in record.sought.items() if in_vain)
        if concluded:
            known.concluded.update(set.intersection(*concluded))
        return known


def _open(
    deliveries: Sequence[Delivery],
    known: _Known,
    capability: Capability | None,
    result: Plan,
    retry_rejected: bool,
) -> list[Delivery]:
    """Return the deliveries of one target that remain; put the others that fail into the result."""
    open_ones = []
    place = sum(delivery.key in known.receipts for delivery in deliveries)
    for delivery in deliveries:
        if delivery.key in known.receipts:
            continue
        failure = _failure(delivery, place, known, capability, retry_rejected)
        if failure is None:
            open_ones.append(delivery)
            place += delivery.key not in known.withdrawn
        else:
            result.failed[delivery.key] = failure
    return open_ones


def _failure(
    delivery: Delivery,
    place: int,
    known: _Known,
    capability: Capability | None,
    retry_rejected: bool,
) -> Failure | None:
    before = known.failures.get(delivery.key)
    if before is None:
        return _trouble(delivery, place, known, capability)
    # One without an attempt was a rejection of ours.
    if before.state is State.REJECTED and before.attempts and not retry_rejected:
        return before
    made = _trouble(delivery, place, known, capability)
    return before if made is not None and replace(made, at=before.at) == before else made


def _trouble(
    delivery: Delivery, place: int, known: _Known, capability: Capability | None
) -> Failure | None:
    """Return why a delivery cannot be sent as things are here and now."""
    later = State.UNCERTAIN if delivery.key in known.uncertain else State.WAITING
    if capability is None:
        name = delivery.target.destination
        reason, hint = f"{name} is not in evidence_destinations", "add it, then push again"
        return _failed(delivery, later, reason, hint)
    if delivery.target.origin != capability.origin:
        reason = (
            f"was collected for {delivery.target.origin}, but {capability.origin} is configured"
        )
        hint = f"set evidence_{delivery.target.destination}_url to what it was, then push again"
        return _failed(delivery, later, reason, hint)
    if why := capability.wrong(delivery.target):
        return _failed(delivery, State.REJECTED, why, "nothing was sent; attach it in a new run")
    if delivery.key in known.withdrawn or known.uncertain.get(delivery.key, LONG_AGO) != LONG_AGO:
        return None  # it is looked for first
    broken = broken_limit(delivery, place, capability.limits)
    return broken and _failed(delivery, State.REJECTED, *broken)


def _failed(delivery: Delivery, state: State, reason: str, next_step: str) -> Failure:
    return Failure(key=delivery.key, state=state, reason=reason, next_step=next_step, at=utc_text())


def broken_limit(delivery: Delivery, place: int, limits: Limits) -> tuple[str, str] | None:
    """Return what limit a delivery breaks, with the number, and what to do; None if it breaks none.

    `place` counts the target's pieces that are there or go there before this one.
    """
    piece, name = delivery.evidence, delivery.target.destination
    if limits.max_bytes is not None and piece.size > limits.max_bytes:
        seen = f"has {piece.size:,} bytes, {name} takes {limits.max_bytes:,}"
        return seen, limits.too_large_hint
    if limits.extensions is not None:
        extension = naming.extension_of(naming.remote_name(piece.name, delivery.key))
        if extension not in limits.extensions:
            taken = ", ".join(sorted(limits.extensions))
            return f"is a .{extension} file, {name} takes {taken}", "attach another kind of file"
    if limits.max_per_target is not None and place >= limits.max_per_target:
        seen = f"is piece {place + 1} for one target, {name} takes {limits.max_per_target}"
        return seen, "map fewer tests to the target"
    return None


def _work(
    target: Target,
    deliveries: Sequence[Delivery],
    open_ones: Sequence[Delivery],
    *,
    known: _Known,
    capability: Capability | None,
    outcome: Outcome,
    insist: bool,
) -> Work | None:
    if capability is None or target.origin != capability.origin or capability.wrong(target):
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
