"""Who may do what in the Squash TM look-alike; every credential here is made up."""

from __future__ import annotations

import base64
import binascii

from werkzeug.datastructures import Headers


# A real token is a JWT of three parts, so these have three parts as well.
READ_WRITE = "sandbox-squash-token-read-write.made-up.no-secret"
READ_ONLY = "sandbox-squash-token-read-only.made-up.no-secret"
EXPIRED = "sandbox-squash-token-expired.made-up.no-secret"
NO_RIGHTS = "sandbox-squash-token-no-rights.made-up.no-secret"

# The second has an ü: servers read Basic credentials as ISO-8859-1.
ACCOUNTS = {
    "sandbox-user": "sandbox-squash-password",
    "sandbox-müller": "sandbox-squash-paßwort",
}

BASIC_REFUSED = "Basic authentication is not allowed for REST API."
_READING = ("GET", "HEAD", "OPTIONS")


def refusal(headers: Headers, method: str, *, basic: bool) -> tuple[int, str] | None:
    """Return the status and text with which a request is refused, or None if it may pass."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _token_refusal(value.strip(), method)
    if scheme.lower() == "basic":
        if not basic:
            return 401, BASIC_REFUSED
        return None if _known_account(value) else (401, "Bad credentials")
    return 401, "Authentication is required"


def _token_refusal(token: str, method: str) -> tuple[int, str] | None:
    if token == READ_WRITE:
        return None
    if token == NO_RIGHTS:
        return None if method in _READING else (403, "Access is denied")
    if token == READ_ONLY:
        # Documented as 401, not 403.
        return None if method in _READING else (401, "The token has no permission to write")
    return 401, "The token has expired" if token == EXPIRED else "The token is not valid"


def _known_account(value: str) -> bool:
    try:
        user, _, password = base64.b64decode(value, validate=True).decode("latin-1").partition(":")
    except binascii.Error:
        return False
    return ACCOUNTS.get(user) == password
