"""Row X12: a file of more than 4 GiB, in the full campaign only."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from ... import peak
from ...commands.project import Project


FULL = os.environ.get("EVIDENCE_CAMPAIGN") == "full"


class Counting(BaseHTTPRequestHandler):
    """Answers as Squash TM does about one execution, and only counts what it gets: files of `size`."""

    def do_GET(self) -> None:
        """Tell that nothing is there."""
        self._answer(b'{"page":{"size":50,"totalElements":0,"totalPages":0,"number":0}}', 200)

    def do_POST(self) -> None:
        """Count the bytes of a file, keeping none but the head."""
        left, head = int(self.headers["Content-Length"]), b""
        while left:
            block = self.rfile.read(min(left, 1 << 20))
            left -= len(block)
            head = head or block[:400]
        name = re.findall(rb'filename="([^"]+)"', head)[0].decode()
        self.server.taken.append(int(self.headers["Content-Length"]))  # type: ignore[attr-defined]
        row = f'{{"id":1,"name":"{name}","size":{self.server.size}}}'  # type: ignore[attr-defined]
        self._answer(f'{{"_embedded":{{"attachments":[{row}]}}}}'.encode(), 201)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, content: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def counting() -> Iterator[ThreadingHTTPServer]:
    """A server that counts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        server.taken = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.skipif(not FULL, reason="minutes and 4 GiB of disk: EVIDENCE_CAMPAIGN=full")
@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured as Unix does")
def test_four_gibibytes_and_one_byte_need_no_memory(
    tmp_path: Path, counting: ThreadingHTTPServer
) -> None:
    """A file of 4 GiB + 1 byte is attached and uploaded with at most 64 MiB more memory."""
    project = Project(folder=tmp_path / "project")
    project.folder.mkdir()
    url = f"http://127.0.0.1:{counting.server_port}/squash"
    options = {"evidence_squash_url": url, "evidence_max_size": "5G", "evidence_deadline": "900"}
    project.configure("squash", options)
    project.variables["PYTEST_EVIDENCE_SQUASH_TOKEN"] = "made-up-token"
    project.write(
        "conftest.py",
        peak.SOURCE,
        "def pytest_unconfigure(): print('PEAK', peak_kib())",
    )
    peaks = []
    for size in (1000, (1 << 32) + 1):
        with (tmp_path / "big.bin").open("wb") as file:
            file.truncate(size)
        project.write(
            "test_it.py",
            "import pytest",
            "@pytest.mark.evidence(squash='executions/1042')",
            f"def test_it(evidence): assert evidence.attach({str(tmp_path / 'big.bin')!r})",
        )
        counting.size = size  # type: ignore[attr-defined]
        process = project.start()
        out, errors = process.communicate(timeout=900)
        peaks.append(int(re.findall(r"PEAK (\d+)", out)[0]))

    assert 0 == process.returncode, out + errors
    assert (1 << 32) + 1 < counting.taken[-1] < (1 << 32) + 1000  # type: ignore[attr-defined]
    assert peaks[1] - peaks[0] < 64 * 1024
