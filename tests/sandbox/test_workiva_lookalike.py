"""What a client may rely on when it hands files to the Workiva look-alike."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from lookalike_server import Clock
from lookalike_server import starting
from workiva_client import MATRIX
from workiva_client import PHASE
from workiva_client import SAMPLE
from workiva_client import VERSION
from workiva_client import Api

from pytest_attach_evidence.sandbox.workiva import WorkivaSystem


Start = Callable[..., WorkivaSystem]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., WorkivaSystem]]:
    """Starts look-alikes that settle at once, unless a switch says otherwise."""
    with starting(WorkivaSystem, tmp_path, settle_s=0.0) as started:
        yield started


class TestUpload:
    """POST, PUT, poll, list."""

    @pytest.mark.parametrize("owner", [PHASE, MATRIX, SAMPLE])
    def test_at_every_level(self, start: Start, owner: str) -> None:
        """Phase, matrix and sample take attachments of their own."""
        system = start()
        api = Api(system)
        begun = api.upload(owner, 'größe "x".txt', b"content")

        assert api.names(owner) == ['größe "x".txt']
        (stored,) = system.store.ledger()
        assert (stored.object, stored.sha256) == (owner[1:], hashlib.sha256(b"content").hexdigest())
        assert begun.headers["Retry-After"] == "1"
        assert begun.headers["Location"].startswith(f"{system.root}/operations/")
        assert begun.json()["uploadUrl"].startswith(system.blob_root + "/")
        assert set(begun.json()) == {"uploadUrl"}

    def test_states(self, start: Start) -> None:
        """An operation goes through its states by polls; the file is listed at the end only."""
        api = Api(start(settle_s=None, settle_polls=3))
        begun = api.begin(PHASE)
        assert [api.status(begun) for _ in range(4)] == ["acknowledged"] * 4
        api.put(begun, b"x")
        seen = []
        for _ in range(4):
            listed = api.names(PHASE)
            seen.append((api.status(begun), listed))

        assert seen == [
            ("queued", []),
            ("started", []),
            ("completed", []),
            ("completed", ["a.txt"]),
        ]

    def test_time_completes(self, start: Start) -> None:
        """Time alone completes an operation; a listing shows it without any poll."""
        clock = Clock()
        api = Api(start(clock=clock, settle_s=60.0))
        begun = api.upload(PHASE)
        before = api.names(PHASE)
        clock.now += 40
        between = api.status(begun)
        clock.now += 20

        assert (before, between, api.names(PHASE)) == ([], "started", ["a.txt"])

    def test_nobody_looks(self, start: Start) -> None:
        """The file gets into the store though nobody polls or lists."""
        system = start(settle_s=0.02)
        Api(system).upload(PHASE)
        limit = time.monotonic() + 5
        while not system.store.ledger() and time.monotonic() < limit:
            threading.Event().wait(0.01)

        assert len(system.store.ledger()) == 1

    def test_operation_shape(self, start: Start) -> None:
        """A poll shows who began what and when, and carries Retry-After."""
        api = Api(start(nulls=True))
        answer = api.call("GET", api.upload(PHASE).headers["Location"])
        body = answer.json()

        assert answer.headers["Retry-After"] == "1"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["created"]["dateTime"])
        assert str(uuid.UUID(body["originalRequest"])) == body["originalRequest"]
        assert (body["status"], body["details"], body["resourceUrl"]) == ("completed", None, None)

    @pytest.mark.parametrize("outcome", ["failed", "cancelled", "stuck"])
    def test_bad_ends(self, start: Start, outcome: str) -> None:
        """An operation that does not complete attaches nothing; a failed one says why."""
        system = start(outcome=outcome)
        api = Api(system)
        body = api.call("GET", api.upload(PHASE).headers["Location"]).json()

        assert body["status"] == ("started" if outcome == "stuck" else outcome)
        assert bool(body.get("details")) == (outcome != "stuck")
        assert (api.names(PHASE), system.store.ledger()) == ([], [])

    def test_no_content(self, start: Start) -> None:
        """An upload whose content never comes fails, and its URL is of no use any more."""
        clock = Clock()
        api = Api(start(clock=clock, upload_life_s=600.0, token_life_s=5000))
        begun = api.begin(PHASE)
        clock.now += 601

        assert api.status(begun) == "failed"
        assert api.put(begun, b"late").status_code == 403
        assert api.names(PHASE) == []

    def test_single_use(self, start: Start) -> None:
        """Content can be put once; a second time is refused and attaches nothing."""
        system = start()
        api = Api(system)
        begun = api.upload(PHASE)

        assert api.put(begun, b"again").status_code == 409
        assert len(system.store.ledger()) == 1

    def test_repeatable(self, start: Start) -> None:
        """With single use off, content put again before the end replaces the first."""
        system = start(single_use=False, settle_s=None, settle_polls=1)
        api = Api(system)
        begun = api.upload(PHASE, data=b"first")
        assert api.put(begun, b"second").status_code == 200
        api.status(begun)

        assert [file.size for file in system.store.ledger()] == [6]

    def test_bearer_and_signature(self, start: Start) -> None:
        """The PUT needs the bearer and the URL exactly as given."""
        api = Api(start())
        url = api.begin(PHASE).json()["uploadUrl"]

        assert requests.put(url, data=b"x", timeout=10).status_code == 401
        for forged in (url + "0", url.replace("expire=1", "expire=2"), url.partition("?")[0]):
            answer = requests.put(forged, data=b"x", headers=api.bearer, timeout=10)
            assert answer.status_code == 403
        assert requests.post(url, headers=api.bearer, timeout=10).status_code == 405
        assert api.names(PHASE) == []

    def test_cut_off_content(self, start: Start) -> None:
        """Content that breaks off attaches nothing, and may be put again."""
        system = start()
        api = Api(system)
        begun = api.begin(PHASE)
        url = urlsplit(begun.json()["uploadUrl"])
        with socket.create_connection((url.hostname or "", url.port or 0)) as sock:
            head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
            head += f"Authorization: {api.bearer['Authorization']}\r\n\r\n"
            sock.sendall(head.encode() + b"part")
            sock.shutdown(socket.SHUT_WR)
            sock.recv(1000)

        assert api.names(PHASE) == []
        assert api.put(begun, b"whole").status_code == 200
        assert [file.size for file in system.store.ledger()] == [5]

    def test_empty_and_same_name(self, start: Start) -> None:
        """Empty files are files, and a name may occur twice."""
        api = Api(start())
        api.upload(PHASE, "same.txt", b"")
        api.upload(PHASE, "same.txt", b"")

        entries = api.call("GET", f"{PHASE}/attachments").json()["data"]
        assert [entry["fileName"] for entry in entries] == ["same.txt"] * 2
        assert len({entry["id"] for entry in entries}) == 2

    @pytest.mark.parametrize("body", [b"{}", b'{"fileName": 7}', b"[]", b"no json"])
    def test_bad_body(self, start: Start, body: bytes) -> None:
        """An upload request without a file name in JSON is a 400."""
        api = Api(start())
        headers = api.bearer | VERSION | {"Content-Type": "application/json"}
        url = f"{api.system.root}{PHASE}/attachmentUpload"

        assert requests.post(url, data=body, headers=headers, timeout=10).status_code == 400

    @pytest.mark.parametrize("status", [403, 404, 409])
    def test_readable_form(self, start: Start, status: int) -> None:
        """A form the user may only read refuses uploads with the status of the switch."""
        api = Api(start(locked_status=status))
        phase = "/testForms/f8/testPhases/p8"
        answer = api.call("POST", f"{phase}/attachmentUpload", json={"fileName": "a"})

        assert (answer.status_code, api.names(phase)) == (status, [])

    def test_poll_rate(self, start: Start) -> None:
        """With the switch on, polls that come too fast get 429 with Retry-After."""
        clock = Clock()
        api = Api(start(clock=clock, poll_interval_s=1.0))
        url = api.upload(PHASE).headers["Location"]
        statuses = [api.call("GET", url).status_code for _ in range(2)]
        clock.now += 1

        assert statuses == [200, 429]
        assert api.call("GET", url).status_code == 200

    def test_location_switches(self, start: Start) -> None:
        """`Location` can be a path, and the body can repeat the operation."""
        api = Api(start(relative_location=True, operation_location=True))
        begun = api.begin(PHASE)

        assert begun.headers["Location"].startswith("/operations/")
        assert begun.json()["operationLocation"] == begun.headers["Location"]

    def test_no_delete(self, start: Start) -> None:
        """Attachments cannot be deleted."""
        api = Api(start())
        api.upload(PHASE)
        id = api.call("GET", f"{PHASE}/attachments").json()["data"][0]["id"]
        answer = api.call("DELETE", f"{PHASE}/attachments/{id}")

        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
        assert api.names(PHASE) == ["a.txt"]


def test_page_objects(start: Start) -> None:
    """The page shows every object under the store's name for it, parents first."""
    system = start()
    Api(system).upload(SAMPLE)
    shown = {page.object: page for page in system.objects()}

    assert shown[SAMPLE[1:]].facts["target"] == "f1/p1/m1/s1"
    assert shown[SAMPLE[1:]].depth == 3
    assert list(shown)[:3] == ["testForms/f1", PHASE[1:], MATRIX[1:]]
    assert {file.object for file in system.store.files("workiva")} <= set(shown)
    assert "API user" in shown["testForms/f9"].facts
