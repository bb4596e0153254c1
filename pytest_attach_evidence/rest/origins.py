"""Who may get credentials and evidence: the allow-list of origins of one destination."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import Url
from urllib3.util import parse_url

from ..errors import DestinationClosedError


PORTS = {"http": 80, "https": 443}
UNSAFE = re.compile(r"[^\x21-\x7e]|\\")
MAX_URL = 16_384


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port, normalised."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return the origin as the start of a URL, without a default port."""
        port = "" if PORTS.get(self.scheme) == self.port else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    @property
    def loopback(self) -> bool:
        """Whether the host is this machine."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine, without asking a name server."""
    if host in ("localhost", "[::1]", "::1"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> Origin:
    """Return the origin of a URL, read with the parser that connects.

    Raises ValueError for a URL that different parsers could read differently: user information, a
    backslash, control or non-ASCII characters, a percent sign in the host, no http or https.
    """
    if len(url) > MAX_URL:
        msg = f"a URL of {len(url)} characters"
        raise ValueError(msg)
    if UNSAFE.search(url):
        msg = "a URL with characters that do not belong in one"
        raise ValueError(msg)
    parsed = _parsed(url)
    scheme, host = (parsed.scheme or "").lower(), (parsed.host or "").lower()
    if scheme not in PORTS or not host or "%" in host or parsed.auth is not None:
        msg = "a URL without a plain http or https origin"
        raise ValueError(msg)
    return Origin(scheme, host, parsed.port or PORTS[scheme])


def _parsed(url: str) -> Url:
    try:
        return parse_url(url)
    except LocationParseError as error:
        msg = "a URL that cannot be read"
        raise ValueError(msg) from error


class Origins:
    """The origins one destination may talk to.

    `base` is the configured URL (its origin is always allowed; if it is loopback, so is every loopback
    port); `hosts` are further origins from the configuration, either `host` (https on 443) or a whole
    origin; `domains` are domains of the vendor, all of whose hosts are allowed by https on 443.
    """

    def __init__(
        self, base: str, *, hosts: Iterable[str] = (), domains: Iterable[str] = (), option: str = ""
    ) -> None:
        self.base = base.rstrip("/")
        self._base = origin_of(base)
        self._hosts = {origin_of(h if "://" in h else f"https://{h}") for h in hosts}
        self._domains = tuple(domains)
        self._option = option

    def allows(self, url: str) -> bool:
        """Tell whether credentials and evidence may be sent to this URL."""
        try:
            origin = origin_of(url)
        except ValueError:
            return False
        if origin == self._base or origin in self._hosts:
            return True
        if self._base.loopback:
            return origin.loopback
        return (origin.scheme, origin.port) == ("https", 443) and any(
            origin.host == domain or origin.host.endswith(f".{domain}") for domain in self._domains
        )

    def absolute(self, url: str, *, against: str = "") -> str:
        """Return the absolute URL for a relative one, '' for what is no URL; it need not be allowed."""
        try:
            return urljoin(against or f"{self.base}/", url)
        except ValueError:
            return ""

    def resolve(self, url: str, *, against: str = "") -> str:
        """Return an absolute URL for one that a server handed out, if it is allowed.

        Raises DestinationClosedError, naming the origin only (a URL may be a secret), if it is not.
        """
        absolute = self.absolute(url, against=against)
        if self.allows(absolute):
            return absolute
        try:
            seen = str(origin_of(absolute))
        except ValueError as error:
            seen = str(error)
        option = f"add it to {self._option} if it is the vendor's" if self._option else ""
        msg = f"the server at {self._base} points to {seen}, which is not allowed; nothing was sent there"
        raise DestinationClosedError(msg, next_step=option)
