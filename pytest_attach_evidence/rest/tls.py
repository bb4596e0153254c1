"""Whom TLS trusts, and what to do about a certificate that was refused."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import truststore

from ..errors import DestinationClosedError


BUNDLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
NOT_NOW = (9, 10)
OTHER_NAME = (62, 63, 64)


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """Return a verifying TLS context: the given PEM file, the environment's, the system's trust store.

    Raises DestinationClosedError where the file cannot be used.
    """
    given = {"evidence_ca_bundle": ca_bundle} if ca_bundle is not None else dict(os.environ)
    named = ((name, path) for name in ("evidence_ca_bundle", *BUNDLES) if (path := given.get(name)))
    name, path = next(named, ("", ""))
    try:
        context = _trusting(path) if path else truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    except OSError as error:  # ssl.SSLError is one
        msg = f"{name} names {path}, which cannot be used ({error.strerror or error})"
        raise DestinationClosedError(msg, next_step="name a readable PEM file") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


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
