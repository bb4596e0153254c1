"""The CodeArts Req client: what it makes of single answers."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from typing import Any

import pytest
import responses

from pytest_attach_evidence.apis.codearts import CodeArts
from pytest_attach_evidence.apis.codearts_login import fetch_token
from pytest_attach_evidence.apis.codearts_shapes import Attachment
from pytest_attach_evidence.apis.codearts_signing import Signer
from pytest_attach_evidence.apis.codearts_signing import canonical_request
from pytest_attach_evidence.apis.codearts_signing import host_of
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.rest.auth import StaticHeader
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secret


ROOT = "https://projectman-ext.cn-north-4.myhuaweicloud.com"
IAM = "https://iam.cn-north-4.myhuaweicloud.com"
PROJECT = "5f1e7a0c9b2d4e63a8c4d0f7b6219e35"
ISSUE = "956239067176935400"
UPLOAD = f"{ROOT}/v1/ipdprojectservice/projects/{PROJECT}/issues/{ISSUE}/attachments/upload"
LIST = f"{ROOT}/v1/ipdprojectservice/projects/{PROJECT}/attachments"
TREE = f"{ROOT}/v1/ipdprojectservice/projects/{PROJECT}/issues/tree"
SCRUM = f"{ROOT}/v4/projects/{PROJECT}/issues/1042/attachments/upload"
FILE = BytesBody(b"content", "text/plain")


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    """Answer single requests without a socket."""
    with responses.RequestsMock() as mock:
        yield mock


def session_at(root: str) -> Session:
    """Return a session of a destination at a root."""
    return Session(Origins(root), Budget.lasting(10))


@pytest.fixture
def client() -> CodeArts:
    """Return a client with a made-up token."""
    credentials = StaticHeader("X-Auth-Token", Secret("made-up-token", "a test"))
    return CodeArts(session_at(ROOT), credentials)


def sent(server: responses.RequestsMock) -> Any:
    """Return the JSON document of the first request."""
    body: Any = server.calls[0].request.body
    return json.loads(b"".join(body))


def upload_error(client: CodeArts) -> Exception:
    """Upload, and return what was raised."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  # the caller looks at it
        client.upload(PROJECT, ISSUE, "a--0123456789ab.txt", FILE)
    return caught.value


