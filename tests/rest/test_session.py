"""What became of a request: sorted by whether the server can have acted."""

from __future__ import annotations

import gzip
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_attach_evidence.errors import DeliveryError
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import SpoolDamagedError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.rest.answers import ANSWER_LIMIT
from pytest_attach_evidence.rest.answers import Answer
from pytest_attach_evidence.rest.auth import Token
from pytest_attach_evidence.rest.auth import TokenSource
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secret

from .raw_server import Caller
from .raw_server import always
from .raw_server import answer
from .raw_server import serving
from .sending import CANARY
from .sending import request
from .sending import send
from .sending import zeros


JSON = BytesBody.json({"a": 1})
MIB = 1024 * 1024


def reset(caller: Caller) -> None:
    """End a connection without good-bye."""
    caller.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    caller.socket.close()


def lost(caller: Caller) -> None:
    """Take the request and close the connection."""
    caller.request()


def lost_with_reset(caller: Caller) -> None:
    """Take the request and reset the connection."""
    caller.request()
    reset(caller)


def half_read(caller: Caller) -> None:
    """Take a part of the body and reset the connection."""
    caller.head()
    reset(caller)


def cut(caller: Caller) -> None:
    """Answer with less than was announced, though what came is complete JSON."""
    caller.request()
    caller.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}")


def cut_chunks(caller: Caller) -> None:
    """Answer in chunks of which the last is missing."""
    caller.request()
    caller.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")


def garbage(caller: Caller) -> None:
    """Answer with something that is not HTTP."""
    caller.request()
    caller.send(b"\x00\xff no HTTP at all\r\n\r\n")


