"""The switches of the Workiva look-alike and its way of refusing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .wire import RefusedError
from .wire import json_answer


READ, WRITE = "graph:read", "graph:write"
MODERN, LEGACY = "2026-01-01", "2022-01-01"
PAYLOAD_LIMIT = 10_485_760

PROBLEMS = {
    400: ("400BadRequest", "The request cannot be accepted"),
    401: ("401Unauthorized", "The API token is missing, unknown or expired"),
    403: ("403Forbidden", "The API token does not allow this request"),
    404: ("404NotFound", "There is no such resource"),
    405: ("405MethodNotAllowed", "The resource does not offer this method"),
    409: ("409Conflict", "The request conflicts with another one"),
    413: ("413PayloadTooLarge", "The request is too large"),
    429: ("429TooManyRequests", "Too many requests in too short a time"),
    500: ("500InternalServerError", "Something went wrong"),
    503: ("503ServiceUnavailable", "The service cannot answer now"),
}


@dataclass(eq=False, kw_only=True)
class WorkivaSwitches:
    """How the look-alike behaves; every switch may be changed while it runs.

    Attributes:
        token_life_s: Seconds an access token is valid.
        scopes: What the API grant allows, separated by a space.
        bad_client_status: Status of the answer to a wrong client id or secret, 400 or 401.
        page_size: Entries per page of a list.
        nulls: Whether 2026-01-01 answers carry `null` where a key may also be absent.
        settle_s: Seconds from the last byte to the end of the operation; None: only polls count.
        settle_polls: Polls after the last byte that end the operation; None: only time counts.
        outcome: How operations begun from now on end; `stuck` ones stay `started`.
        retry_after_s: The `Retry-After` of 202 answers and polls.
        poll_interval_s: Polls of one operation that follow faster get 429; 0 allows all.
        upload_life_s: Seconds an upload URL is valid; without content its operation then fails.
        single_use: Whether an upload URL takes content only once.
        put_status: Status of a successful PUT of content.
        relative_location: Whether `Location` is a path instead of a URL.
        operation_location: Whether the 202 body repeats the operation's URL.
        locked_status: Status of the answer to an upload below a form that may only be read.
        unconvertible: Extensions of files whose export fails, separated by a space.
        resource_key: How a completed download or export spells its URL; '' leaves it away.
        resource_redirects: How often a resource URL redirects before it gives bytes.
        failing: Status with which all but token requests are refused, in the platform's shape; 0: none.
        clock: Seconds since the epoch.
        root: The API's origin, set by the server.
        blob_root: The origin of upload and resource URLs, set by the server.

    """

    token_life_s: int = 599
    scopes: str = f"{READ} {WRITE}"
    bad_client_status: int = 401
    page_size: int = 50
    nulls: bool = False
    settle_s: float | None = 0.05
    settle_polls: int | None = 3
    outcome: Literal["completed", "failed", "cancelled", "stuck"] = "completed"
    retry_after_s: int = 1
    poll_interval_s: float = 0.0
    upload_life_s: float = 600.0
    single_use: bool = True
    put_status: int = 200
    relative_location: bool = False
    operation_location: bool = False
    locked_status: Literal[403, 404, 409] = 403
    unconvertible: str = ""
    resource_key: Literal["resourceUrl", "resourceURL", ""] = "resourceUrl"
    resource_redirects: int = 0
    failing: Literal[0, 429, 500, 503] = 0
    clock: Callable[[], float] = time.time
    root: str = ""
    blob_root: str = ""


def refusal(
    status: int, why: str = "", *, target: str = "", version: str = "", allow: str = ""
) -> RefusedError:
    """Return the platform's error answer, to be raised."""
    code, message = PROBLEMS[status]
    body: dict[str, object] = {
        "code": code,
        "message": f"{message}: {why}" if why else message,
        "documentationUrl": "https://sandbox.invalid/errors",
    }
    if target:
        body |= {"target": target, "details": [{"code": code, "message": why, "target": target}]}
    if version:
        body["version"] = version
    answer = json_answer(body, status)
    if allow:
        answer.headers["Allow"] = allow
    return RefusedError(answer)
