"""What stands in the way of a delivery before any request: settings, limits, an earlier refusal. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from collections.abc import Collection
from dataclasses import dataclass
from dataclasses import replace

from . import naming
from .deliveries import LONG_AGO
from .deliveries import open_state
from .known import Known
from .model import Delivery
from .model import Failure
from .model import Limits
from .model import State
from .model import Target
from .model import utc_text


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


def obstacle(
    delivery: Delivery,
    place: int,
    together: int,
    known: Known,
    capability: Capability | None,
    *,
    retry_rejected: bool,
) -> Failure | None:
    """Return why a delivery is not sent, None where nothing is in its way.

    `place` counts the target's pieces that are there or go there before it, `together` all that the runs
    being delivered have for it. `capability` is None where its destination is not enabled. Without
    `retry_rejected` what was refused before stays refused.
    """
    before = known.failures.get(delivery.key)
    counted = (place, together)
    if before is None:
        return _trouble(delivery, counted, known, capability)
    # One without an attempt was a rejection of ours.
    if before.state is State.REJECTED and before.attempts and not retry_rejected:
        return before
    made = _trouble(delivery, counted, known, capability)
    return before if made is not None and replace(made, at=before.at) == before else made


def _trouble(
    delivery: Delivery, counted: tuple[int, int], known: Known, capability: Capability | None
) -> Failure | None:
    """Return why a delivery cannot be sent as things are here and now."""
    later = open_state(delivery.key, known.uncertain)
    cause = away(delivery.target, capability)
    if capability is None or cause is not None:
        return cause and _failed(delivery, later, *cause)
    if why := capability.wrong(delivery.target):
        return _failed(delivery, State.REJECTED, why, "nothing was sent; attach it in a new run")
    if delivery.key in known.withdrawn or known.uncertain.get(delivery.key, LONG_AGO) != LONG_AGO:
        return None  # it is looked for first
    broken = broken_limit(delivery, *counted, capability.limits)
    return broken and _failed(delivery, State.REJECTED, *broken)


def apart(delivery: Delivery, known: Known, folder: str, missing: Collection[str]) -> Failure:
    """Return the failure of a delivery that would push out pieces of runs which are not here.

    `folder` is that of its run, `missing` the runs that it was delivered together with.
    """
    names = ", ".join(sorted(missing))
    reason = (
        f"was delivered together with {names}, not here: one file would be without their pieces"
    )
    hint = (
        f"push the folders together: attach-evidence push {shlex.quote(folder)} <the folder of {names}>; "
        "where that is lost, push --retry-rejected sends it without"
    )
    state = State.UNCERTAIN if delivery.key in known.uncertain else State.WAITING
    return replace(_failed(delivery, state, reason, hint), stuck=True)


def away(target: Target, capability: Capability | None) -> tuple[str, str] | None:
    """Return why a target's destination cannot be asked as it is configured, and what to do."""
    name = target.destination
    if capability is None:
        return f"{name} is not in evidence_destinations", "add it, then push again"
    if target.origin != capability.origin:
        reason = f"was collected for {target.origin}, but {capability.origin} is configured"
        return reason, f"set evidence_{name}_url to what it was, then push again"
    return None


def _failed(delivery: Delivery, state: State, reason: str, next_step: str) -> Failure:
    return Failure(key=delivery.key, state=state, reason=reason, next_step=next_step, at=utc_text())


def broken_limit(
    delivery: Delivery, place: int, together: int, limits: Limits
) -> tuple[str, str] | None:
    """Return what limit a delivery breaks, with the number, and what to do; None if it breaks none.

    `place` counts the target's pieces that are there or go there before this one, `together` all that the
    runs being delivered have for it.
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
    if limits.max_together is not None and together > limits.max_together:
        seen = f"is one of {together} pieces for one target, {name} takes {limits.max_together}"
        return seen, limits.together_hint
    return None
