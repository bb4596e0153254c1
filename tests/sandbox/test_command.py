"""The command as people and programs start it, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from plain_http import READ
from plain_http import SQUASH_API
from plain_http import UPLOAD
from plain_http import Api

import pytest_attach_evidence.sandbox
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.faults.table import ACTIONS


COMMAND = [sys.executable, "-m", "pytest_attach_evidence.sandbox"]


@pytest.fixture
def run_command(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command in a process of its own with its output piped."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(pytest_attach_evidence.sandbox.__file__).parents[2],
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Read what the command prints with `--json` once it answers."""
    assert process.stdout is not None
    facts: dict[str, Any] = json.loads(process.stdout.readline())
    return facts


class TestCommand:
    """The command as people and programs start it."""

    def test_json(
        self, run_command: Callable[..., subprocess.Popen[str]], apis: Callable[..., Api]
    ) -> None:
        """With `--json` one line says all a program needs, when everything answers."""
        facts = ready(run_command("--json"))

        assert set(facts) == {"roots", "exports", "options", "page_url"}
        assert apis(facts["page_url"]).get("/").status_code == 200
        assert apis(facts["roots"]["squash"] + SQUASH_API).get(READ).status_code == 401

    def test_text(self, run_command: Callable[..., subprocess.Popen[str]]) -> None:
        """Otherwise it prints addresses, credentials for a shell and a pytest.ini, and ends itself."""
        output, errors = run_command("--for-seconds", "0").communicate(timeout=30)

        assert errors == ""
        assert "export PYTEST_EVIDENCE_SQUASH_TOKEN=sandbox-squash-token-" in output
        assert "\nevidence_squash_iteration = 4\n" in output
        assert output.endswith("Ctrl-C ends it.\n")

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_signals(
        self,
        run_command: Callable[..., subprocess.Popen[str]],
        apis: Callable[..., Api],
        number: signal.Signals,
        tmp_path: Path,
    ) -> None:
        """A signal ends it at once, with kept connections and an answer still owed; no files stay."""
        process = run_command("--json")
        facts = ready(process)
        squash = apis(facts["roots"]["squash"] + SQUASH_API)
        squash.get(READ)
        fault = {"fault": "slow", "seconds": 600}
        apis(facts["page_url"]).post("/control/faults", json=fault)
        with pytest.raises(requests.ReadTimeout):
            squash.get(READ, timeout=0.2)

        process.send_signal(number)

        assert process.wait(timeout=3) == 0
        assert list(tmp_path.iterdir()) == []

    def test_port_in_use(
        self, sandbox: Sandbox, run_command: Callable[..., subprocess.Popen[str]]
    ) -> None:
        """A port that is taken is one line on standard error and status 1."""
        port = sandbox.page_url.rpartition(":")[2]
        process = run_command("--port-huawei", port)
        _, errors = process.communicate(timeout=30)

        assert process.returncode == 1
        assert f"port {port}" in errors
        assert len(errors.splitlines()) == 1

    def test_faults(
        self, run_command: Callable[..., subprocess.Popen[str]], apis: Callable[..., Api]
    ) -> None:
        """Faults of the command line wait from the start."""
        faults = ("--fault", "status:status=503,times=2", "--fault", "login-page:after=2")
        facts = ready(run_command("--json", *faults))
        squash = apis(facts["roots"]["squash"] + SQUASH_API)

        answers = [squash.get(READ).status_code for _ in range(4)]

        assert [503, 503, 401, 401] == answers
        waiting = apis(facts["page_url"]).get("/control/faults").json()
        assert [("login-page", 0)] == [(one["fault"], one["after"]) for one in waiting]

    @pytest.mark.parametrize("fault", ["no-such-fault", "slow:seconds=soon", "slow:colour=red"])
    def test_a_wrong_fault(
        self, run_command: Callable[..., subprocess.Popen[str]], fault: str
    ) -> None:
        """A fault that does not exist is one line and status 4; nothing is started."""
        process = run_command("--fault", fault)
        output, errors = process.communicate(timeout=30)

        assert (4, "") == (process.returncode, output)
        assert errors.startswith("sandbox: --fault ")
        assert 1 == len(errors.splitlines())

    def test_switches(
        self, run_command: Callable[..., subprocess.Popen[str]], apis: Callable[..., Api]
    ) -> None:
        """A look-alike of the command line is any server that the tests know."""
        chosen = ("squash.version=13", "squash.max_page_size=2", "huawei.login=password")
        facts = ready(run_command("--json", *(f"--switch={one}" for one in chosen)))
        token = facts["exports"]["PYTEST_EVIDENCE_SQUASH_TOKEN"]
        squash = apis(facts["roots"]["squash"] + SQUASH_API, token)

        items = [
            squash.get(f"/{kind}/312") for kind in ("iteration-test-plan-items", "test-plan-items")
        ]

        assert [200, 404] == [answer.status_code for answer in items]
        assert 2 == len(
            squash.get("/iterations/4/test-plan?size=20").json()["_embedded"]["test-plan"]
        )
        assert "PYTEST_EVIDENCE_HUAWEI_USER" in facts["exports"]

    @pytest.mark.parametrize(
        ("switch", "says"),
        [
            ("squash.colour=red", "squash has basic, delete_status"),
            ("jira.version=1", "systems are squash, workiva, huawei, rillsoft"),
            ("squash.version", "squash has"),
            ("squash.version=new", "not a number"),
            ("squash.basic=perhaps", "neither true nor false"),
            ("rillsoft.clock=1", "rillsoft has"),
            ("huawei.root=http://127.0.0.1", "huawei has"),
        ],
    )
    def test_a_wrong_switch(
        self, run_command: Callable[..., subprocess.Popen[str]], switch: str, says: str
    ) -> None:
        """One line with what there is, and status 4; nothing is started."""
        process = run_command("--switch", switch)
        output, errors = process.communicate(timeout=60)

        assert (4, "") == (process.returncode, output)
        assert errors.startswith("sandbox: --switch ")
        assert says in errors
        assert 1 == len(errors.splitlines())

    def test_help_lists_every_fault(
        self, run_command: Callable[..., subprocess.Popen[str]]
    ) -> None:
        """Each fault has its line."""
        output, _ = run_command("--help").communicate(timeout=30)

        assert [] == [name for name in ACTIONS if f"\n  {name} " not in output]

    def test_chosen_ports_and_folder(
        self, run_command: Callable[..., subprocess.Popen[str]], tmp_path: Path
    ) -> None:
        """Chosen ports are used, and a chosen folder stays; it may be from an earlier run."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        folder = tmp_path / "kept"
        arguments = ("--port-squash", str(port), "--folder", str(folder), "--json")
        first = run_command(*arguments)

        assert ready(first)["roots"]["squash"] == f"http://127.0.0.1:{port}/squash"
        first.terminate()
        assert first.wait(timeout=10) == 0
        assert folder.is_dir()

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    @pytest.mark.parametrize("system", ["squash", "rillsoft"])
    def test_big_uploads_are_not_held_in_memory(
        self,
        run_command: Callable[..., subprocess.Popen[str]],
        apis: Callable[..., Api],
        system: str,
    ) -> None:
        """An upload of 200 MB lets the process grow by less than 32 MiB at its highest."""
        process = run_command("--json")
        facts = ready(process)
        paths = {
            "squash": (SQUASH_API + UPLOAD, "files"),
            "rillsoft": ("/api/v2/clients/7/attachments/4711", "file"),
        }
        path, part = paths[system]
        api = apis(
            facts["roots"][system], facts["exports"][f"PYTEST_EVIDENCE_{system.upper()}_TOKEN"]
        )
        headers = {"Content-Type": "multipart/form-data; boundary=limit"}
        api.post(path, data=LongBody(part, 1_000_000), headers=headers)
        before = highest_memory(process.pid)

        answer = api.post(path, data=LongBody(part, 200_000_000), headers=headers)

        assert answer.status_code == 201
        held = apis(facts["page_url"]).get("/control/files").json()
        assert held[-1]["size"] == 200_000_000
        assert highest_memory(process.pid) - before < 32 * 1024 * 1024


class LongBody:
    """A multipart body with one file of a size, never in memory as a whole."""

    def __init__(self, part: str, size: int) -> None:
        self.head = (
            f'--limit\r\nContent-Disposition: form-data; name="{part}"; filename="long.bin"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        self.tail = b"\r\n--limit--\r\n"
        self.size = size

    def __len__(self) -> int:
        return len(self.head) + self.size + len(self.tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        block = os.urandom(64 * 1024)
        for begin in range(0, self.size, len(block)):
            yield block[: self.size - begin]
        yield self.tail


def highest_memory(pid: int) -> int:
    """Return the most memory in bytes that a process has had resident."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
