"""Faults of the connection: what is cut, lost, reset, silent or slow."""

from __future__ import annotations

from werkzeug.wrappers import Response

from ..body import UploadRequest
from ..origin import CutResponse
from ..origin import HangUp
from ..origin import PacedResponse
from ..origin import StaleResponse
from .fault import Action
from .fault import Actions
from .fault import Fault
from .fault import Proceed
from .fault import Wait


LONG_S = 60.0
SLOW_BLOCK = 16 * 1024


def _lost(*, reset: bool) -> Action:
    def act(_fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
        proceed().close()
        raise HangUp(reset=reset)

    return act


def _answer_cut(_fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    whole = proceed()
    data = whole.get_data()
    cut = CutResponse(data[: len(data) // 2], whole.status, whole.headers)
    cut.headers["Content-Length"] = str(len(data))
    return cut


def _reset(fault: Fault, request: UploadRequest, _proceed: Proceed, _wait: Wait) -> Response:
    length, wanted = request.body.length, fault.body_bytes
    wanted = length // 2 if wanted is None else wanted
    request.body.throw_away(wanted if wanted >= 0 else max(0, length + wanted))
    raise HangUp(reset=True)


def greeted(fault: Fault, wait: Wait) -> None:
    """Do what a fault does to a new connection: raise HangUp, at once or after a while."""
    if fault.fault == "silent-at-accept":
        wait(LONG_S if fault.seconds is None else fault.seconds)
    raise HangUp(reset=fault.fault == "reset-at-accept")


def _at_accept(fault: Fault, _request: UploadRequest, _proceed: Proceed, wait: Wait) -> Response:
    greeted(fault, wait)
    raise AssertionError


def _slow(fault: Fault, _request: UploadRequest, proceed: Proceed, wait: Wait) -> Response:
    response = proceed()
    wait(5.0 if fault.seconds is None else fault.seconds)
    return response


def _stalled(fault: Fault, _request: UploadRequest, proceed: Proceed, wait: Wait) -> Response:
    wait(5.0 if fault.seconds is None else fault.seconds)
    return proceed()


def _silent(fault: Fault, request: UploadRequest, _proceed: Proceed, wait: Wait) -> Response:
    request.body.throw_away(request.body.length)
    wait(LONG_S if fault.seconds is None else fault.seconds)
    raise HangUp


def _slow_reading(fault: Fault, request: UploadRequest, proceed: Proceed, wait: Wait) -> Response:
    pause_s = 0.05 if fault.seconds is None else fault.seconds
    request.body.read_slowly(fault.body_bytes or SLOW_BLOCK, lambda: wait(pause_s))
    return proceed()


def _drip(*, head: bool) -> Action:
    def act(fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
        response = proceed()
        paced = PacedResponse(response.get_data(), response.status, response.headers)
        paced.pace_s = 0.3 if fault.seconds is None else fault.seconds
        paced.head = head
        return paced

    return act


def _stale(_fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    whole = proceed()
    return StaleResponse(whole.get_data(), whole.status, whole.headers)


AT_ACCEPT = ("reset-at-accept", "silent-at-accept")
CONNECTION: Actions = {
    "reset-at-accept": ("reset a new connection before a byte is read", _at_accept),
    "silent-at-accept": ("accept, read and say nothing for `seconds` (60)", _at_accept),
    "reset-before-answer": (
        "read `body_bytes` of the body (half; 0: the head only; -1: all but one), reset",
        _reset,
    ),
    "answer-lost": (
        "do all of it, then close the connection without an answer",
        _lost(reset=False),
    ),
    "answer-reset": ("do all of it, then reset the connection", _lost(reset=True)),
    "answer-cut": ("do all of it, send half of the answer, close", _answer_cut),
    "slow": ("do all of it, answer after `seconds` (5)", _slow),
    "stalled": ("wait `seconds` (5), only then begin", _stalled),
    "silent": ("read the body, do and say nothing for `seconds` (60), close", _silent),
    "slow-reading": (
        "read `body_bytes` (16384) of the body, wait `seconds` (0.05), and so on",
        _slow_reading,
    ),
    "drip": ("do all of it, send the body one byte per `seconds` (0.3)", _drip(head=False)),
    "drip-all": ("the same, beginning with the status line", _drip(head=True)),
    "stale": ("answer, promise to keep the connection open, close it", _stale),
}
