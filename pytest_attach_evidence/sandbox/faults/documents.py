"""Faults inside a sound JSON answer: other values, other headers, other names of attachments."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Response

from ..body import UploadRequest
from .fault import Actions
from .fault import Fault
from .fault import Proceed
from .fault import Wait


KEYED = re.compile(r".*--[0-9a-f]{12}[^/]*")


def _array(_fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    return _with(proceed(), lambda document: [document])


def _field(fault: Fault, request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    value = fault.value
    value = fault.filled(value, request) if isinstance(value, str) else value
    return _with(proceed(), lambda document: _replaced(document, fault.name, value))


def _without(fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    return _with(proceed(), lambda document: _dropped(document, fault.name))


def _header(fault: Fault, request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    response = proceed()
    response.autocorrect_location_header = False
    if fault.value is None:
        response.headers.pop(fault.name, None)
    else:
        response.headers[fault.name] = fault.filled(str(fault.value), request)
    return response


def _names(fault: Fault, _request: UploadRequest, proceed: Proceed, _wait: Wait) -> Response:
    change = NAME_CHANGES.get(str(fault.value), NAME_CHANGES["numbered"])
    return _with(proceed(), lambda document: _renamed(document, change))


def _split(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem else (name, "")


NAME_CHANGES: dict[str, Callable[[str], str]] = {
    "numbered": lambda name: f"{_split(name)[0]} (1){_split(name)[1]}",
    "stem": lambda name: _split(name)[0],
    "upper": str.upper,
    "cut": lambda name: name[: name.index("--") + 6],
}


def _with(response: Response, change: Callable[[Any], Any]) -> Response:
    """Return an answer with its JSON document changed; what is not JSON stays as it is."""
    try:
        document = json.loads(response.get_data())
    except ValueError:
        return response
    response.set_data(json.dumps(change(document), ensure_ascii=False).encode())
    return response


def _replaced(document: Any, name: str, value: Any) -> Any:
    if isinstance(document, list):
        return [_replaced(one, name, value) for one in document]
    if not isinstance(document, dict):
        return document
    return {k: value if k == name else _replaced(v, name, value) for k, v in document.items()}


def _dropped(document: Any, name: str) -> Any:
    if isinstance(document, list):
        return [_dropped(one, name) for one in document]
    if not isinstance(document, dict):
        return document
    return {k: _dropped(v, name) for k, v in document.items() if k != name}


def _renamed(document: Any, change: Callable[[str], str]) -> Any:
    if isinstance(document, list):
        return [_renamed(one, change) for one in document]
    if isinstance(document, dict):
        return {key: _renamed(value, change) for key, value in document.items()}
    if isinstance(document, str) and KEYED.fullmatch(document):
        return change(document)
    return document


DOCUMENTS: Actions = {
    "array": ("do all of it, put the JSON answer into a list", _array),
    "field": ("do all of it, answer with `value` for every key `name`", _field),
    "without": ("do all of it, leave every key `name` out of the answer", _without),
    "header": ("do all of it, answer with `value` as header `name` (null: without)", _header),
    "names": (
        "do all of it, show attachments under other names; `value`: numbered, stem, upper, cut",
        _names,
    ),
}