class TestSigning:
    """The signature of the gateway."""

    SIGNER = Signer(
        access_key=Secret("QTWAOYTTINDUT2QVKYUC", "the vendor's example"),
        secret_key=Secret("MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc", "the vendor's example"),
        clock=lambda: datetime(2019, 11, 15, 3, 36, 55, tzinfo=UTC),
    )

    def test_the_published_example_gets_the_published_signature(self) -> None:
        """The vendor's own test vector comes out, character by character."""
        url = (
            "https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs"
            "?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0"
        )
        signer = self.SIGNER.covering(b"")

        headers = signer.headers("GET", url, {"Content-Type": "application/json"})

        signature = "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
        assert headers == {
            "x-sdk-date": "20191115T033655Z",
            "Authorization": "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, "
            f"SignedHeaders=content-type;host;x-sdk-date, Signature={signature}",
        }

    def test_a_streamed_body_is_declared_unsigned(self) -> None:
        """A multipart body is not read for the signature; its boundary is signed."""
        form = {"Content-Type": "multipart/form-data; boundary=abc"}
        other = {"Content-Type": "multipart/form-data; boundary=abd"}

        headers = self.SIGNER.headers("POST", UPLOAD, form)

        assert "UNSIGNED-PAYLOAD" == headers["x-sdk-content-sha256"]
        assert (
            "SignedHeaders=content-type;host;x-sdk-content-sha256;x-sdk-date,"
            in headers["Authorization"]
        )
        assert headers != self.SIGNER.headers("POST", UPLOAD, other)

    def test_a_small_body_is_signed_with_its_content(self) -> None:
        """Another body gives another signature."""
        one, two = (self.SIGNER.covering(content) for content in (b"{}", b"[]"))
        given = {"Content-Type": "application/json"}

        assert one.headers("POST", TREE, given) != two.headers("POST", TREE, given)

    def test_a_temporary_key_sends_and_signs_its_token(self) -> None:
        """The security token is a header of its own, and covered."""
        signer = Signer(
            access_key=Secret("A", "a test"),
            secret_key=Secret("S", "a test"),
            security_token=Secret("T", "a test"),
        )

        headers = signer.headers("GET", LIST, {})

        assert "T" == headers["x-security-token"]
        assert "SignedHeaders=host;x-sdk-date;x-security-token," in headers["Authorization"]

    def test_query_and_path_are_signed_in_canonical_form(self) -> None:
        """Order and spelling of a URL do not change the signature."""
        one = self.SIGNER.headers("GET", "https://h.example/a%7Eb/?b=2&a=1&a-b=%20", {})
        two = self.SIGNER.headers("GET", "https://h.example/a~b?a-b=%20&a=1&b=2", {})

        assert one == two

    def test_a_query_is_sorted_by_what_it_says(self) -> None:
        """Not by how it is spelled: a colon comes after a digit, its percent sign before."""
        url = "https://h.example/x?a%3Ab=1&a1=2"

        lines = canonical_request("GET", url, {"host": "h.example"}, "").split("\n")

        assert "a1=2&a%3Ab=1" == lines[2]

    def test_static_keys_are_never_renewed(self) -> None:
        """Trying again after a 401 would lock the access key."""
        assert self.SIGNER.renew({}) is False

    @pytest.mark.parametrize(
        ("url", "host"),
        [
            ("https://H.example/x", "h.example"),
            ("https://h.example:443/x", "h.example"),
            ("http://h.example:443/x", "h.example:443"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://[::1]:8080/", "[::1]:8080"),
        ],
    )
    def test_the_host_is_signed_as_it_is_sent(self, url: str, host: str) -> None:
        """The port belongs to it unless it is the scheme's own."""
        assert host == host_of(url)


class TestUpload:
    """The upload of an IPD attachment."""

    @pytest.mark.parametrize(
        ("result", "id"),
        [
            (None, None),
            ([], None),
            ({"id": "956300000000000001"}, "956300000000000001"),
            ([{"id": "956300000000000001"}], "956300000000000001"),
            ([{"id": "1"}, {"id": "2"}], None),
            ({"id": "not a number"}, None),
            ("text", None),
        ],
    )
    def test_success_tells_the_id_or_does_not(
        self, server: responses.RequestsMock, client: CodeArts, result: Any, id: str | None
    ) -> None:
        """`success` is enough; the documentation lets the result be null."""
        server.post(UPLOAD, json={"status": "success", "message": None, "result": result})

        stored = client.upload(PROJECT, ISSUE, "a--0123456789ab.txt", FILE)

        assert id == stored.id

    @pytest.mark.parametrize("status", ["failed", "error"])
    def test_a_refusal_inside_a_200_is_final(
        self, server: responses.RequestsMock, client: CodeArts, status: str
    ) -> None:
        """HTTP 200 is a claim; the body says no, and why."""
        server.post(UPLOAD, json={"status": status, "message": "quota", "result": None})

        error = upload_error(client)

        assert isinstance(error, PermanentError)
        assert "quota" in str(error)

    def test_throttling_inside_a_200_is_temporary(
        self, server: responses.RequestsMock, client: CodeArts
    ) -> None:
        """A refusal whose code says throttling is tried again later."""
        body = {"status": "failed", "error_code": "PM.02153001", "message": "too frequent"}
        server.post(UPLOAD, json=body)

        assert isinstance(upload_error(client), TemporaryError)

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (400, "PM.02153001", TemporaryError),
            (429, "APIGW.0308", TemporaryError),
            (400, "PM.02175006", PermanentError),
            (400, "PM.10001002", DestinationClosedError),
            (401, "APIGW.0301", DestinationClosedError),
            (403, "APIGW.0302", PermanentError),
            (404, "APIGW.0101", DestinationClosedError),
            (404, "PM.404", PermanentError),
            (413, "APIGW.0201", PermanentError),
            (500, "APIGW.0601", UncertainError),
            (502, "APIGW.0201", UncertainError),
            (302, "", DestinationClosedError),
        ],
    )
    def test_refusals_are_sorted_by_status_and_code(
        self,
        server: responses.RequestsMock,
        client: CodeArts,
        status: int,
        code: str,
        kind: type[Exception],
    ) -> None:
        """Each documented refusal leads to the one thing that helps."""
        server.post(UPLOAD, json={"error_code": code, "error_msg": "words"}, status=status)

        error = upload_error(client)

        assert kind is type(error)
        assert f"HTTP {status}" in str(error)
        assert code in str(error)

    def test_a_wait_that_the_gateway_names_is_kept(
        self, server: responses.RequestsMock, client: CodeArts
    ) -> None:
        """Retry-After is not documented, and honoured where it comes."""
        server.post(UPLOAD, status=429, headers={"Retry-After": "7"})

        error = upload_error(client)

        assert isinstance(error, TemporaryError)
        assert 7.0 == error.retry_after_s

    @pytest.mark.parametrize(
        ("body", "hint"),
        [
            ('{"error_code": "APIGW.0201"}', "PYTEST_EVIDENCE_HUAWEI_USER"),
            ("<html>too large</html>", "the proxy before it"),
        ],
    )
    def test_too_large_says_how_large_and_what_takes_more(
        self, server: responses.RequestsMock, client: CodeArts, body: str, hint: str
    ) -> None:
        """A 413 of the gateway names the other login, one of a proxy the proxy."""
        server.post(UPLOAD, body=body, status=413)

        error = upload_error(client)

        assert isinstance(error, PermanentError)
        assert re.search(r"a request of \d+ bytes", str(error))
        assert hint in error.next_step

    def test_the_gateways_echo_of_signed_headers_is_not_repeated(
        self, server: responses.RequestsMock, client: CodeArts
    ) -> None:
        """A 401 repeats the canonical request with its security token; our message does not."""
        echo = "verify aksk signature fail, canonicalRequest:POST|/v1/|x-security-token:sesame|"
        body = {"error_code": "APIGW.0301", "error_msg": echo, "request_id": "r-1"}
        server.post(UPLOAD, json=body, status=401)

        error = upload_error(client)

        assert "APIGW.0301: verify aksk signature fail; request r-1" in str(error)
        assert "sesame" not in str(error)

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "<html><title>Sign in</title></html>",
            '{"status": "succ',
            "[]",
            "{}",
            "null",
            '{"status": null}',
            '{"status": "processing"}',
        ],
    )
    def test_an_unreadable_success_is_uncertain(
        self, server: responses.RequestsMock, client: CodeArts, body: str
    ) -> None:
        """A 200 that does not say `success` proves nothing."""
        server.post(UPLOAD, body=body)

        assert UncertainError is type(upload_error(client))

    def test_another_2xx_is_no_success(
        self, server: responses.RequestsMock, client: CodeArts
    ) -> None:
        """Only 200 is documented."""
        server.post(UPLOAD, json={"status": "success"}, status=202)

        assert UncertainError is type(upload_error(client))


