"""Downloads and exports of Workiva, in both versions."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from pytest_attach_evidence.apis.workiva import WorkivaApi
from pytest_attach_evidence.apis.workiva import connect
from pytest_attach_evidence.apis.workiva_shapes import Attachment
from pytest_attach_evidence.apis.workiva_shapes import RefusedObjectError
from pytest_attach_evidence.apis.workiva_shapes import Started
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.rest.body import FileBody
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secret

from .workiva_region import LEGACY
from .workiva_region import MODERN
from .workiva_region import OWNERS
from .workiva_region import SAMPLE
from .workiva_region import Region
from .workiva_region import region


ROOT = "https://api.eu.wdesk.com"
ATTACHMENT = f"{ROOT}/testForms/f1/testPhases/p1/attachments/a1"
RESOURCE = "https://h.eu.wdesk.com/s/blob-storage/api/v1/blobs/abc?sig=5ec2e7"
OPERATION = f"{ROOT}/operations/op-1"
IDS = ["f1", "p1"]
MIB = 1024 * 1024


@pytest.fixture(params=[MODERN, LEGACY])
def workiva(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Region]:
    """Start a region."""
    with region(tmp_path, request.param) as started:
        yield started


def read(workiva: Region, started: Started) -> bytes:
    """Return what a started operation leads to."""
    operation = workiva.ended(started)
    assert "completed" == operation.status
    assert operation.resource is not None
    into = io.BytesIO()
    workiva.api.files.read(operation.resource, into)
    return into.getvalue()


@pytest.mark.parametrize("ids", OWNERS)
class TestEveryLevel:
    """Phase, matrix and sample offer the same."""

    def test_one_attachment(self, workiva: Region, ids: list[str]) -> None:
        """An attachment is looked at by its id; another id is not there."""
        id = workiva.attach(ids, "a.txt")

        assert Attachment(id=id, name="a.txt") == workiva.api.files.attachment(ids, id)
        with pytest.raises(RefusedObjectError, match="404"):
            workiva.api.files.attachment(ids, "other/id")

    def test_a_download_is_what_was_uploaded(self, workiva: Region, ids: list[str]) -> None:
        """The very bytes come back, through an operation in the version's own path."""
        id = workiva.attach(ids, "a.bin", bytes(range(256)))

        started = workiva.api.files.begin_download(ids, id)

        prefix = "/platform/v1" if workiva.version == LEGACY else ""
        assert started.operation.startswith(f"{prefix}/operations/")
        assert 1.0 == started.retry_after_s
        assert bytes(range(256)) == read(workiva, started)
        assert workiva.requests("POST")[-1].startswith(f"{prefix}/testForms/f1/")

    def test_an_export_is_a_pdf(self, workiva: Region, ids: list[str]) -> None:
        """The vendor's conversion of the file comes."""
        id = workiva.attach(ids, "a.png")

        found = read(workiva, workiva.api.files.begin_export(ids, id))

        assert found.startswith(b"%PDF-")
        assert b"a.png" in found


def test_a_form_is_exported_as_a_workbook(workiva: Region) -> None:
    """The whole form in one file."""
    workiva.attach(SAMPLE, "a.png")

    found = read(workiva, workiva.api.files.begin_form_export("f1"))

    with zipfile.ZipFile(io.BytesIO(found)) as archive:
        assert "a.png" in archive.read("xl/sheet.xml").decode()


def test_a_large_file_passes_through_little_memory(tmp_path: Path) -> None:
    """Both ways stream: 64 MiB up and down, and the memory does not grow with them."""
    size = 64 * MIB
    source = tmp_path / "large.bin"
    with source.open("wb") as file:
        file.truncate(size)
    with region(tmp_path / "servers") as workiva:
        upload = workiva.api.begin_upload(SAMPLE, "large.bin")
        tracemalloc.start()
        workiva.api.put_content(upload, FileBody(open=lambda: source.open("rb"), length=size))
        [file] = workiva.sandbox.store.files("workiva")
        operation = workiva.ended(workiva.api.files.begin_download(SAMPLE, file.id))
        assert operation.resource is not None
        with (tmp_path / "again.bin").open("wb") as into:
            workiva.api.files.read(operation.resource, into)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert peak < 8 * MIB
    with (tmp_path / "again.bin").open("rb") as again:
        assert file.sha256 == hashlib.file_digest(again, "sha256").hexdigest()


def test_what_cannot_be_converted_says_so(tmp_path: Path) -> None:
    """The operation fails with the vendor's reasons and the request's id."""
    with region(tmp_path, unconvertible="log") as workiva:
        id = workiva.attach(SAMPLE, "a.log")

        operation = workiva.ended(workiva.api.files.begin_export(SAMPLE, id))

        assert "failed" == operation.status
        assert "ConversionFailed" in operation.reasons
        assert operation.request
        assert operation.resource is None


def test_a_token_that_ends_before_the_file_is_read_is_renewed(tmp_path: Path) -> None:
    """The last step of three may need another token than the first."""
    with region(tmp_path) as workiva:
        id = workiva.attach(SAMPLE, "a.txt")
        operation = workiva.ended(workiva.api.files.begin_download(SAMPLE, id))
        workiva.sandbox.systems["workiva"].tokens.revoke_all()  # type: ignore[attr-defined]
        assert operation.resource is not None
        into = io.BytesIO()

        workiva.api.files.read(operation.resource, into)

        assert b"content" == into.getvalue()
        assert 2 == workiva.sandbox.systems["workiva"].tokens.calls  # type: ignore[attr-defined]


