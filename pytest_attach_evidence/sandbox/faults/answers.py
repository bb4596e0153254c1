"""Faults of the answer: statuses, pages, redirects, and bodies that are not what they claim to be."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import cache

from werkzeug.wrappers import Response

from ..body import UploadRequest
from ..origin import InterimResponse
from ..replies import html_reply
from ..replies import json_reply
from .fault import Action
from .fault import Actions
from .fault import Fault
from .fault import Proceed
from .fault import Wait


MIB = 1024 * 1024
BOMB_BYTES = 64 * MIB
PROXY_PAGES = {413: "Entity Too Large", 502: "Bad Gateway", 504: "Gateway Time-out"}
JSON = "application/json"
WORDS = "A fault of the sandbox"


def _status(fault: Fault, request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    """Answer with a status, as proxies do for some of them, as an API for the others."""
    if fault.done:
        proceed().close()
    elif fault.body_bytes:
        length = request.body.length
        request.body.throw_away(length if fault.body_bytes < 0 else fault.body_bytes)
    status = 500 if fault.status is None else fault.status
    if status in (204, 304):
        return Response(status=status)
    if status in PROXY_PAGES:
        return html_reply(status, PROXY_PAGES[status], "A proxy of the sandbox says so.")
    body = {"status": status, "error": WORDS, "message": WORDS}
    return json_reply(status, body)


def _redirect(fault: Fault, request: UploadRequest, _proceed: Proceed, _wait: Wait) -> Response:
    location = fault.filled(fault.location, request)
    return html_reply(fault.status or 302, "Found", location=location)


def _instead(build: Callable[[Fault], Response]) -> Action:
    """Return the action that answers something else, with or without the system's own work."""

    def act(fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
        if fault.done:
            proceed().close()
        return build(fault)

    return act


def _login_page(_fault: Fault) -> Response:
    return html_reply(200, "Sign in", "User name and password of your organisation")


def _empty(_fault: Fault) -> Response:
    return Response(b"", 200, mimetype=JSON)


def _inner_error(fault: Fault) -> Response:
    status = fault.value if isinstance(fault.value, str) else "failed"
    return json_reply(200, {"status": status, "message": "Refused by the sandbox", "result": None})


def _big(fault: Fault) -> Response:
    return Response(b'["' + b"x" * (fault.size or 2 * MIB) + b'"]', 200, mimetype=JSON)


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(BOMB_BYTES))


def _gzip_bomb(_fault: Fault) -> Response:
    return Response(_bomb(), 200, {"Content-Encoding": "gzip"}, mimetype=JSON)


def _changed(change: Callable[[Response, bytes], Response]) -> Action:
    """Return the action that does all of it and spoils the answer on its way."""

    def act(_fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
        response = proceed()
        return change(response, response.get_data())

    return act


def _media_type(response: Response, _data: bytes) -> Response:
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    return response


def _json_cut(response: Response, data: bytes) -> Response:
    response.set_data(data[: len(data) * 2 // 3])
    return response


def _length_short(response: Response, data: bytes) -> Response:
    response.headers["Content-Length"] = str(len(data) // 2)
    return response


def _chunked_garbage(response: Response, data: bytes) -> Response:
    response.automatically_set_content_length = False
    del response.headers["Content-Length"]
    response.headers["Transfer-Encoding"] = "chunked"
    response.response = [b"not-a-size\r\n", data]
    return response


def _many_headers(response: Response, _data: bytes) -> Response:
    for number in range(10_000):
        response.headers.add(f"X-Sandbox-{number}", "1")
    return response


def _bad_utf8(response: Response, data: bytes) -> Response:
    response.set_data(data.replace(b'"', b'"\xff\xfe', 3))
    return response


def _interim(response: Response, data: bytes) -> Response:
    return InterimResponse(data, response.status, response.headers)


def _plainly(_fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    return proceed()


ANSWERS: Actions = {
    "status": ("answer `status` (500) with `retry_after`; `done`: after the work", _status),
    "login-page": ("answer 200 with an HTML login page", _instead(_login_page)),
    "redirect": ("do nothing, answer `status` (302) to `location` ({elsewhere})", _redirect),
    "empty": ("answer 200 without a body; `done`: after the work", _instead(_empty)),
    "inner-error": (
        "answer 200 with JSON whose status is `value` (failed)",
        _instead(_inner_error),
    ),
    "big-answer": ("answer 200 with `size` bytes (2 MiB) of JSON", _instead(_big)),
    "gzip-bomb": ("answer 200 with a little gzip that is 64 MiB", _instead(_gzip_bomb)),
    "media-type": ("do all of it, call the answer text/plain", _changed(_media_type)),
    "json-cut": (
        "do all of it, send two thirds of the JSON as if it were all",
        _changed(_json_cut),
    ),
    "length-short": (
        "do all of it, announce half of the answer and send all",
        _changed(_length_short),
    ),
    "chunked-garbage": ("do all of it, send chunks without sizes", _changed(_chunked_garbage)),
    "many-headers": ("do all of it, answer with 10,000 headers", _changed(_many_headers)),
    "bad-utf8": ("do all of it, send JSON with bytes that are no UTF-8", _changed(_bad_utf8)),
    "interim": ("do all of it, send two answers 100 before the real one", _changed(_interim)),
    "date": ("do all of it; for `date`, which any fault takes", _plainly),
}
