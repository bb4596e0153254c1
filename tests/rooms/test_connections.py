"""How a host was reached, in one line."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime

import pytest

from pytest_attach_evidence.connections import Connection


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        (Connection(origin="http://a:1"), "http://a:1 directly, without TLS"),
        (
            Connection(origin="https://a", proxy="http://p:8080", protocol="TLSv1.3"),
            "https://a through the proxy http://p:8080, TLSv1.3",
        ),
        (
            Connection(
                origin="https://a",
                protocol="TLSv1.3",
                issuer="An authority",
                ends_at=datetime(2027, 1, 2, tzinfo=UTC),
            ),
            "https://a directly, TLSv1.3, certificate of An authority until 2027-01-02",
        ),
    ],
)
def test_a_connection_is_one_line(connection: Connection, told: str) -> None:
    """Only what is known is in it."""
    assert told == str(connection)
