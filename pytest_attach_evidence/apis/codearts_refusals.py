"""What Huawei CodeArts Req and the gateway before it answer when they refuse, sorted by next action."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..rest.answers import Answer
from ..rest.answers import busy
from ..rest.answers import plain_line
from ..rest.answers import refusal
from ..rest.answers import too_large
from ..retry import retry_after_s


THROTTLED = ("PM.02153001", "APIGW.0308")
ILLEGAL_TOKEN = ("PM.10001002",)
TOO_LARGE = "APIGW.0201"
NOT_PUBLISHED = ("APIGW.0101", "APIGW.0103")

CHECK_CREDENTIALS = (
    "check the credentials, their region and this machine's clock; five refusals in a row lock an "
    "access key for 5 minutes"
)
CHECK_ADDRESS = "check evidence_huawei_url and evidence_huawei_region"
FOR_LARGE_FILES = (
    "use a token login (PYTEST_EVIDENCE_HUAWEI_USER, _PASSWORD and _DOMAIN instead of the access key) "
    "for files over 12 MB"
)
FOR_OTHER_FILES = "CodeArts takes this size; ask who runs the proxy before it for its limit"
GATEWAY_BYTES = 12 * 1024 * 1024
ASK_FOR_ACCESS = (
    "ask for membership in the project and for the IAM actions codeartsreq:attachment:upload, list and "
    "get"
)
CHECK_PROJECT = (
    "write the id of the CodeArts project, not that of an IAM project; attach-evidence remote list "
    "huawei shows yours"
)
HINTS = {
    "PM.02150010": ASK_FOR_ACCESS,
    "PM.02177003": ASK_FOR_ACCESS,
    "PM.02152005": CHECK_PROJECT,
    "PM.02150404": f"{CHECK_PROJECT}; an item of a Scrum project is written scrum/<project>/<id>",
}


def refused(answer: Answer) -> DeliveryError:
    """Return the error for an answer that is not the documented success of its operation.

    A refusal for good also says what was odd in the request, but for its size.
    """
    error, doubt = _sorted(answer), answer.request.doubt
    if not doubt or type(error) is not PermanentError or answer.status == 413:
        return error
    return PermanentError(
        f"{error}; {doubt}", next_step=error.next_step, whole_target=error.whole_target
    )


def _sorted(answer: Answer) -> DeliveryError:
    """Return the error that the status and the code of an answer stand for.

    A 401 closes the destination, throttling (429, or 400 with its code) is temporary. The error table
    of the service is api-projectman/ErrorCode, that of the gateway devg-apisign/api-sign-errorcode.
    """
    found = _fields(answer)
    code, words = _code(found), _words(answer, found)
    seen = f"{answer.request.what}: HTTP {answer.status} ({words})"
    if answer.status == 401 or code in ILLEGAL_TOKEN:
        return DestinationClosedError(seen, why="authentication", next_step=CHECK_CREDENTIALS)
    if answer.status == 429 or code in THROTTLED:
        wait = retry_after_s(answer.headers.get("Retry-After"), answer.headers.get("Date"))
        return busy(seen, wait)
    if answer.status == 413:
        length = answer.request.body.length if answer.request.body is not None else 0
        signed = length > GATEWAY_BYTES or code == TOO_LARGE
        hint = FOR_LARGE_FILES if signed else FOR_OTHER_FILES
        return too_large(answer, seen, hint)
    if code in NOT_PUBLISHED:
        return DestinationClosedError(seen, next_step=CHECK_ADDRESS)
    if answer.status == 403:
        return PermanentError(seen, next_step=ASK_FOR_ACCESS)
    says_no = found.get("status") in ("failed", "error") or bool(
        _named(found) and "id" not in found
    )
    if (answer.status == 200 and says_no) or (answer.status == 400 and code in HINTS):
        return PermanentError(seen, next_step=HINTS.get(code, ""))
    return refusal(answer, words)


def _fields(answer: Answer) -> Mapping[str, Any]:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    inner = document.get("error") if isinstance(document, dict) else None
    found = inner if isinstance(inner, dict) else document
    return found if isinstance(found, dict) else {}


def _named(found: Mapping[str, Any]) -> str:
    """Return what is called an error's code; a mere `code` may also stand in a success."""
    return next((v for n in ("error_code", "errorCode") if isinstance(v := found.get(n), str)), "")


def _code(found: Mapping[str, Any]) -> str:
    code = _named(found) or found.get("code")
    return plain_line(code) if isinstance(code, str) else ""


def _words(answer: Answer, found: Mapping[str, Any]) -> str:
    """Return code and message; of a 401 only the beginning, since the gateway repeats signed headers."""
    texts = [found.get(name) for name in ("error_msg", "errorMsg", "message")]
    message = next((plain_line(text) for text in texts if isinstance(text, str) and text), "")
    if answer.status == 401:
        message = re.split(r"[,|]", message)[0] if found else ""
    code = _code(found)
    shown = f"{code}: {message}" if code and message else code or message
    request_id = found.get("request_id") or answer.headers.get("X-Request-Id")
    if isinstance(request_id, str) and request_id:
        shown = f"{shown}; request {plain_line(request_id)}".removeprefix("; ")
    return shown or ("not authenticated" if answer.status == 401 else answer.words())
