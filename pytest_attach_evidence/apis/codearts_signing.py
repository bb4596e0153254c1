"""The signature SDK-HMAC-SHA256 of Huawei Cloud's API gateway, as credentials of a request."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from urllib.parse import quote
from urllib.parse import unquote
from urllib.parse import unquote_to_bytes
from urllib.parse import urlsplit

from ..rest.origins import PORTS
from ..rest.origins import origin_of
from ..secrets import Secret


ALGORITHM = "SDK-HMAC-SHA256"
DATE = "x-sdk-date"
CONTENT_DIGEST = "x-sdk-content-sha256"
SECURITY_TOKEN = "x-security-token"  # noqa: S105  # the name of a header
UNSIGNED = "UNSIGNED-PAYLOAD"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs requests with an access key (Huawei Cloud, "API Request Signing Guide").

    Signed are the host as it is sent, the content type, the time, and a temporary key's security token.
    A body is declared unsigned, so that it can be streamed; TLS protects it. `covering` signs a small
    body too. The clock may be off by at most 15 minutes.
    """

    access_key: Secret
    secret_key: Secret
    security_token: Secret | None = None
    clock: Callable[[], datetime] = _now
    content: bytes | None = None

    def covering(self, content: bytes) -> Signer:
        """Return a signer whose signature holds for exactly this body."""
        return replace(self, content=content)

    def headers(self, method: str, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the time, the signature and what else it needs."""
        added = {DATE: self.clock().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")}
        if self.security_token is not None:
            added[SECURITY_TOKEN] = self.security_token.reveal()
        content_type = {n.lower(): v for n, v in headers.items() if n.lower() == "content-type"}
        if content_type and self.content is None:
            added[CONTENT_DIGEST] = UNSIGNED
        payload = added.get(CONTENT_DIGEST) or hashlib.sha256(self.content or b"").hexdigest()
        signed = {**content_type, **added, "host": host_of(url)}
        canonical = canonical_request(method, url, signed, payload)
        return {**added, "Authorization": self._authorization(canonical, added[DATE], signed)}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Return False: five refused requests in a row lock an access key."""
        return False

    def _authorization(self, canonical: str, date: str, signed: Mapping[str, str]) -> str:
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"{ALGORITHM}\n{date}\n{digest}"
        key = self.secret_key.reveal().encode()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        names = ";".join(sorted(signed))
        access = self.access_key.reveal()
        return f"{ALGORITHM} Access={access}, SignedHeaders={names}, Signature={signature}"


def host_of(url: str) -> str:
    """Return the Host header that goes with a URL: with the port, unless it is the scheme's own."""
    origin = origin_of(url)
    return origin.host if PORTS[origin.scheme] == origin.port else f"{origin.host}:{origin.port}"


def canonical_request(method: str, url: str, signed: Mapping[str, str], payload: str) -> str:
    """Return the text whose digest is signed; `signed` are the headers by their lower-case names."""
    parts = urlsplit(url)
    lines = [f"{name}:{signed[name].strip()}" for name in sorted(signed)]
    names = ";".join(sorted(signed))
    path, query = _canonical_path(parts.path), _canonical_query(parts.query)
    return "\n".join([method.upper(), path, query, *lines, "", names, payload])


def _canonical_path(path: str) -> str:
    encoded = "/".join(_encoded(segment) for segment in path.split("/"))
    return encoded if encoded.endswith("/") else f"{encoded}/"


def _canonical_query(query: str) -> str:
    """Return the pairs encoded in one way, in the order of what they are before they are encoded."""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    plain = sorted((unquote(name), unquote(value)) for name, _, value in pairs)
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in plain)


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="")
