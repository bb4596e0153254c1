"""WebDriver servers that answer a request for a picture never, slowly, or byte by byte."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer


PICTURE = b"\x89PNG" + b"x" * 60


class SilentDriver(ThreadingHTTPServer):
    """A WebDriver server that opens sessions and then never answers a request for a picture."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Silence)
        self.asked = 0
        self.asked_for_alerts = 0
        self.over = threading.Event()

    def picture(self, request: _Silence) -> None:
        """Answer a request for a picture."""
        self.over.wait(30)


class SlowDriver(SilentDriver):
    """One that answers after a while."""

    def __init__(self, after_s: float) -> None:
        super().__init__()
        self.after_s = after_s

    def picture(self, request: _Silence) -> None:
        """Answer with a picture."""
        self.over.wait(self.after_s)
        request.answer(200, document(base64.b64encode(PICTURE).decode()))


class DrippingDriver(SilentDriver):
    """One that answers byte by byte, from the first of the head or from the first of the body."""

    def __init__(self, first: str) -> None:
        super().__init__()
        self.first = first

    def picture(self, request: _Silence) -> None:
        """Send a byte now and then, for minutes."""
        body = document(base64.b64encode(PICTURE).decode())
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        whole, at_once = head.encode() + body, len(head) if self.first == "body" else 0
        request.wfile.write(whole[:at_once])
        for byte in whole[at_once:]:
            if self.over.wait(0.2):
                return
            request.wfile.write(bytes([byte]))
            request.wfile.flush()


@contextmanager
def serving(server: SilentDriver | None = None) -> Iterator[SilentDriver]:
    """Run such a server until the block is over."""
    server = server or SilentDriver()
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
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        wanted = asked.get("capabilities", {}).get("alwaysMatch", {})
        self.answer(200, document({"sessionId": "1", "capabilities": wanted}))

    def do_GET(self) -> None:
        if self.path.endswith("/alert/text"):
            self.server.asked_for_alerts += 1
            self.answer(404, document({"error": "no such alert", "message": ""}))
        elif self.path.endswith("/screenshot"):
            self.server.asked += 1
            try:
                self.server.picture(self)
            except ConnectionError:  # nobody waits for it any more
                self.close_connection = True
        else:
            self.answer(200, document("Shop"))

    def answer(self, status: int, body: bytes) -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def document(value: object) -> bytes:
    """Return the body of an answer."""
    return json.dumps({"value": value}).encode()
