"""Answers that are written into a file block by block."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from pathlib import Path

import pytest

from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.rest.answers import ANSWER_LIMIT
from pytest_attach_evidence.rest.answers import Answer

from .raw_server import Caller
from .raw_server import always
from .raw_server import answer
from .raw_server import serving
from .sending import send


MIB = 1024 * 1024
BLOCK = bytes(range(256)) * 256


def test_an_answer_of_any_size_is_written_and_not_held(tmp_path: Path) -> None:
    """Far more than an answer may have goes into the file; the memory does not grow with it."""
    size = 64 * MIB
    digest = hashlib.sha256()

    def large(caller: Caller) -> None:
        caller.request()
        caller.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(BLOCK)):
            caller.socket.sendall(BLOCK)
            digest.update(BLOCK)

    path = tmp_path / "file"
    with serving(large) as server, path.open("wb") as into:
        tracemalloc.start()
        found = send(server.url, "GET", into=into)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert isinstance(found, Answer)
    assert (200, b"") == (found.status, found.body)
    assert digest.digest() == hashlib.sha256(path.read_bytes()).digest()
    assert size > 16 * ANSWER_LIMIT
    assert peak < 8 * MIB


def test_a_refusal_is_an_answer_and_no_file() -> None:
    """The words of an error stand in the answer, where they are read."""
    into = io.BytesIO()
    with serving(always(answer(b'{"message": "not there"}', "404 Not Found"))) as server:
        found = send(server.url, "GET", into=into)

    assert isinstance(found, Answer)
    assert "not there" == found.words()
    assert b"" == into.getvalue()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_half_an_answer_is_no_success(method: str) -> None:
    """A connection that ends early is told, however much was written."""

    def half(caller: Caller) -> None:
        caller.request()
        caller.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + bytes(100_000))

    with serving(half) as server:
        found = send(server.url, method, into=io.BytesIO(), acts=False)

    assert isinstance(found, TemporaryError)
    assert "broke before the answer was read" in str(found)


def test_a_full_disk_is_the_disk() -> None:
    """What cannot be written is not taken for a connection that broke."""
    with serving(always(answer(bytes(300_000)))) as server, Path("/dev/full").open("wb") as into:
        found = send(server.url, "GET", into=into)

    assert isinstance(found, PermanentError)
    assert "No space left" in str(found)
