"""A WebDriver server that never answers when it is asked for a picture."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer


class SilentDriver(ThreadingHTTPServer):
    """A WebDriver server that opens sessions and then never answers a request for a picture."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Silence)
        self.asked = 0
        self.over = threading.Event()


@contextmanager
def serving() -> Iterator[SilentDriver]:
    """Run such a server until the block is over."""
    server = SilentDriver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


class _Silence(BaseHTTPRequestHandler):
    server: SilentDriver

    def do_POST(self) -> None:
        self._answer(200, b'{"value": {"sessionId": "1", "capabilities": {}}}')

    def do_GET(self) -> None:
        if self.path.endswith("/alert/text"):
            self._answer(404, b'{"value": {"error": "no such alert", "message": ""}}')
        else:
            self.server.asked += 1
            self.server.over.wait(30)

    def _answer(self, status: int, body: bytes) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
