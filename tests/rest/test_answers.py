"""What an answer that is no success allows to do next, and what a person reads of it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from pytest_attach_evidence.errors import ConflictError
from pytest_attach_evidence.errors import DeliveryError
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import OnceMoreError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.rest.answers import CHECK_ADDRESS
from pytest_attach_evidence.rest.answers import Answer
from pytest_attach_evidence.rest.answers import plain_line
from pytest_attach_evidence.rest.answers import refusal
from pytest_attach_evidence.rest.body import BytesBody

from .sending import request


LOGIN = b"<!doctype html><HTML><head><title>Sign\n in</title></head><body>Password</body></html>"


def got(status: int, body: bytes = b"", method: str = "POST", **headers: str) -> Answer:
    """Return an answer to a request."""
    named = CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()})
    asked = request("https://h.example/x", method)
    return Answer(request=asked, status=status, headers=named, body=body)


@pytest.mark.parametrize(
    ("status", "acting", "reading"),
    [
        (200, UncertainError, TemporaryError),
        (202, UncertainError, TemporaryError),
        (302, DestinationClosedError, DestinationClosedError),
        (400, PermanentError, PermanentError),
        (401, DestinationClosedError, DestinationClosedError),
        (403, PermanentError, PermanentError),
        (404, PermanentError, PermanentError),
        (407, DestinationClosedError, DestinationClosedError),
        (408, UncertainError, TemporaryError),
        (409, ConflictError, PermanentError),
        (413, PermanentError, PermanentError),
        (415, PermanentError, PermanentError),
        (422, PermanentError, PermanentError),
        (425, TemporaryError, TemporaryError),
        (429, TemporaryError, TemporaryError),
        (451, PermanentError, PermanentError),
        (500, UncertainError, TemporaryError),
        (501, PermanentError, PermanentError),
        (502, UncertainError, TemporaryError),
        (503, UncertainError, TemporaryError),
        (504, UncertainError, TemporaryError),
        (505, PermanentError, PermanentError),
        (507, UncertainError, TemporaryError),
        (511, DestinationClosedError, DestinationClosedError),
        (524, UncertainError, TemporaryError),
        (799, UncertainError, TemporaryError),
    ],
)
def test_the_status_says_whether_the_server_can_have_acted(
    status: int, acting: type[DeliveryError], reading: type[DeliveryError]
) -> None:
    """Refused for sure, later, or unknown: what was sent decides together with the status."""
    assert (acting, reading) == (type(refusal(got(status))), type(refusal(got(status, b"", "GET"))))


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [(429, None, True), (425, None, True), (429, "2", True), (503, "2", True), (500, None, False)],
)
def test_a_rate_limiter_is_told_from_what_fails(
    status: int, header: str | None, expected: bool
) -> None:
    """Also where it names no time."""
    headers = {"Retry_After": header} if header else {}

    error = refusal(got(status, b"", "GET", **headers))

    assert isinstance(error, TemporaryError)
    assert expected == error.throttled


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "expected"), [("7", 7.0), ("Fri, 01 May 2026 12:00:30 GMT", 30.0), ("0", 0.0)]
)
def test_a_busy_server_names_the_wait(status: int, header: str, expected: float) -> None:
    """Seconds or a date, counted from the answer's own date."""
    error = refusal(got(status, Retry_After=header, Date="Fri, 01 May 2026 12:00:00 GMT"))

    assert isinstance(error, TemporaryError)
    assert expected == error.retry_after_s


@pytest.mark.parametrize(
    ("header", "expected"),
    [("7", OnceMoreError), ("Fri, 01 May 2026 12:00:30 GMT", OnceMoreError), ("", PermanentError)],
)
def test_a_body_too_large_for_now_is_refused_once(
    header: str, expected: type[DeliveryError]
) -> None:
    """RFC 9110, 15.5.14: with a time the refusal is temporary; what has no body is too large for good."""
    sent = got(413, Retry_After=header)
    body = BytesBody(b"content", "text/plain")
    with_body = replace(sent, request=replace(sent.request, body=body))

    assert (expected, PermanentError) == (type(refusal(with_body)), type(refusal(sent)))
    assert str(refusal(with_body)).endswith(": a request of 7 bytes")