class TestScrum:
    """The upload of a Scrum attachment."""

    def test_an_id_is_the_proof(self, server: responses.RequestsMock, client: CodeArts) -> None:
        """The answer has no envelope; its id is what counts."""
        server.post(SCRUM, json={"id": 1234, "file_name": "a.txt", "size": "7"})

        assert "1234" == client.upload_scrum(PROJECT, "1042", "a.txt", FILE).id

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ({}, UncertainError),
            ({"file_name": "a.txt"}, UncertainError),
            ({"status": "error", "message": "no"}, PermanentError),
            ({"error_code": "PM.02153001", "id": 1}, TemporaryError),
        ],
    )
    def test_an_answer_without_an_id_is_none(
        self,
        server: responses.RequestsMock,
        client: CodeArts,
        body: dict[str, Any],
        kind: type[Exception],
    ) -> None:
        """What is not the documented object is a refusal or nothing we know."""
        server.post(SCRUM, json=body)

        with pytest.raises(kind):
            client.upload_scrum(PROJECT, "1042", "a.txt", FILE)


class TestLookUps:
    """The list of attachments, and the search for a number."""

    @pytest.mark.parametrize("field", ["file_name", "store_filename", "title"])
    def test_every_edition_of_the_list_is_read(
        self, server: responses.RequestsMock, client: CodeArts, field: str
    ) -> None:
        """The name has had three fields, the size two types."""
        entries = [
            {"id": "956300000000000001", field: "a.txt", "file_size": "7"},
            {"id": 956300000000000002, field: "b.txt", "file_size": 8},
            {"id": None, field: None, "file_size": "7 KB"},
            "nonsense",
        ]
        server.get(LIST, json={"status": "success", "result": entries})

        found = client.attachments(PROJECT, ISSUE)

        assert [
            ("956300000000000001", ("a.txt",), 7),
            ("956300000000000002", ("b.txt",), 8),
            ("", (), None),
        ] == [(entry.id, entry.names, entry.size) for entry in found]

    def test_a_list_names_item_and_project(
        self, server: responses.RequestsMock, client: CodeArts
    ) -> None:
        """One edition of the documentation wants the source project."""
        query = {"issue_id": ISSUE, "source_project_id": PROJECT}
        match = [responses.matchers.query_param_matcher(query)]
        server.get(LIST, json={"status": "success", "result": None}, match=match)

        assert [] == client.attachments(PROJECT, ISSUE)

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ("", TemporaryError),
            ("<html>", DestinationClosedError),
            ('{"status": "success", "result": "x"}', TemporaryError),
            ("[]", TemporaryError),
        ],
    )
    def test_an_unreadable_list_is_not_an_empty_one(
        self,
        server: responses.RequestsMock,
        client: CodeArts,
        body: str,
        kind: type[Exception],
    ) -> None:
        """Nothing may be called absent because a list could not be read."""
        server.get(LIST, body=body)

        with pytest.raises(kind):
            client.attachments(PROJECT, ISSUE)

    def test_a_number_is_searched_in_its_own_category_first(
        self, server: responses.RequestsMock, client: CodeArts
    ) -> None:
        """The letters of the number are the category; nested results are read too."""
        child = {"id": ISSUE, "number": "US20261105123456"}
        tree = {"issues": [{"id": "1", "number": "FE1", "children": [child]}]}
        match = [responses.matchers.query_param_matcher({"category": "US"})]
        server.post(TREE, json={"status": "success", "result": tree}, match=match)

        assert ISSUE == client.issue_id(PROJECT, "us20261105123456")
        assert {"number": ["us20261105123456"]} == sent(server)

    def test_a_number_that_nobody_knows_is_searched_everywhere(
        self, server: responses.RequestsMock, client: CodeArts
    ) -> None:
        """Every category is asked within the length that one request allows; then it is final."""
        server.post(TREE, json={"status": "success", "result": {"total": 0, "issues": []}})

        with pytest.raises(PermanentError, match="X20261105123456"):
            client.issue_id(PROJECT, "X20261105123456")
        asked = [call.request.params["category"] for call in server.calls]  # type: ignore[attr-defined]
        assert ["RR,SF,IR,SR,AR,US,Epic,FE", "Task,Bug"] == asked
        assert all(len(categories) <= 32 for categories in asked)

    def test_two_work_items_of_one_number_are_refused(
        self, server: responses.RequestsMock, client: CodeArts
    ) -> None:
        """Evidence is not attached to a guess."""
        issues = [{"id": "1", "number": "US1"}, {"id": "2", "number": "US1"}]
        server.post(TREE, json={"status": "success", "result": {"issues": issues}})

        with pytest.raises(PermanentError, match="2 work items"):
            client.issue_id(PROJECT, "US1")


