"""What a client may rely on when it hands files to the CodeArts Req look-alike."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from codearts_client import FOREIGN
from codearts_client import IPD
from codearts_client import ITEM
from codearts_client import SCRUM
from codearts_client import SERVICE
from codearts_client import SUCCESS
from codearts_client import UPLOAD
from codearts_client import call
from codearts_client import form
from codearts_client import get_token
from codearts_client import listed
from lookalike_server import Clock
from lookalike_server import starting
from sdk_signer import Signer

from pytest_attach_evidence.sandbox.codearts import CodeArtsSystem


Start = Callable[..., CodeArtsSystem]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts look-alikes whose clock stands still."""
    with starting(CodeArtsSystem, tmp_path, clock=Clock()) as started:
        yield started


class TestUpload:
    """The upload of IPD attachments, and reading them back."""

    def test_success(self, start: Start) -> None:
        """An upload answers `result: null`; the list shows name and size, and gives the bytes."""
        system = start()
        answer = call(system, "POST", UPLOAD, **form('grün "1".PNG', b"\x89PNG\r\n\0"))
        (entry,) = listed(system)
        path = f"{SERVICE}/{IPD}/attachments/download/{entry['id']}"

        assert (answer.status_code, answer.json()) == (200, SUCCESS)
        assert (entry["file_name"], entry["file_size"]) == ('grün "1".PNG', 7)
        assert (entry["issue_id"], entry["attachment_type"]) == (ITEM, "PNG")
        assert call(system, "GET", path).content == b"\x89PNG\r\n\0"
        (stored,) = system.store.ledger()
        assert stored.object == f"projects/{IPD}/issues/{ITEM}"
        assert stored.sha256 == hashlib.sha256(b"\x89PNG\r\n\0").hexdigest()

    def test_result(self, start: Start) -> None:
        """With the switch on, an upload tells the id the list has too."""
        system = start(with_result=True, name_key="store_filename")
        (told,) = call(system, "POST", UPLOAD, **form()).json()["result"]
        (entry,) = listed(system)

        assert (told["id"], told["workitem_id"]) == (entry["id"], ITEM)
        assert entry["store_filename"] == "a.txt"

    def test_empty_and_same_name(self, start: Start) -> None:
        """Empty files are files, and a repeat is a second attachment."""
        system = start()
        for _ in range(2):
            assert call(system, "POST", UPLOAD, **form(data=b"")).json() == SUCCESS

        assert [entry["file_size"] for entry in listed(system)] == [0, 0]

    @pytest.mark.parametrize(
        "more",
        [
            form(part="file"),
            {"files": [("attachment", ("a", b"1")), ("attachment", ("b", b"2"))]},
            {"data": {"attachment": "not a file"}, "files": {"other": ("a", b"1")}},
            {"data": b"no form", "headers": {"Content-Type": "text/plain"}},
            {
                "data": b"--x\r\nbroken",
                "headers": {"Content-Type": "multipart/form-data; boundary=x"},
            },
            form("n" * 257),
        ],
    )
    def test_bad_forms(self, start: Start, more: dict[str, object]) -> None:
        """Anything but one file part `attachment` is a 400 of the service."""
        system = start()
        answer = call(system, "POST", UPLOAD, **more)

        assert (answer.status_code, answer.json()["error_code"]) == (400, "PM.02175006")
        assert system.store.ledger() == []

    def test_refused_with_200(self, start: Start) -> None:
        """With the switch on, an upload is refused under status 200."""
        system = start(refuse_next=1)
        refused = call(system, "POST", UPLOAD, **form())

        assert (refused.status_code, refused.json()["status"]) == (200, "failed")
        assert system.store.ledger() == []
        assert call(system, "POST", UPLOAD, **form()).json() == SUCCESS

    @pytest.mark.parametrize(
        ("project", "item", "code"),
        [
            ("0" * 32, ITEM, "PM.02152005"),
            (FOREIGN, "956239067176939900", "PM.02150010"),
            (SCRUM, "1042", "PM.02150404"),
            (IPD, "1042", "PM.02175006"),
        ],
    )
    def test_unknown(self, start: Start, project: str, item: str, code: str) -> None:
        """Unknown projects and items are 400s with a code each."""
        path = f"{SERVICE}/{project}/issues/{item}/attachments/upload"
        answer = call(start(), "POST", path, **form())

        assert (answer.status_code, answer.json()["error_code"]) == (400, code)
        assert set(answer.json()) == {"error_code", "error_msg"}

    def test_nothing_is_left(self, start: Start) -> None:
        """Of a request only the stored file stays on disk."""
        system = start()
        call(system, "POST", UPLOAD, **form())
        call(system, "POST", UPLOAD, **form(part="file"))

        assert len(list(system.store.folder.iterdir())) == 1

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", f"{UPLOAD}/"),
            ("GET", UPLOAD),
            ("DELETE", f"{SERVICE}/{IPD}/attachments/download/1"),
            ("POST", "/v1/nothing"),
        ],
    )
    def test_not_published(self, start: Start, method: str, path: str) -> None:
        """Paths and methods that are not offered, deleting in IPD among them, are a gateway's 404."""
        answer = call(start(), method, path)

        assert (answer.status_code, answer.json()["error_code"]) == (404, "APIGW.0101")


