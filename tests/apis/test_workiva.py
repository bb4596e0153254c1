"""The Workiva client: what it asks, and what it makes of single answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses

from pytest_attach_evidence.apis.workiva import WorkivaApi
from pytest_attach_evidence.apis.workiva import connect
from pytest_attach_evidence.apis.workiva_shapes import Attachment
from pytest_attach_evidence.apis.workiva_shapes import RefusedObjectError
from pytest_attach_evidence.apis.workiva_shapes import Upload
from pytest_attach_evidence.errors import ConflictError
from pytest_attach_evidence.errors import DeliveryError
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secret


ROOT = "https://api.eu.wdesk.com"
LEGACY = f"{ROOT}/platform/v1"
PHASE = f"{ROOT}/testForms/f1/testPhases/p1"
UPLOAD_URL = "https://h.eu.wdesk.com/s/blob-storage/api/v1/blobs/abc/def?expire=9&sig=5ec2e7"
OPERATION = f"{ROOT}/operations/op-1"
SECRET = "wk_secret:oa2c:made-up"
TOKEN = {
    "access_token": "made-up",
    "expires_in": 599,
    "scope": "graph:read",
    "token_type": "Bearer",
}
CONTENT = BytesBody(b"content", "application/octet-stream")
IDS = ["f1", "p1"]


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    """Answer single requests without a socket; tokens are given out in both versions."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{ROOT}/oauth2/token", json=TOKEN)
        mock.post(f"{ROOT}/iam/v1/oauth2/token", json=TOKEN)
        yield mock


def client_of(version: str = "2026-01-01", hosts: tuple[str, ...] = ()) -> WorkivaApi:
    """Return a client with made-up credentials."""
    return connect(
        base=ROOT,
        version=version,
        client_id=Secret("client", "a test"),
        client_secret=Secret(SECRET, "a test"),
        budget=Budget.lasting(10),
        hosts=hosts,
    )


@pytest.fixture
def client() -> WorkivaApi:
    """Return a client of the newer version."""
    return client_of()


def begun() -> Upload:
    """Return an upload that was begun."""
    return Upload(operation="/operations/op-1", url=Secret(UPLOAD_URL, "a test"))


def api_calls(server: responses.RequestsMock) -> list[Any]:
    """Return the requests that were not for a token."""
    return [call.request for call in server.calls if "oauth2" not in str(call.request.url)]


class TestVersions:
    """Path, header and token address belong together."""

    @pytest.mark.parametrize(
        ("version", "root", "header"),
        [("2026-01-01", ROOT, "2026-01-01"), ("2022-01-01", LEGACY, None)],
    )
    def test_each_version_is_asked_in_its_own_way(
        self, server: responses.RequestsMock, version: str, root: str, header: str | None
    ) -> None:
        """The newer version has a header and no prefix, the older one a prefix and no header."""
        path = f"{root}/testForms/f1/testPhases/p1/matrices/m1/samples/s1"
        server.get(path, json={"id": "s1"})

        client_of(version).look(["f1", "p1", "m1", "s1"])

        login = "/oauth2/token" if header else "/iam/v1/oauth2/token"
        assert [f"{ROOT}{login}", path] == [call.request.url for call in server.calls]
        assert [header] * 2 == [call.request.headers.get("X-Version") for call in server.calls]

    def test_an_id_is_one_segment_of_the_path(
        self, server: responses.RequestsMock, client: WorkivaApi
    ) -> None:
        """Slashes and percent signs in an id do not lead elsewhere."""
        server.get(f"{ROOT}/testForms/a%2Fb/testPhases/50%25%3Fx", json={})

        client.look(["a/b", "50%?x"])

        assert 1 == len(api_calls(server))


