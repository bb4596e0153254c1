"""The switches of the CodeArts Req look-alike and its two ways of refusing."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from werkzeug.wrappers import Response

from .wire import RefusedError
from .wire import json_answer


MIB = 1024 * 1024
REGION = "sandbox-north-1"
COUNTING = threading.Lock()

# codes of the gateway
NOT_PUBLISHED = "APIGW.0101"
TOO_LARGE = "APIGW.0201"
NOT_AUTHENTIC = "APIGW.0301"
RENEW_TOKEN = "APIGW.0307"  # noqa: S105 - an error code
THROTTLED = "APIGW.0308"

# codes of the service behind it
NO_PROJECT = "PM.02152005"
NO_PROJECT_SPACE = "PM.02150404"
NOT_A_MEMBER = "PM.02150010"
TOO_FREQUENT = "PM.02153001"
BAD_PAGING = "PM.02174103"
BAD_PARAMETER = "PM.02175006"
UNREADABLE = "PARSE_REQUEST_DATA_EXCEPTION"


@dataclass(eq=False, kw_only=True)
class CodeArtsSwitches:
    """How the look-alike behaves; every switch may be changed while it runs.

    The two that count (`throttle_next`, `refuse_next`) go down by one each time; -1 means always.

    Attributes:
        login: Which credentials `exports` gives: access key, or user, password and account.
        body_limit: Bytes of a signed request's body that the gateway lets through.
        token_body_limit: The same for requests with a token; None: no limit.
        file_limit: Bytes of one attachment.
        item_count: Attachments of one work item.
        item_limit: Bytes of all attachments of one work item.
        with_result: Whether a successful upload tells the attachment, or answers `result: null`.
        with_accessories: Whether the detail of a Scrum item lists its attachments.
        lists_as_text: Whether lists of Scrum items come as JSON within a JSON text.
        delete_status: 204 or 200, which answers a deletion.
        name_key: Under which key a list shows an attachment's name.
        source_project_required: Whether a list needs `source_project_id`.
        throttle_next: How many of the next requests are throttled.
        throttle_status: 429 (by the gateway) or 400 (by the service).
        refuse_next: How many of the next uploads are answered 200 with status `failed`.
        lock_after: Consecutive failures that lock an access key.
        lock_s: Seconds it stays locked.
        clock_tolerance_s: Seconds by which the time of a signature may be off.
        token_life_s: Seconds an IAM token is valid.
        token_length: Characters of an IAM token, up to 32768.
        clock: Seconds since the epoch.
        root: The origin, set by the server.

    """

    login: Literal["keys", "password"] = "keys"
    body_limit: int = 12 * MIB
    token_body_limit: int | None = None
    file_limit: int = 50 * MIB
    item_count: int = 100
    item_limit: int = 50 * MIB
    with_result: bool = False
    with_accessories: bool = True
    lists_as_text: bool = False
    delete_status: Literal[204, 200] = 204
    name_key: Literal["file_name", "store_filename"] = "file_name"
    source_project_required: bool = False
    throttle_next: int = 0
    throttle_status: Literal[429, 400] = 429
    refuse_next: int = 0
    lock_after: int = 5
    lock_s: float = 300.0
    clock_tolerance_s: float = 900.0
    token_life_s: float = 86_400.0
    token_length: int = 2048
    clock: Callable[[], float] = time.time
    root: str = ""

    def use_up(self, switch: Literal["throttle_next", "refuse_next"]) -> bool:
        """Return whether a counting switch is on, and count."""
        with COUNTING:
            left: int = getattr(self, switch)
            if left > 0:
                setattr(self, switch, left - 1)
        return left != 0


def gateway_refusal(status: int, code: str, message: str) -> RefusedError:
    """Return an error answer of the gateway, to be raised."""
    request_id = uuid.uuid4().hex
    body = {"error_msg": message, "error_code": code, "request_id": request_id}
    answer = json_answer(body, status)
    answer.headers["X-Request-Id"] = request_id
    return RefusedError(answer)


def not_authentic(why: str) -> RefusedError:
    """Return the gateway's 401, to be raised."""
    return gateway_refusal(401, NOT_AUTHENTIC, f"Incorrect IAM authentication information: {why}")


def service_refusal(code: str, message: str) -> RefusedError:
    """Return an error answer of the service, always a 400, to be raised."""
    return RefusedError(json_answer({"error_code": code, "error_msg": message}, 400))


def success(result: object) -> Response:
    """Answer as the IPD operations do when all went well."""
    return json_answer({"status": "success", "message": None, "result": result})
