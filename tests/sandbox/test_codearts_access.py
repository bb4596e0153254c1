"""Whom the CodeArts Req look-alike lets in: signatures, their lock, and tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from codearts_client import IPD
from codearts_client import SERVICE
from codearts_client import SUCCESS
from codearts_client import UPLOAD
from codearts_client import call
from codearts_client import form
from codearts_client import get_token
from lookalike_server import Clock
from lookalike_server import starting
from sdk_signer import Signer

from pytest_attach_evidence.sandbox import codearts_signature as signing
from pytest_attach_evidence.sandbox.codearts import CodeArtsSystem


Start = Callable[..., CodeArtsSystem]
PROJECTS = f"{SERVICE}/ipd"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts look-alikes whose clock stands still."""
    with starting(CodeArtsSystem, tmp_path, clock=Clock()) as started:
        yield started


def keyed(system: CodeArtsSystem, **more: object) -> Signer:
    """Return a signer with the right keys, and something else changed."""
    ours = system.access.credentials
    given = {"access_key": ours.access_key, "secret_key": ours.secret_key, "now": system.clock()}
    return Signer(**(given | more))


class TestSignature:
    """SDK-HMAC-SHA256."""

    def test_published_vector(self) -> None:
        """The vendor's published example gives the published hash and signature."""
        headers = {
            "Content-Type": "application/json",
            "Host": "service.region.example.com",
            "X-Sdk-Date": "20191115T033655Z",
        }
        canonical = signing.canonical_request(
            method="GET",
            path="/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
            query="limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
            headers=headers,
            signed_headers=("content-type", "host", "x-sdk-date"),
            payload_hash=signing.EMPTY_SHA256,
        )
        secret = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"

        assert hashlib.sha256(canonical.encode()).hexdigest() == (
            "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"
        )
        assert signing.signature(secret, "20191115T033655Z", canonical) == (
            "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
        )

    @pytest.mark.parametrize("unsigned", [False, True])
    def test_bodies(self, start: Start, unsigned: bool) -> None:
        """A body may be signed or left unsigned, with or without content."""
        system = start()
        auth = keyed(system, unsigned=unsigned)

        assert call(system, "POST", UPLOAD, **form(), auth=auth).json() == SUCCESS
        assert call(system, "GET", PROJECTS, auth=auth).status_code == 200

    def test_odd_characters(self, start: Start) -> None:
        """Blanks, umlauts and reserved characters in the query do not break a signature."""
        answer = call(start(), "GET", PROJECTS, params={"search": "a b+ü/&~*", "model": ""})

        assert answer.status_code == 200

    def test_changed_body(self, start: Start) -> None:
        """A body that was signed cannot be changed on the way."""
        system = start()
        prepared = requests.Request(
            "POST", system.root + UPLOAD, **form(), auth=keyed(system)
        ).prepare()
        assert isinstance(prepared.body, bytes)
        prepared.body = prepared.body.replace(b"bytes", b"BYTES")

        with requests.Session() as session:
            answer = session.send(prepared, timeout=10)

        assert (answer.status_code, system.store.ledger()) == (401, [])

    @pytest.mark.parametrize(
        "change",
        [
            {"access_key": "SOMEBODYELSE"},
            {"secret_key": "wrong"},
            {"leave_out": "x-sdk-date"},
            {"leave_out": "host"},
            {"now": 0.0},
            {"headers": {"X-Security-Token": "unknown"}},
        ],
    )
    def test_refusals(self, start: Start, change: dict[str, object]) -> None:
        """What is signed wrongly, or not signed though it must be, is a gateway's 401."""
        system = start()
        answer = call(system, "GET", PROJECTS, auth=keyed(system, **change))

        assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")
        assert set(answer.json()) == {"error_code", "error_msg", "request_id"}
        assert answer.headers["X-Request-Id"] == answer.json()["request_id"]

    @pytest.mark.parametrize(
        ("off_s", "status"), [(899, 200), (-899, 200), (901, 401), (-901, 401)]
    )
    def test_clock(self, start: Start, off_s: int, status: int) -> None:
        """A signature is good for a quarter of an hour, in both directions."""
        system = start()
        answer = call(system, "GET", PROJECTS, auth=keyed(system, now=system.clock() + off_s))

        assert answer.status_code == status
        assert status == 200 or "server time:" in answer.json()["error_msg"]

    def test_canonical_request_is_shown(self, start: Start) -> None:
        """A wrong signature is answered with the server's canonical request, headers included."""
        system = start()
        auth = keyed(system, secret_key="wrong", headers={"X-Remark": "shown"})
        message = call(system, "GET", PROJECTS, auth=auth).json()["error_msg"]

        assert f"GET|{PROJECTS}/||" in message
        assert "x-remark:shown" in message

    def test_temporary_key(self, start: Start) -> None:
        """A temporary key needs its security token, and the token must be signed."""
        system = start()
        ours = system.access.credentials
        token = {"X-Security-Token": ours.security_token}
        keys = {
            "access_key": ours.temporary_access_key,
            "secret_key": ours.temporary_secret_key,
        }

        def status(**more: object) -> int:
            return call(system, "GET", PROJECTS, auth=keyed(system, **keys, **more)).status_code

        assert status(headers=token) == 200
        assert status(headers=token, leave_out="x-security-token") == 401
        assert status() == 401

    def test_lock(self, start: Start) -> None:
        """Five failures in a row lock a key for five minutes, whatever it sends."""
        system = start()
        key = system.access.credentials.access_key
        for _ in range(5):
            assert not system.access.locked(key)
            call(system, "GET", PROJECTS, auth=keyed(system, secret_key="wrong"))

        assert system.access.locked(key)
        assert call(system, "GET", PROJECTS).status_code == 401
        system.clock.now += 300
        assert call(system, "GET", PROJECTS).status_code == 200

    def test_success_forgets_failures(self, start: Start) -> None:
        """Only failures in a row count."""
        system = start()
        key = system.access.credentials.access_key
        for secret in ["wrong"] * 4 + [system.access.credentials.secret_key] + ["wrong"] * 4:
            call(system, "GET", PROJECTS, auth=keyed(system, secret_key=secret))

        assert (system.access.failures[key], system.access.locked(key)) == (4, False)

    def test_nothing_given(self, start: Start) -> None:
        """A request without signature and token is a 401, and nothing is stored."""
        system = start()
        answer = call(system, "POST", UPLOAD, **form(), auth=None)

        assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")
        assert system.store.ledger() == []


