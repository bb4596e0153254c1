"""Credentials: static ones are never retried, tokens are fetched once for all threads."""

from __future__ import annotations

import base64
import threading
from itertools import count

import pytest

from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.rest.auth import Token
from pytest_attach_evidence.rest.auth import TokenSource
from pytest_attach_evidence.rest.auth import basic
from pytest_attach_evidence.rest.auth import bearer
from pytest_attach_evidence.secrets import Secret


def secret(value: str) -> Secret:
    """Return a secret that comes from a test."""
    return Secret(value, "a test")


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the moment."""
        return self.now


def source(*, life_s: float | None, clock: Clock) -> TokenSource:
    """Return a source whose tokens are numbered."""
    numbers = count(1)
    return TokenSource(
        lambda: Token(value=secret(f"token-{next(numbers)}"), life_s=life_s), clock=clock
    )


def header(tokens: TokenSource) -> str:
    """Return the value of the header that a request would get."""
    return tokens.headers("GET", "https://h/", {})["Authorization"]


def test_static_credentials_are_headers_that_are_never_retried() -> None:
    """Bearer and Basic are as the standards say; after a 401 there is nothing to renew."""
    token, login = bearer(secret("abc")), basic(secret("ü"), secret("p:w"))

    assert {"Authorization": "Bearer abc"} == token.headers("GET", "", {})
    encoded = base64.b64encode("ü:p:w".encode()).decode()
    assert {"Authorization": f"Basic {encoded}"} == login.headers("GET", "", {})
    assert not token.renew({})
    assert not login.renew({})
    assert "abc" not in repr(token)


def test_a_login_that_the_encoding_cannot_hold_is_told() -> None:
    """A password outside Latin-1 is no silent replacement where the server reads Latin-1."""
    with pytest.raises(UnicodeEncodeError):
        basic(secret("user"), secret("пароль"), encoding="latin-1")


@pytest.mark.parametrize(
    ("life_s", "later_s", "expected"),
    [
        (600.0, 539.0, "token-1"),
        (600.0, 541.0, "token-2"),
        (60.0, 29.0, "token-1"),
        (60.0, 31.0, "token-2"),
        (None, 10_000_000.0, "token-1"),
    ],
)
def test_a_token_is_renewed_shortly_before_it_ends(
    life_s: float | None, later_s: float, expected: str
) -> None:
    """A minute early, for short tokens at half their life; one without an end is kept."""
    clock = Clock()
    tokens = source(life_s=life_s, clock=clock)
    header(tokens)
    clock.now += later_s

    assert f"Bearer {expected}" == header(tokens)


def test_a_refused_token_is_replaced_once() -> None:
    """Two threads whose requests were refused with one token cause one new token."""
    tokens = source(life_s=None, clock=Clock())
    refused = tokens.headers("GET", "https://h/", {})

    first, second = tokens.renew(refused), (header(tokens), tokens.renew(refused))

    assert first
    assert ("Bearer token-2", True) == second
    assert "Bearer token-2" == header(tokens)


def test_many_threads_fetch_one_token() -> None:
    """Only one request for a token is under way; all others wait for its result."""
    gate, fetches, seen = threading.Barrier(8), [], []

    def fetch() -> Token:
        fetches.append(1)
        return Token(value=secret("the-one"))

    tokens = TokenSource(fetch)

    def ask() -> None:
        gate.wait()
        seen.append(header(tokens))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [1] == fetches
    assert ["Bearer the-one"] * 8 == seen


def test_a_failed_fetch_is_tried_anew_by_the_next_request() -> None:
    """What went wrong while fetching is raised, and remembered by nobody."""
    answers = iter([TemporaryError("later"), None])

    def fetch() -> Token:
        error = next(answers)
        if error is not None:
            raise error
        return Token(value=secret("second"))

    tokens = TokenSource(fetch, header="X-Auth-Token", scheme="")

    with pytest.raises(TemporaryError):
        tokens.headers("GET", "https://h/", {})
    assert {"X-Auth-Token": "second"} == tokens.headers("GET", "https://h/", {})
