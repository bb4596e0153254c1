"""The sandbox as servers: connections, the control API, and what a client needs to know."""

from __future__ import annotations

import ast
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from plain_http import READ
from plain_http import SQUASH_API
from plain_http import UPLOAD
from plain_http import Api
from plain_http import a_file

import pytest_attach_evidence.sandbox
from pytest_attach_evidence.sandbox import Sandbox


class TestConnections:
    """Connections stay open and stay sound."""

    def test_connections_are_kept(self, sandbox: Sandbox, squash: Api) -> None:
        """Uploads, reads and refusals of one client share one connection."""
        squash.post(UPLOAD, **a_file())
        squash.get(READ)
        squash.get("/nothing")

        assert len({seen.connection for seen in sandbox.requests("squash")}) == 1

    def test_small_unread_body(self, sandbox: Sandbox, connect: Callable[..., Api]) -> None:
        """A refusal before the body was read leaves the connection usable."""
        api = connect(sandbox, "")

        refused = [api.post(UPLOAD, **a_file(100_000)).status_code for _ in range(3)]

        assert refused == [401, 401, 401]
        assert len({seen.connection for seen in sandbox.requests("squash")}) == 1

    def test_big_unread_body(self, sandbox: Sandbox, connect: Callable[..., Api]) -> None:
        """A refusal of a big body reaches the client, and the connection ends."""
        api = connect(sandbox, "")

        refused = [api.post(UPLOAD, **a_file(20_000_000)) for _ in range(2)]

        assert [answer.status_code for answer in refused] == [401, 401]
        assert refused[0].headers["Connection"] == "close"
        assert [seen.body_bytes for seen in sandbox.requests("squash")] == [0, 0]

    def test_chunked_body(self, sandbox: Sandbox, squash: Api) -> None:
        """A body in chunks of unknown length is taken, and the connection kept."""
        head = b'--limit\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        parts = [head, b"12345", b"\r\n--limit--\r\n"]
        headers = {"Content-Type": "multipart/form-data; boundary=limit"}

        answers = [squash.post(UPLOAD, data=iter(parts), headers=headers) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert [file.size for file in sandbox.store.ledger()] == [5, 5]
        assert len({seen.connection for seen in sandbox.requests("squash")}) == 1

    def test_client_that_goes_away(self, sandbox: Sandbox) -> None:
        """A body that breaks off stores nothing and harms nobody."""
        address = ("127.0.0.1", int(sandbox.roots["squash"].split(":")[2].split("/")[0]))
        token = sandbox.exports()["PYTEST_EVIDENCE_SQUASH_TOKEN"]
        head = (
            f"POST /squash{SQUASH_API}{UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: multipart/form-data; boundary=limit\r\nContent-Length: 1000000\r\n\r\n"
            '--limit\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nab'
        )
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(head.encode())
            connection.shutdown(socket.SHUT_WR)
            connection.makefile("rb").read()

        assert sandbox.store.ledger() == []
        assert [seen.system for seen in sandbox.requests()] == ["squash"]

    def test_many_at_once(self, sandbox: Sandbox, connect: Callable[..., Api]) -> None:
        """Uploads of many clients at once are all stored, each under an id of its own."""
        clients = [connect(sandbox) for _ in range(8)]

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda client: client.post(UPLOAD, **a_file(300_000)), clients))

        assert {answer.status_code for answer in answers} == {201}
        assert len({(file.id, file.path) for file in sandbox.store.ledger()}) == 8

    def test_expect_continue(self, sandbox: Sandbox) -> None:
        """A client that waits for 100 Continue gets it."""
        address = ("127.0.0.1", int(sandbox.roots["squash"].split(":")[2].split("/")[0]))
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n")

            assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")

    def test_end_closes_kept_connections(self, sandbox: Sandbox, squash: Api) -> None:
        """After the end nothing answers, not even on a connection that was kept."""
        squash.get(READ)
        sandbox.end()

        with pytest.raises(requests.ConnectionError):
            squash.get(READ)


