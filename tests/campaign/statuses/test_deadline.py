"""The deadline at a session's end holds whatever a server does."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from ...commands.project import TARGETS
from ...commands.project import Project


SERVERS = {
    "a byte every 0.3 s": ("drip-all", {}),
    "a body byte every 0.3 s": ("drip", {}),
    "silence": ("stalled", {"seconds": 600}),
    "silence after the work": ("slow", {"seconds": 600}),
}


TELL_THE_END = """
import pathlib, time

def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        pathlib.Path("tests-ended").write_text(str(time.time()))
"""


def check_deadline(project: Project, *words: str) -> None:
    """Run the tests with three seconds for delivery: 75 soon after them, each delivery counted once."""
    project.write("conftest.py", TELL_THE_END)
    ended = project.pytest("-q", *words)
    took = time.time() - float((project.folder / "tests-ended").read_text())

    assert 75 == ended.status, ended.out + ended.errors
    counts = ended.counts
    assert counts["deliveries"] == counts["delivered"] + counts["waiting"] + counts["uncertain"]
    assert (3, 3) == ended.numbers("pieces", "delivered")  # the archive has them
    assert counts["deliveries"] > 3
    assert took < 20, ended.out


@pytest.mark.parametrize("server", SERVERS)
def test_the_deadline_holds_whatever_a_server_does(
    project: Project, sandbox: Sandbox, server: str
) -> None:
    """All four systems at once, though one request may take 30 s without a byte."""
    fault, facts = SERVERS[server]
    sandbox.faults.clear()
    sandbox.faults.add(fault, times=9999, **facts)
    limits = ("evidence_deadline = 3", "evidence_stall = 30")
    project.configure(f"{' '.join(TARGETS)} archive", sandbox.options(), *limits)
    project.suite(*TARGETS, pieces=3, size=3_000_000)

    workers = ["-p", "xdist.plugin", "-n2"] if fault == "drip-all" else []
    check_deadline(project, *workers)


def test_the_deadline_holds_where_a_server_reads_slowly(project: Project) -> None:
    """A byte every 0.3 s of a body of some megabytes, which no stall limit notices."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader = threading.Thread(target=read_slowly, args=(server, ended))
        reader.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        options = {"evidence_rillsoft_url": url, "evidence_rillsoft_client": "7"}
        limits = ("evidence_deadline = 3", "evidence_stall = 30")
        project.configure("rillsoft archive", options, *limits)
        project.suite("rillsoft", pieces=3, size=8_000_000)
        try:
            check_deadline(project)
        finally:
            ended.set()
            reader.join()


def read_slowly(server: socket.socket, ended: threading.Event) -> None:
    """Take the first connection and read a byte now and then."""
    server.settimeout(30)
    connection, _ = server.accept()
    with connection:
        connection.settimeout(0.3)
        while not ended.wait(0.3):
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return
