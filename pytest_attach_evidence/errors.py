"""The errors of the project, one class per next action.

The message of each is one line: which piece, test or setting, what was seen, what to do.
"""

from __future__ import annotations

from typing import Literal
from typing import NoReturn


class EvidenceError(Exception):
    """Base of all errors that this package raises on purpose."""


class SettingsError(EvidenceError):
    """The configuration must be mended before anything can start.

    Holds every problem that was found, so that one run shows them all.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def refuse(option: str, seen: str, hint: str) -> NoReturn:
    """Raise SettingsError about an option: what was seen, and what to do."""
    msg = f"{option} {seen} - {hint}"
    raise SettingsError(msg)


class TargetError(EvidenceError):
    """A target text cannot be understood. The message does not name the item; the caller adds it."""


class NotOfferedError(EvidenceError):
    """The vendor's API has no such operation. `next_step` says what to do instead, where there is a way."""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.next_step = next_step


class AttachError(EvidenceError):
    """A piece cannot be taken into the spool; the message names the piece, the reason and a way out."""


class SpoolError(EvidenceError):
    """The spool cannot be read or written at all."""


class SpoolBusyError(SpoolError):
    """Another process holds the run."""


class SpoolDamagedError(SpoolError):
    """One piece or one journal line in the spool is not what was written; the rest is fine."""


class DeliveryError(EvidenceError):
    """Base of what can happen to one delivery. A destination returns it as a value for one piece."""


class TemporaryError(DeliveryError):
    """Surely not accepted by the destination; trying again later may help.

    `retry_after_s` is the least number of seconds to wait, where the destination named one;
    `throttled`: a limiter turned it away, so that it says nothing against the destination.
    """

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, throttled: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.throttled = throttled


class OnceMoreError(TemporaryError):
    """Refused for now: tried once more after `retry_after_s`, and rejected where it is refused again.

    It says nothing against the destination. Rejected at once where the wait is too long, see
    `retry.refusal_of`. `next_step` is for the person who must act then.
    """

    retry_after_s: float

    def __init__(self, message: str, *, retry_after_s: float, next_step: str = "") -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.next_step = next_step


class UncertainError(DeliveryError):
    """Sent, but the answer was lost or unreadable: only looking at the destination can tell.

    `next_step`: what a person has to do before a look can tell more.
    """

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.next_step = next_step


class ConflictError(UncertainError):
    """Refused since something like it is there (HTTP 409): maybe ours, else it stays refused."""


class PermanentError(DeliveryError):
    """Surely refused, and will be refused again until a person acts. `next_step` says how.

    `whole_target`: every other piece for this target would be refused as well.
    """

    def __init__(self, message: str, *, next_step: str = "", whole_target: bool = False) -> None:
        super().__init__(message)
        self.next_step = next_step
        self.whole_target = whole_target


class DestinationClosedError(DeliveryError):
    """Nothing more can be delivered to this destination in this run.

    `why` is `authentication` (credentials refused, a login page), `configuration` (certificate, proxy)
    or `stopped` (somebody interrupted the delivery).
    """

    def __init__(
        self,
        message: str,
        *,
        why: Literal["authentication", "configuration", "stopped"] = "configuration",
        next_step: str = "",
    ) -> None:
        super().__init__(message)
        self.why = why
        self.next_step = next_step
