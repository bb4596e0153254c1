"""The Rillsoft look-alike takes one file per attachment id and refuses with the documented bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from plain_http import Api

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.rillsoft import ABSENT
from pytest_attach_evidence.sandbox.rillsoft_tokens import ACCOUNTS


PATH = "/api/v2/clients/7/attachments/4711"
FILE = {"file": ("evidence.zip", b"bytes", "application/zip")}


@pytest.fixture
def rillsoft(sandbox: Sandbox, apis: Callable[..., Api]) -> Api:
    """A client with the token of the exports."""
    return apis(sandbox.roots["rillsoft"], sandbox.exports()["PYTEST_EVIDENCE_RILLSOFT_TOKEN"])


def login(api: Api, user: str = "sandbox-user", password: str | None = None) -> requests.Response:
    """Ask for a token."""
    body = {"username": user, "password": password or ACCOUNTS[user]}
    return api.post("/api/v1/login", json=body)


def assert_refused(answer: requests.Response, status: int, message: str) -> dict[str, Any]:
    """Assert one of the documented refusals; return its body."""
    body: dict[str, Any] = answer.json()
    assert answer.status_code == status
    assert (body["status"], body["code"], body["message"]) == ("error", status, message)
    return body


def test_upload(sandbox: Sandbox, rillsoft: Api) -> None:
    """An upload is 201 with the documented body, which says nothing about the file."""
    answer = rillsoft.post(PATH, files=FILE)

    assert answer.status_code == 201
    assert answer.json() == {
        "status": "success",
        "code": 201,
        "message": "Operation completed successfully",
        "details": [],
    }
    held = sandbox.store.files("rillsoft", "clients/7/attachments/4711")
    assert [(file.name, file.size) for file in held] == [("evidence.zip", 5)]


def test_second_upload_replaces(sandbox: Sandbox, rillsoft: Api) -> None:
    """A second upload to an id replaces its file, and the ledger keeps both."""
    rillsoft.post(PATH, files=FILE)
    rillsoft.post(PATH, files={"file": ("second.txt", b"2")})

    assert [file.name for file in sandbox.store.files("rillsoft")] == ["second.txt"]
    assert [file.name for file in sandbox.store.ledger()] == ["evidence.zip", "second.txt"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("project_id=12", 201),
        ("portfolio_id=3", 201),
        ("project_id=12&portfolio_id=3", 201),
        ("project_id=13", 404),
        ("portfolio_id=4", 404),
        ("project_id=99", 404),
        ("project_id=", 400),
        ("project_id=x", 400),
    ],
)
def test_scopes(rillsoft: Api, query: str, status: int) -> None:
    """Project and portfolio narrow the search; empty or wrong values are refused."""
    assert rillsoft.post(f"{PATH}?{query}", files=FILE).status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/clients/7/attachments/4801",
        "/api/v2/clients/77/attachments/4711",
        "/api/v2/clients/seven/attachments/4711",
        "/api/v2/clients/7/attachments/-1",
        "/api/v2/clients/7/attachments/",
        "/api/v2/clients/7/documents/4711",
    ],
)
def test_unknown_is_404(rillsoft: Api, path: str) -> None:
    """An unknown tenant, attachment or path is 404."""
    assert_refused(rillsoft.post(path, files=FILE), 404, "Not found")


def test_only_post(rillsoft: Api) -> None:
    """No operation reads an attachment: the vendor documents none."""
    assert_refused(rillsoft.get(PATH), 404, "Not found")


def test_rights(rillsoft: Api, apis: Callable[..., Api]) -> None:
    """A foreign tenant, and a user who may only read, are 403."""
    token = login(rillsoft, "sandbox-reader").json()["token"]
    reader = apis(rillsoft.root, token)

    assert_refused(
        rillsoft.post("/api/v2/clients/9/attachments/4901", files=FILE), 403, "Access denied"
    )
    assert reader.get("/api/v2/clients/7/projects").status_code == 200
    assert_refused(reader.post(PATH, files=FILE), 403, "Access denied")


@pytest.mark.parametrize(
    "body",
    [
        {"files": {"files": ("a.txt", b"a")}},
        {"files": [("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))]},
        {"files": {"file": ("a.txt", b"a")}, "data": {"name": "x"}},
        {"files": {"file": (None, "text")}},
        {"json": {"file": "string"}},
        {"data": b"raw", "headers": {"Content-Type": "multipart/form-data"}},
        {},
    ],
)
def test_bodies_it_refuses(sandbox: Sandbox, rillsoft: Api, body: dict[str, Any]) -> None:
    """Anything but one file part named `file` is 400 and stores nothing."""
    assert_refused(rillsoft.post(PATH, **body), 400, "Invalid request")
    assert sandbox.store.ledger() == []


@pytest.mark.parametrize("token", ["", "not-a-token", "a.b.c"])
def test_tokens_it_refuses(sandbox: Sandbox, apis: Callable[..., Api], token: str) -> None:
    """A missing or forged token is 401."""
    api = apis(sandbox.roots["rillsoft"], token)

    body = assert_refused(api.post(PATH, files=FILE), 401, "Authentication failed")
    assert isinstance(body["details"], str)


def test_login_and_expiry(start: Callable[..., Sandbox], apis: Callable[..., Api]) -> None:
    """A login's token works until its life is over, and a new one works again."""
    now = [1_000_000.0]
    sandbox = start(rillsoft={"token_life_s": 60.0, "clock": lambda: now[0]})
    api = apis(sandbox.roots["rillsoft"], "")
    first = apis(api.root, login(api).json()["token"])

    assert first.post(PATH, files=FILE).status_code == 201
    now[0] += 60
    body = assert_refused(first.post(PATH, files=FILE), 401, "Authentication failed")
    assert body["details"] == "Expired JWT token"
    assert apis(api.root, login(api).json()["token"]).post(PATH, files=FILE).status_code == 201


