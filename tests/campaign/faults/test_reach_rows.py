"""The rows F16 to F18: certificates, names and proxies between us and a server that is fine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from tests.rest.test_tls import protocol_of_a_lax_client

from . import fault_scene as scenes
from .fault_rows import DELIVERED
from .fault_rows import WAITING
from .fault_scene import FaultScene
from .fault_scene import fault_scene
from .front import HOST
from .front import PAGE
from .front import Front
from .front import at
from .front import certified
from .front import name_service
from .front import old_protocol
from .front import self_signed
from .test_fault_rows import check
from .test_fault_rows import told


PROXIES = ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


@dataclass(frozen=True, kw_only=True)
class Reach:
    """A scene whose Squash TM is reached by a name, through TLS; `good` is its sound behaviour."""

    scene: FaultScene
    front: Front
    authority: trustme.CA
    squash_port: int
    patch: pytest.MonkeyPatch

    def heal(self) -> None:
        """Let name, certificate and way be right."""
        self.front.behaviour = self.front.secured(certified(self.authority), self.squash_port)
        self.names(lambda _host, port: at("127.0.0.1", port))
        for name in PROXIES:
            self.patch.delenv(name, raising=False)

    def names(self, answer: Callable[[str, int], list[tuple[object, ...]]]) -> None:
        """Let the name service answer so."""
        self.patch.setattr(socket, "getaddrinfo", name_service(answer))

    def end(self, promise: str, says: str, *, seconds: float = 300.0) -> None:
        """Push with the fault, then without it; check both."""
        first = self.scene.push(seconds=seconds)
        assert promise == told(first), first.lines
        assert says in "\n".join(first.lines)
        check(self.scene, first)
        assert [] == self.scene.sandbox.requests("squash")

        self.heal()
        second = self.scene.push()
        assert DELIVERED == told(second), second.lines
        check(self.scene, second)
        ledger = self.scene.sandbox.store.ledger()
        assert DELIVERED == told(self.scene.push())
        assert ledger == self.scene.sandbox.store.ledger()


@pytest.fixture
def reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reach]:
    """A run that waits for a Squash TM behind a name and TLS."""
    authority = trustme.CA()
    pem = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(pem))
    for name in ("no_proxy", "NO_PROXY", *PROXIES):
        monkeypatch.delenv(name, raising=False)
    front = Front(lambda _connection: None)
    with front.serving():
        options = {"evidence_squash_url": f"https://{HOST}:{front.port}/squash"}
        known = {**scenes.SYSTEMS, "named": replace(scenes.SYSTEMS["squash"], options=options)}
        monkeypatch.setattr(scenes, "SYSTEMS", known)
        with fault_scene(tmp_path, "named", monkeypatch=monkeypatch, ca_bundle=str(pem)) as scene:
            port = urlsplit(scene.sandbox.roots["squash"]).port or 0
            made = Reach(
                scene=scene,
                front=front,
                authority=authority,
                squash_port=port,
                patch=monkeypatch,
            )
            made.heal()
            yield made


class TestTls:
    """F16: nothing is sent to a server that cannot show who it is."""

    @pytest.mark.parametrize(
        ("name", "expired", "says"),
        [(HOST, True, "expired"), ("other.example", False, "mismatch")],
    )
    def test_a_certificate_that_is_wrong(
        self, reach: Reach, name: str, expired: bool, says: str
    ) -> None:
        """Which check failed is said, and the destination is closed at once."""
        context = certified(reach.authority, name, expired=expired)
        reach.front.behaviour = reach.front.secured(context, reach.squash_port)

        reach.end(WAITING, says)

    def test_an_authority_nobody_knows(self, reach: Reach) -> None:
        """The option that names an authority is told."""
        context = certified(trustme.CA())
        reach.front.behaviour = reach.front.secured(context, reach.squash_port)

        reach.end(WAITING, "evidence_ca_bundle")

    def test_a_certificate_that_vouches_for_itself(self, reach: Reach, tmp_path: Path) -> None:
        """It is as good as none."""
        reach.front.behaviour = reach.front.secured(self_signed(tmp_path), reach.squash_port)

        reach.end(WAITING, "the certificate of squash.example was refused")

    def test_an_old_protocol(self, reach: Reach, recwarn: pytest.WarningsRecorder) -> None:
        """TLS 1.1 is no connection."""
        context = old_protocol(reach.authority)
        reach.front.behaviour = reach.front.secured(context, reach.squash_port)

        assert "TLSv1.1" == protocol_of_a_lax_client(reach.front.port, reach.authority, HOST)
        reach.end(WAITING, "no connection to squash.example")

    def test_plain_http_where_tls_was_expected(self, reach: Reach) -> None:
        """A server that speaks plain HTTP gets nothing it could read."""
        reach.front.behaviour = reach.front.says(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        reach.end(WAITING, "no connection to squash.example")
        assert b"/squash" not in reach.front.heard

    def test_a_handshake_that_stalls(self, reach: Reach) -> None:
        """It ends with the deadline."""
        reach.front.behaviour = reach.front.stalls

        reach.end(WAITING, "no connection to squash.example", seconds=1.5)


class TestRedirects:
    """F12: what leads out of TLS."""

    def test_a_redirect_out_of_tls(self, reach: Reach) -> None:
        """F12: an answer that leads from https to http is not followed."""
        reach.scene.fail("redirect", location=f"http://{HOST}/take", times=-1)

        first = reach.scene.push()

        assert WAITING == told(first), first.lines
        assert f"to http://{HOST}, which is not followed" in "\n".join(first.lines)
        check(reach.scene, first)
        reach.scene.sandbox.heal()
        assert DELIVERED == told(reach.scene.push())


def refused(host: str, port: int) -> list[tuple[object, ...]]:
    """Answer that there is no such name."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def later(host: str, port: int) -> list[tuple[object, ...]]:
    """Answer that nobody answers now."""
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


