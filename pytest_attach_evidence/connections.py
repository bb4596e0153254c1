"""How hosts were reached: through which proxy, and what TLS showed of them. For any thread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a host was reached first.

    `origin` is its scheme, host and port, `proxy` that of the proxy ('': directly), `protocol` the version
    of TLS ('': none). `issuer` and `ends_at` are those of its certificate, as far as this system tells.
    """

    origin: str
    proxy: str = ""
    protocol: str = ""
    issuer: str = ""
    ends_at: datetime | None = None

    def __str__(self) -> str:
        """Say it in one line."""
        way = f"through the proxy {self.proxy}" if self.proxy else "directly"
        until = f" until {self.ends_at:%Y-%m-%d}" if self.ends_at else ""
        issuer = f", certificate of {self.issuer}{until}" if self.issuer else ""
        return f"{self.origin} {way}, {self.protocol or 'without TLS'}{issuer}"
