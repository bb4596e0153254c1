"""The look-alike servers as a process of their own, and what a trial asks of them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from typing import Self


OPERATION_S = 0.08  # what an operation of Workiva's look-alike takes in its own time, and more
LISTENING, ESTABLISHED, CLOSE_WAIT = "0A", "01", "08"


class Servers:
    """A sandbox in another process; a context manager."""

    def __init__(self, folder: Path) -> None:
        words = ["-m", "pytest_attach_evidence", "sandbox", "--json", "--folder", str(folder)]
        self._process = subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdout is not None
        facts = json.loads(self._process.stdout.readline())
        self.roots: dict[str, str] = facts["roots"]
        self.options: dict[str, str] = facts["options"]
        self.exports: dict[str, str] = facts["exports"]
        self._page: str = facts["page_url"]
        self._ended = 0
        own = int(self._page.rpartition(":")[2])
        self._ports = {port for port in self._listening() if port != own}

    def __enter__(self) -> Self:
        """Give the servers."""
        return self

    def __exit__(self, *_: object) -> None:
        """End them."""
        self._process.terminate()
        self._process.communicate(timeout=30)

    def reset(self) -> None:
        """Begin anew."""
        self.quiet()
        self._wait_for_operations()
        self._ask("POST", "/control/reset")

    def add_faults(self, faults: list[dict[str, object]]) -> None:
        """Let faults happen."""
        if faults:
            self._ask("POST", "/control/faults", faults)

    def clear_faults(self) -> None:
        """Let everything work again."""
        self._ask("DELETE", "/control/faults")

    def ledger(self, system: str) -> list[dict[str, Any]]:
        """Return every commit of a system."""
        return [file for file in self._ask("GET", "/control/ledger") if file["system"] == system]

    def held(self, system: str) -> list[dict[str, Any]]:
        """Return what a system holds now."""
        found: list[dict[str, Any]] = self._ask("GET", f"/control/files?system={system}")
        return found

    def content(self, system: str, id: str) -> bytes:
        """Return the bytes of a held file."""
        with urllib.request.urlopen(f"{self._page}/{system}/files/{id}", timeout=30) as answer:
            content: bytes = answer.read()
        return content

    def objects(self, system: str) -> dict[str, dict[str, Any]]:
        """Return what a system can hold files at, by its name in the ledger."""
        found = self._ask("GET", f"/control/objects?system={system}")
        return {one["object"]: one for one in found}

    def requests(self, system: str) -> list[dict[str, Any]]:
        """Return the requests that a system has seen."""
        found: list[dict[str, Any]] = self._ask("GET", f"/control/requests?system={system}")
        return found

    def quiet(self) -> None:
        """Return when the servers are done with everybody who is dead.

        What a killed process had sent may still lie in the kernel or in a thread of a server; the
        trial's clock jumps over the time that a server has for that, so that it is waited for here.
        """
        until = time.monotonic() + 30
        while self._busy(ESTABLISHED, CLOSE_WAIT):
            assert time.monotonic() < until, "a server goes on with a request of a dead process"
            time.sleep(0.001)

    def done_with_what_was_dropped(self) -> None:
        """Return when the servers have closed every connection that this process has dropped."""
        until = time.monotonic() + 30
        while self._busy(CLOSE_WAIT):
            assert time.monotonic() < until, "a server goes on with a request that was given up"
            time.sleep(0.001)
        self._wait_for_operations()

    def _wait_for_operations(self) -> None:
        """Let Workiva's look-alike end what it accepted, if it was asked for anything since."""
        asked = len(self.requests("workiva"))
        if asked not in (0, self._ended):
            time.sleep(OPERATION_S)
        self._ended = asked

    def _busy(self, *states: str) -> bool:
        return any(local in self._ports and state in states for local, state, _ in _sockets())

    def _listening(self) -> set[int]:
        folder = Path(f"/proc/{self._process.pid}/fd")
        own = {str(link.readlink()) for link in folder.iterdir()}
        return {
            port
            for port, state, inode in _sockets()
            if state == LISTENING and f"socket:[{inode}]" in own
        }

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._page + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def _sockets() -> list[tuple[int, str, str]]:
    """Return the local port, the state and the inode of every TCP socket of the machine."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [(int(one[1].rpartition(":")[2], 16), one[3], one[9]) for one in map(str.split, lines)]