class TestNames:
    """F17: no way to the server is no loss."""

    @pytest.mark.parametrize(
        "answer",
        [
            refused,
            later,
            lambda _host, _port: [],
            lambda _host, _port: at("127.0.0.1", closed_port()),
            lambda _host, port: at("255.255.255.255", port),
        ],
        ids=["no such name", "no answer", "empty answer", "closed port", "no network"],
    )
    def test_no_way(
        self, reach: Reach, answer: Callable[[str, int], list[tuple[object, ...]]]
    ) -> None:
        """After some tries the destination is closed; a push delivers when there is a way."""
        reach.names(answer)

        reach.end(WAITING, "no connection to squash.example")


class TestProxies:
    """F18: a proxy of the environment that is in the way."""

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (
                b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
                "the proxy wants a login (407)",
            ),
            (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "502 Bad Gateway"),
            (b"HTTP/1.1 403 Forbidden\r\n\r\n" + PAGE, "403 Forbidden"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + PAGE, "no connection"),
            (b"", "no connection"),
        ],
        ids=["407", "502", "403 with a page", "a page instead of a tunnel", "connection closed"],
    )
    def test_a_proxy_that_does_not_tunnel(self, reach: Reach, content: bytes, says: str) -> None:
        """What the proxy says is told; nothing of ours is shown to it but the server's name."""
        with proxying(reach) as proxy:
            proxy.behaviour = proxy.says(content)
            reach.end(WAITING, says)

            assert bytes(proxy.heard).startswith(b"CONNECT squash.example:")
            assert b"Bearer" not in proxy.heard
            assert b"signed in" not in proxy.heard

    def test_a_proxy_that_tunnels(self, reach: Reach) -> None:
        """Everything goes through it, and none of it can be read there."""
        with proxying(reach) as proxy:
            proxy.behaviour = proxy.tunnels(reach.front.port)
            reach.names(refused)

            pushed = reach.scene.push()

            assert DELIVERED == told(pushed), pushed.lines
            check(reach.scene, pushed)
            assert b"Bearer" not in proxy.heard

    def test_no_proxy_is_respected(self, reach: Reach) -> None:
        """A host that NO_PROXY names is reached directly."""
        with proxying(reach) as proxy:
            proxy.behaviour = proxy.says(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            reach.patch.setenv("no_proxy", HOST)

            assert DELIVERED == told(reach.scene.push())
            assert b"" == proxy.heard


@contextmanager
def proxying(reach: Reach) -> Iterator[Front]:
    """Let the environment name a proxy."""
    proxy = Front(lambda _connection: None)
    with proxy.serving():
        reach.patch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        yield proxy


def closed_port() -> int:
    """Return a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