class TestLogin:
    """Tokens and their refusals."""

    def test_one_token_serves_many_requests(
        self, server: responses.RequestsMock, client: WorkivaApi
    ) -> None:
        """The token is fetched with the documented form fields, and then kept."""
        server.get(PHASE, json={})

        client.look(IDS)
        client.look(IDS)

        form = b"".join(server.calls[0].request.body).decode()
        expected = "grant_type=client_credentials&client_id=client&client_secret=wk_secret%3Aoa2c%3Amade-up"
        assert expected == form
        assert 3 == len(server.calls)
        assert "Bearer made-up" == server.calls[1].request.headers["Authorization"]
        assert frozenset({"graph:read"}) == client.scopes

    @pytest.mark.parametrize("status", [400, 401])
    @pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client", "brand_new"])
    def test_refused_credentials_close_the_destination(
        self, client: WorkivaApi, status: int, code: str
    ) -> None:
        """Both documented statuses, whatever the code, are about authentication; asked once."""
        body = {"error": code, "error_description": "no such client"}
        with responses.RequestsMock() as server:
            server.post(f"{ROOT}/oauth2/token", json=body, status=status)

            with pytest.raises(DestinationClosedError, match=f"{code}: no such client") as caught:
                client.look(IDS)

            assert 1 == len(server.calls)
        assert "authentication" == caught.value.why
        assert "PYTEST_EVIDENCE_WORKIVA_CLIENT_ID" in caught.value.next_step
        assert SECRET not in str(caught.value)

    @pytest.mark.parametrize(
        ("status", "body", "expected"),
        [
            (400, '{"error": "temporarily_unavailable"}', TemporaryError),
            (429, "{}", TemporaryError),
            (500, "<html>", TemporaryError),
            (403, "blocked", DestinationClosedError),
            (404, '{"code": "404NotFound", "message": "nothing here"}', DestinationClosedError),
            (302, "", DestinationClosedError),
            (200, "<html><title>Sign in</title></html>", DestinationClosedError),
            (200, "{}", DestinationClosedError),
            (200, '{"access_token": "two\\r\\nlines"}', DestinationClosedError),
            (200, "[]", DestinationClosedError),
        ],
    )
    def test_any_other_answer_is_sorted(
        self, client: WorkivaApi, status: int, body: str, expected: type[Exception]
    ) -> None:
        """A busy service is asked again later, a wrong address is not; nothing is followed."""
        with responses.RequestsMock() as server:
            headers = {"Location": "https://elsewhere.example/login"}
            server.post(f"{ROOT}/oauth2/token", body=body, status=status, headers=headers)

            with pytest.raises(expected):
                client.look(IDS)

            assert 1 == len(server.calls)

    @pytest.mark.parametrize("status", [400, 401])
    @pytest.mark.parametrize(
        ("code", "throttled"), [("temporarily_unavailable", True), ("server_error", False)]
    )
    def test_a_busy_login_is_left_alone_as_long_as_it_wants(
        self, client: WorkivaApi, status: int, code: str, throttled: bool
    ) -> None:
        """Overload says nothing against the destination; a failure of the service does."""
        with responses.RequestsMock() as server:
            body, headers = {"error": code}, {"Retry-After": "7"}
            server.post(f"{ROOT}/oauth2/token", json=body, status=status, headers=headers)

            with pytest.raises(TemporaryError, match=code) as caught:
                client.look(IDS)

        assert (throttled, 7.0) == (caught.value.throttled, caught.value.retry_after_s)

    @pytest.mark.parametrize("life", [None, "soon", True, -1])
    def test_an_unreadable_life_is_no_life(self, client: WorkivaApi, life: object) -> None:
        """A token whose life is not understood is used until it is refused."""
        with responses.RequestsMock() as server:
            server.post(f"{ROOT}/oauth2/token", json={**TOKEN, "expires_in": life})
            server.get(PHASE, json={})

            client.look(IDS)

            assert 2 == len(server.calls)

    def test_a_token_refused_by_the_api_is_renewed_once(
        self, server: responses.RequestsMock, client: WorkivaApi
    ) -> None:
        """After a second 401 the destination is closed, and the message says what to check."""
        server.get(PHASE, json={"code": "401Unauthorized", "message": "expired"}, status=401)

        with pytest.raises(DestinationClosedError, match="401Unauthorized: expired") as caught:
            client.look(IDS)

        assert 2 == len(api_calls(server))
        assert "authentication" == caught.value.why
        assert "IP allow-list" in caught.value.next_step


