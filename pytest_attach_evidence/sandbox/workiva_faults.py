"""Faults that only Workiva's API can have: ends of operations, and pages of lists."""

from __future__ import annotations

import json

from werkzeug.wrappers import Response

from .body import UploadRequest
from .faults.fault import Actions
from .faults.fault import Fault
from .faults.fault import Proceed
from .faults.fault import Wait


OUTCOME = "sandbox.workiva.outcome"


def _operation(fault: Fault, request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    request.environ[OUTCOME] = str(fault.value or "failed")
    return proceed()


def _empty_page(_fault: Fault, request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    """Answer an empty page whose link leads to the list itself."""
    response = proceed()
    document = json.loads(response.get_data())
    if isinstance(document, dict) and "data" in document:
        link = f"{request.base_url}?{request.query_string.decode('latin-1')}&after=empty"
        response.set_data(json.dumps({"data": [], "@nextLink": link}))
    return response


WORKIVA: Actions = {
    "operation": (
        "Workiva: let the upload that begins now end as `value` (failed, cancelled, stuck)",
        _operation,
    ),
    "empty-page": ("Workiva: answer a list with an empty page and a link to the rest", _empty_page),
}
