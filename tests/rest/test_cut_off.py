"""The limit of a driver's connection holds through a proxy, too, even where TLS lies within TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
import trustme
import urllib3

from pytest_attach_evidence.capture.selenium_driver import HurriedPool

from .raw_server import Caller
from .raw_server import Script
from .raw_server import serving


def dripping(caller: Caller) -> None:
    """Answer byte by byte, for minutes."""
    caller.head()
    for _ in range(1000):
        caller.send(b"H")
        if caller.ended.wait(0.1):
            return


def tunnel_to(port: int) -> Script:
    """Return a script that opens a tunnel to a port of this machine, whatever is asked for."""

    def script(caller: Caller) -> None:
        caller.head()
        with socket.create_connection(("127.0.0.1", port)) as inner:

            def back() -> None:
                with contextlib.suppress(OSError):
                    while block := inner.recv(65_536):
                        caller.send(block)

            caller.send(b"HTTP/1.1 200 Connected\r\n\r\n")
            thread = threading.Thread(target=back)
            thread.start()
            with contextlib.suppress(OSError):
                while block := caller.more():
                    inner.sendall(block)
            inner.shutdown(socket.SHUT_RDWR)
            thread.join()

    return script


@pytest.mark.parametrize("secure", [False, True], ids=["http-proxy", "https-proxy"])
def test_an_answer_that_drips_through_a_proxy(tmp_path: Path, secure: bool) -> None:
    """It ends at the limit, and no thread with an error."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(bundle := tmp_path / "authority.pem"))
    with (
        serving(dripping, context=context) as grid,
        serving(tunnel_to(grid.port), context=context if secure else None) as proxy,
        urllib3.ProxyManager(proxy.url, ca_certs=str(bundle)) as pool,
    ):
        began = time.monotonic()

        with pytest.raises(TimeoutError):
            HurriedPool(pool, began + 1).request("GET", grid.url)

        assert 0.9 < time.monotonic() - began < 3
