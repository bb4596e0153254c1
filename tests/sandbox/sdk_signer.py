"""A second, independent implementation of `SDK-HMAC-SHA256`, as a client writes it."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl
from urllib.parse import quote
from urllib.parse import unquote
from urllib.parse import urlsplit

import requests


class Signer(requests.auth.AuthBase):
    """Signs requests with an access key; `headers` are added and signed."""

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        *,
        now: float,
        unsigned: bool = False,
        headers: Mapping[str, str] | None = None,
        leave_out: str = "",
    ) -> None:
        self.keys = access_key, secret_key
        self.date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        self.unsigned = unsigned
        self.headers = headers or {}
        self.leave_out = leave_out

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add date and signature to a request that is about to be sent."""
        url = urlsplit(str(request.url))
        request.headers.update(self.headers)
        request.headers["X-Sdk-Date"] = self.date
        request.headers["Host"] = url.netloc
        if self.unsigned:
            request.headers["X-Sdk-Content-Sha256"] = "UNSIGNED-PAYLOAD"
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else body
        hashed = hashlib.sha256(content).hexdigest()
        payload = "UNSIGNED-PAYLOAD" if self.unsigned and content else hashed
        names = sorted(n.lower() for n in request.headers if n.lower() != self.leave_out)
        folded = {name.lower(): value for name, value in request.headers.items()}
        path = "/".join(quote(unquote(part), safe="~") for part in url.path.split("/"))
        pairs = sorted(parse_qsl(url.query, keep_blank_values=True))
        query = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in pairs)
        lines = "".join(f"{name}:{folded[name]}\n" for name in names)
        signed = ";".join(names)
        canonical = f"{request.method}\n{path}/\n{query}\n{lines}\n{signed}\n{payload}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"SDK-HMAC-SHA256\n{self.date}\n{digest}"
        signature = hmac.new(self.keys[1].encode(), text.encode(), hashlib.sha256).hexdigest()
        request.headers["Authorization"] = (
            f"SDK-HMAC-SHA256 Access={self.keys[0]}, SignedHeaders={signed}, Signature={signature}"
        )
        return request
