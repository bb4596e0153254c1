"""What Workiva documents of its answers, as our own assertions about recorded ones.

Source: the vendor's description of version 2026-01-01, and the pages on errors and operations. Nothing of
it is copied: names of operations, statuses and keys are facts. Where the description requires less
than its words promise (`Location` of a 202, `uploadUrl`), the words count.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


PHASE = "/testForms/*/testPhases/*"
MATRIX = f"{PHASE}/matrices/*"
SAMPLE = f"{MATRIX}/samples/*"
REFUSALS = {400, 401, 403, 404, 409, 429, 500, 503}
STATES = {"acknowledged", "queued", "started", "completed", "cancelled", "failed"}
PREFIXES = {"/platform/v1": "", "/iam/v1": ""}


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request to the API's origin, and its answer. Header names are in lower case."""

    method: str
    path: str
    query: str
    sent: dict[str, str]
    body: bytes
    status: int
    headers: dict[str, str]
    answer: bytes

    @property
    def modern_path(self) -> str:
        """The path without what the older version puts before it."""
        for prefix in PREFIXES:
            if self.path.startswith(f"{prefix}/"):
                return self.path.removeprefix(prefix)
        return self.path

    @property
    def operation(self) -> str:
        """The vendor's name for what was asked, '' for what it does not document."""
        for (method, template), (name, _, _) in OPERATIONS.items():
            pattern = re.escape(template).replace(r"\*", "[^/]+")
            if method == self.method and re.fullmatch(pattern, self.modern_path):
                return name
        return ""


def violations(exchange: Exchange) -> list[str]:
    """Return what of an answer is not as it is documented."""
    success, judge = next(
        (status, judge) for name, status, judge in OPERATIONS.values() if name == exchange.operation
    )
    if exchange.status == success:
        found = list(judge(exchange))
    elif exchange.operation == "tokenRequest":
        found = list(_iam_error(exchange)) if exchange.status in (400, 401) else ["status"]
    elif exchange.status in REFUSALS:
        found = list(_problem(exchange))
    else:
        found = ["status"]
    return [f"{exchange.operation} {exchange.status}: {one}" for one in found]


def _document(exchange: Exchange) -> Any:
    if exchange.headers.get("content-type", "").partition(";")[0] != "application/json":
        return None
    return json.loads(exchange.answer)


def _texts(entry: Any, names: Iterable[str], *, required: Iterable[str] = ()) -> Iterator[str]:
    """Yield what is no object, lacks a required text, or has something else than a text."""
    if not isinstance(entry, dict):
        yield "no object"
        return
    for name in required:
        if not isinstance(entry.get(name), str) or not entry[name]:
            yield f"no {name}"
    for name in names:
        if name in entry and not isinstance(entry[name], str):
            yield f"{name} is no text"


def _unknown(entry: Any, known: Iterable[str]) -> Iterator[str]:
    for name in set(entry if isinstance(entry, dict) else ()) - set(known):
        yield f"{name} is not documented"


def _each(entry: Any, name: str, judge: Callable[[Any], Iterator[str]]) -> Iterator[str]:
    """Judge what an optional, nullable list holds."""
    found = entry.get(name) if isinstance(entry, dict) else None
    if found is not None and not isinstance(found, list):
        yield f"{name} is no list"
        return
    for one in found or ():
        yield from judge(one)


def attachment(entry: Any) -> Iterator[str]:
    """Judge a GraphAttachment."""
    yield from _texts(entry, (), required=("id", "fileName"))
    yield from _unknown(entry, ("id", "fileName"))


def column(entry: Any) -> Iterator[str]:
    """Judge a MatrixColumn."""
    yield from _texts(entry, ("externalId",), required=("id", "name"))
    yield from _unknown(entry, ("id", "name", "externalId", "testable"))
    if not isinstance(entry.get("testable", False), bool):
        yield "testable is no boolean"


def cell(entry: Any) -> Iterator[str]:
    """Judge a SampleCell: values are always texts."""
    yield from _texts(entry, ("value",), required=("column",))
    yield from _unknown(entry, ("column", "value"))


def sample(entry: Any) -> Iterator[str]:
    """Judge a MatrixSample."""
    yield from _texts(entry, (), required=("id",))
    yield from _unknown(entry, ("id", "dataValues", "resultValues", "attachments"))
    yield from _each(entry, "dataValues", cell)
    yield from _each(entry, "resultValues", cell)
    yield from _each(entry, "attachments", attachment)


def matrix(entry: Any) -> Iterator[str]:
    """Judge a Matrix."""
    known = ("id", "name", "dataColumns", "resultColumns", "attachments", "samples")
    yield from _texts(entry, (), required=("id", "name"))
    yield from _unknown(entry, known)
    yield from _each(entry, "dataColumns", column)
    yield from _each(entry, "resultColumns", column)
    yield from _each(entry, "attachments", attachment)
    yield from _each(entry, "samples", sample)


def phase(entry: Any) -> Iterator[str]:
    """Judge a TestPhase."""
    yield from _texts(entry, (), required=("id", "name"))
    yield from _unknown(entry, ("id", "name", "attachments", "matrices"))
    yield from _each(entry, "attachments", attachment)
    yield from _each(entry, "matrices", matrix)


def form(entry: Any) -> Iterator[str]:
    """Judge a TestForm."""
    yield from _texts(entry, (), required=("id", "name"))
    yield from _unknown(entry, ("id", "name", "attachments", "testPhases"))
    yield from _each(entry, "attachments", attachment)
    yield from _each(entry, "testPhases", phase)


def one(judge: Callable[[Any], Iterator[str]]) -> Callable[[Exchange], Iterator[str]]:
    """Return what judges an answer that is one object."""
    return lambda exchange: judge(_document(exchange))