class TestLogin:
    """The login at IAM."""

    URL = f"{IAM}/v3/auth/tokens"

    def fetch(self) -> Any:
        """Log in with made-up credentials."""
        user, password, domain = (Secret(text, "a test") for text in ("u", "sesame", "d"))
        return fetch_token(
            session_at(IAM), user=user, password=password, domain=domain, region="cn-north-4"
        )

    def test_the_token_is_in_a_header_and_lives_by_the_servers_clock(
        self, server: responses.RequestsMock
    ) -> None:
        """Life is the difference of two times of the server."""
        times = {
            "issued_at": "2020-01-03T09:05:22.701000Z",
            "expires_at": "2020-01-04T09:05:22.701000Z",
        }
        headers = {"X-Subject-Token": "t" * 4096}
        server.post(self.URL, json={"token": times}, status=201, headers=headers)

        token = self.fetch()

        assert "t" * 4096 == token.value.reveal()
        assert 86_400.0 == token.life_s
        asked = sent(server)["auth"]
        assert {"project": {"name": "cn-north-4"}} == asked["scope"]

    @pytest.mark.parametrize("body", [{}, {"token": None}, {"token": {"expires_at": "later"}}])
    def test_a_life_that_is_not_told_is_unknown(
        self, server: responses.RequestsMock, body: dict[str, Any]
    ) -> None:
        """The token is good all the same."""
        server.post(self.URL, json=body, status=201, headers={"X-Subject-Token": "t"})

        assert self.fetch().life_s is None

    def test_a_refused_login_closes_the_destination(self, server: responses.RequestsMock) -> None:
        """A wrong password is asked for once and not repeated in the message."""
        error = {"message": "The username or password is wrong.", "code": 401}
        server.post(self.URL, json={"error": error}, status=401)

        with pytest.raises(DestinationClosedError, match="password is wrong") as caught:
            self.fetch()
        assert "authentication" == caught.value.why
        assert "sesame" not in str(caught.value)

    @pytest.mark.parametrize("status", [201, 500, 503])
    def test_a_login_that_failed_otherwise_is_temporary(
        self, server: responses.RequestsMock, status: int
    ) -> None:
        """Nothing of ours was sent yet."""
        server.post(self.URL, json={}, status=status)

        with pytest.raises(TemporaryError):
            self.fetch()


