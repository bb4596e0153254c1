"""One origin of the sandbox: a threaded HTTP/1.1 server whose connections really stay open.

Werkzeug's own server closes the connection after every answer; clients with a connection pool, lost
answers and half-read bodies can only be tested against one that does not.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from werkzeug.serving import ThreadedWSGIServer
from werkzeug.serving import WSGIRequestHandler
from werkzeug.wrappers import Response

from .body import BLOCK
from .body import Body
from .body import UploadRequest


DRAINED_AT_ONCE = 1024 * 1024
LINGER_S = 5.0
ENDING_S = 2.0
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


class HangUp(Exception):  # noqa: N818 - the connection ends on purpose, nothing went wrong
    """Raised by a door to end the connection without an answer, `reset` also without good-bye."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__()
        self.reset = reset


Door = Callable[[UploadRequest], Response]


class PacedResponse(Response):
    """A response of which one byte is sent every `pace_s` seconds; `head` lets that begin early."""

    pace_s = 0.0
    head = False


class CutResponse(Response):
    """A response that announces more bytes than it has; the connection ends after it."""


class StaleResponse(Response):
    """A response that promises to keep the connection open; it is closed all the same."""


class InterimResponse(Response):
    """A response before which two answers `100 Continue` are sent that nobody asked for."""


class Connection(WSGIRequestHandler):
    """One connection of a client with all its requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Origin

    def handle(self) -> None:
        """Answer the requests of a connection, if it was greeted."""
        try:
            self.server.greet()
        except HangUp as hang_up:
            self._hang_up(reset=hang_up.reset)
            return
        super().handle()

    def run_wsgi(self) -> None:
        """Let the door answer one request and leave the connection ready for the next."""
        environ = self.make_environ()
        chunked = environ.get("wsgi.input_terminated", False)
        declared = environ.get("CONTENT_LENGTH") or "0"
        if not declared.isdecimal():
            self.send_error(400)
            return
        length = 1 << 62 if chunked else int(declared)
        body = Body(environ["wsgi.input"], length)
        environ["wsgi.input"] = body
        request = UploadRequest(environ, self.server.folder, body)
        try:
            response = self.server.door(request)
        except HangUp as hang_up:
            self._hang_up(reset=hang_up.reset)
            return
        finally:
            request.close()
        if chunked and body.read(1):
            self.close_connection = True
        with contextlib.closing(response):
            self._send(response, environ, body, rest=not chunked and body.taken < length)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Stay silent; the record of requests is kept behind the door."""

    def _send(self, response: Response, environ: dict[str, Any], body: Body, *, rest: bool) -> None:
        data, status, headers = response.get_wsgi_response(environ)
        measured = any(name.lower() == "content-length" for name, _ in headers)
        if not measured and self.command != "HEAD" and status[:3] not in ("204", "304"):
            self.close_connection = True
        linger = rest and not self._drained(response, body)
        self.close_connection |= linger or isinstance(response, CutResponse)
        start = self._head(status, headers)
        if isinstance(response, InterimResponse):
            self.wfile.write(INTERIM * 2)
        if stale := isinstance(response, StaleResponse):
            self.close_connection = True
            self._cork()
        if isinstance(response, PacedResponse):
            self._send_slowly(response, start, data)
        else:
            self._send_blocks(start, data)
        if stale:
            self.connection.shutdown(socket.SHUT_WR)
        if linger:
            self._linger(body)

    def _cork(self) -> None:
        """Let the end of the connection travel with the answer, where the system can do that."""
        if cork := getattr(socket, "TCP_CORK", None):
            self.connection.setsockopt(socket.IPPROTO_TCP, cork, 1)

    def _head(self, status: str, headers: Sequence[tuple[str, str]]) -> bytes:
        """Return status line and headers; a Date of the response's own stays, an empty one is left out."""
        told = {name.lower(): value for name, value in headers}
        shown = [pair for pair in headers if pair != ("Date", "")]
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in shown)]
        lines += [] if "date" in told else [f"Date: {self.date_time_string()}"]
        lines += ["Connection: close" if self.close_connection else "Connection: keep-alive"]
        return "\r\n".join([*lines, "", ""]).encode()

    def _send_blocks(self, start: bytes, data: Iterable[bytes]) -> None:
        """Send head and first block together, so that short answers are one packet."""
        for block in data:
            self.wfile.write(start + block)
            start = b""
        if start:
            self.wfile.write(start)

    def _send_slowly(self, response: PacedResponse, start: bytes, data: Iterable[bytes]) -> None:
        slow = b"".join(data)
        if response.head:
            slow = start + slow
        else:
            self.wfile.write(start)
        for position in range(len(slow)):
            self.wfile.write(slow[position : position + 1])
            if self.server.ended.wait(response.pace_s):
                return

    def _drained(self, response: Response, body: Body) -> bool:
        """Make the connection usable again if little is left of a body nobody read."""
        small = body.length - body.taken <= DRAINED_AT_ONCE
        return (
            small and not isinstance(response, PacedResponse) and body.throw_away(DRAINED_AT_ONCE)
        )

    def _linger(self, body: Body) -> None:
        """Go on reading for a while after an early answer, else the client never sees it."""
        until = time.monotonic() + LINGER_S
        self.connection.settimeout(LINGER_S)
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while time.monotonic() < until and body.read(BLOCK):
                pass

    def _hang_up(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            socket.close(self.connection.detach())


class Origin(ThreadedWSGIServer):
    """One port on loopback with the door behind it. `door` answers each request or raises HangUp.

    `greet` is called with each new connection and may wait or raise HangUp. Raises OSError naming the
    port when that is taken.
    """

    def __init__(self, port: int, door: Door, folder: Path, greet: Callable[[], None]) -> None:
        self.door = door
        self.greet = greet
        self.folder = folder
        self.ended = threading.Event()
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        with _listening(port) as listening:
            super().__init__("127.0.0.1", port, _unused, Connection, fd=listening.fileno())
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve in a thread of its own until `end()`."""
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def end(self) -> None:
        """Close the port and every connection at once; no thread is left behind."""
        self.ended.set()
        self.shutdown()
        with self._changed:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, timeout=ENDING_S)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and remember it."""
        connection, address = super().get_request()
        with self._changed:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and forget it."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError as error:
        raise OSError(error.errno, f"port {port} of 127.0.0.1: {error.strerror}") from error


def _unused(_environ: object, _start_response: object) -> Iterable[bytes]:
    """Stand in for the WSGI application, which a connection never asks."""
    return ()
