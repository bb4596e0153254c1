"""What Workiva's refusals mean, and what of their words may be shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import OnceMoreError
from ..errors import PermanentError
from ..rest.answers import Answer
from ..rest.answers import refusal
from ..secrets import Secret
from .workiva_login import NO_ACCESS
from .workiva_login import WRONG_PLACE
from .workiva_shapes import RefusedObjectError
from .workiva_shapes import text_in


PAYLOAD_LIMIT = 10_485_760
GATEWAY_S = 29
NO_LIMIT = (
    "attach a smaller file: Workiva documents no limit for attachments "
    f"({PAYLOAD_LIMIT} bytes concern requests to its API host only)"
)
NO_SCOPE = "give the API grant graph:read and graph:write, and its integration user access to the test form"


def refused(answer: Answer) -> DeliveryError:
    """Return the error an unexpected answer of the API host stands for, with what to do.

    The host takes requests of 10,485,760 bytes and cuts them off after 29 seconds (Limits).
    """
    words = words_of(answer)
    if answer.status == 504:
        words = f"{words}; Workiva cuts a request off after {GATEWAY_S} s".removeprefix("; ")
    error = refusal(answer, words)
    if answer.status == 401:
        return DestinationClosedError(str(error), why="authentication", next_step=NO_ACCESS)
    if answer.status == 403:
        return RefusedObjectError(str(error), status=403, next_step=NO_SCOPE)
    if answer.status == 404:
        hint = f"check the ids of the target; {WRONG_PLACE}; {NO_SCOPE}"
        return RefusedObjectError(str(error), status=404, next_step=hint)
    if isinstance(error, PermanentError | OnceMoreError) and answer.status == 413:
        error.next_step = f"a request to Workiva's API host may have {PAYLOAD_LIMIT} bytes"
    return error


def words_of(answer: Answer) -> str:
    """Return the words of `{"code", "message", "target", "details"}`, or of any other answer."""
    try:
        found = answer.fields()
    except DeliveryError:
        return answer.words()
    return "; ".join([*reasons_in([found]), *reasons_in(found.get("details"))]) or answer.words()


def reasons_in(reasons: Any) -> list[str]:
    """Return a list of `{"code", "message", "target"}`, all of them optional, as short texts."""
    found = []
    for reason in reasons if isinstance(reasons, list) else ():
        code, message, target = (text_in(reason, name) for name in ("code", "message", "target"))
        if said := ": ".join(filter(None, (code, message))):
            found.append(f"{said} (about {target})" if target else said)
    return found


def without_address(words: str, url: Secret) -> str:
    """Return a server's words, or nothing where they may repeat a part of a signed URL."""
    parts = urlsplit(url.reveal())
    secrets = [part for part in (parts.path.strip("/"), parts.query) if part]
    return "" if any(part in words for part in ("://", "sig=", *secrets)) else words
