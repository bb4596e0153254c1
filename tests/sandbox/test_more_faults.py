"""Faults of connections, answers and documents do what their names say; texts become faults."""

from __future__ import annotations

import json
import socket
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from plain_http import READ
from plain_http import UPLOAD
from plain_http import Api
from plain_http import a_file

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.faults.waiting import from_text


LIST = f"{READ}/attachments"


def stored(sandbox: Sandbox) -> int:
    """Return how many commits there were."""
    return len(sandbox.store.ledger())


def raw(sandbox: Sandbox, path: str = READ) -> bytes:
    """Send one plain GET and return everything that comes back until the connection ends."""
    root = urlsplit(sandbox.roots["squash"])
    with socket.create_connection((root.hostname, root.port)) as connection:
        connection.settimeout(20)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while block := connection.recv(65536):
            received += block
    return received


class TestConnections:
    """The connection ends, or nothing moves."""

    @pytest.mark.parametrize(
        ("fault", "values", "commits"),
        [
            ("reset-at-accept", {}, 0),
            ("answer-reset", {}, 1),
            ("reset-before-answer", {"body_bytes": -1}, 0),
            ("reset-before-answer", {"body_bytes": 1_000_000}, 0),
            ("chunked-garbage", {}, 1),
            ("many-headers", {}, 1),
        ],
    )
    def test_no_answer_can_be_read(
        self, sandbox: Sandbox, squash: Api, fault: str, values: dict[str, Any], commits: int
    ) -> None:
        """The client sees an error, and the ledger tells whether the work was done."""
        sandbox.faults.add(fault, **values)

        with pytest.raises(requests.RequestException):
            squash.post(UPLOAD, **a_file())
        assert commits == stored(sandbox)
        assert [] == sandbox.faults.waiting()

    @pytest.mark.parametrize("fault", ["silent-at-accept", "silent"])
    def test_silence(self, sandbox: Sandbox, squash: Api, fault: str) -> None:
        """Nothing is said and nothing done, however long a client waits."""
        sandbox.faults.add(fault, seconds=60)

        with pytest.raises(requests.ReadTimeout):
            squash.post(UPLOAD, timeout=0.3, **a_file())
        assert 0 == stored(sandbox)

    def test_reading_slowly(self, sandbox: Sandbox, squash: Api) -> None:
        """The body is read in small pieces with pauses between them, and stored whole."""
        sandbox.faults.add("slow-reading", body_bytes=1000, seconds=0.01)
        begun = time.monotonic()

        assert 201 == squash.post(UPLOAD, **a_file(10_000)).status_code
        assert time.monotonic() - begun >= 0.1
        assert 10_000 == sandbox.store.ledger()[0].size

    def test_stale(self, sandbox: Sandbox, squash: Api) -> None:
        """The answer promises an open connection; the next request needs another one."""
        sandbox.faults.add("stale", times=2)

        answers = [squash.get(READ) for _ in range(3)]

        assert ["keep-alive"] * 3 == [answer.headers["Connection"] for answer in answers]
        assert 3 == len({seen.connection for seen in sandbox.requests()})