@pytest.mark.parametrize(("redirects", "followed"), [(0, True), (3, True), (4, False)])
def test_redirects_are_followed_up_to_a_number(
    tmp_path: Path, redirects: int, followed: bool
) -> None:
    """A store may send us on within itself, but not round and round."""
    with region(tmp_path, resource_redirects=redirects) as workiva:
        id = workiva.attach(SAMPLE, "a.txt")
        started = workiva.api.files.begin_download(SAMPLE, id)

        if followed:
            assert b"content" == read(workiva, started)
            return
        with pytest.raises(DestinationClosedError, match="302") as caught:
            read(workiva, started)
        assert "sig=" not in str(caught.value)


class TestOddAnswers:
    """What no look-alike answers."""

    @pytest.fixture
    def server(self) -> Iterator[responses.RequestsMock]:
        """Answer single requests without a socket."""
        with responses.RequestsMock() as mock:
            mock.post(f"{ROOT}/oauth2/token", json={"access_token": "made-up", "expires_in": 599})
            yield mock

    @pytest.fixture
    def client(self) -> WorkivaApi:
        """Return a client that may also go to one foreign host."""
        return connect(
            base=ROOT,
            version=MODERN,
            client_id=Secret("client", "a test"),
            client_secret=Secret("made-up", "a test"),
            budget=Budget.lasting(10),
            hosts=("blobs.example",),
        )

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            ({"headers": {"Location": OPERATION}}, "/operations/op-1"),
            ({"headers": {"Location": "/operations/op-2"}}, "/operations/op-2"),
            ({"json": {"operationLocation": OPERATION}}, "/operations/op-1"),
        ],
    )
    def test_the_operation_may_be_told_in_several_ways(
        self,
        server: responses.RequestsMock,
        client: WorkivaApi,
        answer: dict[str, Any],
        expected: str,
    ) -> None:
        """As a whole address, as a path, and in a body that is not documented."""
        server.post(f"{ATTACHMENT}/download", status=202, **answer)

        started = client.files.begin_download(IDS, "a1")

        assert Started(operation=expected) == started

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            ({"status": 202}, TemporaryError),
            ({"status": 202, "json": {}}, TemporaryError),
            ({"status": 202, "json": {"operationLocation": 7}}, TemporaryError),
            ({"status": 200, "body": "<html>Sign in"}, DestinationClosedError),
            ({"status": 504}, TemporaryError),
            ({"status": 500}, TemporaryError),
            ({"status": 429}, TemporaryError),
            ({"status": 409}, PermanentError),
            ({"status": 403}, RefusedObjectError),
            ({"status": 404}, RefusedObjectError),
            (
                {"status": 202, "headers": {"Location": "https://evil.example/op"}},
                DestinationClosedError,
            ),
        ],
    )
    def test_nothing_is_changed_so_nothing_is_uncertain(
        self,
        server: responses.RequestsMock,
        client: WorkivaApi,
        answer: dict[str, Any],
        error: type[Exception],
    ) -> None:
        """A lost or odd answer to the start of a download may be asked for again."""
        server.post(f"{ATTACHMENT}/download", **answer)

        with pytest.raises(error):
            client.files.begin_download(IDS, "a1")

    @pytest.mark.parametrize(
        ("url", "bearer"),
        [("https://h.eu.wdesk.com/other?sig=1", True), ("https://blobs.example/x?sig=1", False)],
    )
    def test_the_bearer_does_not_go_along_to_another_origin(
        self, server: responses.RequestsMock, client: WorkivaApi, url: str, bearer: bool
    ) -> None:
        """Who redirects elsewhere has signed the address there; our token is not for it."""
        server.get(RESOURCE, status=302, headers={"Location": url})
        server.get(url, body=b"bytes")
        into = io.BytesIO()

        client.files.read(Secret(RESOURCE, "a test"), into)

        assert b"bytes" == into.getvalue()
        assert bearer == ("Authorization" in server.calls[-1].request.headers)
        assert "X-Version" not in server.calls[-1].request.headers

    @pytest.mark.parametrize(
        "url", ["https://evil.example/x?sig=1", "http://h.eu.wdesk.com/x?sig=1"]
    )
    def test_a_redirect_to_elsewhere_is_refused(
        self, server: responses.RequestsMock, client: WorkivaApi, url: str
    ) -> None:
        """The origin is named with the option that would allow it, the signature is not."""
        server.get(RESOURCE, status=307, headers={"Location": url})

        with pytest.raises(DestinationClosedError) as caught:
            client.files.read(Secret(RESOURCE, "a test"), io.BytesIO())

        assert "sig=" not in str(caught.value)
        assert "evidence_workiva_hosts" in caught.value.next_step

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (401, DestinationClosedError),
            (403, PermanentError),
            (404, PermanentError),
            (503, TemporaryError),
        ],
    )
    def test_a_refusal_shows_no_part_of_the_address(
        self,
        server: responses.RequestsMock,
        client: WorkivaApi,
        status: int,
        error: type[Exception],
    ) -> None:
        """Signed addresses are secrets, also where a store repeats them."""
        server.get(RESOURCE, status=status, body=f"no {RESOURCE}")
        into = io.BytesIO()

        with pytest.raises(error) as caught:
            client.files.read(Secret(RESOURCE, "a test"), into)

        assert "sig=" not in str(caught.value)
        assert b"" == into.getvalue()
