"""Who may come in to the CodeArts Req look-alike: access keys, their lock, and IAM tokens."""

from __future__ import annotations

import calendar
import hmac
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from . import codearts_signature as signing
from .codearts_rules import REGION
from .codearts_rules import RENEW_TOKEN
from .codearts_rules import CodeArtsSwitches
from .codearts_rules import gateway_refusal
from .codearts_rules import not_authentic
from .wire import RefusedError
from .wire import json_answer
from .wire import raw_path


DATE_FORMAT = "%Y%m%dT%H%M%SZ"
MUST_BE_SIGNED = ("x-sdk-date", "host")
IAM_PROJECT_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Made-up credentials; a temporary key comes with a security token."""

    access_key: str = "SANDBOXACCESSKEY0001"
    secret_key: str = "sandbox-secret-key-that-opens-nothing-01"  # noqa: S105 - made up
    temporary_access_key: str = "SANDBOXTEMPORARY0002"
    temporary_secret_key: str = "sandbox-secret-key-that-opens-nothing-02"  # noqa: S105 - made up
    security_token: str = "sandbox-security-token-that-opens-nothing"  # noqa: S105 - made up
    user: str = "sandbox-user"
    password: str = "sandbox-password"  # noqa: S105 - made up
    domain: str = "sandbox-account"


@dataclass(frozen=True, slots=True)
class Body:
    """What is known of a request's body once it is on disk."""

    size: int
    sha256: str