class TestLimits:
    """What is too large, too many or too often."""

    def test_gateway(self, start: Start) -> None:
        """A signed body above 12 MiB is a 413 of the gateway; with a token it gets through."""
        system = start()
        large = form(data=os.urandom(12 * 1024 * 1024))
        refused = call(system, "POST", UPLOAD, **large)
        token = {"X-Auth-Token": get_token(system).headers["X-Subject-Token"]}
        taken = call(system, "POST", UPLOAD, **large, auth=None, headers=token)

        assert (refused.status_code, refused.json()["error_code"]) == (413, "APIGW.0201")
        assert set(refused.json()) == {"error_code", "error_msg", "request_id"}
        assert taken.json() == SUCCESS

    def test_file(self, start: Start) -> None:
        """A file above its limit is a 400."""
        system = start(file_limit=5)

        assert call(system, "POST", UPLOAD, **form(data=b"12345")).status_code == 200
        assert call(system, "POST", UPLOAD, **form(data=b"123456")).status_code == 400
        assert len(listed(system)) == 1

    @pytest.mark.parametrize("switch", [{"item_count": 1}, {"item_limit": 9}])
    def test_item(self, start: Start, switch: dict[str, int]) -> None:
        """A full work item refuses under status 200."""
        system = start(**switch)
        bodies = [call(system, "POST", UPLOAD, **form()).json() for _ in range(2)]

        assert [body["status"] for body in bodies] == ["success", "error"]
        assert len(listed(system)) == 1

    @pytest.mark.parametrize(("status", "code"), [(429, "APIGW.0308"), (400, "PM.02153001")])
    def test_throttle(self, start: Start, status: int, code: str) -> None:
        """Throttled requests are refused by the gateway or the service; the next ones pass."""
        system = start(throttle_next=2, throttle_status=status)
        answers = [call(system, "POST", UPLOAD, **form()) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [status, status, 200]
        assert answers[0].json()["error_code"] == code
        assert len(system.store.ledger()) == 1


def test_page_objects(start: Start) -> None:
    """The page shows projects and items under the store's names for them."""
    system = start()
    call(system, "POST", UPLOAD, **form())
    shown = {page.object: page for page in system.objects()}

    assert shown[f"projects/{IPD}"].depth == 0
    item = shown[f"projects/{IPD}/issues/{ITEM}"]
    assert (item.depth, item.facts["number"]) == (1, "US20261105123456")
    assert {file.object for file in system.store.files("huawei")} <= set(shown)
    assert shown[f"projects/{SCRUM}/issues/1042"].facts["target"] == f"scrum/{SCRUM}/1042"


def test_streamed_upload(start: Start) -> None:
    """A body that comes as a stream with a known length is taken like any other."""
    system = start()
    prepared = requests.Request("POST", system.root + UPLOAD, **form()).prepare()
    body = prepared.body
    assert isinstance(body, bytes)
    ours = system.access.credentials
    signer = Signer(ours.access_key, ours.secret_key, now=system.clock(), unsigned=True)
    signer(prepared)
    prepared.body = io.BytesIO(body)

    with requests.Session() as session:
        answer = session.send(prepared, timeout=10)

    assert answer.json() == SUCCESS
