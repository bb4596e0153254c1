"""Who may get credentials and evidence: decided by the parser that connects."""

from __future__ import annotations

import pytest
import requests
import urllib3
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.origins import is_loopback
from pytest_attach_evidence.rest.origins import origin_of


CLOUD = Origins(
    "https://api.app.wdesk.com",
    hosts=["files.example", "https://other.example:8443", "http://plain.example"],
    domains=["wdesk.com"],
)
LOCAL = Origins("http://127.0.0.1:8080/squash")
ALLOWED = {
    ("https", "files.example", 443),
    ("https", "other.example", 8443),
    ("http", "plain.example", 80),
}

MARKS = [
    "https://",
    "http://",
    "//",
    "/",
    "\\",
    "@",
    ":",
    "#",
    "?",
    "%2e",
    "%40",
    ".",
    ";",
    " ",
    "\t",
    "\n",
]
HOSTS = [
    "api.app.wdesk.com",
    "wdesk.com",
    "evil.example",
    "files.example",
    "[::1]",
    "127.0.0.1",
    "localhost",
]
OTHER = [
    "443",
    "8443",
    "0",
    "user",
    "[",
    "]",
    "\0",
    "é",
    "＠",
    "。",
    "xn--",
    "HTTPS:",
    "file:",
    "..",
]
TAILS = st.lists(st.sampled_from([*MARKS, *HOSTS, *OTHER]), max_size=8).map("".join)
URLS = TAILS | st.tuples(st.sampled_from(HOSTS), TAILS).map(
    lambda parts: "https://" + "".join(parts)
)


def place(url: str) -> tuple[str, str, int]:
    """Return where the HTTP library would really connect to for a URL."""
    prepared = requests.Request("GET", url).prepare().url
    assert prepared is not None
    with urllib3.PoolManager() as manager:
        pool = manager.connection_from_url(prepared)
        return pool.scheme or "", pool.host.rstrip("."), pool.port or 0


@settings(max_examples=2500, deadline=None)
@given(url=URLS | st.text(max_size=40).map(lambda rest: f"https://wdesk.com{rest}"))
@example(url="https://wdesk.com@evil.example/")
@example(url="https://evil.example#@wdesk.com/")
@example(url="https://evil.example\\@wdesk.com/")
def test_nothing_is_allowed_that_would_connect_elsewhere(url: str) -> None:
    """Whatever a server hands out as a URL: if it is allowed, the connection goes to a listed place."""
    if CLOUD.allows(url):
        scheme, host, port = place(url)
        ours = host == "wdesk.com" or host.endswith(".wdesk.com")
        assert (scheme, host, port) in ALLOWED or (ours and (scheme, port) == ("https", 443))
    if LOCAL.allows(url):
        assert is_loopback(place(url)[1])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.app.wdesk.com/x", True),
        ("https://API.app.wdesk.com:443/x", True),
        ("https://h.eu.wdesk.com/upload?sig=1", True),
        ("https://wdesk.com/", True),
        ("https://files.example/x", True),
        ("https://other.example:8443/x", True),
        ("http://api.app.wdesk.com/x", False),
        ("https://api.app.wdesk.com:8443/x", False),
        ("https://evilwdesk.com/", False),
        ("https://wdesk.com.evil.example/", False),
        ("https://other.example/x", False),
        ("https://plain.example/x", False),
        ("https://user@api.app.wdesk.com/", False),
        ("https://api.app.wdesk.com%2eevil.example/", False),
        ("https://127.0.0.1/", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("file:///etc/passwd", False),
        ("ftp://wdesk.com/", False),
        ("//wdesk.com/", False),
        ("", False),
        ("https://wdesk.com/" + "x" * 20_000, False),
    ],
)
def test_the_list_of_a_cloud_service(url: str, expected: bool) -> None:
    """Its base, the vendor's domain by https on 443, and what was configured; nothing else."""
    assert expected is CLOUD.allows(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:9999/upload", True),
        ("http://localhost:1/", True),
        ("http://[::1]:80/", True),
        ("https://127.0.0.2/", True),
        ("http://127.0.0.1.evil.example/", False),
        ("http://10.0.0.1:8080/", False),
        ("https://api.app.wdesk.com/", False),
    ],
)
def test_the_list_of_a_sandbox(url: str, expected: bool) -> None:
    """A base on loopback allows every port of this machine and nothing beyond it."""
    assert expected is LOCAL.allows(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/api/x", "https://api.app.wdesk.com/api/x"),
        ("x?y=1", "https://api.app.wdesk.com/x?y=1"),
        ("https://h.wdesk.com/up", "https://h.wdesk.com/up"),
    ],
)
def test_a_relative_url_is_completed(url: str, expected: str) -> None:
    """What a server hands out may leave out its own origin."""
    assert expected == CLOUD.resolve(url)


def test_a_foreign_url_closes_the_destination_without_showing_it() -> None:
    """The message names the origin only, since the rest of the URL may be a secret, and the way out."""
    origins = Origins("https://a.example", option="evidence_workiva_hosts")

    with pytest.raises(DestinationClosedError) as caught:
        origins.resolve("https://evil.example:444/upload?sig=canary")

    assert "points to https://evil.example:444, which is not allowed" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert "evidence_workiva_hosts" in caught.value.next_step


def test_an_origin_is_shown_without_its_default_port() -> None:
    """Equal origins are equal text."""
    assert "https://h" == str(origin_of("https://H:443/x?y"))
    assert "http://[::1]:8080" == str(origin_of("http://[::1]:8080/"))


def test_what_is_no_url_is_none() -> None:
    """A text that cannot even be joined is refused like any other foreign address."""
    origins = Origins("https://h.example")

    assert "" == origins.absolute("https://[broken")
    assert not origins.allows(origins.absolute("https://[broken"))
    assert "https://h.example/a" == origins.absolute("/a")


def test_a_url_that_cannot_be_read_closes_the_destination_without_showing_it() -> None:
    """What different parsers could read differently is named by what is wrong with it alone."""
    with pytest.raises(DestinationClosedError) as caught:
        CLOUD.resolve("https://canary:secret@api.app.wdesk.com/upload")

    assert "points to a URL without a plain http or https origin" in str(caught.value)
    assert "canary" not in str(caught.value)