class TestAnswers:
    """What is answered is not what the system says."""

    @pytest.mark.parametrize("status", [204, 307, 408, 409, 422, 507, 524])
    @pytest.mark.parametrize("done", [False, True])
    def test_any_status(self, sandbox: Sandbox, squash: Api, status: int, done: bool) -> None:
        """With `done` the work comes first."""
        sandbox.faults.add("status", status=status, done=done)

        assert status == squash.post(UPLOAD, **a_file()).status_code
        assert int(done) == stored(sandbox)

    @pytest.mark.parametrize(
        ("fault", "values", "body"),
        [
            ("empty", {}, b""),
            ("inner-error", {"value": "error"}, b'{"status": "error"'),
            ("big-answer", {"size": 3_000_000}, b'["xxx'),
            ("gzip-bomb", {}, b"\x1f\x8b"),
        ],
    )
    def test_another_body(
        self, sandbox: Sandbox, squash: Api, fault: str, values: dict[str, Any], body: bytes
    ) -> None:
        """The answer is a 200 with JSON by its own account."""
        sandbox.faults.add(fault, **values)

        answer = squash.get(READ, stream=True)
        content = answer.raw.read()

        assert (200, "application/json") == (answer.status_code, answer.headers["Content-Type"])
        assert content.startswith(body)
        assert len(content) >= values.get("size", 0)
        assert len(content) < 4_000_000

    def test_a_redirect_to_anywhere(self, sandbox: Sandbox, squash: Api) -> None:
        """Status and place can be chosen, the request's own address included."""
        for location in ("{url}", "{origin}/x", "{elsewhere}", "https://h.example/"):
            sandbox.faults.add("redirect", status=308, location=location)
        answers = [squash.get(READ) for _ in range(4)]

        assert {308} == {answer.status_code for answer in answers}
        origin = sandbox.roots["squash"].removesuffix("/squash")
        assert [
            answers[0].url,
            f"{origin}/x",
            f"{sandbox.page_url}/elsewhere",
            "https://h.example/",
        ] == [answer.headers["Location"] for answer in answers]

    @pytest.mark.parametrize("fault", ["json-cut", "bad-utf8"])
    def test_json_that_is_none(self, sandbox: Sandbox, squash: Api, fault: str) -> None:
        """The answer is whole HTTP, and its document cannot be read."""
        sandbox.faults.add(fault)

        answer = squash.get(READ)

        with pytest.raises(ValueError, match=r"."):
            json.loads(answer.content)

    def test_a_length_that_is_too_short(self, sandbox: Sandbox) -> None:
        """More bytes come than were announced."""
        sandbox.faults.add("length-short")

        head, _, body = raw(sandbox).partition(b"\r\n\r\n")

        announced = int(head.partition(b"Content-Length: ")[2].split()[0])
        assert announced == len(body) // 2

    def test_answers_that_nobody_asked_for(self, sandbox: Sandbox) -> None:
        """Two interim answers come before the real one."""
        sandbox.faults.add("interim")

        received = raw(sandbox)

        assert 2 == received.count(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert received.split(b"100 Continue\r\n\r\n")[2].startswith(b"HTTP/1.1 404")

    def test_the_clock(self, sandbox: Sandbox, squash: Api) -> None:
        """Date and Retry-After follow the server's clock; without one there is no Date."""
        sandbox.faults.add("status", status=429, date="86400", retry_after="date+30")
        sandbox.faults.add("date", date="none")

        ahead, without = squash.get(READ), squash.get(READ)

        date, until = (parsedate_to_datetime(ahead.headers[n]) for n in ("Date", "Retry-After"))
        assert 30 == (until - date).total_seconds()
        assert 80_000 < date.timestamp() - time.time() < 90_000
        assert "Date" not in without.headers
        assert 200 == without.status_code

    def test_another_media_type(self, sandbox: Sandbox, squash: Api) -> None:
        """The document is right and its name is not."""
        sandbox.faults.add("media-type")

        answer = squash.get(READ)

        assert "text/plain; charset=utf-8" == answer.headers["Content-Type"]
        assert 1042 == answer.json()["id"]


class TestDocuments:
    """A sound answer with something else in it."""

    def test_fields_and_headers(self, sandbox: Sandbox, squash: Api) -> None:
        """Keys are replaced or left out at any depth, headers too; documents go into a list."""
        sandbox.faults.add("field", name="id", value="{origin}")
        sandbox.faults.add("without", name="id")
        sandbox.faults.add("header", name="Content-Type", value="x/y")
        sandbox.faults.add("header", name="Content-Type")
        sandbox.faults.add("array")
        first, second, third, fourth, fifth = (squash.get(READ) for _ in range(5))

        assert first.json()["id"] == sandbox.roots["squash"].removesuffix("/squash")
        assert "id" not in second.json()
        assert "x/y" == third.headers["Content-Type"]
        assert "Content-Type" not in fourth.headers
        assert [1042] == [one["id"] for one in fifth.json()]

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ("numbered", "a--0123456789ab (1).txt"),
            ("stem", "a--0123456789ab"),
            ("upper", "A--0123456789AB.TXT"),
            ("cut", "a--0123"),
        ],
    )
    def test_names(self, sandbox: Sandbox, squash: Api, change: str, expected: str) -> None:
        """A list shows our names as servers may change them."""
        squash.post(UPLOAD, files=[("files", ("a--0123456789ab.txt", b"x"))])
        sandbox.faults.add("names", value=change)

        (row,) = squash.get(LIST).json()["_embedded"]["attachments"]

        assert expected == row["name"]


class TestTexts:
    """Faults as the command line writes them."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("answer-lost", {}),
            (
                "status:status=503,retry_after=Fri, 01 Jan 2027 00:00:00 GMT,times=-1",
                {"status": 503, "retry_after": "Fri, 01 Jan 2027 00:00:00 GMT", "times": -1},
            ),
            ("slow:seconds=0.5,path=a{1,2}", {"seconds": 0.5, "path": "a{1,2}"}),
            ("empty:done=true", {"done": True}),
            ("field:name=data,value=[]", {"name": "data", "value": []}),
            ("header:name=Location,value=null", {"name": "Location", "value": None}),
            ("status-418", {}),
        ],
    )
    def test_a_text_is_a_fault(self, text: str, expected: dict[str, object]) -> None:
        """Numbers, truth and JSON become what they are; a comma may stand in a value."""
        assert {"fault": text.partition(":")[0], **expected} == from_text(text)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("nothing", "no fault is named nothing"),
            ("", "no fault is named"),
            ("slow:seconds=soon", "seconds: 'soon' is not a number"),
            ("slow:colour=red", "slow: unknown: colour"),
            ("slow:path", "'path' is not key=value"),
            ("slow:path=(", "path (:"),
            ("empty:done=yes", "'yes' is neither true nor false"),
            ("status:status=99", "status: 99"),
            ("date:date=tomorrow", "'tomorrow' is not a number of seconds"),
            ("status:retry_after=date+soon", "is not a number of seconds"),
        ],
    )
    def test_what_is_wrong_is_one_line(self, text: str, said: str) -> None:
        """The line names the fault or the value, and what would be right."""
        with pytest.raises(ValueError, match=r".") as caught:
            from_text(text)

        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
