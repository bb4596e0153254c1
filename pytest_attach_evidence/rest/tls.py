"""Whom TLS trusts, and what to do about a certificate that was refused."""

from __future__ import annotations

import os
import ssl
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
import truststore

from ..connections import Connection
from ..errors import DestinationClosedError


BUNDLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
NOT_NOW = (9, 10)
OTHER_NAME = (62, 63, 64)


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """Return a verifying TLS context: the given PEM file, the environment's, the system's trust store.

    Raises DestinationClosedError where the file cannot be used.
    """
    name, path = authorities(ca_bundle)
    try:
        context = _trusting(path) if path else truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    except OSError as error:  # ssl.SSLError is one
        msg = f"{name} names {path}, which cannot be used ({error.strerror or error})"
        raise DestinationClosedError(msg, next_step="name a readable PEM file") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def authorities(ca_bundle: str | None) -> tuple[str, str]:
    """Return what names the PEM file of whom to trust, and the file; '' for the system's trust store."""
    given = {"evidence_ca_bundle": ca_bundle} if ca_bundle is not None else dict(os.environ)
    named = ((name, path) for name in ("evidence_ca_bundle", *BUNDLES) if (path := given.get(name)))
    return next(named, ("", ""))


def _trusting(path: str) -> ssl.SSLContext:
    if Path(path).is_dir():
        return ssl.create_default_context(capath=path)
    return ssl.create_default_context(cafile=path)


def refused_certificate(
    what: str, host: str, error: ssl.SSLCertVerificationError
) -> DestinationClosedError:
    """Return what a refused certificate makes of a request, with what helps against this reason."""
    msg = f"{what}: the certificate of {host} was refused ({error.verify_message})"
    hint = "name the authority's PEM file in evidence_ca_bundle"
    if error.verify_code in NOT_NOW:
        hint = "have the server's certificate renewed, or set the clock of this machine"
    elif error.verify_code in OTHER_NAME:
        hint = "write the URL with the host name that the certificate is for"
    return DestinationClosedError(msg, next_step=hint)


def reached(response: requests.Response, origin: str, proxy: str) -> Connection:
    """Return how a server was reached, while its answer is not read yet."""
    sock = getattr(getattr(response.raw, "connection", None), "sock", None)
    if not isinstance(sock, ssl.SSLSocket):
        return Connection(origin=origin, proxy=proxy)
    certificate: Any = sock.getpeercert() or {}
    names = dict(pair for part in certificate.get("issuer", ()) for pair in part)
    ends = certificate.get("notAfter")
    return Connection(
        origin=origin,
        proxy=proxy,
        protocol=sock.version() or "",
        issuer=names.get("organizationName") or names.get("commonName") or "",
        ends_at=datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None,
    )
