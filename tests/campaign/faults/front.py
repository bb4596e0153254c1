"""What stands before a server: TLS with any certificate, a proxy, and a name service."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import trustme


HOST = "squash.example"
LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
PAGE = b"<html><title>Sign in to the network</title></html>"

Behaviour = Callable[[socket.socket], None]


@dataclass
class Front:
    """A listener on loopback. `behaviour` says what becomes of each connection, and may change.

    `heard` are bytes that could be read of what a client sent.
    """

    behaviour: Behaviour
    listening: socket.socket = field(init=False)
    heard: bytearray = field(default_factory=bytearray)
    ended: threading.Event = field(default_factory=threading.Event)
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1."""
        return int(self.listening.getsockname()[1])

    @contextmanager
    def serving(self) -> Iterator[Front]:
        """Listen until the block ends."""
        self.listening = socket.create_server(("127.0.0.1", 0))
        accepting = threading.Thread(target=self._accept, daemon=True)
        accepting.start()
        try:
            yield self
        finally:
            self.ended.set()
            for one in [self.listening, *self._open]:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            for thread in [accepting, *self._threads]:
                thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self.behaviour(connection)

    def says(self, content: bytes) -> Behaviour:
        """Read something, answer with these bytes, close."""

        def behave(connection: socket.socket) -> None:
            self.heard += connection.recv(65536)
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

        return behave

    def stalls(self, connection: socket.socket) -> None:
        """Take the connection and do nothing until the end."""
        self.ended.wait(60)

    def resets(self, connection: socket.socket) -> None:
        """Read something and close: what comes later meets a reset."""
        self.heard += connection.recv(10)

    def secured(self, context: ssl.SSLContext, port: int) -> Behaviour:
        """Speak TLS and pass everything to a port."""

        def behave(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as plain:
                self._open.append(plain)
                self._pass_on(plain, port)

        return behave

    def when(self, happened: Callable[[], bool], port: int) -> Behaviour:
        """Hold everything back until something has happened, then pass it to a port."""

        def behave(connection: socket.socket) -> None:
            while not happened():
                if self.ended.wait(0.01):
                    return
            self._pass_on(connection, port)

        return behave

    def tunnels(self, port: int) -> Behaviour:
        """Be a proxy that tunnels everything to a port."""

        def behave(connection: socket.socket) -> None:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            self.heard += head
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._pass_on(connection, port)

        return behave

    def _pass_on(self, client: socket.socket, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:
            self._open.append(server)
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join(10)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError):
        while block := source.recv(65536):
            sink.sendall(block)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def certified(authority: trustme.CA, name: str = HOST, *, expired: bool = False) -> ssl.SSLContext:
    """Return a server's TLS with a certificate for a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority.issue_cert(name, not_after=LONG_AGO if expired else None)
    issued.configure_cert(context)
    return context


def old_protocol(authority: trustme.CA) -> ssl.SSLContext:
    """Return a server's TLS that knows nothing above 1.1."""
    context = certified(authority)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return a server's TLS whose certificate vouches for itself."""
    # A root's own certificate and key are one: trustme gives both.
    root = trustme.CA()
    pem = folder / "self-signed.pem"
    pem.write_bytes(root.private_key_pem.bytes() + root.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def name_service(answer: Callable[[str, int], list[tuple[object, ...]]]) -> Callable[..., object]:
    """Return a stand-in of getaddrinfo that asks a test about the host of the scene."""
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: object, **more: object) -> object:
        return answer(host, port) if host == HOST else real(host, port, *args, **more)  # type: ignore[arg-type]

    return look_up


def at(address: str, port: int) -> list[tuple[object, ...]]:
    """Return a name service's answer with one address."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]
