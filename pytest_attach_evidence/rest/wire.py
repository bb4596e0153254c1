"""Sockets that keep the time: connections whose answers are read with a stall limit and a deadline.

A read timeout of the HTTP library starts again with every byte, so that a server which sends one byte
a second holds a client for ever. Here every read looks at the clock and at the stop signal.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

import requests.adapters
import urllib3.connection
import urllib3.connectionpool


if TYPE_CHECKING:
    from typing_extensions import Buffer


SLICE_S = 0.5


class StoppedError(OSError):
    """The delivery was stopped while a request ran."""


@dataclass(slots=True, kw_only=True)
class Watch:
    """The limits of one request, and what became of it.

    `connected` and `sent` tell afterwards whether the server can have seen the request.
    """

    stall_s: float
    ends_at: float
    stop: threading.Event
    clock: Callable[[], float] = time.monotonic
    connected: bool = False
    sent: bool = False
    _heard_at: float = field(default=0.0)

    def heard(self) -> None:
        """Note that the server gave a sign of life."""
        self._heard_at = self.clock()

    def check(self) -> None:
        """Raise StoppedError or TimeoutError when the request has to end."""
        if self.stop.is_set():
            msg = "stopped"
            raise StoppedError(msg)
        now = self.clock()
        if now >= self.ends_at:
            msg = "the time for this request is over"
            raise TimeoutError(msg)
        if now - self._heard_at >= self.stall_s:
            msg = f"no byte for {self.stall_s:.0f} s"
            raise TimeoutError(msg)


_current = threading.local()


def watching(watch: Watch | None) -> None:
    """Make a watch the one of this thread's next request (None: no request runs)."""
    _current.watch = watch


def _watch() -> Watch | None:
    return getattr(_current, "watch", None)


class _WatchedReader(io.RawIOBase):
    """Reads a socket in short slices and looks at the watch between them."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._socket = sock
        self._watch = watch
        # Holds the socket open until the answer is read, as its own makefile would.
        self._held = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        while True:
            self._watch.check()
            self._socket.settimeout(SLICE_S)
            try:
                count = self._socket.recv_into(buffer)
            except TimeoutError:
                continue
            self._watch.heard()
            return count

    def close(self) -> None:
        if not self.closed:
            self._held.close()
        super().close()


class _WatchedSocket:
    """What the standard library's response needs of a socket: a file to read from."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._socket = sock
        self._watch = watch

    def makefile(self, mode: str, *args: Any, **more: Any) -> io.BufferedReader:
        return io.BufferedReader(_WatchedReader(self._socket, self._watch))


def _response(sock: socket.socket, *args: Any, **more: Any) -> http.client.HTTPResponse:
    watch = _watch()
    if watch is None:
        return http.client.HTTPResponse(sock, *args, **more)
    watch.heard()
    return http.client.HTTPResponse(_WatchedSocket(sock, watch), *args, **more)  # type: ignore[arg-type]  # only makefile is used


class _Plain(urllib3.connection.HTTPConnection):
    response_class = staticmethod(_response)  # type: ignore[assignment]  # called like the class

    def request(self, *args: Any, **more: Any) -> None:
        _begin(self, super().request, *args, **more)


class _Tls(urllib3.connection.HTTPSConnection):
    response_class = staticmethod(_response)  # type: ignore[assignment]  # called like the class

    def request(self, *args: Any, **more: Any) -> None:
        _begin(self, super().request, *args, **more)


def _begin(connection: _Plain | _Tls, send: Callable[..., None], *args: Any, **more: Any) -> None:
    """Connect, note it, then send: only what happens after the connection can have reached anybody."""
    watch = _watch()
    if connection.sock is None:
        connection.connect()
    if watch is not None:
        watch.connected = True
        connection.timeout = watch.stall_s
    send(*args, **more)
    if watch is not None:
        watch.sent = True


class _PlainPool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _Tls


class WatchedAdapter(requests.adapters.HTTPAdapter):
    """Gives a requests session our connections and our trust store; it never repeats a request."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(max_retries=0, pool_connections=4, pool_maxsize=2)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Build the pool manager with our TLS context and connections."""
        super().init_poolmanager(*args, ssl_context=self._context, **more)
        self._adopt(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        """Build the manager of one proxy likewise."""
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **more)
        self._adopt(manager)
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave verification to the TLS context: no second list of authorities is added."""
        conn.cert_reqs = "CERT_REQUIRED"

    @staticmethod
    def _adopt(manager: Any) -> None:
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
