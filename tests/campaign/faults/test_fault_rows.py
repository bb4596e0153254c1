"""Every row F1 to F15 and F20 ends as promised, at every system, and a later push mends it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.retry import BASE_WAIT_S

from . import foreign_rows
from .fault_rows import LOGINS
from .fault_rows import ROWS
from .fault_rows import Row
from .fault_scene import FaultScene
from .fault_scene import Pushed
from .fault_scene import fault_scene
from .invariants import OVER
from .invariants import check_invariants


CREATING = ("squash-plan", "squash-steps")

assert foreign_rows  # adds its rows


@dataclass
class OtherHost:
    """A listener on another address of this machine; `heard` is what anybody sent there."""

    socket: socket.socket
    heard: bytearray = field(default_factory=bytearray)

    @property
    def url(self) -> str:
        """Its address."""
        host, port = self.socket.getsockname()
        return f"http://{host}:{port}"

    def listen(self) -> None:
        """Take what comes until the socket is closed."""
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.heard += b"connected " + connection.recv(65536)


@pytest.fixture(scope="module")
def other_host() -> Iterator[OtherHost]:
    """Another address that listens, where this machine has one."""
    try:
        listening = socket.create_server(("127.0.0.2", 0))
    except OSError:
        listening = socket.create_server(("127.0.0.1", 0))
    host = OtherHost(listening)
    thread = threading.Thread(target=host.listen, daemon=True)
    thread.start()
    yield host
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


def check(scene: FaultScene, pushed: Pushed) -> None:
    """Check what always holds, and that every fault that was asked for and not healed was met."""
    assert [] == scene.asked.unmet(), "a fault that nobody met"
    check_invariants(
        pushed.results,
        pushed.record,
        lines=pushed.lines,
        status=pushed.status,
        sandbox=scene.sandbox,
        folders=[scene.spool],
        secrets=list(scene.secrets.values()),
    )


def told(pushed: Pushed) -> str:
    """Return states and exit status as the table writes them; found is as good as delivered."""
    states = dict(pushed.states)
    states["delivered"] = states.pop("found", 0) + states.pop("delivered", 0)
    shown = ", ".join(f"{number} {state}" for state, number in sorted(states.items()) if number)
    return f"{shown}: {pushed.status}"


def journals(scene: FaultScene) -> dict[str, list[bytes]]:
    """Return the lines of all journals that have any."""
    files = sorted(scene.run.path.rglob("*.jsonl"))
    return {str(path): path.read_bytes().splitlines() for path in files if path.stat().st_size}


def check_numbers(row: Row, scene: FaultScene, first: Pushed) -> None:
    """Check how long was waited first, how often a token was asked for, how often bytes were sent."""
    if row.waits is not None:
        assert row.waits - row.early <= first.waited[0] <= max(row.waits * 1.1, BASE_WAIT_S)
    seen = scene.sandbox.requests()
    if row.logins is not None:
        assert row.logins == sum(1 for one in seen if one.path.endswith((*LOGINS.values(),)))
    if row.sends is not None:
        method, path = scene.systems[0].upload
        sent = [one for one in seen if one.method == method and re.search(path, one.path)]
        assert row.sends == len(sent)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(
    row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_host: OtherHost
) -> None:
    """First the promised outcome, then one push that settles it, then one that changes nothing."""
    more: dict[str, Any] = dict(row.switches)
    with fault_scene(
        tmp_path, row.system, monkeypatch=monkeypatch, stall_s=row.stall_s, **more
    ) as scene:
        for fault in row.faults:
            values = {
                name: value.replace("{host}", other_host.url) if isinstance(value, str) else value
                for name, value in fault.items()
            }
            scene.fail(**values)

        executions = scene.executions()

        first = scene.push(seconds=row.seconds)

        said = "\n".join(first.lines)
        assert row.promise == told(first), said
        check(scene, first)
        assert row.says in said, said
        assert first.took_s < 60
        check_numbers(row, scene, first)
        assert bytearray() == other_host.heard

        scene.sandbox.heal()
        second = scene.push()
        check(scene, second)
        assert second.status in OVER, second.lines
        assert row.later == told(second), second.lines
        ledger, lines = scene.sandbox.store.ledger(), journals(scene)

        third = scene.push()
        assert (second.status, second.states) == (third.status, third.states)
        assert ledger == scene.sandbox.store.ledger()
        assert lines == journals(scene)
        assert scene.executions() - executions == (row.system in CREATING)
