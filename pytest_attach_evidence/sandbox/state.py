"""What one sandbox is made of, without its ports: systems, files, faults and seen requests."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Response

from .body import UploadRequest
from .faults.connection import greeted
from .faults.fault import Wait
from .faults.table import action_of
from .faults.waiting import Faults
from .origin import Door
from .origin import HangUp
from .replies import status_page
from .store import Store
from .system import System
from .systems import SYSTEMS


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """One request that reached a system; `status` is None when it got no answer.

    `duration_s` ends where the answer begins to be sent, `body_bytes` is what was read of the body,
    `connection` the client's port: requests with the same one came over the same connection.
    """

    system: str
    method: str
    path: str
    query: str
    status: int | None
    at: datetime
    duration_s: float
    body_bytes: int
    fault: str | None
    connection: int


class State:
    """The four systems and everything they share.

    `switches` are the keyword arguments of each system's class by the system's name. `crashes` lists
    what went wrong inside the sandbox itself: a test that finds one there has found a bug of ours.
    """

    def __init__(self, folder: Path, switches: Mapping[str, Mapping[str, Any]]) -> None:
        if unknown := set(switches) - set(SYSTEMS):
            raise ValueError(f"no system is named {', '.join(unknown)} - known: {list(SYSTEMS)}")
        self.folder = folder
        self.store = Store(folder / "files")
        self.faults = Faults()
        self.crashes: list[str] = []
        self.roots: dict[str, str] = {}
        self.page_url = ""
        self._switches = switches
        self._seen: list[SeenRequest] = []
        self._lock = threading.Lock()
        self.systems = self._built()

    def reset(self) -> None:
        """Begin anew: no files, no ledger, no faults, no requests, the seeds as at the start."""
        self.store.clear()
        self.faults.clear()
        self.crashes.clear()
        with self._lock:
            self._seen.clear()
        old, self.systems = self.systems, self._built()
        for name, system in self.systems.items():
            system.root = old[name].root
            if hasattr(system, "blob_root"):
                system.blob_root = getattr(old[name], "blob_root", "")

    def heal(self) -> None:
        """Let everything work again, and let go on what a fault has stopped."""
        self.faults.clear()
        for system in self.systems.values():
            if unstick := getattr(system, "unstick", None):
                unstick()

    def exports(self) -> dict[str, str]:
        """Return the environment variables of all systems: the made-up credentials."""
        every = [system.exports() for system in self.systems.values()]
        return {name: value for exports in every for name, value in exports.items()}

    def options(self) -> dict[str, str]:
        """Return the ini options of all systems."""
        every = [system.options() for system in self.systems.values()]
        return {name: value for options in every for name, value in options.items()}

    def requests(self, system: str | None = None) -> list[SeenRequest]:
        """Return the requests seen so far, of one system or of all, oldest first."""
        with self._lock:
            return [seen for seen in self._seen if system in (None, seen.system)]

    def greeting(self, name: str, wait: Wait) -> Callable[[], None]:
        """Return what a new connection to a system meets: nothing, or a fault that ends it."""

        def greet() -> None:
            fault = self.faults.take(name, None)
            if fault is not None:
                greeted(fault, wait)

        return greet

    def door(self, name: str, answer: Callable[[UploadRequest], Response], wait: Wait) -> Door:
        """Return the door of a system: faults first, then the system, each request recorded."""

        def opened(request: UploadRequest) -> Response:
            at, begun, status = datetime.now(UTC), time.monotonic(), None
            fault = self.faults.take(name, request)
            try:
                if fault is None:
                    response = self._answered(answer, request)
                else:
                    act = action_of(fault.fault)
                    response = act(fault, request, lambda: self._answered(answer, request), wait)
                    fault.head(response)
                status = response.status_code
                return response
            finally:
                seen = SeenRequest(
                    system=name,
                    method=request.method,
                    path=request.path,
                    query=request.query_string.decode("latin-1"),
                    status=status,
                    at=at,
                    duration_s=time.monotonic() - begun,
                    body_bytes=request.body.taken,
                    fault=fault.fault if fault else None,
                    connection=int(request.environ["REMOTE_PORT"]),
                )
                with self._lock:
                    self._seen.append(seen)

        return opened

    def _answered(
        self, answer: Callable[[UploadRequest], Response], request: UploadRequest
    ) -> Response:
        """Let a system answer; a bug of ours becomes a crash and a 500 that says so."""
        try:
            return answer(request)
        except HangUp:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the client and the test must learn of it
            self.crashes.append(traceback.format_exc())
            sys.stderr.write(f"sandbox: {request.method} {request.path}\n{self.crashes[-1]}")
            return status_page(500, "The sandbox itself has failed, see its standard error.")

    def _built(self) -> dict[str, System]:
        return {
            name: build(self.store, **self._switches.get(name, {}))
            for name, build in SYSTEMS.items()
        }
