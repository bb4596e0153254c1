"""Sends single requests to raw servers and returns what became of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from pytest_attach_evidence.errors import DeliveryError
from pytest_attach_evidence.rest.answers import Answer
from pytest_attach_evidence.rest.answers import Request
from pytest_attach_evidence.rest.auth import bearer
from pytest_attach_evidence.rest.body import Body
from pytest_attach_evidence.rest.body import FileBody
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secret


CANARY = "made-up-canary-4711"


def zeros(length: int, *, real: int | None = None) -> Body:
    """Return a body of zeros of a recorded length; `real` is the file's, where that differs."""
    content = bytes(length if real is None else real)
    opened: Callable[[], io.BytesIO] = lambda: io.BytesIO(content)  # noqa: E731 - one line reads best
    return FileBody(open=opened, length=length)


def request(url: str, method: str = "POST", **facts: Any) -> Request:
    """Return a request of a test with credentials that must not get elsewhere."""
    token = bearer(Secret(CANARY, "a test"))
    return Request(
        **{"method": method, "url": url, "what": "the upload", "credentials": token, **facts}
    )


def send(
    url: str,
    method: str = "POST",
    *,
    base: str = "",
    budget: Budget | None = None,
    ca_bundle: str | None = None,
    **facts: Any,
) -> Answer | DeliveryError:
    """Send one request in a session of its own; return the answer, or the error as a value."""
    session = Session(
        Origins(base or url), budget or Budget.lasting(20, stall_s=5), ca_bundle=ca_bundle
    )
    try:
        return session.send(request(url, method, **facts))
    except DeliveryError as error:
        return error
    finally:
        session.close()