class TestBeginUpload:
    """POST attachmentUpload."""

    def begin(self, server: responses.RequestsMock, **answer: Any) -> None:
        """Let the start of an upload be answered."""
        documented = {
            "status": 202,
            "json": {"uploadUrl": UPLOAD_URL},
            "headers": {"Location": OPERATION, "Retry-After": "5"},
        }
        server.post(f"{PHASE}/attachmentUpload", **{**documented, **answer})

    def test_the_documented_answer(
        self, server: responses.RequestsMock, client: WorkivaApi
    ) -> None:
        """Operation and upload URL are returned; the URL shows itself to nobody who does not ask."""
        self.begin(server)

        upload = client.begin_upload(IDS, "a--0123456789ab.txt")

        assert ("/operations/op-1", 5.0) == (upload.operation, upload.retry_after_s)
        assert UPLOAD_URL == upload.url.reveal()
        assert "sig=" not in repr(upload)
        [request] = api_calls(server)
        assert {"fileName": "a--0123456789ab.txt"} == json.loads(b"".join(request.body))

    @pytest.mark.parametrize(
        ("location", "body", "expected"),
        [
            ("/operations/op-2", {}, "/operations/op-2"),
            (None, {"operationLocation": OPERATION}, "/operations/op-1"),
            ("https://h.eu.wdesk.com/operations/3", {}, "https://h.eu.wdesk.com/operations/3"),
        ],
    )
    def test_the_operation_may_be_told_in_other_ways(
        self,
        server: responses.RequestsMock,
        client: WorkivaApi,
        location: str | None,
        body: dict[str, str],
        expected: str,
    ) -> None:
        """A relative address, one in the body, and one on another host of the vendor are read."""
        headers = {"Location": location} if location else {}
        self.begin(server, headers=headers, json={"uploadUrl": UPLOAD_URL, **body})

        assert expected == client.begin_upload(IDS, "a.txt").operation

    @pytest.mark.parametrize(
        "answer",
        [
            {"headers": {}},
            {"json": {}},
            {"json": {"uploadUrl": ["x"]}},
            {"json": ["x"]},
            {"json": None, "body": "<html>Sign in</html>", "status": 200},
            {"status": 500, "json": {"code": "500InternalServerError"}},
        ],
    )
    def test_an_incomplete_answer_is_uncertain(
        self, server: responses.RequestsMock, client: WorkivaApi, answer: dict[str, Any]
    ) -> None:
        """Without both addresses nothing can be sent, whatever the status claims."""
        self.begin(server, **answer)

        with pytest.raises(UncertainError):
            client.begin_upload(IDS, "a.txt")

    @pytest.mark.parametrize(
        "url",
        [
            "https://h.eu.wdesk.com.evil.example/x?sig=1",
            "http://h.eu.wdesk.com/x?sig=1",
            "https://h.eu.wdesk.com:8443/x?sig=1",
            "https://evil.example\\@h.eu.wdesk.com/x?sig=1",
        ],
    )
    def test_a_foreign_upload_url_is_refused(
        self, server: responses.RequestsMock, client: WorkivaApi, url: str
    ) -> None:
        """Bytes and bearer go to the vendor's hosts only; the message has no signature."""
        self.begin(server, json={"uploadUrl": url})

        with pytest.raises(DestinationClosedError) as caught:
            client.begin_upload(IDS, "a.txt")

        assert "sig=" not in str(caught.value)
        assert "evidence_workiva_hosts" in caught.value.next_step

    def test_a_host_can_be_allowed(self, server: responses.RequestsMock) -> None:
        """A host from evidence_workiva_hosts may get bytes."""
        self.begin(server, json={"uploadUrl": "https://blobs.example/x?sig=1"})

        upload = client_of(hosts=("blobs.example",)).begin_upload(IDS, "a.txt")

        assert "https://blobs.example/x?sig=1" == upload.url.reveal()

    def test_refusals_keep_the_server_s_words(
        self, server: responses.RequestsMock, client: WorkivaApi
    ) -> None:
        """Code, message, target and details of the documented shape are in one line."""
        details = [{"code": "MalformedValue", "message": "too long", "target": "fileName"}, None]
        body = {"code": "BadArgument", "message": "refused", "target": None, "details": details}
        self.begin(server, json=body, status=400)

        with pytest.raises(PermanentError) as caught:
            client.begin_upload(IDS, "a.txt")

        expected = "(BadArgument: refused; MalformedValue: too long (about fileName))"
        assert str(caught.value).endswith(expected)

    @pytest.mark.parametrize(
        ("status", "hint"), [(403, "graph:write"), (404, "evidence_workiva_version")]
    )
    def test_a_refused_object_says_what_to_check(
        self, server: responses.RequestsMock, client: WorkivaApi, status: int, hint: str
    ) -> None:
        """403 is about rights; 404 may also be the wrong region or version."""
        self.begin(server, json={"code": "x"}, status=status)

        with pytest.raises(RefusedObjectError) as caught:
            client.begin_upload(IDS, "a.txt")

        assert status == caught.value.status
        assert hint in caught.value.next_step

    @pytest.mark.parametrize(("status", "expected"), [(409, ConflictError), (429, TemporaryError)])
    def test_other_refusals_are_what_they_are_everywhere(
        self,
        server: responses.RequestsMock,
        client: WorkivaApi,
        status: int,
        expected: type[Exception],
    ) -> None:
        """A conflict is final, a rate limit passes."""
        self.begin(server, body="<html></html>", json=None, status=status)

        with pytest.raises(expected):
            client.begin_upload(IDS, "a.txt")