class Access:
    """Judges every request. `failures` counts consecutive ones per access key."""

    def __init__(self, switches: CodeArtsSwitches) -> None:
        self.credentials = Credentials()
        self.failures: dict[str, int] = {}
        self.token_calls = 0
        self._switches = switches
        self._locked_until: dict[str, float] = {}
        self._tokens: dict[str, tuple[float, bool]] = {}
        self._lock = threading.Lock()

    def locked(self, access_key: str) -> bool:
        """Return whether an access key is locked now."""
        return self._switches.clock() < self._locked_until.get(access_key, 0.0)

    def check(self, request: Request, body: Body) -> None:
        """Raise RefusedError unless the request is signed well, or carries a valid token."""
        authorization = request.headers.get("Authorization")
        if authorization is None:
            self._check_token(request.headers.get("X-Auth-Token"))
            return
        claim = signing.read_claim(authorization)
        if claim is None:
            raise not_authentic("the Authorization header cannot be read")
        with self._lock:
            if self.locked(claim.access_key):
                raise not_authentic("the access key is locked after too many failures")
            try:
                self._check_claim(request, claim, body)
            except RefusedError:
                self._count_failure(claim.access_key)
                raise
            self.failures.pop(claim.access_key, None)

    def issue(self, request: Request) -> Response:
        """Answer a request for a token; the token is in the header `X-Subject-Token`."""
        with self._lock:
            self.token_calls += 1
        auth = below(request.get_json(silent=True), "auth")
        user = below(auth, "identity", "password", "user")
        methods = below(auth, "identity").get("methods")
        if not user or methods != ["password"]:
            raise iam_refusal(400, "The request body cannot be read.", "Bad Request")
        given = (user.get("name"), user.get("password"), below(user, "domain").get("name"))
        ours = self.credentials
        if given != (ours.user, ours.password, ours.domain):
            raise iam_refusal(401, "The username or password is wrong.", "Unauthorized")
        project = below(auth, "scope", "project")
        regional = project.get("name") == REGION or project.get("id") == IAM_PROJECT_ID
        now = self._switches.clock()
        token = ("sandbox-" + secrets.token_urlsafe(self._switches.token_length))[
            : self._switches.token_length
        ]
        with self._lock:
            self._tokens[token] = (now + self._switches.token_life_s, regional)
        answer = json_answer({"token": self._description(now)}, 201)
        answer.headers["X-Subject-Token"] = token
        return answer

    def revoke_all(self) -> None:
        """Make every token handed out so far invalid before its time."""
        with self._lock:
            self._tokens = {token: (0.0, regional) for token, (_, regional) in self._tokens.items()}

    def _check_token(self, token: str | None) -> None:
        if token is None:
            raise not_authentic("neither signature nor token")
        with self._lock:
            known = self._tokens.get(token)
        if known is None:
            raise not_authentic("decrypt token fail")
        expires_at, regional = known
        if not regional or self._switches.clock() >= expires_at:
            raise gateway_refusal(401, RENEW_TOKEN, "The token must be updated.")

    def _check_claim(self, request: Request, claim: signing.Claim, body: Body) -> None:
        headers = dict(request.headers.items())
        security_token = request.headers.get("X-Security-Token")
        required = [*MUST_BE_SIGNED, *(["x-security-token"] if security_token else [])]
        missing = [name for name in required if name not in claim.signed_headers]
        if missing:
            raise not_authentic(f"header {missing[0]} must be signed")
        date = request.headers.get("X-Sdk-Date", "")
        self._check_date(date)
        hashed = signing.payload_hash(
            request.headers.get("X-Sdk-Content-Sha256"), body.size, body.sha256
        )
        if hashed is None:
            raise not_authentic("the body is not the one that was signed")
        try:
            canonical = signing.canonical_request(
                method=request.method,
                path=raw_path(request),
                query=request.query_string.decode("latin-1"),
                headers=headers,
                signed_headers=claim.signed_headers,
                payload_hash=hashed,
            )
        except KeyError as error:
            raise not_authentic(f"signed header {error} is missing") from None
        expected = signing.signature(self._secret(claim, security_token), date, canonical)
        if not hmac.compare_digest(expected, claim.signature):
            shown = canonical.replace("\n", "|")
            raise not_authentic(f"verify aksk signature fail, canonicalRequest:{shown}")

    def _check_date(self, date: str) -> None:
        now, signed_at = self._switches.clock(), 0.0
        with suppress(ValueError):
            signed_at = calendar.timegm(time.strptime(date, DATE_FORMAT))
        if abs(now - signed_at) > self._switches.clock_tolerance_s:
            server = time.strftime(DATE_FORMAT, time.gmtime(now))
            raise not_authentic(f"signature expired, signature time:{date},server time:{server}")

    def _secret(self, claim: signing.Claim, security_token: str | None) -> str:
        ours = self.credentials
        known = {
            (ours.access_key, None): ours.secret_key,
            (ours.temporary_access_key, ours.security_token): ours.temporary_secret_key,
        }
        secret = known.get((claim.access_key, security_token))
        if secret is None:
            raise not_authentic("the access key or its security token is unknown")
        return secret

    def _count_failure(self, access_key: str) -> None:
        count = self.failures[access_key] = self.failures.get(access_key, 0) + 1
        if count >= self._switches.lock_after:
            self._locked_until[access_key] = self._switches.clock() + self._switches.lock_s
            self.failures[access_key] = 0

    def _description(self, now: float) -> dict[str, object]:
        ours = self.credentials
        domain = {"id": "d0", "name": ours.domain}
        return {
            "issued_at": moment(now),
            "expires_at": moment(now + self._switches.token_life_s),
            "methods": ["password"],
            "project": {"id": IAM_PROJECT_ID, "name": REGION, "domain": domain},
            "user": {"id": "u0", "name": ours.user, "domain": domain},
            "roles": [],
            "catalog": [],
        }


def below(value: object, *keys: str) -> dict[str, object]:
    """Return the object found under a chain of keys, or an empty one."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def moment(seconds: float) -> str:
    """Return a time as IAM writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(seconds))


def iam_refusal(status: int, message: str, title: str) -> RefusedError:
    """Return an error answer of the token endpoint, to be raised."""
    body = {"error": {"message": message, "code": status, "title": title}}
    return RefusedError(json_answer(body, status))