def test_wrong_password(rillsoft: Api) -> None:
    """A wrong password, an unknown user and no JSON are 401."""
    assert login(rillsoft, "sandbox-user", "wrong").status_code == 401
    assert login(rillsoft, "nobody", "x").status_code == 401
    assert rillsoft.post("/api/v1/login", data=b"x").status_code == 401


def test_projects_and_portfolios(rillsoft: Api) -> None:
    """Projects and portfolios of a tenant can be listed."""
    projects = rillsoft.get("/api/v2/clients/7/projects").json()["details"]
    portfolios = rillsoft.get("/api/v2/clients/7/portfolios").json()["details"]

    assert [project["id"] for project in projects] == [12, 13]
    assert [portfolio["id"] for portfolio in portfolios] == [3, 4]


def test_documents(rillsoft: Api) -> None:
    """The DMS documents of a tenant can be listed; they are none of its attachments."""
    documents = rillsoft.get("/api/v2/clients/7/dms/documents").json()["details"]

    assert [(one["documentId"], one["projectId"]) for one in documents] == [(901, 12), (902, 13)]
    assert_refused(rillsoft.get("/api/v2/clients/9/dms/documents"), 403, "Access denied")


@pytest.mark.parametrize(
    ("shape", "keys"), [("named", {"projects", "total"}), ("odd", {"page"}), ("array", None)]
)
def test_shapes_that_no_page_describes(
    start: Callable[..., Sandbox], apis: Callable[..., Api], shape: str, keys: set[str] | None
) -> None:
    """Where the vendor says nothing of an answer, a server may answer anything."""
    sandbox = start(rillsoft={"list_shape": shape, "login_wrapped": True, "details": ABSENT})
    api = apis(sandbox.roots["rillsoft"], "")
    token = login(api).json()["details"]["token"]

    found = apis(api.root, token).get("/api/v2/clients/7/projects").json()

    assert (set(found) if keys else len(found)) == (keys or 2)
    assert set(api.get(PATH).json()) == {"status", "code", "message"}


def test_deviations(start: Callable[..., Sandbox], apis: Callable[..., Api]) -> None:
    """Switches change the answers in the ways a real server might."""
    switches = {"bare_401": True, "details": {"a": 1}, "success_code": 200, "success_status": "ok"}
    sandbox = start(rillsoft=switches)
    token = sandbox.exports()["PYTEST_EVIDENCE_RILLSOFT_TOKEN"]
    api, stranger = apis(sandbox.roots["rillsoft"], token), apis(sandbox.roots["rillsoft"], "")

    assert stranger.post(PATH, files=FILE).json() == {"code": 401, "message": "JWT token not found"}
    assert api.get(PATH).json()["details"] == {"a": 1}
    assert api.post(PATH, files=FILE).status_code == 200
