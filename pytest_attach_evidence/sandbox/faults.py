"""The named faults of the sandbox, and the list of those that wait for their requests."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType

from werkzeug.wrappers import Response

from .body import UploadRequest
from .origin import CutResponse
from .origin import HangUp
from .origin import PacedResponse
from .replies import html_reply
from .replies import json_reply


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """One fault for the next `times` requests that match, the first `after` of them left alone.

    `system` and `method` empty match all; `path` is a regular expression searched in path and query.
    The other values are used by single faults: `seconds` (slow, drip), `retry_after` (any text),
    `location` (redirect), `body_bytes` (how much reset-before-answer reads; else half).
    """

    fault: str
    system: str = ""
    method: str = ""
    path: str = ""
    times: int = 1
    after: int = 0
    seconds: float | None = None
    retry_after: str = ""
    location: str = ""
    body_bytes: int | None = None

    def matches(self, system: str, request: UploadRequest) -> bool:
        """Return whether this fault is about the request."""
        address = request.full_path.removesuffix("?")
        return (
            self.system in ("", system)
            and self.method.upper() in ("", request.method)
            and re.search(self.path, address) is not None
        )


Proceed = Callable[[], Response]
Wait = Callable[[float], object]
Action = Callable[[Fault, UploadRequest, Proceed, Wait], Response]


def _answer_lost(_fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    proceed().close()
    raise HangUp


def _answer_cut(_fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    """Announce the whole answer and send half of it."""
    whole = proceed()
    data = whole.get_data()
    cut = CutResponse(data[: len(data) // 2], whole.status, whole.headers)
    cut.headers["Content-Length"] = str(len(data))
    return cut


def _reset(fault: Fault, request: UploadRequest, _proceed: Proceed, _wait: Wait) -> Response:
    half = request.body.length // 2 if fault.body_bytes is None else fault.body_bytes
    request.body.throw_away(half)
    raise HangUp(reset=True)


def _slow(fault: Fault, _request: UploadRequest, proceed: Proceed, wait: Wait) -> Response:
    response = proceed()
    wait(5.0 if fault.seconds is None else fault.seconds)
    return response


def _stalled(fault: Fault, _request: UploadRequest, proceed: Proceed, wait: Wait) -> Response:
    wait(5.0 if fault.seconds is None else fault.seconds)
    return proceed()


def _drip(*, head: bool) -> Action:
    def act(fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
        response = proceed()
        paced = PacedResponse(response.get_data(), response.status, response.headers)
        paced.pace_s = 0.3 if fault.seconds is None else fault.seconds
        paced.head = head
        return paced

    return act


def _json_status(status: int) -> Action:
    def act(fault: Fault, _request: UploadRequest, _proceed: Proceed, _wait: Wait) -> Response:
        body = {"status": status, "error": "Fault of the sandbox", "message": fault.fault}
        return json_reply(status, body, **_retry_after(fault))

    return act


def _html_status(status: int, heading: str) -> Action:
    def act(fault: Fault, _request: UploadRequest, _proceed: Proceed, _wait: Wait) -> Response:
        return html_reply(status, heading, "A proxy of the sandbox says so.", **_retry_after(fault))

    return act


def _login_page(_fault: Fault, _request: UploadRequest, _proceed: Proceed, _wait: Wait) -> Response:
    return html_reply(200, "Sign in", "User name and password of your organisation")


def _redirect(fault: Fault, _request: UploadRequest, _proceed: Proceed, _wait: Wait) -> Response:
    return html_reply(302, "Found", location=fault.location)


def _retry_after(fault: Fault) -> dict[str, str]:
    return {"retry_after": fault.retry_after} if fault.retry_after else {}


ACTIONS: Mapping[str, tuple[str, Action]] = {
    "answer-lost": ("do all of it, then close the connection without an answer", _answer_lost),
    "answer-cut": ("do all of it, send half of the answer, close", _answer_cut),
    "reset-before-answer": ("read half of the body, do nothing, reset the connection", _reset),
    "slow": ("do all of it, answer after `seconds` (5)", _slow),
    "stalled": ("wait `seconds` (5), only then begin", _stalled),
    "drip": ("do all of it, send the body one byte per `seconds` (0.3)", _drip(head=False)),
    "drip-all": ("the same, beginning with the status line", _drip(head=True)),
    "status-401": ("do nothing, answer 401", _json_status(401)),
    "status-403": ("do nothing, answer 403", _json_status(403)),
    "status-404": ("do nothing, answer 404", _json_status(404)),
    "status-413": ("read nothing, answer 413 as HTML", _html_status(413, "Entity Too Large")),
    "status-429": ("do nothing, answer 429", _json_status(429)),
    "status-500": ("do nothing, answer 500", _json_status(500)),
    "status-502": ("do nothing, answer 502 as HTML", _html_status(502, "Bad Gateway")),
    "status-503": ("do nothing, answer 503", _json_status(503)),
    "login-page": ("do nothing, answer 200 with an HTML login page", _login_page),
    "redirect": ("do nothing, answer 302 to `location` on another origin", _redirect),
}


TYPES: Mapping[str, UnionType | type] = {
    "times": int,
    "after": int,
    "seconds": int | float | None,
    "body_bytes": int | None,
}


class Faults:
    """The faults that wait, in the order in which they were added.

    `elsewhere` is where a redirect without `location` leads.
    """

    def __init__(self) -> None:
        self.elsewhere = ""
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: str, **matching: object) -> None:
        """Let a fault happen; names and values are those of Fault.

        Raises ValueError for a name or value that does not exist.
        """
        known = {field.name for field in dataclasses.fields(Fault)}
        if unknown := set(matching) - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))} - known: {sorted(known)}")
        if fault not in ACTIONS:
            raise ValueError(f"no fault is named {fault} - known: {', '.join(ACTIONS)}")
        for name, value in matching.items():
            if not isinstance(value, TYPES.get(name, str)) or isinstance(value, bool):
                raise ValueError(f"{name}: {value!r} is of the wrong type")
        added = Fault(fault=fault, **matching)  # type: ignore[arg-type]  # checked above
        added.location = added.location or self.elsewhere
        try:
            re.compile(added.path)
        except re.error as error:
            raise ValueError(f"path {added.path}: {error}") from error
        with self._lock:
            self._waiting.append(added)

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[dict[str, object]]:
        """Return what may still happen."""
        with self._lock:
            return [dataclasses.asdict(fault) for fault in self._waiting]

    def take(self, system: str, request: UploadRequest) -> Fault | None:
        """Return the fault that this request meets, if any, and count it."""
        with self._lock:
            for fault in self._waiting:
                if not fault.matches(system, request):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.times < 1:
                    self._waiting.remove(fault)
                return fault
        return None
