"""What Workiva's API hands out, as plain data, and the one refusal that is about an object."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from ..errors import PermanentError
from ..secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attachment as it is listed. The API tells no size, hash or time of it."""

    id: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload that was begun: nothing is attached before bytes were sent to `url`.

    `operation` is the address of the operation that tells its end, without the origin where that is
    the API's. `url` carries a signature: it is for one immediate PUT, never for a file or a message.
    """

    operation: str
    url: Secret
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A long-running operation as a poll shows it.

    `status` is acknowledged, queued, started, completed, cancelled or failed; anything else has not
    ended. `reasons` are its details as one line, `request` is the id that Workiva's support asks for.
    """

    status: str
    reasons: str = ""
    request: str = ""
    retry_after_s: float | None = field(default=None, compare=False)


class RefusedObjectError(PermanentError):
    """The object a request names was refused, and so will be whatever else is asked of it.

    `status` is 403 (not allowed) or 404 (not there, or not visible).
    """

    def __init__(self, message: str, *, status: int, next_step: str) -> None:
        super().__init__(message, next_step=next_step)
        self.status = status
