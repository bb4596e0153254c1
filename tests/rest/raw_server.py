"""A server of plain sockets whose every byte a test decides, and what it needs to answer."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field


@dataclass
class Caller:
    """One connection. `received` grows as the script reads; `ended` is set when the test is over.

    `log` holds whole requests that were answered already.
    """

    socket: socket.socket
    ended: threading.Event
    received: bytearray = field(default_factory=bytearray)
    log: list[bytes] = field(default_factory=list)

    def head(self) -> bytes:
        """Read up to the end of the request's head and return it."""
        while b"\r\n\r\n" not in self.received:
            if not self.more():
                break
        return bytes(self.received.partition(b"\r\n\r\n")[0])

    def request(self) -> bytes:
        """Read a whole request with a Content-Length; return its body."""
        head = self.head().lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        while len(self.body) < length and self.more():
            pass
        return self.body

    @property
    def body(self) -> bytes:
        """What was read behind the head."""
        return bytes(self.received.partition(b"\r\n\r\n")[2])

    def more(self) -> bytes:
        """Read once; nothing when the client is gone."""
        block = self.socket.recv(65_536)
        self.received += block
        return block

    def send(self, content: bytes) -> None:
        """Send bytes; a client that is gone does not matter."""
        with contextlib.suppress(OSError):
            self.socket.sendall(content)


Script = Callable[[Caller], None]


@dataclass
class RawServer:
    """A listening server. `callers` are all connections so far."""

    url: str
    port: int
    callers: list[Caller] = field(default_factory=list)

    @property
    def received(self) -> bytes:
        """Everything that reached it, over all connections."""
        return b"".join(b"".join(caller.log) + caller.received for caller in self.callers)

    @property
    def requests(self) -> list[bytes]:
        """The requests that were answered, over all connections."""
        return [request for caller in self.callers for request in caller.log]


def answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    """Return an answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def always(content: bytes) -> Script:
    """Return a script that answers every request of a connection with the same bytes."""

    def script(caller: Caller) -> None:
        while caller.request() or caller.received:
            caller.log.append(bytes(caller.received))
            caller.received.clear()
            caller.send(content)

    return script


@contextmanager
def serving(
    script: Script, *, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[RawServer]:
    """Serve on loopback with a script for each connection until the block ends."""
    ended = threading.Event()
    listening = socket.create_server((host, 0))
    port = listening.getsockname()[1]
    server = RawServer(f"{'https' if context else 'http'}://{host}:{port}", port)
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            plain = context.wrap_socket(connection, server_side=True) if context else connection
            caller = Caller(plain, ended)
            server.callers.append(caller)
            with plain:
                script(caller)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for caller in server.callers:
            with contextlib.suppress(OSError):
                caller.socket.shutdown(socket.SHUT_RDWR)
        for thread in [accepting, *threads]:
            thread.join(5)
