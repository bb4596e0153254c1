"""TLS: who is trusted, and what a refused certificate makes of a request."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.rest.answers import Answer
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget

from .raw_server import Caller
from .raw_server import RawServer
from .raw_server import always
from .raw_server import answer
from .raw_server import serving
from .sending import CANARY
from .sending import send


JSON = BytesBody.json({"a": 1})
YESTERDAY = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that this test run made up."""
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    """The authority's PEM file."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@contextmanager
def secured(
    authority: trustme.CA, name: str = "127.0.0.1", *, expired: bool = False
) -> Iterator[RawServer]:
    """Serve with a certificate for a name that the authority issued."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority.issue_cert(name, not_after=YESTERDAY if expired else None)
    issued.configure_cert(context)
    with serving(always(answer()), context=context) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_bundle_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine's own settings name no authorities."""
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_an_authority_that_is_named_is_trusted(authority: trustme.CA, bundle: str) -> None:
    """With evidence_ca_bundle a server of one's own authority is talked to."""
    with secured(authority) as server:
        got = send(server.url, body=JSON, ca_bundle=bundle)

    assert isinstance(got, Answer)
    assert 200 == got.status


def test_an_unknown_authority_closes_the_destination(authority: trustme.CA) -> None:
    """Nothing is sent to a server nobody vouches for, and the option that helps is named."""
    with secured(authority) as server:
        error = send(server.url, body=JSON)

    assert isinstance(error, DestinationClosedError)
    assert "configuration" == error.why
    assert "the certificate of 127.0.0.1 was refused" in str(error)
    assert "evidence_ca_bundle" in error.next_step
    assert CANARY.encode() not in server.received


def test_another_authority_closes_the_destination(authority: trustme.CA, bundle: str) -> None:
    """A bundle trusts its own authorities and no other."""
    with secured(trustme.CA()) as server:
        error = send(server.url, body=JSON, ca_bundle=bundle)

    assert isinstance(error, DestinationClosedError)
    assert "evidence_ca_bundle" in error.next_step


@pytest.mark.parametrize(
    ("name", "expired", "expected"),
    [
        ("localhost", False, "mismatch"),
        ("other.example", False, "mismatch"),
        ("127.0.0.1", True, "expired"),
    ],
)
def test_a_certificate_that_is_wrong_in_itself_closes_the_destination(
    authority: trustme.CA, bundle: str, name: str, expired: bool, expected: str
) -> None:
    """A wrong name or a past date is said as such; no bundle would help, so none is suggested."""
    with secured(authority, name, expired=expired) as server:
        error = send(server.url, body=JSON, ca_bundle=bundle)

    assert isinstance(error, DestinationClosedError)
    assert expected in str(error)
    assert error.next_step
    assert "evidence_ca_bundle" not in error.next_step
    assert b"" == server.received


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_authority_of_the_environment_is_trusted(
    authority: trustme.CA, bundle: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What other tools of the machine are told, is known here too."""
    monkeypatch.setenv(variable, bundle)

    with secured(authority) as server:
        got = send(server.url, body=JSON)

    assert isinstance(got, Answer)


def test_the_option_wins_over_the_environment(
    authority: trustme.CA, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """evidence_ca_bundle alone decides where it is set."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)

    with secured(authority) as server:
        error = send(server.url, body=JSON, ca_bundle=str(tmp_path / "other.pem"))

    assert isinstance(error, DestinationClosedError)


@pytest.mark.parametrize("content", [None, "no certificate"])
@pytest.mark.parametrize("name", ["evidence_ca_bundle", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_bundle_that_cannot_be_used_is_named(
    tmp_path: Path, name: str, content: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the option or variable that is wrong, and the file."""
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(name, str(path))
    option = str(path) if name.islower() else None

    with pytest.raises(DestinationClosedError) as caught:
        Session(Origins("https://h.example"), Budget.lasting(1), ca_bundle=option)

    assert f"{name} names {path}" in str(caught.value)


def protocol_of_a_lax_client(port: int, authority: trustme.CA, name: str = "127.0.0.1") -> str:
    """Return what a server speaks with a client that takes any protocol; needs a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.cert_pem.bytes().decode())
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    plain = socket.create_connection(("127.0.0.1", port))
    with context.wrap_socket(plain, server_hostname=name) as secured:
        return str(secured.version())


def test_old_protocols_are_refused(
    authority: trustme.CA, bundle: str, recwarn: pytest.WarningsRecorder
) -> None:
    """A server that knows only TLS 1.1 gets nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with serving(always(answer()), context=context) as server:
        assert "TLSv1.1" == protocol_of_a_lax_client(server.port, authority)
        error = send(server.url, body=JSON, ca_bundle=bundle)

    assert isinstance(error, TemporaryError)
    assert b"" == server.received


def plain_http(caller: Caller) -> None:
    """Speak plain HTTP where TLS was expected."""
    caller.socket.recv(1000)
    caller.send(answer(b"", "400 Bad Request"))


def test_plain_http_on_a_tls_port_is_no_connection() -> None:
    """Nothing of the request was readable, so nothing can have been done."""
    with serving(plain_http) as server:
        error = send(server.url.replace("http:", "https:"), body=JSON)

    assert isinstance(error, TemporaryError)
    assert "no connection" in str(error)
