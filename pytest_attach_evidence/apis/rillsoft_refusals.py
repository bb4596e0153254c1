"""What answers of a Rillsoft Integration Server that are no success allow to do next."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..rest.answers import Answer
from ..rest.answers import plain_line
from ..rest.answers import refusal


CHECK_CREDENTIALS = (
    "check PYTEST_EVIDENCE_RILLSOFT_TOKEN (it may have ended), "
    "or PYTEST_EVIDENCE_RILLSOFT_USER and _PASSWORD"
)
CHECK_IDS = "check the ids; the answer does not tell which of them is unknown"
# By status, and whether the request was to change something.
HINTS = {
    (
        400,
        True,
    ): "check the ids, and the server's upload limit: it may drop a part that is too large",
    (400, False): CHECK_IDS,
    (403, True): "ask for the right to change attachments of this client",
    (403, False): "ask for the right to read what belongs to this client",
    (404, True): CHECK_IDS,
    (404, False): CHECK_IDS,
}


def refused(answer: Answer, note: str = "") -> DeliveryError:
    """Return the error for an answer that is not a success: `message` and `details` in one line."""
    words = words_of(answer) + note
    seen = f"{answer.request.what}: HTTP {answer.status} ({words})"
    if answer.status == 401:
        return DestinationClosedError(seen, why="authentication", next_step=CHECK_CREDENTIALS)
    if hint := HINTS.get((answer.status, answer.request.changes)):
        return PermanentError(seen, next_step=hint)
    return refusal(answer, words)


def expect_success(answer: Answer) -> None:
    """Raise unless the answer is a 201 or 200 whose body says `success`, with no other code."""
    if answer.status not in (200, 201):
        raise refused(answer)
    fields = answer.fields()
    code, status = fields.get("code", answer.status), fields.get("status")
    if status == "success" and str(code) in ("200", "201"):
        return
    raise told_inside(answer, code, status) or refusal(answer, words_of(answer))


def expect_document(answer: Answer) -> Any:
    """Return the JSON document of a 200, whatever its shape, unless it says that it is an error."""
    if answer.status != 200:
        raise refused(answer)
    document = answer.document()
    if isinstance(document, dict):
        error = told_inside(answer, document.get("code"), document.get("status"))
        if error is not None:
            raise error
    return document


def told_inside(answer: Answer, code: Any, status: Any) -> DeliveryError | None:
    """Return the error that the body of a success tells of: a status as its code, or the word `error`."""
    if type(code) is int and 400 <= code < 600:
        told = dataclasses.replace(answer, status=code)
        return refused(told, f"; told inside HTTP {answer.status}")
    if status == "error":
        return PermanentError(f"{answer.request.what}: HTTP {answer.status} ({words_of(answer)})")
    return None


def words_of(answer: Answer) -> str:
    """Return `message: details`, whatever type the details have; else what there is."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return answer.words()
    if not isinstance(document, dict) or not isinstance(document.get("message"), str):
        return answer.words()
    details = document.get("details")
    if details in (None, "", [], {}):
        return plain_line(document["message"])
    shown = details if isinstance(details, str) else json.dumps(details, separators=(",", ":"))
    return plain_line(f"{document['message']}: {shown}")
