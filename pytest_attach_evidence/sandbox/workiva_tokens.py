"""The token desk of the Workiva look-alike: client credentials in, short-lived bearers out."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .wire import RefusedError
from .wire import json_answer
from .workiva_rules import WorkivaSwitches
from .workiva_rules import refusal


CLIENT_ID = "sandbox-client-id"
CLIENT_SECRET = "wk_secret:oa2c:sandbox-made-up-secret"  # noqa: S105 - made up, opens nothing
KNOWN_SCOPES = frozenset(
    f"{what}:{right}"
    for what in ("file", "graph", "organization", "task")
    for right in ("read", "write")
) | {"activity:read"}


@dataclass(frozen=True, slots=True)
class Grant:
    """What one access token allows, and until when."""

    scopes: frozenset[str]
    expires_at: float


class TokenDesk:
    """Hands out access tokens and judges them; `calls` counts every request for one."""

    def __init__(self, switches: WorkivaSwitches) -> None:
        self.calls = 0
        self._switches = switches
        self._grants: dict[str, Grant] = {}
        self._lock = threading.Lock()

    def issue(self, request: Request, *, json_allowed: bool) -> Response:
        """Answer a token request; raise RefusedError in the shape OAuth prescribes."""
        with self._lock:
            self.calls += 1
        fields = self._fields(request, json_allowed=json_allowed)
        if fields.get("grant_type") != "client_credentials":
            raise oauth_refusal(400, "invalid_request", "grant_type must be client_credentials")
        if (fields.get("client_id"), fields.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            status = self._switches.bad_client_status
            raise oauth_refusal(status, "invalid_client", "client id or secret is wrong")
        granted = self._granted(fields.get("scope", ""))
        life_s = self._switches.token_life_s
        token = f"sandbox-access-{secrets.token_urlsafe(32)}"
        with self._lock:
            self._grants[token] = Grant(frozenset(granted), self._switches.clock() + life_s)
        answer = json_answer(
            {
                "access_token": token,
                "expires_in": life_s,
                "scope": " ".join(granted),
                "token_type": "Bearer",
            }
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def check(self, request: Request, scope: str = "", version: str = "") -> None:
        """Raise RefusedError unless the request's bearer is valid and has the scope."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        with self._lock:
            grant = self._grants.get(token.strip()) if kind.lower() == "bearer" else None
        if grant is None or self._switches.clock() >= grant.expires_at:
            raise refusal(401, version=version)
        if scope and scope not in grant.scopes:
            raise refusal(403, f"scope {scope} is missing", version=version)

    def revoke_all(self) -> None:
        """Make every token handed out so far invalid."""
        with self._lock:
            self._grants.clear()

    def _fields(self, request: Request, *, json_allowed: bool) -> dict[str, str]:
        fields: dict[str, str]
        if json_allowed and request.is_json:
            body = request.get_json(silent=True)
            fields = body if isinstance(body, dict) else {}
        elif request.mimetype == "application/x-www-form-urlencoded":
            if any(len(values) > 1 for values in request.form.listvalues()):
                raise oauth_refusal(400, "invalid_request", "a parameter is there more than once")
            fields = request.form.to_dict()
        else:
            raise oauth_refusal(400, "invalid_request", "the body must be form encoded")
        basic = request.authorization
        if basic is not None and basic.type == "basic":
            fields |= {"client_id": basic.username or "", "client_secret": basic.password or ""}
        return fields

    def _granted(self, wanted: str) -> list[str]:
        ours = self._switches.scopes.split()
        if not set(wanted.split()) <= KNOWN_SCOPES:
            raise oauth_refusal(400, "invalid_scope", "a requested scope does not exist")
        granted = [scope for scope in ours if not wanted or scope in wanted.split()]
        if not granted:
            raise oauth_refusal(400, "invalid_scope", "no requested scope is in the grant")
        return granted


def oauth_refusal(status: int, error: str, description: str) -> RefusedError:
    """Return the token endpoint's error answer, to be raised."""
    uri = "https://sandbox.invalid/oauth2-errors"
    body = {"error": error, "error_description": description, "error_uri": uri}
    return RefusedError(json_answer(body, status))
