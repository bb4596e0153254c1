"""Whom the Workiva look-alike lets in, and under which version."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from lookalike_server import Clock
from lookalike_server import starting
from workiva_client import PHASE
from workiva_client import VERSION
from workiva_client import Api
from workiva_client import ask_token

from pytest_attach_evidence.sandbox.workiva import WorkivaSystem


Start = Callable[..., WorkivaSystem]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., WorkivaSystem]]:
    """Starts look-alikes that settle at once, unless a switch says otherwise."""
    with starting(WorkivaSystem, tmp_path, settle_s=0.0) as started:
        yield started


class TestToken:
    """The token endpoint and what bearers allow."""

    def test_fields(self, start: Start) -> None:
        """A token answer has the four required fields and is counted."""
        system = start()
        answer = ask_token(system, "", VERSION)

        body = answer.json()
        assert set(body) == {"access_token", "expires_in", "scope", "token_type"}
        assert (body["expires_in"], body["scope"]) == (599, "graph:read graph:write")
        assert system.tokens.calls == 1

    def test_basic(self, start: Start) -> None:
        """Id and secret are taken from a Basic header too."""
        system = start()
        auth = tuple(system.exports().values())
        url = f"{system.root}/oauth2/token"
        form = {"grant_type": "client_credentials"}

        answer = requests.post(url, data=form, auth=auth, headers=VERSION, timeout=10)

        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("more", "status", "error"),
        [
            ({"client_secret": "wrong"}, 401, "invalid_client"),
            ({"grant_type": "password"}, 400, "invalid_request"),
            ({"scope": "graph:everything"}, 400, "invalid_scope"),
            ({"scope": "file:write"}, 400, "invalid_scope"),
        ],
    )
    def test_refusals(self, start: Start, more: dict[str, str], status: int, error: str) -> None:
        """A refused token request gets the OAuth shape, not the platform's."""
        answer = ask_token(start(), "", VERSION, **more)

        assert answer.status_code == status
        assert set(answer.json()) == {"error", "error_description", "error_uri"}
        assert answer.json()["error"] == error

    def test_life(self, start: Start) -> None:
        """A bearer older than its life is refused with 401."""
        clock = Clock()
        api = Api(start(token_life_s=599, clock=clock))
        assert api.call("GET", "/testForms").status_code == 200
        clock.now += 599

        answer = api.call("GET", "/testForms")

        assert (answer.status_code, answer.json()["code"]) == (401, "401Unauthorized")

    def test_revoked(self, start: Start) -> None:
        """Revoked bearers are refused everywhere, on the second origin too."""
        system = start()
        api = Api(system)
        begun = api.begin(PHASE)
        system.tokens.revoke_all()

        assert api.put(begun, b"x").status_code == 401
        assert api.call("GET", PHASE).status_code == 401

    def test_scope(self, start: Start) -> None:
        """A bearer narrowed to reading may list and poll but not upload."""
        system = start()
        begun = Api(system).begin(PHASE)
        api = Api(system, scope="graph:read")

        assert api.names(PHASE) == []
        assert api.call("GET", begun.headers["Location"]).status_code == 200
        refused = api.call("POST", f"{PHASE}/attachmentUpload", json={"fileName": "a"})
        assert (refused.status_code, refused.json()["code"]) == (403, "403Forbidden")


class TestVersions:
    """Paths and X-Version belong together."""

    @pytest.mark.parametrize(
        ("path", "version"),
        [
            ("/testForms", None),
            ("/testForms", "2022-01-01"),
            ("/testForms", "2031-01-01"),
            ("/platform/v1/testForms", "2026-01-01"),
        ],
    )
    def test_cross_use(self, start: Start, path: str, version: str | None) -> None:
        """A path of one version under the other's header is a platform 404."""
        system = start()
        headers = Api(system).bearer | ({"X-Version": version} if version else {})

        answer = requests.get(system.root + path, headers=headers, timeout=10)

        assert (answer.status_code, answer.json()["code"]) == (404, "404NotFound")

    def test_token_cross_use(self, start: Start) -> None:
        """The older token path does not exist in the newer version."""
        answer = ask_token(start(), "/iam/v1", VERSION)

        assert (answer.status_code, answer.json()["code"]) == (404, "404NotFound")

    def test_older_version(self, start: Start) -> None:
        """The older version uploads as the newer does, under its own paths."""
        api = Api(start(), prefix="/platform/v1")
        begun = api.upload(PHASE, "old.txt")

        assert urlsplit(begun.headers["Location"]).path.startswith("/platform/v1/operations/")
        assert api.names(PHASE) == ["old.txt"]
        assert "version" not in api.call("GET", "/testForms/none").json()