class TestToken:
    """The token login."""

    @staticmethod
    def status(system: CodeArtsSystem, token: str) -> tuple[int, str]:
        """Return status and error code of a call with a token."""
        headers = {"X-Auth-Token": token}
        answer = call(system, "GET", PROJECTS, auth=None, headers=headers)
        return answer.status_code, answer.json().get("error_code", "")

    def test_success(self, start: Start) -> None:
        """The token comes in a header of a 201, and opens the service for a day."""
        system = start()
        answer = get_token(system)
        token = answer.headers["X-Subject-Token"]

        assert answer.status_code == 201
        assert set(answer.json()["token"]) >= {"issued_at", "expires_at", "project", "user"}
        assert self.status(system, token) == (200, "")
        system.clock.now += 86_400
        assert self.status(system, token) == (401, "APIGW.0307")
        assert system.access.token_calls == 1

    def test_revoked_and_unknown(self, start: Start) -> None:
        """A token voided before its time must be renewed; one never given cannot be read."""
        system = start()
        token = get_token(system).headers["X-Subject-Token"]
        system.access.revoke_all()

        assert self.status(system, token) == (401, "APIGW.0307")
        assert self.status(system, "made-up") == (401, "APIGW.0301")

    def test_other_region(self, start: Start) -> None:
        """A token of another region is refused by this one."""
        system = start()
        answer = get_token(system, project={"name": "elsewhere"})

        assert answer.status_code == 201
        assert self.status(system, answer.headers["X-Subject-Token"]) == (401, "APIGW.0307")

    def test_long_token(self, start: Start) -> None:
        """A token of 32 768 characters gets through both ways."""
        system = start(token_length=32_768)
        token = get_token(system).headers["X-Subject-Token"]

        assert len(token) == 32_768
        assert self.status(system, token) == (200, "")

    def test_wrong_password(self, start: Start) -> None:
        """A wrong password is answered in the shape of IAM."""
        system = start()
        user = {"name": "sandbox-user", "password": "no", "domain": {"name": "sandbox-account"}}
        identity = {"methods": ["password"], "password": {"user": user}}
        url = f"{system.root}/v3/auth/tokens"
        answer = requests.post(url, json={"auth": {"identity": identity}}, timeout=10)
        unreadable = requests.post(url, json=[], timeout=10)

        assert answer.status_code == 401
        assert answer.json()["error"]["title"] == "Unauthorized"
        assert (unreadable.status_code, unreadable.json()["error"]["code"]) == (400, 400)

    def test_exports(self, start: Start) -> None:
        """The environment holds the key, or user, password and account with the switch."""
        prefix = "PYTEST_EVIDENCE_HUAWEI_"

        assert set(start().exports()) == {f"{prefix}ACCESS_KEY", f"{prefix}SECRET_KEY"}
        names = {f"{prefix}USER", f"{prefix}PASSWORD", f"{prefix}DOMAIN"}
        assert set(start(login="password").exports()) == names

    def test_options(self, start: Start) -> None:
        """The options name the address four ways a client may need it."""
        system = start()

        assert system.options() == {
            "evidence_huawei_url": system.root,
            "evidence_huawei_project": IPD,
            "evidence_huawei_iam_url": system.root,
            "evidence_huawei_region": "sandbox-north-1",
        }
