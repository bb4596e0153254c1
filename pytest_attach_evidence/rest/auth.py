"""Credentials of requests: static ones, and tokens that are fetched and renewed once at a time."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from typing import Protocol

from ..secrets import Secret


RENEW_EARLY_S = 60.0


class Credentials(Protocol):
    """What makes a request authenticated."""

    def headers(self, method: str, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers to add to a request that has these headers already.

        `headers` holds at least Content-Type where there is a body. May send a request of its own (a
        token), and raises what that raises.
        """

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Make the next `headers` differ from the refused ones; False where that cannot be.

        Called after a 401 with what `headers` had returned.
        """


@dataclass(frozen=True, slots=True)
class StaticHeader:
    """One header that never changes; after a 401 there is nothing to try."""

    name: str
    value: Secret

    def headers(self, method: str, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the header."""
        return {self.name: self.value.reveal()}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Return False: retrying static credentials can lock an account."""
        return False


def bearer(token: Secret) -> StaticHeader:
    """Return `Authorization: Bearer …` (RFC 6750)."""
    return StaticHeader("Authorization", Secret(f"Bearer {token.reveal()}", token.source))


def basic(user: Secret, password: Secret, *, encoding: str = "utf-8") -> StaticHeader:
    """Return `Authorization: Basic …` (RFC 7617).

    Raises UnicodeEncodeError where the encoding cannot hold the credentials.
    """
    plain = f"{user.reveal()}:{password.reveal()}".encode(encoding)
    value = Secret(f"Basic {base64.b64encode(plain).decode()}", password.source)
    return StaticHeader("Authorization", value)


def token_end(token: Secret) -> datetime | None:
    """Return when a JSON web token ends (RFC 7519, 4.1.4); None for any other, and where it does not say."""
    try:
        _, claims, _ = token.reveal().split(".")
        found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return datetime.fromtimestamp(float(found["exp"]), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A fetched token and how many seconds it is good for (None: not said)."""

    value: Secret
    life_s: float | None = None


class TokenSource:
    """A token that is fetched when first needed, shortly before it ends, and once after a 401.

    `fetch` sends the request; only one thread runs it while the others wait for its result.
    """

    def __init__(
        self,
        fetch: Callable[[], Token],
        *,
        header: str = "Authorization",
        scheme: str = "Bearer ",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._header = header
        self._scheme = scheme
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._ends_at: float | None = None

    @property
    def newest(self) -> Token | None:
        """The token that was fetched last, None before the first; asks nobody."""
        return self._token

    def token(self) -> Token:
        """Return a token that is good for a while yet; fetches one where there is none."""
        with self._lock:
            if self._token is None or (self._ends_at is not None and self._clock() > self._ends_at):
                self._take(self._fetch())
            assert self._token is not None
            return self._token

    def headers(self, method: str, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the header with a token that is good for a while yet."""
        return self._header_of(self.token())

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Drop the refused token, unless another thread has replaced it already."""
        with self._lock:
            if self._token is not None and self._header_of(self._token) == refused:
                self._token = None
            return True

    def _header_of(self, token: Token) -> Mapping[str, str]:
        return {self._header: self._scheme + token.value.reveal()}

    def _take(self, token: Token) -> None:
        self._token = token
        life = token.life_s
        early = min(RENEW_EARLY_S, life / 2) if life is not None else 0.0
        self._ends_at = None if life is None else self._clock() + life - early