def pages(judge: Callable[[Any], Iterator[str]]) -> Callable[[Exchange], Iterator[str]]:
    """Return what judges a page of a list."""

    def judged(exchange: Exchange) -> Iterator[str]:
        found = _document(exchange)
        if not isinstance(found, dict) or not isinstance(found.get("data"), list):
            yield "no data"
            return
        yield from _unknown(found, ("data", "@nextLink"))
        if not isinstance(found.get("@nextLink", ""), str | None):
            yield "@nextLink is neither a text nor null"
        yield from _each(found, "data", judge)

    return judged


def _accepted(exchange: Exchange) -> Iterator[str]:
    if not re.search(r"/operations/[0-9a-f]{32}$", exchange.headers.get("location", "")):
        yield "Location leads to no operation"
    yield from _retry_after(exchange)


def long_running(exchange: Exchange) -> Iterator[str]:
    """Judge a 202 that only starts something."""
    yield from _accepted(exchange)
    if exchange.answer:
        yield "a body"


def upload(exchange: Exchange) -> Iterator[str]:
    """Judge the start of an upload."""
    yield from _accepted(exchange)
    found = _document(exchange)
    yield from _texts(found, (), required=("uploadUrl",))
    yield from _unknown(found, ("uploadUrl", "operationLocation"))


def operation(exchange: Exchange) -> Iterator[str]:
    """Judge a poll."""
    yield from _retry_after(exchange)
    found = _document(exchange)
    yield from _texts(found, (), required=("id", "status", "originalRequest"))
    known = ("id", "status", "created", "updated", "originalRequest", "resourceUrl", "details")
    yield from _unknown(found, known)
    if found.get("status") not in STATES:
        yield "status is no state"
    if str(uuid.UUID(found["originalRequest"])) != found["originalRequest"]:
        yield "originalRequest is no UUID"
    if not isinstance(found.get("resourceUrl"), str | None):
        yield "resourceUrl is neither a text nor null"
    if found.get("status") == "failed" and not found.get("details"):
        yield "failed without details"
    for name in ("created", "updated"):
        moment = found[name]["dateTime"]
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment):
            yield f"{name} is no moment"
    yield from _each(found, "details", _detail)


def token(exchange: Exchange) -> Iterator[str]:
    """Judge a BearerToken: all four fields are required."""
    found = _document(exchange)
    yield from _texts(found, (), required=("access_token", "scope", "token_type"))
    yield from _unknown(found, ("access_token", "expires_in", "scope", "token_type"))
    if type(found.get("expires_in")) is not int:
        yield "expires_in is no number"


def _retry_after(exchange: Exchange) -> Iterator[str]:
    if not re.fullmatch(r"\d+", exchange.headers.get("retry-after", "")):
        yield "Retry-After is no number"


def _detail(entry: Any) -> Iterator[str]:
    yield from _texts(entry, ("target",), required=("code", "message"))
    yield from _unknown(entry, ("code", "message", "target"))


def _problem(exchange: Exchange) -> Iterator[str]:
    """Judge a refusal of the platform; the older version does not name itself."""
    found = _document(exchange)
    yield from _texts(
        found, ("target", "documentationUrl", "version"), required=("code", "message")
    )
    known = ("code", "message", "target", "details", "documentationUrl", "version")
    yield from _unknown(found, known)
    yield from _each(found, "details", _detail)


def _iam_error(exchange: Exchange) -> Iterator[str]:
    found = _document(exchange)
    yield from _texts(found, ("error_description", "error_uri"), required=("error",))
    yield from _unknown(found, ("error", "error_description", "error_uri"))


def _attachments_of(owner: str, name: str) -> dict[tuple[str, str], Any]:
    capital = name[0].upper() + name[1:]
    single = f"{owner}/attachments/*"
    return {
        ("POST", f"{owner}/attachmentUpload"): (f"{name}AttachmentUpload", 202, upload),
        ("GET", f"{owner}/attachments"): (f"get{capital}Attachments", 200, pages(attachment)),
        ("GET", single): (f"get{capital}AttachmentById", 200, one(attachment)),
        ("POST", f"{single}/download"): (f"{name}AttachmentDownloadById", 202, long_running),
        ("POST", f"{single}/export"): (f"{name}AttachmentExportById", 202, long_running),
    }


# Those that change the tables of a form are not offered: see docs/operations/workiva.md.
OPERATIONS: dict[tuple[str, str], tuple[str, int, Callable[[Exchange], Iterator[str]]]] = {
    ("POST", "/oauth2/token"): ("tokenRequest", 200, token),
    ("GET", "/operations/*"): ("getOperationById", 200, operation),
    ("GET", "/testForms"): ("getTestForms", 200, pages(form)),
    ("GET", "/testForms/*"): ("getTestFormById", 200, one(form)),
    ("POST", "/testForms/*/export"): ("testFormExport", 202, long_running),
    ("GET", "/testForms/*/testPhases"): ("getTestPhases", 200, pages(phase)),
    ("GET", PHASE): ("getTestPhaseById", 200, one(phase)),
    ("GET", f"{PHASE}/matrices"): ("getMatrices", 200, pages(matrix)),
    ("GET", MATRIX): ("getMatrixById", 200, one(matrix)),
    ("GET", f"{MATRIX}/samples"): ("getSamples", 200, pages(sample)),
    ("GET", SAMPLE): ("getSampleById", 200, one(sample)),
    **_attachments_of(PHASE, "testPhase"),
    **_attachments_of(MATRIX, "matrix"),
    **_attachments_of(SAMPLE, "sample"),
}
