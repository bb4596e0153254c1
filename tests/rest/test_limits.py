"""Every request ends: by its deadline, when nothing moves, and soon after a stop."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from pytest_attach_evidence.errors import DeliveryError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.rest.answers import Answer
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget

from .. import peak
from .raw_server import Caller
from .raw_server import RawServer
from .raw_server import answer
from .raw_server import serving
from .sending import request
from .sending import send
from .sending import zeros


JSON = BytesBody.json({"a": 1})
MIB = 1024 * 1024
TOO_LARGE = answer(b'{"message": "too large"}', "413 Content Too Large")


def drip(caller: Caller) -> None:
    """Send an answer byte by byte for ever, head first."""
    caller.request()
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999:
        caller.socket.sendall(bytes([byte]))
        if caller.ended.wait(0.03):
            return


def silent(caller: Caller) -> None:
    """Take the request and say nothing."""
    caller.request()
    caller.ended.wait(30)


def deaf(caller: Caller) -> None:
    """Accept the connection and read nothing."""
    caller.ended.wait(30)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that this test run made up."""
    return trustme.CA()


@pytest.fixture(params=["http", "https"])
def secured(
    request: pytest.FixtureRequest, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ssl.SSLContext | None, str | None]]:
    """What a server and a client need: nothing, or a certificate and its authority."""
    if request.param == "http":
        yield None, None
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    yield context, str(path)


Secured = tuple[ssl.SSLContext | None, str | None]


@pytest.mark.parametrize("script", [drip, silent, deaf], ids=lambda script: script.__name__)
def test_the_deadline_ends_a_request(script: Callable[[Caller], None], secured: Secured) -> None:
    """A server that drips, waits or does not read holds nobody beyond the time there is."""
    context, ca_bundle = secured
    body = zeros(64 * MIB) if script is deaf else JSON
    with serving(script, context=context) as server:
        started = time.monotonic()
        error = send(server.url, body=body, budget=Budget.lasting(0.8), ca_bundle=ca_bundle)
        took = time.monotonic() - started

    assert isinstance(error, UncertainError)
    assert "the time for this request is over" in str(error)
    assert 0.7 <= took < 2.5


@pytest.mark.parametrize("script", [silent, deaf], ids=lambda script: script.__name__)
def test_a_stall_ends_a_request(script: Callable[[Caller], None], secured: Secured) -> None:
    """Where no byte moves for the stall limit, the request is given up long before the deadline."""
    context, ca_bundle = secured
    body = zeros(64 * MIB) if script is deaf else JSON
    budget = Budget.lasting(60, stall_s=1.0)
    with serving(script, context=context) as server:
        started = time.monotonic()
        error = send(server.url, body=body, budget=budget, ca_bundle=ca_bundle)
        took = time.monotonic() - started

    assert isinstance(error, UncertainError)
    assert "no byte for 1 s" in str(error)
    assert 0.9 <= took < 3


@pytest.mark.parametrize("script", [drip, silent, deaf], ids=lambda script: script.__name__)
def test_a_stop_ends_a_request_within_a_second(
    script: Callable[[Caller], None], secured: Secured
) -> None:
    """Ctrl-C ends what is under way, whichever side is waiting for the other."""
    context, ca_bundle = secured
    budget = Budget.lasting(60)
    stopped: list[float] = []

    def stop(server: RawServer) -> None:
        while not server.callers:
            pass
        threading.Event().wait(0.3)
        stopped.append(time.monotonic())
        budget.stop.set()

    body = zeros(64 * MIB) if script is deaf else JSON
    with serving(script, context=context) as server:
        stopper = threading.Thread(target=stop, args=(server,))
        stopper.start()
        error = send(server.url, body=body, budget=budget, ca_bundle=ca_bundle)
        ended = time.monotonic()
        stopper.join()

    assert isinstance(error, DeliveryError)
    assert "stopped" in str(error)
    assert ended - stopped[0] < 1


def test_a_slow_server_that_moves_is_waited_for() -> None:
    """A server that sends a byte now and then is alive: only the deadline ends it."""

    def slowly(caller: Caller) -> None:
        caller.request()
        for byte in answer(b'{"a":1}'):
            caller.socket.sendall(bytes([byte]))
            caller.ended.wait(0.02)

    with serving(slowly) as server:
        got = send(server.url, body=JSON, budget=Budget.lasting(30, stall_s=0.5))

    assert isinstance(got, Answer)