class TestPutContent:
    """PUT to the upload URL."""

    @pytest.mark.parametrize("status", [200, 201, 202, 204])
    def test_any_success_is_one(
        self, server: responses.RequestsMock, client: WorkivaApi, status: int
    ) -> None:
        """The bytes go out as they are, with the bearer and without the version."""
        server.put(UPLOAD_URL, status=status)

        client.put_content(begun(), CONTENT)

        [request] = api_calls(server)
        assert b"content" == b"".join(request.body)
        assert "application/octet-stream" == request.headers["Content-Type"]
        assert "Bearer made-up" == request.headers["Authorization"]
        assert "X-Version" not in request.headers

    @pytest.mark.parametrize(("status", "error"), [(401, TemporaryError), (403, PermanentError)])
    def test_a_refusal_is_not_tried_with_another_token(
        self,
        server: responses.RequestsMock,
        client: WorkivaApi,
        status: int,
        error: type[DeliveryError],
    ) -> None:
        """An upload URL is asked once: after a 401 a new upload gets a new token."""
        server.put(UPLOAD_URL, json={"code": "x", "message": "expired"}, status=status)

        with pytest.raises(error, match="expired"):
            client.put_content(begun(), CONTENT)

        assert 2 == len(server.calls)

    @pytest.mark.parametrize(
        "body",
        [UPLOAD_URL, "blobs/abc/def refused", "at s/blob-storage/api/v1/blobs/abc/def", "sig=1"],
    )
    def test_no_part_of_the_url_comes_back_in_a_message(
        self, server: responses.RequestsMock, client: WorkivaApi, body: str
    ) -> None:
        """A store that repeats the signed URL in its answer does not get it into our messages."""
        server.put(UPLOAD_URL, body=body, status=400)

        with pytest.raises(PermanentError) as caught:
            client.put_content(begun(), CONTENT)

        assert "sig=" not in str(caught.value)
        assert "blob-storage" not in str(caught.value)

    def test_a_redirect_is_not_followed(
        self, server: responses.RequestsMock, client: WorkivaApi
    ) -> None:
        """An answer cannot send the bytes anywhere else."""
        server.put(UPLOAD_URL, status=307, headers={"Location": "https://evil.example/?sig=1"})

        with pytest.raises(DestinationClosedError, match=r"https://evil\.example, ") as caught:
            client.put_content(begun(), CONTENT)

        assert "sig=" not in str(caught.value)
        assert 2 == len(server.calls)


