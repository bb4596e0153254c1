"""Real sockets for one look-alike system, without the sandbox's own server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from werkzeug.serving import WSGIRequestHandler
from werkzeug.serving import make_server
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from pytest_attach_evidence.sandbox.codearts import CodeArtsSystem
from pytest_attach_evidence.sandbox.store import Store
from pytest_attach_evidence.sandbox.workiva import WorkivaSystem


Lookalike = TypeVar("Lookalike", WorkivaSystem, CodeArtsSystem)


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: float = 1_794_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time it was set to."""
        return self.now


class QuietHandler(WSGIRequestHandler):
    """A request handler that keeps its log to itself."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Write nothing."""


@contextmanager
def listening(answer: Callable[[Request], Response]) -> Iterator[str]:
    """Serve one function on a free loopback port; give the origin's URL."""
    server = make_server(
        "127.0.0.1",
        0,
        Request.application(answer),
        threaded=True,
        request_handler=QuietHandler,
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serving(system: WorkivaSystem | CodeArtsSystem) -> Iterator[str]:
    """Serve a system on its origin, and Workiva's bytes on a second one; give the first."""
    with ExitStack() as stack:
        system.root = stack.enter_context(listening(system.handle))
        if isinstance(system, WorkivaSystem):
            system.blob_root = stack.enter_context(listening(system.handle_blob))
        yield system.root


@contextmanager
def starting(
    build: Callable[..., Lookalike], folder: Path, **usual: object
) -> Iterator[Callable[..., Lookalike]]:
    """Give a function that starts systems with switches; they end together."""
    with ExitStack() as stack:

        def started(**switches: object) -> Lookalike:
            system = build(Store(folder), **(usual | switches))
            stack.enter_context(serving(system))
            return system

        yield started
