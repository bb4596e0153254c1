"""Tells a target the outcome of its tests, once its pieces are there."""

from __future__ import annotations

from ..deliveries import target_name
from ..destinations.base import Concluding
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import OnceMoreError
from ..errors import PermanentError
from ..model import Problem
from ..retry import backoff_s
from ..retry import is_throttled
from ..retry import refusal_of
from .account import Account
from .calls import Calls


CONCLUDE_ATTEMPTS = 3


def conclude(destination: Concluding, account: Account, calls: Calls) -> None:
    """Tell the target the outcome; where that fails the journal knows it for a later push."""
    work, ground = account.work, account.ground
    name, outcome = work.target.destination, account.outcome()
    attempt = turned_away = 0
    once_more = False
    while True:
        attempt += 1
        calls.check_time()
        try:
            destination.conclude(work.target, outcome, ground.notes(name))
        except DestinationClosedError:
            raise
        except DeliveryError as raised:
            error = raised
            if isinstance(raised, OnceMoreError):
                remaining_s = ground.budget.remaining_s()
                error = refusal_of(raised, remaining_s, again=once_more) or raised
                once_more = True
            turned_away += is_throttled(error)
            spent = attempt - turned_away == CONCLUDE_ATTEMPTS
            last = isinstance(error, PermanentError) or (spent and not is_throttled(error))
            wait_s = max(getattr(error, "retry_after_s", None) or 0.0, backoff_s(attempt))
            if last or not calls.pause(wait_s, 0, "before the status is set again"):
                _note_unconcluded(error, account)
                return
        else:
            ground.log.concluded(name, target_name(work.target))
            with ground.lock:
                account.results.told.add(work.target)
            return


def _note_unconcluded(error: DeliveryError, account: Account) -> None:
    mask = account.ground.mask
    problem = Problem(
        subject=str(account.work.target),
        seen=mask(str(error)),
        next_step=mask(getattr(error, "next_step", "")),
    )
    with account.ground.lock:
        account.results.told.add(account.work.target)
        account.results.unconcluded.append((problem, isinstance(error, PermanentError)))
