"""Stands in for Podman where a suite asks it for two containers: a grid of browsers and a web server.

The grid is the driver and the Chromium of this machine, the web server a thread. `python -m pytest -p podman`
also gives `worker_id`, from which that suite reads the loopback address the grid is to listen at.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from http.server import SimpleHTTPRequestHandler
from http.server import ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.chrome.service import Service


GRID_PORT = 4444
FLAGS = (
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--proxy-bypass-list=<-loopback>",  # the pages are at port 80, which is the pod's own
)


@pytest.fixture(scope="session")
def worker_id() -> str:
    """Return the name of the xdist worker whose loopback address has a free grid port."""
    for worker in range(1, 250):
        try:
            ThreadingHTTPServer((f"127.0.0.{worker + 1}", GRID_PORT), Grid).server_close()
        except OSError:
            continue
        return f"gw{worker}"
    raise OSError(f"port {GRID_PORT} is taken at every loopback address")


class PodmanClient:
    """Runs the containers of one pod as threads and processes of this machine."""

    def __init__(self, base_url: str) -> None:
        self.address = ""
        self.web = ""
        self.pods = SimpleNamespace(create=self._pod)
        self.containers = SimpleNamespace(create=self._container)

    def __enter__(self) -> PodmanClient:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing of its own to close."""

    def _pod(self, name: str, portmappings: list[dict[str, Any]]) -> SimpleNamespace:
        self.address = next(
            port["host_ip"] for port in portmappings if port["host_port"] == GRID_PORT
        )
        return SimpleNamespace(id=name, start=lambda: None, remove=lambda **_: None)

    def _container(
        self, image: str, mounts: tuple[dict[str, str], ...] = (), **_: object
    ) -> SimpleNamespace:
        serve = self._web if "nginx" in image else self._grid
        running = serve(*(mount["source"] for mount in mounts))
        return SimpleNamespace(start=partial(next, running), remove=lambda **_: next(running, None))

    def _web(self, folder: str) -> Iterator[None]:
        web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Web, directory=folder))
        self.web = f"127.0.0.1:{web.server_port}"
        yield from served(web)

    def _grid(self) -> Iterator[None]:
        driver = Service(shutil.which("chromedriver"))
        driver.start()
        grid = ThreadingHTTPServer((self.address, GRID_PORT), Grid)
        grid.node = self, driver.port  # type: ignore[attr-defined]  # handlers see their server alone
        yield from served(grid)
        driver.stop()


def served(server: ThreadingHTTPServer) -> Iterator[None]:
    """Let a server answer until the caller goes on."""
    Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


class Web(SimpleHTTPRequestHandler):
    """Serves a folder to a browser that takes it for its proxy, and so for the whole web."""

    def translate_path(self, path: str) -> str:
        """Return the file of an address."""
        return super().translate_path(urlsplit(path).path)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Grid(BaseHTTPRequestHandler):
    """Hands requests to the driver, sessions with the flags that Chromium needs here."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in two packets waits for the acknowledgement of the first

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer as the driver does, but at the root, where it has nothing."""
        pod, port = self.server.node  # type: ignore[attr-defined]  # see `PodmanClient`
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/session":
            body = with_flags(body, (*FLAGS, f"--proxy-server={pod.web}"))
        driver = HTTPConnection("127.0.0.1", port)
        driver.request(self.command, "/status" if self.path == "/" else self.path, body or None)
        answer = driver.getresponse()
        said = answer.read()
        driver.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_POST = do_DELETE = do_GET  # noqa: N815  # the names that http.server looks for


def with_flags(body: bytes, flags: tuple[str, ...]) -> bytes:
    """Return a request for a session of Chrome with more flags."""
    asked = json.loads(body)
    wanted = asked["capabilities"]["firstMatch"][0]
    wanted.update(asked["capabilities"].pop("alwaysMatch", {}))
    options = wanted.setdefault("goog:chromeOptions", {})
    options["args"] = [*options.get("args", ()), *flags]
    return json.dumps(asked).encode()