@pytest.mark.parametrize("header", ["", "-1", "soon", "1e3"])
def test_a_503_with_an_unreadable_wait_is_like_one_without(header: str) -> None:
    """Only a readable Retry-After says that the request was turned away at the door."""
    assert isinstance(refusal(got(503, Retry_After=header)), UncertainError)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://evil.example:444/login?x=canary", "to https://evil.example:444, which is not"),
        ("/login?x=canary", "to another path, which is not followed"),
        ("http://u:canary@h/", "to an unreadable address"),
        ("", "to another path"),
    ],
)
def test_a_redirect_is_told_by_its_origin(location: str, expected: str) -> None:
    """The rest of the address may be a secret."""
    message = str(refusal(got(302, Location=location)))

    assert expected in message
    assert "canary" not in message


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", ""),
        (b"plain \r\n\x1b[31m words", "plain [31m words"),
        (b'{"message": "too large"}', "too large"),
        (b'{"error": {"message": "inner"}}', "inner"),
        (b'{"error_code": "PM.1", "error_msg": "no such item"}', "PM.1: no such item"),
        (b'{"details": [1, 2]}', "[1, 2]"),
        (b'{"other": true}', '{"other": true}'),
        (b'["a"]', '["a"]'),
        (b'"words"', "words"),
        (LOGIN, "an HTML page titled 'Sign in'"),
        (b"<html><body>x</body></html>", "an HTML page"),
        (b"\xff\xfe", "��"),
        (b"x" * 1000, "x" * 199 + "…"),
    ],
)
def test_the_servers_words_are_one_short_line(body: bytes, expected: str) -> None:
    """Whatever shape an error has, a person reads its message and a terminal survives it."""
    assert expected == got(400, body).words()


@pytest.mark.parametrize("bait", [b"<html><title", b'{"message":', b"[", b"<title>"])
def test_no_answer_makes_its_reading_slow(bait: bytes) -> None:
    """A megabyte of nonsense is looked at in less than a second."""
    answer = got(500, bait + bait[-6:] * 170_000)
    started = time.process_time()

    refusal(answer)

    assert time.process_time() - started < 1


@given(body=st.binary(max_size=60) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_any_body_has_words(body: bytes | str) -> None:
    """Nothing a server sends raises, or breaks the line."""
    answer = got(400, body.encode("utf-8", "replace") if isinstance(body, str) else body)

    assert answer.words() == plain_line(answer.words())


@pytest.mark.parametrize("body", [b"", b"{", LOGIN, b"\xff", b"[" * 100_000])
@pytest.mark.parametrize(
    ("method", "expected"), [("POST", UncertainError), ("GET", TemporaryError)]
)
def test_what_is_no_json_is_no_success(
    body: bytes, method: str, expected: type[DeliveryError]
) -> None:
    """A 200 with a login page, half a document or nothing says nothing about what was done."""
    with pytest.raises(DeliveryError, match="instead of JSON") as caught:
        got(200, body, method, Content_Type="text/html").document()

    page = body is LOGIN
    closed = page and expected is TemporaryError
    assert (DestinationClosedError if closed else expected) is type(caught.value)
    assert page == ("a login page?" in str(caught.value))


def test_a_page_with_another_status_is_no_login() -> None:
    """What a proxy says about a server that is away closes nothing; a login for what was asked does."""
    with pytest.raises(TemporaryError, match="HTTP 502"):
        got(502, LOGIN, "GET").document()
    with pytest.raises(DestinationClosedError) as caught:
        got(203, LOGIN, "GET").document()

    assert ("authentication", CHECK_ADDRESS) == (caught.value.why, caught.value.next_step)


@pytest.mark.parametrize(
    ("body", "media_type", "page"),
    [
        (b"<!DOCTYPE HTML><title>Sign in</title>", "", True),
        (b"<!-- x --><title>Sign in</title>", "text/html; charset=utf-8", True),
        (b"<!-- x --><title>Sign in</title>", "text/plain", False),
        (b"<a/>", "application/xml", False),
    ],
)
@pytest.mark.parametrize("wait", ["120", ""])
def test_a_page_that_names_a_time_tells_of_maintenance(
    body: bytes, media_type: str, page: bool, wait: str
) -> None:
    """It closes nothing, unlike a login page, which names none; a page is known by its type or its text."""
    headers = {"Content_Type": media_type, **({"Retry_After": wait} if wait else {})}
    with pytest.raises(DeliveryError) as caught:
        got(200, body, "GET", **headers).document()

    closed = page and not wait
    assert (DestinationClosedError if closed else TemporaryError) is type(caught.value)
    if page and isinstance(caught.value, TemporaryError):
        assert (120.0, True) == (caught.value.retry_after_s, caught.value.throttled)


@pytest.mark.parametrize("document", [[], None, 7, "text"])
def test_an_object_is_an_object(document: Any) -> None:
    """Where fields are expected, any other JSON is not the documented answer."""
    with pytest.raises(UncertainError, match="instead of an object"):
        got(200, json.dumps(document).encode()).fields()

    assert {"a": 1} == got(200, b'{"a": 1}').fields()