class TestAnAttachmentWithoutAnId:
    """What the service lists without a readable id cannot be named: a path without one means all."""

    @pytest.mark.parametrize("id", ["", "../1042", "5001x"])
    def test_nothing_is_asked(
        self, client: CodeArts, server: responses.RequestsMock, id: str
    ) -> None:
        """Neither a deletion nor a download begins; no answer is prepared, so any request fails."""
        attachment, into = Attachment(id=id, names=("a.txt",)), io.BytesIO()

        with pytest.raises(PermanentError, match="nothing was asked"):
            client.delete_scrum(PROJECT, "1042", id)
        with pytest.raises(PermanentError, match="nothing was asked"):
            client.download_scrum(PROJECT, "1042", attachment, into)
        with pytest.raises(PermanentError, match="nothing was asked"):
            client.download(PROJECT, attachment, into)

        assert 0 == len(server.calls)

    def test_an_id_of_another_kind_is_read_as_none(self, client: CodeArts) -> None:
        """The item's detail has it with the rest."""
        url = f"{ROOT}/v4/projects/{PROJECT}/issues/1042"
        accessory = {"attachment_id": "a-b", "file_name": "a.txt"}
        with responses.RequestsMock() as mock:
            mock.get(url, json={"id": 1042, "name": "x", "accessories": [accessory]})
            [found] = client.scrum_attachments(PROJECT, "1042") or ()

        assert "" == found.id
