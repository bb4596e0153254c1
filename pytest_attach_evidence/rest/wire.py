"""Sockets that keep the time: connections that send and read with a stall limit and a deadline.

A read timeout of the HTTP library starts again with every byte, so that a server which sends one byte
a second holds a client for ever, and a server that does not read holds it for the whole stall limit.
Here every read and write looks at the clock and at the stop signal.
"""

from __future__ import annotations

import errno
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
import urllib3.util.wait

from .. import steps


if TYPE_CHECKING:
    from typing_extensions import Buffer


SLICE_S = 0.5
EARLY = 64 * 1024


class StoppedError(OSError):
    """The delivery was stopped while a request ran."""


@dataclass(slots=True, kw_only=True)
class Watch:
    """The limits of one request, and what became of it.

    `connected` tells afterwards whether the server can have seen the request. `early` is what it
    answered while the body was still being sent.
    """

    stall_s: float
    ends_at: float
    stop: threading.Event
    clock: Callable[[], float] = time.monotonic
    connected: bool = False
    head_sent: bool = False
    early: bytes = b""
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
        if early := self._watch.early:
            view = memoryview(buffer).cast("B")
            count = min(len(early), len(view))
            view[:count], self._watch.early = early[:count], early[count:]
            return count
        while True:
            self._watch.check()
            self._socket.settimeout(SLICE_S)
            try:
                count = steps.current.receive(self._socket, memoryview(buffer))
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
    cut_short = False

    def request(self, *args: Any, **more: Any) -> None:
        _begin(self, super().request, *args, **more)

    def send(self, data: Any) -> None:
        _send(self, super().send, data)

    @property
    def is_connected(self) -> bool:
        return super().is_connected and not self.cut_short


class _Tls(_Plain, urllib3.connection.HTTPSConnection):
    """The same over TLS."""


def _begin(connection: _Plain, send: Callable[..., None], *args: Any, **more: Any) -> None:
    """Connect, note it, then send: only what happens after the connection can have reached anybody."""
    watch = _watch()
    if connection.sock is None:
        steps.current.connect(connection.connect)
        connection.cut_short = False
    if watch is not None:
        watch.heard()
        watch.check()
        watch.connected, watch.head_sent = True, False
        connection.timeout = watch.stall_s
    send(*args, **more)


def _send(connection: _Plain, plainly: Callable[[Any], None], content: Any) -> None:
    """Send bytes in short slices of time and look at the watch between them."""
    watch, sock = _watch(), connection.sock
    if watch is None or sock is None or not isinstance(content, bytes):
        plainly(content)
        return
    watch.heard()
    view = memoryview(content)
    while view:
        if watch.head_sent and _answers(sock, watch):
            connection.cut_short = True
            # The HTTP library goes on to read the answer after this error.
            raise BrokenPipeError(errno.EPIPE, "the server answered before it had the whole body")
        sock.settimeout(SLICE_S)
        try:
            count = steps.current.send(sock, view)
        except TimeoutError:
            count = 0
        if count:
            watch.heard()
            view = view[count:]
        watch.check()
    watch.head_sent = True


def _answers(sock: socket.socket, watch: Watch) -> bool:
    """Tell whether the server answers, or is gone, while it should still be listening.

    What it sent is kept for the reader; an interim answer (1xx) does not count.
    """
    waiting = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
    if not waiting and not urllib3.util.wait.wait_for_read(sock, timeout=0):
        return False
    sock.settimeout(0)
    try:
        block = sock.recv(EARLY)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    watch.early += block
    return not block or not watch.early[9:].startswith(b"1")


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