def many_headers(caller: Caller) -> None:
    """Answer with ten thousand headers."""
    caller.request()
    caller.send(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n")


def too_long(caller: Caller) -> None:
    """Answer with more than is read."""
    caller.request()
    caller.send(answer(b" " * (2 * MIB)))


@pytest.mark.parametrize(
    "script",
    [lost, lost_with_reset, half_read, cut, cut_chunks, garbage, many_headers, too_long],
    ids=lambda script: script.__name__,
)
@pytest.mark.parametrize(
    ("method", "acts", "expected"),
    [
        ("POST", None, UncertainError),
        ("GET", None, TemporaryError),
        ("POST", False, TemporaryError),
    ],
)
def test_a_lost_answer_is_uncertain_where_the_server_may_have_acted(
    script: Callable[[Caller], None],
    method: str,
    acts: bool | None,
    expected: type[DeliveryError],
) -> None:
    """An answer that is missing, cut, unreadable or endless says nothing about what was done."""
    with serving(script) as server:
        error = send(
            server.url, method, body=zeros(3 * MIB) if method == "POST" else None, acts=acts
        )

    assert expected is type(error)
    assert str(error).startswith("the upload: ")
    assert 1 == len(server.callers)


def test_a_refused_connection_is_temporary() -> None:
    """Where nobody listens, nothing was sent, and later may be better."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    error = send(f"http://127.0.0.1:{port}", body=JSON)

    assert isinstance(error, TemporaryError)
    assert "no connection to 127.0.0.1 (Connection refused)" in str(error)


def test_an_unknown_host_is_temporary() -> None:
    """A name that does not resolve may do so later."""
    error = send("https://nowhere.invalid/x", body=JSON)

    assert isinstance(error, TemporaryError)
    assert "no connection to nowhere.invalid" in str(error)


def test_an_answer_is_complete_whatever_its_status() -> None:
    """Every status is an answer; what it means is for the caller."""
    content = answer(b'{"code": 7}', "418 Teapot", X_Request_Id="abc")
    with serving(always(content)) as server:
        got = send(server.url, body=JSON)

    assert isinstance(got, Answer)
    assert (418, "abc", {"code": 7}) == (got.status, got.headers["x-request-id"], got.fields())


@pytest.mark.parametrize(
    ("status", "method"),
    [("204 No Content", "POST"), ("304 Not Modified", "GET"), ("200 OK", "HEAD")],
)
def test_an_answer_without_a_body_is_complete(status: str, method: str) -> None:
    """Where HTTP allows no body, an announced length is no promise of one."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: 50\r\n\r\n".encode()
    with serving(always(head)) as server:
        got = send(server.url, method)

    assert isinstance(got, Answer)
    assert b"" == got.body


@pytest.mark.parametrize(
    ("body", "expected"), [(None, b"0"), (BytesBody(b"", "text/plain"), b"0"), (JSON, b"7")]
)
def test_a_body_has_a_length(body: BytesBody | None, expected: bytes) -> None:
    """Every POST says how long it is, the empty one too, and none is sent in chunks."""
    with serving(always(answer())) as server:
        send(server.url, body=body)

    [seen] = server.requests
    head = seen.lower()
    assert b"content-length: " + expected + b"\r\n" in head
    assert b"transfer-encoding" not in head


def test_a_large_body_arrives_whole_and_once() -> None:
    """Bytes are streamed, and a connection is used again for the next request."""
    with serving(always(answer())) as server:
        session = Session(Origins(server.url), Budget.lasting(20))
        for _ in range(2):
            session.send(request(server.url, body=zeros(5 * MIB)))
        session.close()

    bodies = [len(seen.partition(b"\r\n\r\n")[2]) for seen in server.requests]
    assert [5 * MIB, 5 * MIB] == bodies
    assert 1 == len(server.callers)


@pytest.mark.parametrize("size", [ANSWER_LIMIT, ANSWER_LIMIT + 1])
def test_the_limit_of_an_answer_is_exact(size: int) -> None:
    """One byte too many is refused, with the number."""
    with serving(always(answer(b"7" * size))) as server:
        got = send(server.url, "GET")

    assert isinstance(got, Answer) == (size == ANSWER_LIMIT)
    assert size == ANSWER_LIMIT or f"over {ANSWER_LIMIT} bytes" in str(got)


def test_a_compressed_answer_is_not_expanded() -> None:
    """A server that compresses unasked gets its bytes read as they are: no bomb goes off."""
    bomb = gzip.compress(bytes(200 * MIB), compresslevel=9)
    with serving(always(answer(bomb, Content_Encoding="gzip"))) as server:
        got = send(server.url, "GET")

    assert isinstance(got, Answer)
    assert len(bomb) == len(got.body)
    assert b"Accept-Encoding: identity" in server.received


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_redirect_is_never_followed(status: int, method: str) -> None:
    """Neither header nor body reaches the place that a redirect names; the caller sees the status."""
    with serving(always(answer()), host="127.0.0.2") as other:
        moved = answer(b"", f"{status} Moved", Location=f"{other.url}/elsewhere")
        with serving(always(moved)) as server:
            got = send(server.url, method, body=JSON if method != "GET" else None)

    assert isinstance(got, Answer)
    assert status == got.status
    assert [] == other.callers


def test_a_url_outside_the_list_is_never_connected_to() -> None:
    """A foreign URL closes the destination before a single byte goes out."""
    with serving(always(answer())) as server:
        error = send(server.url, base="https://squash.example", body=JSON)

    assert isinstance(error, DestinationClosedError)
    assert [] == server.callers


def test_no_netrc_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login in ~/.netrc is not sent, with our credentials or without."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login netrc-user password netrc-password\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))

    with serving(always(answer())) as server:
        send(server.url, "GET", credentials=None)
        send(server.url, "GET")

    heads = server.requests
    assert [False, True] == [b"authorization" in head.lower() for head in heads]
    assert f"Authorization: Bearer {CANARY}".encode() in heads[1]


def test_proxies_are_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment carries requests to other hosts, and none to this machine."""
    with (
        serving(always(answer(b'"proxy"'))) as proxy,
        serving(always(answer(b'"direct"'))) as server,
    ):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        here = send(server.url, "GET")
        there = send("http://intra.invalid/x", "GET")

    assert isinstance(here, Answer)
    assert isinstance(there, Answer)
    assert ("direct", "proxy") == (here.document(), there.document())
    assert b"GET http://intra.invalid/x HTTP/1.1" in proxy.received


def test_a_proxy_that_wants_a_login_closes_the_destination(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 407 for a tunnel is a matter of configuration, not of waiting."""
    refusal = answer(b"", "407 Proxy Authentication Required", Proxy_Authenticate="Basic")
    with serving(always(refusal)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        error = send("https://intra.invalid/x", body=JSON)

    assert isinstance(error, DestinationClosedError)
    assert "the proxy wants a login (407)" in str(error)
    assert "https_proxy" in error.next_step
    assert CANARY.encode() not in proxy.received


@pytest.mark.parametrize(("recorded", "real"), [(4 * MIB, MIB), (MIB, 4 * MIB), (0, 5)])
def test_a_file_of_another_length_is_damage_and_never_sent_as_whole(
    recorded: int, real: int
) -> None:
    """A shorter or longer file ends the request; the server never gets a complete wrong body."""
    damage = pytest.raises(SpoolDamagedError, match=f"where {recorded} are recorded")
    with serving(always(answer())) as server, damage:
        send(server.url, body=zeros(recorded, real=real))

    bodies = [caller.body for caller in server.callers]
    assert all(len(body) < recorded for body in bodies)


def test_a_token_is_renewed_once_after_a_401() -> None:
    """A refused token is replaced and the request sent again; a second 401 is the answer."""
    tokens = iter(["first", "second", "third"])
    source = TokenSource(lambda: Token(value=Secret(next(tokens), "a test")))

    with serving(always(answer(b"", "401 Unauthorized"))) as server:
        session = Session(Origins(server.url), Budget.lasting(20))
        got = session.send(request(server.url, body=JSON, credentials=source))
        session.close()

    assert 401 == got.status
    assert [b"Bearer first" in server.requests[0], b"Bearer second" in server.requests[1]] == [
        True
    ] * 2
    assert "third" == next(tokens)


def test_static_credentials_are_sent_once() -> None:
    """A wrong password is not tried again: that can lock an account."""
    with serving(always(answer(b"", "401 Unauthorized"))) as server:
        got = send(server.url, body=JSON)

    assert isinstance(got, Answer)
    assert (401, 1) == (got.status, len(server.requests))
