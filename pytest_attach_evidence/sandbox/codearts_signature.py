"""The signature `SDK-HMAC-SHA256` as a server computes it, from nothing but the request."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote
from urllib.parse import unquote_to_bytes


ALGORITHM = "SDK-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Access=(?P<access>[^,\s]+), ?"
    r"SignedHeaders=(?P<headers>[^,\s]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What an `Authorization` header says: whose key, which headers, which signature."""

    access_key: str
    signed_headers: tuple[str, ...]
    signature: str


def read_claim(authorization: str) -> Claim | None:
    """Read an `Authorization` header; None if it is not of this algorithm or not well formed."""
    found = AUTHORIZATION.fullmatch(authorization)
    if found is None:
        return None
    return Claim(found["access"], tuple(found["headers"].split(";")), found["signature"])


def canonical_request(
    *,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    signed_headers: Sequence[str],
    payload_hash: str,
) -> str:
    """Return the text both sides hash; path and query as they came over the wire.

    Raises KeyError if a signed header is not among the headers.
    """
    folded = {name.lower(): value for name, value in headers.items()}
    lines = [f"{name}:{folded[name].strip()}" for name in sorted(signed_headers)]
    return "\n".join(
        (
            method.upper(),
            canonical_path(path),
            canonical_query(query),
            *lines,
            "",
            ";".join(signed_headers),
            payload_hash,
        )
    )


def canonical_path(path: str) -> str:
    """Return the path with every segment encoded in one way, and a slash at its end."""
    encoded = "/".join(encode(segment) for segment in path.split("/"))
    return encoded if encoded.endswith("/") else f"{encoded}/"


def canonical_query(query: str) -> str:
    """Return the query's pairs in order, encoded in one way; a plus sign stands for a blank."""
    pairs = [part.partition("=") for part in query.replace("+", " ").split("&") if part]
    decoded = sorted((unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs)
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in decoded)


def encode(text: str) -> str:
    """Decode percent signs, then encode all but letters, digits and `-_.~`."""
    return quote(unquote_to_bytes(text), safe="~")


def signature(secret_key: str, date: str, canonical: str) -> str:
    """Return the signature of a canonical request at a date, in hex."""
    hashed = hashlib.sha256(wire_bytes(canonical)).hexdigest()
    to_sign = f"{ALGORITHM}\n{date}\n{hashed}"
    return hmac.new(secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def payload_hash(announced: str | None, size: int, sha256: str) -> str | None:
    """Return what stands for the body; None if it is announced with a hash that is not its own."""
    if not size:
        return EMPTY_SHA256
    if announced in (UNSIGNED, sha256):
        return announced
    return sha256 if announced is None else None


def wire_bytes(text: str) -> bytes:
    """Return header text as the bytes it came in; WSGI reads them as Latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
