"""The made-up accounts of the Rillsoft look-alike and the tokens (JWT) it gives them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any


ACCOUNTS = {
    "sandbox-user": "sandbox-rillsoft-password",
    "sandbox-reader": "sandbox-rillsoft-reader-password",
}
READERS = ("sandbox-reader",)
TEN_YEARS_S = 10 * 365 * 24 * 3600.0
_KEY = b"sandbox-rillsoft-signing-key-made-up"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signature(signed: str) -> str:
    return _encoded(hmac.digest(_KEY, signed.encode(), hashlib.sha256))


class Tokens:
    """Issues and reads tokens; they survive a restart, since their key is always the same."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def issue(self, user: str, life_s: float) -> str:
        """Return a token of a user that ends after `life_s` seconds."""
        now = self._clock()
        claims = {"sub": user, "note": "made up", "iat": int(now), "exp": now + life_s}
        parts = ({"alg": "HS256", "typ": "JWT"}, claims)
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{_signature(signed)}"

    def login(self, credentials: object, life_s: float) -> str | None:
        """Return a token for a user name with the right password, else None."""
        if not isinstance(credentials, dict):
            return None
        user, password = credentials.get("username"), credentials.get("password")
        known = isinstance(user, str) and password is not None and ACCOUNTS.get(user) == password
        return self.issue(str(user), life_s) if known else None

    def read(self, authorization: str) -> tuple[str, str]:
        """Return the user of a bearer header, or an empty user and what is wrong with it."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return "", "JWT token not found"
        signed, _, signature = token.strip().rpartition(".")
        if not hmac.compare_digest(signature.encode(), _signature(signed).encode()):
            return "", "Invalid JWT token"
        claims = _claims(signed)
        if claims.get("exp", 0) <= self._clock():
            return "", "Expired JWT token"
        return str(claims.get("sub", "")), ""


def _claims(signed: str) -> dict[str, Any]:
    payload = signed.partition(".")[2]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
