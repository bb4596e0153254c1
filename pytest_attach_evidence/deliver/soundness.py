"""Whether the bytes of pieces are still what was attached: asked right before every send."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import SpoolDamagedError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Delivery
from ..model import State
from .account import Account
from .calls import DAMAGED_HINT
from .calls import Calls


def sound(
    deliveries: Sequence[Delivery], account: Account, calls: Calls, *, looked: bool
) -> list[Delivery]:
    """Return the pieces that may be sent; what was damaged must not leave the house.

    A damaged piece that was sent before is looked for first, unless it was `looked` for already.
    """
    found = []
    for delivery in deliveries:
        if account.has_failed(delivery):
            continue
        calls.check_time()
        try:
            account.ground.verify(delivery)
        except SpoolDamagedError as error:
            if looked or _is_absent(delivery, account, calls, error):
                account.fail(delivery, State.DAMAGED, error, DAMAGED_HINT)
        else:
            found.append(delivery)
    return found


def _is_absent(
    delivery: Delivery, account: Account, calls: Calls, damage: SpoolDamagedError
) -> bool:
    """Tell whether a piece is not at its target; where nobody can tell it has a failure then."""
    if not account.was_sent(delivery):
        return True
    try:
        return bool(calls.look([delivery]))
    except TemporaryError as error:
        account.leave([delivery], error)
    except UncertainError as error:
        words = f"{damage}; it was sent before, and nobody can tell whether it arrived ({error})"
        account.fail(delivery, State.DAMAGED, SpoolDamagedError(words), DAMAGED_HINT)
    return False
