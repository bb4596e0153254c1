"""Configured URLs in one normal form, so that targets can be compared by their origin."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from .errors import refuse


def base_url(option: str, text: str, http_hosts: Iterable[str] = ()) -> str:
    """Return a configured URL normalised: lower-case host, no default port, no trailing slash.

    Raises SettingsError: not a URL, user information in it (not repeated), a query, or http:// to a
    host that is neither loopback nor in `http_hosts`.
    """
    return _base_url(option, text, tuple(http_hosts))


@lru_cache(maxsize=64)
def _base_url(option: str, text: str, http_hosts: tuple[str, ...]) -> str:
    """Do so; thousands of targets have the same URL."""
    if re.search(r"[^\x21-\x7e]|\\", text):
        refuse(option, "has characters that do not belong in a URL", "write it in plain ASCII")
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        refuse(option, "is not a URL", "write https://host/path")
    if parts.username is not None or parts.password is not None:
        refuse(
            option,
            "has a login in the URL (not shown)",
            "take it out; secrets are environment variables",
        )
    if (
        parts.scheme not in ("http", "https")
        or not host
        or parts.query
        or parts.fragment
        or "%" in host
    ):
        refuse(option, f"is {text!r}", "write https://host/path, without a query")
    plain = parts.scheme == "http" and not _is_loopback(host)
    if plain and host not in map(str.lower, http_hosts):
        hint = "use https://, or add the host to evidence_http_hosts"
        refuse(option, f"sends credentials unprotected by http:// to {host}", hint)
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    port_text = "" if port in (None, default) else f":{port}"
    return f"{parts.scheme}://{shown}{port_text}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