class TestOperation:
    """GET /operations/{operationId}."""

    def test_reasons_and_request_are_returned(
        self, server: responses.RequestsMock, client: WorkivaApi
    ) -> None:
        """What a person and the vendor's support need to know of a failure is there."""
        details = [{"code": "InvalidOrder", "message": "locked", "target": "name"}]
        body = {"status": "failed", "originalRequest": "7bee78f7", "details": details}
        server.get(OPERATION, json=body, headers={"Retry-After": "3"})

        operation = client.operation("/operations/op-1")

        assert ("failed", "7bee78f7", 3.0) == (
            operation.status,
            operation.request,
            operation.retry_after_s,
        )
        assert "InvalidOrder: locked (about name)" == operation.reasons

    @pytest.mark.parametrize("body", [{}, {"status": None, "details": None, "resourceUrl": None}])
    def test_nothing_is_required(
        self, server: responses.RequestsMock, client: WorkivaApi, body: dict[str, None]
    ) -> None:
        """An operation that says nothing has not ended."""
        server.get(OPERATION, json=body)

        assert "" == client.operation(OPERATION).status

    def test_an_unknown_operation_is_a_refused_object(
        self, server: responses.RequestsMock, client: WorkivaApi
    ) -> None:
        """How long operations are kept is not documented."""
        server.get(OPERATION, json={}, status=404)

        with pytest.raises(RefusedObjectError):
            client.operation("/operations/op-1")


class TestAttachments:
    """GET …/attachments."""

    @pytest.mark.parametrize("last", [{}, {"@nextLink": None}, {"@nextLink": ""}])
    @pytest.mark.parametrize(
        "link",
        [
            f"{PHASE}/attachments?page=2",
            "/testForms/f1/testPhases/p1/attachments?page=2",
            "?page=2",
        ],
    )
    def test_every_page_is_read(
        self,
        server: responses.RequestsMock,
        client: WorkivaApi,
        link: str,
        last: dict[str, str | None],
    ) -> None:
        """Links are absolute or relative; the list ends where there is none, null, or nothing."""
        first = {"data": [{"id": "1", "fileName": "a"}, {"id": 2}, "x"], "@nextLink": link}
        server.get(f"{PHASE}/attachments", json=first)
        second = {"data": [{"fileName": "b"}], **last}
        server.get(f"{PHASE}/attachments?page=2", json=second)

        found = client.attachments(IDS)

        assert [Attachment(id="1", name="a"), Attachment(id=None, name="b")] == found
        assert ["2026-01-01"] * 2 == [r.headers["X-Version"] for r in api_calls(server)]

    @pytest.mark.parametrize(
        "body",
        [
            {"data": [], "@nextLink": f"{PHASE}/attachments"},
            {"data": [], "@nextLink": {"href": "x"}},
            {"data": None},
            {"error": "x"},
            [],
        ],
    )
    def test_half_a_list_is_no_list(
        self, server: responses.RequestsMock, client: WorkivaApi, body: Any
    ) -> None:
        """A list that leads back to itself or has another shape is an error, never a short list."""
        server.get(f"{PHASE}/attachments", json=body)

        with pytest.raises(TemporaryError):
            client.attachments(IDS)

    def test_a_link_to_elsewhere_is_not_followed(
        self, server: responses.RequestsMock, client: WorkivaApi
    ) -> None:
        """The bearer stays with the vendor."""
        link = "https://evil.example/attachments"
        server.get(f"{PHASE}/attachments", json={"data": [], "@nextLink": link})

        with pytest.raises(DestinationClosedError, match=r"evil\.example"):
            client.attachments(IDS)

        assert 1 == len(api_calls(server))


def test_an_unusable_ca_bundle_closes_the_destination(tmp_path: Any) -> None:
    """A file that is not there is named, before any request."""
    with pytest.raises(DestinationClosedError, match="evidence_ca_bundle"):
        connect(
            base=ROOT,
            version="2026-01-01",
            client_id=Secret("client", "a test"),
            client_secret=Secret(SECRET, "a test"),
            budget=Budget.lasting(1),
            ca_bundle=str(tmp_path / "none.pem"),
        )
