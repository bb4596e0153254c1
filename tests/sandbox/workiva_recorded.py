"""Asks the Workiva look-alike everything that is documented, and records each answer."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from itertools import product
from typing import Any

import requests
from lookalike_server import Clock
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response
from workiva_client import MATRIX
from workiva_client import PHASE
from workiva_client import SAMPLE
from workiva_client import Api
from workiva_client import ask_token
from workiva_documented import Exchange

from pytest_attach_evidence.sandbox.wire import raw_path
from pytest_attach_evidence.sandbox.workiva import WorkivaSystem


OBJECTS = ("/testForms/f1", PHASE, MATRIX, SAMPLE)
LISTS = ("/testForms", "/testForms/f1/testPhases", f"{PHASE}/matrices", f"{MATRIX}/samples")
OWNERS = (PHASE, MATRIX, SAMPLE)
EXPANDED = {
    "/testForms/f1": "testPhases.matrices.samples.attachments,testPhases.attachments,attachments",
    PHASE: "matrices,attachments",
    MATRIX: "samples.attachments,attachments",
    SAMPLE: "attachments",
}
BAD_TOKENS = (
    {"client_secret": "wrong"},
    {"grant_type": "password"},
    {"scope": "graph:everything"},
    {"scope": "file:write"},
)


class RecordedWorkiva(WorkivaSystem):
    """A look-alike that writes down what passes the API's origin."""

    exchanges: list[Exchange]

    def __post_init__(self) -> None:
        """Begin with nothing."""
        super().__post_init__()
        self.exchanges = []

    def handle(self, request: Request) -> Response:
        """Answer as ever."""
        body = request.get_data(cache=True)
        response = super().handle(request)
        self.exchanges.append(
            Exchange(
                method=request.method,
                path=raw_path(request),
                query=request.query_string.decode("latin-1"),
                sent={name.lower(): value for name, value in request.headers.items()},
                body=body,
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                answer=response.get_data(),
            )
        )
        return response


Start = Callable[..., RecordedWorkiva]


def every_answer(start: Start, prefix: str) -> list[Exchange]:
    """Ask each operation with each outcome, in one version and with all switches of shapes."""
    found: list[Exchange] = []
    shapes = product((False, True), (1, 50), (False, True))
    for nulls, page_size, relative in shapes:
        switches = {
            "nulls": nulls,
            "page_size": page_size,
            "relative_location": relative,
            "operation_location": relative,
        }
        _record(found, start, prefix, (_successes,), **switches)
    _record(found, start, prefix, (_bad_requests, _strangers, _hidden))
    _record(found, start, prefix, (_polls,), settle_s=None, settle_polls=3)
    for status in (403, 404, 409):
        _record(found, start, prefix, (_locked,), locked_status=status)
    for outcome in ("failed", "cancelled", "stuck"):
        _record(found, start, prefix, (_ends,), outcome=outcome)
    _record(found, start, prefix, (_unconvertible,), unconvertible="txt")
    _record(found, start, prefix, (_too_fast,), poll_interval_s=1.0, clock=Clock())
    for status in (400, 401):
        _record(found, start, prefix, (_bad_tokens,), bad_client_status=status)
    for status in (429, 500, 503):
        _record(found, start, prefix, (_failing(status),))
    return found


def _record(
    found: list[Exchange],
    start: Start,
    prefix: str,
    drives: tuple[Callable[[Api], None], ...],
    **switches: Any,
) -> None:
    system = start(**switches)
    api = Api(system, prefix)
    for drive in drives:
        drive(api)
    found += system.exchanges


def _successes(api: Api) -> None:
    """Attach at every level; read, list, expand, download and export everything."""
    ids = {}
    for owner in OWNERS:
        for name in ("a.txt", "größe.png"):
            begun = api.upload(owner, name)
            api.call(
                "GET",
                begun.headers["Location"]
                if "://" in begun.headers["Location"]
                else _bare(api, begun),
            )
        ids[owner] = api.call("GET", f"{owner}/attachments").json()["data"][0]["id"]
    for path in (*LISTS, *(f"{owner}/attachments" for owner in OWNERS)):
        _every_page(api, path)
    for path in LISTS:
        _every_page(api, path, {"$expand": "attachments"})
    for path in OBJECTS:
        api.call("GET", path)
        api.call("GET", path, params={"$expand": EXPANDED[path]})
    for owner, id in ids.items():
        single = f"{owner}/attachments/{id}"
        api.call("GET", single)
        _to_its_end(api, api.call("POST", f"{single}/download"))
        _to_its_end(api, api.call("POST", f"{single}/export", json={"format": "pdf"}))
    _to_its_end(api, api.call("POST", "/testForms/f1/export", json={"format": "xlsx"}))


