"""What Squash TM says when it refuses, in its several shapes, as the error that says what to do next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import OnceMoreError
from ..errors import PermanentError
from ..rest.answers import Answer
from ..rest.answers import refusal


NEXT_STEPS = {
    401: "make a new token that may write; the old one is wrong, expired or read-only",
    403: "give the account a profile that may attach and execute in this project",
    404: "correct the id, or the target",
    412: "mend what Squash TM names (a locked milestone, a type of file, a test case without steps)",
    413: "let the administrator of Squash TM raise the size limit, or attach less",
}


def refused(answer: Answer, *, reached: bool) -> DeliveryError:
    """Return the error of an answer that is not a success.

    `reached`: the API answered before, so that an HTML 404 is about this object and not about a wrong
    address.
    """
    if answer.status == 404 and not reached and b"<html" in answer.body[:4096].lower():
        msg = (
            f"{answer.request.what}: HTTP 404 with an HTML page, so the API is not at this address"
        )
        hint = "write the root of Squash TM with its context path, such as https://host/squash"
        return DestinationClosedError(msg, next_step=hint)
    error = refusal(answer, said_by(answer))
    if isinstance(error, PermanentError | OnceMoreError | DestinationClosedError):
        error.next_step = error.next_step or NEXT_STEPS.get(answer.status, "")
    return error


def said_by(answer: Answer) -> str | None:
    """Return the server's words from the shapes that only Squash TM has, or None for all others."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    if limit := _inner(document, "maxUploadError").get("maxSize"):
        return f"it takes {limit} bytes at most"
    if rule := _inner(document, "actionValidationError"):
        return str(rule.get("message") or rule.get("exception") or "a rule was broken")
    wrong = document.get("fieldValidationErrors")
    if isinstance(wrong, list) and wrong:
        return "; ".join(_field_words(one) for one in wrong if isinstance(one, dict))
    return None


def _inner(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _field_words(wrong: Mapping[str, Any]) -> str:
    return f"{wrong.get('fieldName') or 'a field'}: {wrong.get('errorMessage') or 'not valid'}"
