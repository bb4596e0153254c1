"""Whether the bytes of pieces are still what was attached: asked right before every send."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import SpoolDamagedError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Limits
from ..model import State
from .account import Account
from .calls import DAMAGED_HINT
from .calls import Calls


HELD_HINT = "restore its bytes in the spool, then push again; or attach all of it in a new run"


def sound(
    deliveries: Sequence[Delivery], account: Account, calls: Calls, limits: Limits
) -> list[Delivery]:
    """Return the pieces that may be sent; what was damaged must not leave the house.

    Where a repeat is harmless nobody looked yet for what was sent before: a damaged piece is looked
    for first. Where a call replaces what is there, and a damaged piece may be there, nothing is sent.
    """
    found, damaged, replaced = [], [], None
    for delivery in deliveries:
        calls.check_time()
        try:
            account.ground.verify(delivery)
        except SpoolDamagedError as error:
            damaged.append((delivery, error))
            if limits.replaces and account.may_be_there(delivery):
                place = f"{delivery.evidence.name} of {delivery.item.title}"
                there = "is there" if account.is_settled(delivery) else "may be there"
                words = f"is not sent without {place}, which {there} and would be replaced: {error}"
                replaced = SpoolDamagedError(words)
        else:
            found.append(delivery)
    hint = DAMAGED_HINT if replaced is None else HELD_HINT
    for delivery, damage in damaged:
        if not limits.repeat_is_harmless or _is_absent(delivery, account, calls, damage, hint):
            account.fail(delivery, State.DAMAGED, damage, hint)
    if replaced is None:
        return found
    account.hold(found, replaced, HELD_HINT)
    return []


def _is_absent(
    delivery: Delivery, account: Account, calls: Calls, damage: SpoolDamagedError, hint: str
) -> bool:
    """Tell whether a piece is not at its target; where nobody can tell it has a failure then."""
    if not account.was_sent(delivery) or not account.is_open(delivery):
        return True
    try:
        return bool(calls.look([delivery]))
    except TemporaryError as error:
        account.leave([delivery], error)
    except UncertainError as error:
        if not account.may_be_there(delivery):
            return True  # its server said that it did not take it
        words = f"{damage}; it was sent before, and nobody can tell whether it arrived ({error})"
        account.fail(delivery, State.DAMAGED, SpoolDamagedError(words), hint)
    return False
