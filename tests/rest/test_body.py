"""Bodies: streamed, their length known before, the same bytes for every attempt."""

from __future__ import annotations

import io
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP

import pytest

from pytest_attach_evidence.errors import SpoolDamagedError
from pytest_attach_evidence.rest.body import BLOCK
from pytest_attach_evidence.rest.body import Body
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.rest.body import FileBody
from pytest_attach_evidence.rest.body import MultipartBody
from pytest_attach_evidence.rest.body import Part


def file_body(content: bytes, length: int | None = None) -> FileBody:
    """Return the body of a file in memory, of the recorded length."""
    recorded = len(content) if length is None else length
    return FileBody(open=lambda: io.BytesIO(content), length=recorded, media_type="image/png")


def multipart() -> MultipartBody:
    """Return a body of two files, one larger than a block, one empty."""
    large = file_body(b"x" * (2 * BLOCK + 5))
    return MultipartBody(
        [
            Part(field="files", filename="a--3f9a12c07b4e.png", content=large),
            Part(field="files", filename="b.png", content=file_body(b"")),
        ]
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: BytesBody(b"", "text/plain"),
        lambda: BytesBody.json({"a": [1, "ü"]}),
        lambda: BytesBody.form({"grant_type": "client_credentials", "a b": "ü&="}),
        lambda: file_body(b""),
        lambda: file_body(b"x" * (3 * BLOCK)),
        multipart,
    ],
)
def test_every_attempt_sends_the_same_bytes_of_the_announced_length(
    make: Callable[[], Body],
) -> None:
    """A body can be sent again, and is exactly as long as was said."""
    body = make()

    first, second = b"".join(body), b"".join(body)

    assert first == second
    assert body.length == len(first)


def test_a_large_body_comes_in_blocks() -> None:
    """No block is larger than the one size, whatever the file's."""
    assert BLOCK == max(map(len, multipart()))


def test_a_multipart_body_is_what_servers_read() -> None:
    """Field, file name and media type arrive with the bytes, as another parser understands them."""
    body = multipart()
    head = f"Content-Type: {body.media_type}\r\n\r\n".encode()

    message = BytesParser(policy=HTTP).parsebytes(head + b"".join(body))

    parts = list(message.iter_parts())  # type: ignore[attr-defined]  # EmailMessage by policy
    names = ["a--3f9a12c07b4e.png", "b.png"]
    assert names == [part.get_filename() for part in parts]
    assert ["image/png"] * 2 == [part.get_content_type() for part in parts]
    assert [2 * BLOCK + 5, 0] == [len(part.get_content()) for part in parts]


def test_a_file_name_cannot_break_out_of_its_header() -> None:
    """Quotes and line breaks in a name do not begin another header."""
    part = Part(field="f", filename='a"\r\nX-Evil: 1\r\n.png', content=file_body(b""))

    text = b"".join(MultipartBody([part])).decode()

    assert 'filename="a%22X-Evil: 1.png"' in text
    assert "\nX-Evil" not in text


def test_boundaries_cannot_be_guessed() -> None:
    """Evidence cannot contain the border of its own body."""
    assert multipart().media_type != multipart().media_type


@pytest.mark.parametrize(
    ("content", "length"), [(b"short", 9), (b"longer", 3), (b"", 1), (b"x", 0)]
)
def test_a_file_of_another_length_is_damage(content: bytes, length: int) -> None:
    """A file that is not as long as recorded is never sent as if it were."""
    sent = []
    with pytest.raises(SpoolDamagedError, match=f"where {length} are recorded"):
        sent.extend(file_body(content, length))

    assert sum(map(len, sent)) <= length