def _bare(api: Api, begun: requests.Response) -> str:
    """Return a relative `Location` as `Api.call` takes it: without the version's prefix."""
    return begun.headers["Location"].removeprefix(api.prefix)


def _to_its_end(api: Api, begun: requests.Response) -> None:
    location = begun.headers["Location"]
    api.call("GET", location if "://" in location else _bare(api, begun))


def _every_page(api: Api, path: str, params: dict[str, str] | None = None) -> None:
    page = api.call("GET", path, params=params).json()
    while link := page.get("@nextLink"):
        page = api.call("GET", link).json()


def _bad_requests(api: Api) -> None:
    """400 of every operation that takes something."""
    for owner in OWNERS:
        api.upload(owner)
        id = api.call("GET", f"{owner}/attachments").json()["data"][0]["id"]
        api.call("POST", f"{owner}/attachmentUpload", json={"fileName": 7})
        api.call("POST", f"{owner}/attachmentUpload", data=b"no json")
        api.call("POST", f"{owner}/attachments/{id}/export", json={"format": "docx"})
        api.call("GET", f"{owner}/attachments", params={"$next": "?"})
    for path in LISTS:
        api.call("GET", path, params={"$expand": "nonsense"})
    for path in OBJECTS:
        api.call("GET", path, params={"$expand": "nonsense"})
    api.call("POST", "/testForms/f1/export", json={"format": "pdf"})


def _everything(api: Api) -> Iterator[tuple[str, str]]:
    """Yield method and path of every operation but the token's."""
    for path in (*LISTS, *OBJECTS, "/operations/none"):
        yield "GET", path
    yield "POST", "/testForms/f1/export"
    for owner in OWNERS:
        yield "POST", f"{owner}/attachmentUpload"
        yield "GET", f"{owner}/attachments"
        yield "GET", f"{owner}/attachments/none"
        yield "POST", f"{owner}/attachments/none/download"
        yield "POST", f"{owner}/attachments/none/export"


def _strangers(api: Api) -> None:
    """401 without a token of ours, 403 with one that may not."""
    bearer = api.bearer
    for wrong in ({}, {"Authorization": "Bearer made-up"}, {"Authorization": "Basic eDp5"}):
        api.bearer = wrong
        for method, path in _everything(api):
            api.call(method, path)
    for scope in ("graph:read", "graph:write"):
        token = api.token(scope=scope)["access_token"]
        api.bearer = {"Authorization": f"Bearer {token}"}
        for method, path in _everything(api):
            api.call(method, path)
    api.bearer = bearer


def _hidden(api: Api) -> None:
    """404 of everything below a form that nobody sees, and of operations and attachments."""
    for method, path in _everything(api):
        body = {"format": "pdf"} if path.endswith("export") else {"fileName": "a"}
        api.call(method, path.replace("/testForms/f1", "/testForms/f9"), json=body)
        if path.count("none"):
            api.call(method, path, json=body)


def _polls(api: Api) -> None:
    """Every state on the way."""
    begun = api.begin(PHASE)
    api.status(begun)
    api.put(begun, b"x")
    for _ in range(3):
        api.status(begun)


def _ends(api: Api) -> None:
    """The other ends of an upload."""
    api.status(api.upload(PHASE))


def _locked(api: Api) -> None:
    """An upload below a form that may only be read."""
    api.call("POST", "/testForms/f8/testPhases/p8/attachmentUpload", json={"fileName": "a"})


def _unconvertible(api: Api) -> None:
    """An export that fails."""
    for owner in OWNERS:
        api.upload(owner)
        id = api.call("GET", f"{owner}/attachments").json()["data"][0]["id"]
        export = f"{owner}/attachments/{id}/export"
        _to_its_end(api, api.call("POST", export, json={"format": "pdf"}))


def _too_fast(api: Api) -> None:
    """429 of a poll."""
    begun = api.upload(PHASE)
    for _ in range(2):
        api.call("GET", begun.headers["Location"])


def _bad_tokens(api: Api) -> None:
    """Token requests that are refused."""
    for wrong in BAD_TOKENS:
        ask_token(api.system, "/iam/v1" if api.prefix else "", api.version, **wrong)


def _failing(status: int) -> Callable[[Api], None]:
    """Return what asks everything while the service fails."""

    def drive(api: Api) -> None:
        api.system.failing = status  # type: ignore[assignment]
        for method, path in _everything(api):
            api.call(method, path)

    return drive
