"""What is noted of the way to a host: the proxy without its login, TLS, and the certificate's end."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.retry import Budget
from tests.campaign.faults.front import HOST
from tests.campaign.faults.front import Front
from tests.campaign.faults.front import certified

from .raw_server import always
from .raw_server import answer
from .raw_server import serving
from .sending import send


def test_tls_through_a_proxy_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who issued the certificate, until when, and the proxy's address without its login."""
    authority, bundle, budget = trustme.CA(), tmp_path / "authority.pem", Budget.lasting(20)
    authority.cert_pem.write_to_path(str(bundle))
    proxy = Front(behaviour=lambda connection: None)
    with serving(always(answer()), context=certified(authority)) as server, proxy.serving():
        proxy.behaviour = proxy.tunnels(int(server.url.rpartition(":")[2].strip("/")))
        port = proxy.port
        monkeypatch.setenv("https_proxy", f"http://me:hidden@127.0.0.1:{port}")

        send(f"https://{HOST}/", "GET", budget=budget, ca_bundle=str(bundle))

    [noted] = budget.connections.values()
    assert (f"https://{HOST}", f"http://127.0.0.1:{port}") == (noted.origin, noted.proxy)
    assert noted.protocol.startswith("TLSv1.")
    assert noted.issuer.startswith("trustme")
    assert noted.ends_at is not None


def test_a_proxy_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the host alone, which nobody has tried to reach; the proxy's login is not shown."""
    with Front(behaviour=lambda connection: None).serving() as once:
        port = once.port
    monkeypatch.setenv("https_proxy", f"http://me:hidden@127.0.0.1:{port}")

    error = send(f"https://{HOST}/", "GET")

    assert isinstance(error, TemporaryError)
    assert f"no connection to {HOST} through the proxy http://127.0.0.1:{port}" in str(error)
    assert "hidden" not in str(error)


def test_without_tls_only_the_origin_is_noted() -> None:
    """A server on this machine."""
    budget = Budget.lasting(20)
    with serving(always(answer())) as server:
        send(server.url, "GET", budget=budget)

    [noted] = budget.connections.values()
    assert ("", "", "", None) == (noted.proxy, noted.protocol, noted.issuer, noted.ends_at)