def refuse_and_read_on(caller: Caller) -> None:
    """Refuse after the head, and take the rest."""
    caller.head()
    caller.send(TOO_LARGE)
    while caller.more():
        pass


def refuse_and_read_nothing(caller: Caller) -> None:
    """Refuse after the head, and leave the body where it is."""
    caller.head()
    caller.send(TOO_LARGE)
    caller.ended.wait(30)


def refuse_and_close(caller: Caller) -> None:
    """Refuse after the head, close this side, and read for a while, as servers should."""
    caller.head()
    caller.send(TOO_LARGE)
    caller.socket.shutdown(socket.SHUT_WR)
    while caller.more():
        pass


@pytest.mark.parametrize(
    "script",
    [refuse_and_read_on, refuse_and_read_nothing, refuse_and_close],
    ids=lambda script: script.__name__,
)
def test_an_early_refusal_is_read_while_the_body_is_sent(
    script: Callable[[Caller], None], secured: Secured
) -> None:
    """A 413 that comes before the body is done is the answer, and ends the sending."""
    context, ca_bundle = secured
    if context is not None and script is refuse_and_close:
        script = refuse_and_read_on
    with serving(script, context=context) as server:
        started = time.monotonic()
        got = send(server.url, body=zeros(64 * MIB), ca_bundle=ca_bundle)
        took = time.monotonic() - started

    assert isinstance(got, Answer), got
    assert (413, "too large") == (got.status, got.words())
    assert took < 3


def test_after_an_early_refusal_the_next_request_is_sound() -> None:
    """A connection with half a body on it is not used again."""

    def script(caller: Caller) -> None:
        head = caller.head()
        caller.send(TOO_LARGE if b"POST /large" in head else answer())
        while caller.more():
            pass

    with serving(script) as server:
        session = Session(Origins(server.url), Budget.lasting(20, stall_s=5))
        first = session.send(request(f"{server.url}/large", body=zeros(64 * MIB)))
        second = session.send(request(f"{server.url}/small", body=JSON))
        session.close()

    assert [413, 200] == [first.status, second.status]
    assert 2 == len(server.callers)


def test_no_time_left_is_no_request() -> None:
    """Where the deadline has passed, a server is not asked to act any more."""
    with serving(silent) as server:
        error = send(server.url, body=JSON, budget=Budget.lasting(0))

    assert isinstance(error, TemporaryError)
    assert b"" == server.received


MEMORY = f"""{peak.SOURCE}
import sys
from pytest_attach_evidence.rest.answers import Request
from pytest_attach_evidence.rest.body import FileBody, MultipartBody, Part
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget
url, path, way = sys.argv[1:]
session = Session(Origins(url), Budget.lasting(120))
session.send(Request(method="GET", url=url, what="a first look"))
file = FileBody(open=lambda: open(path, "rb"), length=1 << 30)
body = MultipartBody([Part(field="files", filename="large.bin", content=file)])
upload = Request(method="POST", url=url, what="the upload", body=body)
into = open(path, "wb") if way == "download" else None
download = Request(method="GET", url=url + "/large", what="the download", into=into)
before = peak_kib()
answer = session.send(upload if way == "upload" else download)
print(answer.status, (peak_kib() - before) / 1024)
"""
GIBIBYTE = 1 << 30


def large_things(caller: Caller) -> None:
    """Take requests without keeping their bodies, and answer one with a gibibyte."""
    buffer = bytearray(1 << 20)
    while head := caller.head():
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        missing = length - len(caller.body)
        while missing > 0:
            missing -= caller.socket.recv_into(buffer)
        caller.received.clear()
        if b" /large " not in head:
            caller.send(answer())
            continue
        caller.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIBIBYTE)
        for _ in range(GIBIBYTE // len(buffer)):
            caller.socket.sendall(buffer)


@pytest.mark.parametrize("way", ["upload", "download"])
def test_memory_stays_small_whatever_is_sent_or_fetched(tmp_path: Path, way: str) -> None:
    """A gibibyte sent as multipart, or written into a file, adds at most 32 MiB to the process."""
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(GIBIBYTE)  # of zeros, so that it takes no disk

    with serving(large_things) as server:
        command = [sys.executable, "-c", MEMORY, server.url, str(path), way]
        done = subprocess.run(command, capture_output=True, text=True, check=True)

    status, added = map(float, done.stdout.split())
    size = path.stat().st_size
    path.unlink()
    assert (200, GIBIBYTE) == (status, size)
    assert added <= 32