class TestControl:
    """The control API, as programs in other processes use it."""

    def test_faults_by_http(self, squash: Api, control: Api) -> None:
        """Faults are added one by one or as a list, listed, and taken away."""
        one = {"system": "squash", "fault": "status-502", "times": 2}

        assert control.post("/control/faults", json=one).status_code == 201
        assert control.post("/control/faults", json=[one, one]).status_code == 201
        assert len(control.get("/control/faults").json()) == 3
        assert squash.get(READ).status_code == 502
        assert control("DELETE", "/control/faults").status_code == 204
        assert squash.get(READ).status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            {"fault": "no-such-fault"},
            {"fault": "slow", "colour": "red"},
            {"fault": "slow", "path": "("},
            {"fault": "slow", "times": "often"},
            {"system": "squash"},
            "slow",
            7,
        ],
    )
    def test_wrong_faults(self, control: Api, body: object) -> None:
        """A fault that does not exist or cannot match is refused with a reason."""
        answer = control.post("/control/faults", json=body)

        assert answer.status_code == 400
        assert answer.json()["error"]

    def test_ledger_and_files(self, squash: Api, control: Api) -> None:
        """The ledger keeps what was stored, the files are what is held now."""
        first = squash.post(UPLOAD, **a_file()).json()["_embedded"]["attachments"][0]["id"]
        squash("DELETE", f"{UPLOAD}?attachmentIds={first}")

        ledger = control.get("/control/ledger").json()
        assert [
            (line["system"], line["object"], line["name"], line["size"]) for line in ledger
        ] == [("squash", "executions/1042", "a.txt", 5)]
        assert set(ledger[0]) >= {"id", "sha256", "stored_at"}
        assert control.get("/control/files?system=squash").json() == []

    def test_requests(self, sandbox: Sandbox, squash: Api, control: Api) -> None:
        """Requests are listed with their facts, and no credential is among them."""
        squash.get(f"{READ}?fields=id")

        answer = control.get("/control/requests")
        seen = answer.json()[0]
        assert (seen["system"], seen["method"], seen["status"]) == ("squash", "GET", 200)
        assert (seen["path"], seen["query"]) == (f"/squash{SQUASH_API}{READ}", "fields=id")
        assert sandbox.exports()["PYTEST_EVIDENCE_SQUASH_TOKEN"] not in answer.text

    def test_reset(self, sandbox: Sandbox, squash: Api, control: Api) -> None:
        """After a reset everything is as at the start, at the same addresses."""
        squash.post(UPLOAD, **a_file())
        squash("PATCH", READ, json={"_type": "execution", "execution_status": "SUCCESS"})
        sandbox.faults.add("status-500", times=99)

        assert control.post("/control/reset").status_code == 204
        assert control.get("/control/ledger").json() == []
        assert control.get("/control/requests").json() == []
        assert squash.get(READ).json()["execution_status"] == "READY"
        assert squash.post(UPLOAD, **a_file()).status_code == 201


class TestSettings:
    """What a client needs to know."""

    def test_exports_and_options(self, sandbox: Sandbox) -> None:
        """Every system has an address, credentials and options."""
        options, exports = sandbox.options(), sandbox.exports()

        assert list(sandbox.roots) == ["squash", "workiva", "huawei", "rillsoft"]
        for name, root in sandbox.roots.items():
            assert options[f"evidence_{name}_url"] == root
            assert any(f"_{name.upper()}_" in variable for variable in exports)
        assert options["evidence_squash_iteration"] == "4"
        assert options["evidence_rillsoft_client"] == "7"
        assert options["evidence_huawei_project"]

    def test_unknown_system_in_switches(self, tmp_path: Path) -> None:
        """A switch for a system that does not exist is an error."""
        with pytest.raises(ValueError, match="squish"):
            Sandbox(tmp_path, switches={"squish": {}})

    def test_imports_nothing_of_the_package(self) -> None:
        """The sandbox uses only the standard library, werkzeug, jinja2 and itself."""
        folder = Path(pytest_attach_evidence.sandbox.__file__).parent
        allowed = {*sys.stdlib_module_names, "werkzeug", "jinja2"}
        foreign = set()
        for path in folder.glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    foreign |= {name.name.split(".")[0] for name in node.names} - allowed
                elif isinstance(node, ast.ImportFrom) and node.level != 1:
                    foreign |= {str(node.module).split(".")[0]} - allowed

        assert foreign == set()
