"""The vendor's own SDK as an independent judge: of our signature, and of the look-alike.

The SDK runs in an environment of its own; the package never needs it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator
from collections.abc import Mapping
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.parse import urlencode

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_attach_evidence.apis.codearts_signing import Signer
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.secrets import Secret

from .codearts_vendor_sdk import Sdk
from .codearts_vendor_sdk import python_with_sdk
from .codearts_vendor_sdk import running


IPD = "5f1e7a0c9b2d4e63a8c4d0f7b6219e35"
SCRUM = "b07c2d9e41f54a8b9e6d3c5a1f80e274"
ITEM = "956239067176935400"
HOST = "projectman-ext.cn-north-4.myhuaweicloud.com"
KEYS = {"access_key": "MADEUPACCESSKEY00001", "secret_key": "a secret key that opens nothing"}
SIGNER = Signer(
    access_key=Secret(KEYS["access_key"], "a test"),
    secret_key=Secret(KEYS["secret_key"], "a test"),
    clock=lambda: datetime(2026, 11, 20, 21, 58, 37, tzinfo=UTC),
)
FORM = {"Content-Type": "multipart/form-data; boundary=d35a1bf33c0a4f7192f53c9a77c144e5"}
JSON = {"Content-Type": "application/json"}
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1)


@pytest.fixture(scope="session")
def sdk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sdk]:
    """Run the SDK of the version that the facts about it were read in."""
    cache = getattr(request.config, "cache", None)
    folder = tmp_path_factory.mktemp("sdk") if cache is None else cache.mkdir("codearts-sdk")
    with running(python_with_sdk(folder), tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """The look-alike, whose answers tell as much as any edition of the documentation has."""
    switches = {"huawei": {"with_result": True, "name_key": "store_filename"}}
    with Sandbox(tmp_path / "servers", switches=switches) as started:
        yield started
        assert [] == started.crashes


@pytest.fixture
def there(sandbox: Sandbox) -> dict[str, str]:
    """Where the SDK finds the look-alike, and its key."""
    system: Any = sandbox.systems["huawei"]
    ours = system.access.credentials
    return {"root": system.root, "access_key": ours.access_key, "secret_key": ours.secret_key}


def same(
    sdk: Sdk,
    signer: Signer,
    method: str,
    path: str,
    *,
    query: list[tuple[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    body: str = "",
) -> None:
    """Assert that both sign a request alike: the same headers, and the same signature."""
    asked = f"?{urlencode(query, quote_via=quote)}" if query else ""
    url = f"https://{HOST}{quote(path)}{asked}"
    given = dict(headers or {})
    ours = dict(signer.headers(method, url, given))
    by_itself = ("Authorization", "x-sdk-content-sha256")
    added = {name: text for name, text in ours.items() if name not in by_itself}

    theirs = sdk.ask(
        "sign",
        **KEYS,
        method=method,
        host=HOST,
        path=path,
        query=query or [],
        headers={**given, "X-Sdk-Date": added.pop("x-sdk-date"), **added},
        body=body,
    )

    assert theirs["Authorization"] == ours["Authorization"]
    assert theirs.get("X-Sdk-Content-Sha256") == ours.get("x-sdk-content-sha256")


class TestSignature:
    """Character by character what the SDK computes for the same request."""

    UPLOAD = f"/v1/ipdprojectservice/projects/{IPD}/issues/{ITEM}/attachments/upload"

    REQUESTS: Mapping[str, Mapping[str, Any]] = {
        "upload": {"method": "POST", "path": UPLOAD, "headers": FORM, "body": "--d35a"},
        "query": {
            "method": "GET",
            "path": "/v4/projects",
            "query": [("offset", "0"), ("limit", "100"), ("search", "größe a+b & c")],
        },
        "search": {
            "method": "POST",
            "path": f"/v1/ipdprojectservice/projects/{IPD}/issues/tree",
            "query": [("category", "US,Task,Bug")],
            "headers": JSON,
            "body": '{"keyword":"größe 试"}',
        },
        "delete": {"method": "DELETE", "path": f"/v4/projects/{SCRUM}/issues/1042/attachments/5"},
        "odd path": {"method": "GET", "path": "/v1/größe/试 ~-_.!*'()/"},
    }

    @pytest.mark.parametrize("token", ["", "a temporary key's token +/="])
    @pytest.mark.parametrize("kind", REQUESTS)
    def test_every_kind_of_request_is_signed_alike(self, sdk: Sdk, token: str, kind: str) -> None:
        """Uploads with an unsigned body, searches with a signed one, and requests without any."""
        request = self.REQUESTS[kind]
        signer = SIGNER
        if request.get("headers") != FORM:
            signer = signer.covering(request.get("body", "").encode())
        if token:
            signer = dataclasses.replace(signer, security_token=Secret(token, "a test"))

        same(sdk, signer, **request)

    @settings(max_examples=150, deadline=None)
    @example(segments=["x"], query=[("a:b", "1"), ("a1", "2")], body="")
    @example(segments=["x"], query=[("é", "1"), ("z", "2"), ("試", "3")], body="")
    @given(
        segments=st.lists(WORDS, max_size=4),
        query=st.lists(st.tuples(WORDS, WORDS), max_size=4),
        body=st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    )
    def test_whatever_is_in_them(
        self, sdk: Sdk, segments: list[str], query: list[tuple[str, str]], body: str
    ) -> None:
        """Any characters in path, query and body."""
        signer = SIGNER.covering(body.encode())

        same(sdk, signer, "POST", "/" + "/".join(segments), query=query, headers=JSON, body=body)


class TestLookalike:
    """The SDK finds in the look-alike what it expects of the service."""

    @pytest.mark.parametrize("size", [0, 3_000_000])
    def test_an_ipd_attachment_goes_there_and_back(
        self, sdk: Sdk, sandbox: Sandbox, there: dict[str, str], tmp_path: Path, size: int
    ) -> None:
        """Uploaded, listed and downloaded by the SDK, byte by byte."""
        path, back = tmp_path / "größe 1.png", tmp_path / "back"
        path.write_bytes(b"\x89PNG" + bytes(range(256)) * (size // 256) if size else b"")
        item = {**there, "project": IPD, "issue": ITEM}

        done = sdk.ask("upload", **item, file=str(path))
        listed = sdk.ask("attachments", **item)
        [entry] = listed["result"]
        fetched = sdk.ask("download", **there, project=IPD, id=entry["id"], file=str(back))

        assert "success" == done["status"]
        assert (path.name, str(path.stat().st_size)) == (
            entry["store_filename"],
            str(entry["file_size"]),
        )
        assert (200, path.read_bytes()) == (fetched, back.read_bytes())
        [stored] = sandbox.store.ledger()
        assert hashlib.sha256(path.read_bytes()).hexdigest() == stored.sha256

    def test_a_scrum_attachment_goes_there_and_back_and_away(
        self, sdk: Sdk, sandbox: Sandbox, there: dict[str, str], tmp_path: Path
    ) -> None:
        """The item's detail lists it by the id that download and deletion take."""
        path, back = tmp_path / "a.txt", tmp_path / "back"
        path.write_bytes(b"content")
        item = {**there, "project": SCRUM, "issue": 1042}

        done = sdk.ask("upload_scrum", **item, file=str(path))
        [accessory] = sdk.ask("accessories", **item)
        id = str(accessory["attachment_id"])
        fetched = sdk.ask("download_scrum", **item, id=id, file=str(back))
        deleted = sdk.ask("delete_scrum", **item, id=id)

        assert (str(done["id"]), "a.txt") == (id, accessory["file_name"])
        assert (200, b"content") == (fetched, back.read_bytes())
        assert (204, []) == (deleted, sandbox.store.files("huawei"))

    def test_projects_and_work_items_are_found(self, sdk: Sdk, there: dict[str, str]) -> None:
        """Both lists of projects, and the list of work items."""
        ipd, every = sdk.ask("projects", **there)
        items = sdk.ask("items", **there, project=IPD, types="US,Bug")

        assert ([IPD], [IPD, SCRUM]) == (ipd, every)
        assert ITEM in items

    def test_refusals_are_read(self, sdk: Sdk, there: dict[str, str]) -> None:
        """Status and code of service and gateway arrive in the SDK's exceptions."""
        unknown = sdk.ask("attachments", **there, project="0" * 32, issue=ITEM)
        wrong = sdk.ask("projects", **{**there, "secret_key": "wrong"})

        assert (400, "PM.02152005") == unknown
        assert (401, "APIGW.0301") == wrong


@pytest.mark.parametrize(
    ("in_ci", "ends"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)]
)
def test_an_index_that_is_away_fails_ci_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_ci: str, ends: type[BaseException]
) -> None:
    """What is skipped everywhere shows nothing."""
    monkeypatch.setenv("CI_RUN", in_ci)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")

    with pytest.raises(ends, match="cannot be reached"):
        python_with_sdk(tmp_path)
