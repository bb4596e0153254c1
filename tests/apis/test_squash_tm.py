"""The Squash TM client: what it makes of single answers."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses

from pytest_attach_evidence.apis.squash_tm import File
from pytest_attach_evidence.apis.squash_tm import SquashTm
from pytest_attach_evidence.apis.squash_tm import credentials_of
from pytest_attach_evidence.apis.squash_tm import unwrapped
from pytest_attach_evidence.apis.squash_tm_requests import MAX_PAGES
from pytest_attach_evidence.apis.squash_tm_shapes import PlanItem
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.rest.auth import bearer
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secret


ROOT = "https://squash.example/squash"
API = f"{ROOT}/api/rest/latest"
JWT = "aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl"
OLD, NEW = "iteration-test-plan-items", "test-plan-items"
FILE = File(name="a--3f9a12c07b4e.txt", content=BytesBody(b"content", "text/plain"))


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    """Answer single requests without a socket; every answer has to be asked for."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def client() -> SquashTm:
    """Return a client with a made-up token."""
    session = Session(Origins(ROOT), Budget.lasting(10))
    return SquashTm(session, ROOT, bearer(Secret("made-up-token", "a test")))


def item(type: str = "test-plan-item") -> PlanItem:
    """Return a line of a plan."""
    return PlanItem(id=7, type=type, test_case_id="8", reference="TC-8")


def asked(server: responses.RequestsMock) -> list[str]:
    """Return method and path of each request."""
    return [
        f"{call.request.method} {str(call.request.url).removeprefix(API)}" for call in server.calls
    ]


class TestCredentials:
    """Tokens as people paste them, and passwords that are not ASCII."""

    @pytest.mark.parametrize(
        "wrap",
        [
            base64.b64encode,
            base64.urlsafe_b64encode,
            lambda plain: base64.b64encode(plain).rstrip(b"="),
        ],
    )
    def test_a_token_wrapped_in_base64_is_unwrapped(self, wrap: Any) -> None:
        """What the UI's own call answers works as well as what the UI shows."""
        pasted = wrap(JWT.encode()).decode()

        assert JWT == unwrapped(Secret(pasted, "a test")).reveal()

    @pytest.mark.parametrize("token", [JWT, "opaque", "b3BhcXVl", "a-b_c", "é", "YS5iLmMKZA=="])
    def test_any_other_token_is_sent_as_it_is(self, token: str) -> None:
        """Only base64 of exactly three parts is taken for a wrapped token."""
        assert token == unwrapped(Secret(token, "a test")).reveal()

    @pytest.mark.parametrize(
        ("password", "encoding"), [("paßwort", "iso-8859-1"), ("пароль", "utf-8")]
    )
    def test_a_password_is_latin_1_where_it_fits(self, password: str, encoding: str) -> None:
        """Servers read Basic credentials as ISO-8859-1; what does not fit goes as UTF-8."""
        secrets = (Secret("müller", "a test"), Secret(password, "a test"))

        header = credentials_of(secrets).headers("GET", API, {})["Authorization"]

        sent = base64.b64decode(header.removeprefix("Basic "))
        assert f"müller:{password}" == sent.decode(encoding)


class TestUpload:
    """POST /{owner}/{id}/attachments."""

    def test_the_answer_lists_what_was_attached(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """The documented answer becomes attachments; a size is not in it."""
        rows = [{"_type": "attachment", "id": 5, "name": "a--3f9a12c07b4e", "file_type": "txt"}]
        server.post(f"{API}/executions/9/attachments", json=embedded(attachments=rows), status=201)

        [attachment] = client.upload("executions", "9", [FILE])

        body = b"".join(server.calls[0].request.body)  # type: ignore[arg-type]  # our own stream
        assert ("5", "a--3f9a12c07b4e", None) == (attachment.id, attachment.name, attachment.size)
        assert b'name="files"; filename="a--3f9a12c07b4e.txt"' in body
        assert "application/json" == server.calls[0].request.headers["Accept"]

    @pytest.mark.parametrize("body", ["<html>Sign in</html>", '{"_embedded": {"attach', "[]", ""])
    def test_an_unreadable_answer_is_uncertain(
        self, server: responses.RequestsMock, client: SquashTm, body: str
    ) -> None:
        """HTTP 201 with anything but the documented body proves nothing."""
        server.post(f"{API}/executions/9/attachments", body=body, status=201)

        with pytest.raises(UncertainError):
            client.upload("executions", "9", [FILE])

    @pytest.mark.parametrize(
        ("status", "body", "words"),
        [
            (413, {"maxUploadError": {"maxSize": 4000000}}, "4000000"),
            (412, {"actionValidationError": {"exception": "X", "message": "Gesperrt"}}, "Gesperrt"),
            (412, {"actionValidationError": {"exception": "LockedException"}}, "LockedException"),
            (
                412,
                {"fieldValidationErrors": [{"fieldName": "tests[4]", "errorMessage": "twice"}]},
                "tests[4]: twice",
            ),
            (412, {"error": "no such type"}, "no such type"),
            (403, {"status": 403, "error": "Forbidden", "message": "Access is denied"}, "denied"),
            (400, ["odd"], "odd"),
        ],
    )
    def test_a_refusal_is_final_and_told_in_the_servers_words(
        self,
        server: responses.RequestsMock,
        client: SquashTm,
        status: int,
        body: Any,
        words: str,
    ) -> None:
        """Each of Squash's error shapes ends in one line that holds the status and the reason."""
        server.post(f"{API}/executions/9/attachments", json=body, status=status)

        with pytest.raises(PermanentError) as caught:
            client.upload("executions", "9", [FILE])

        assert words in str(caught.value)
        assert f"HTTP {status}" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert status == 400 or caught.value.next_step

    @pytest.mark.parametrize("text", ["Basic authentication is not allowed for REST API.", ""])
    def test_a_401_closes_and_says_what_may_be_wrong(
        self, server: responses.RequestsMock, client: SquashTm, text: str
    ) -> None:
        """A token without the right to write is refused with 401, so the hint names that too."""
        server.post(f"{API}/executions/9/attachments", body=text, status=401)

        with pytest.raises(DestinationClosedError, match="401") as caught:
            client.upload("executions", "9", [FILE])

        assert "read-only" in caught.value.next_step
        assert "authentication" == caught.value.why

    def test_a_wrong_address_is_told_from_a_missing_object(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """An HTML 404 before the API ever answered means a wrong context path, later an object."""
        page = "<html><title>HTTP Status 404</title></html>"
        server.post(f"{API}/executions/9/attachments", body=page, status=404)
        server.get(f"{API}/executions/8", json={"_type": "execution", "id": 8})
        server.post(f"{API}/executions/9/attachments", body=page, status=404)

        with pytest.raises(DestinationClosedError) as before:
            client.upload("executions", "9", [FILE])
        client.entity("executions", "8")
        with pytest.raises(PermanentError):
            client.upload("executions", "9", [FILE])

        assert "context path" in before.value.next_step


class TestLists:
    """Pages of lists as different versions answer them."""

    def test_every_page_is_read_sorted(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """Pages are read to the last one, sorted, since unsorted ones lose rows."""
        for number in range(3):
            server.get(f"{API}/executions/9/attachments", json=page_of([number], number, 3))

        found = client.attachments("executions", "9")

        assert ["0", "1", "2"] == [attachment.id for attachment in found]
        assert all(f"sort=id&page={n}&" in path for n, path in enumerate(asked(server)))

    def test_an_empty_list_has_no_rows_at_all(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """An empty page comes without `_embedded`."""
        page = {"page": {"size": 50, "totalElements": 0, "totalPages": 0, "number": 0}}
        server.get(f"{API}/executions/9/attachments", json=page)

        assert [] == client.attachments("executions", "9")

    def test_a_list_that_does_not_tell_its_pages_is_read_until_nothing_is_new(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """A server without pages answers the same again; one with pages ends with an empty one."""
        rows = embedded(content=[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
        server.get(f"{API}/executions/9/attachments", json=rows)
        server.get(f"{API}/executions/9/attachments", json=rows)

        found = client.attachments("executions", "9")

        assert ["1", "2"] == [attachment.id for attachment in found]

    def test_a_list_without_end_is_given_up(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """A server whose every page brings something new is not read for ever."""
        numbers = itertools.count(1)

        def answer(_: object) -> tuple[int, dict[str, str], str]:
            rows = embedded(content=[{"id": next(numbers), "name": "a"}])
            return 200, {"Content-Type": "application/json"}, json.dumps(rows)

        server.add_callback(responses.GET, f"{API}/executions/9/attachments", answer)

        with pytest.raises(TemporaryError, match=f"no end after {MAX_PAGES} pages"):
            client.attachments("executions", "9")

        assert MAX_PAGES == len(server.calls)

    def test_lost_rows_are_never_taken_for_absent_ones(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """Pages that hold less than they announce are an error, not a shorter list."""
        for number in range(2):
            server.get(f"{API}/executions/9/attachments", json=page_of([1], number, 2))

        with pytest.raises(TemporaryError, match="1 of 2 rows"):
            client.attachments("executions", "9")

    def test_an_owner_without_a_list_shows_its_attachments_itself(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """Not every owner is documented to have the list; the object holds them too."""
        entity = {"id": 3, "attachments": [{"id": 5, "name": "a.txt", "size": 4}]}
        server.get(f"{API}/campaigns/3/attachments", status=405)
        server.get(f"{API}/campaigns/3", json=entity)

        [attachment] = client.attachments("campaigns", "3")

        assert ("5", 4) == (attachment.id, attachment.size)

    def test_an_owner_that_shows_nothing_leaves_us_uncertain(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """An object without any list of attachments says nothing about what is there."""
        server.get(f"{API}/campaigns/3/attachments", json={}, status=404)
        server.get(f"{API}/campaigns/3", json={"id": 3})

        with pytest.raises(UncertainError):
            client.attachments("campaigns", "3")

    def test_an_object_that_does_not_exist_does_not_tell(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """A gateway says so too while it does not know the way to Squash TM."""
        server.get(f"{API}/campaigns/3/attachments", json={"status": 404}, status=404)
        server.get(f"{API}/campaigns/3", json={"status": 404}, status=404)

        with pytest.raises(PermanentError, match="404"):
            client.attachments("campaigns", "3")

    def test_a_plan_survives_what_servers_leave_out(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """Deleted test cases, no dataset, no reference, and another key around the rows."""
        rows = [
            {"_type": "test-plan-item", "id": 1, "referenced_test_case": None},
            {"_type": "test-plan-item", "id": 2, "referenced_test_case": {"id": 8}},
            {
                "_type": "test-plan-item",
                "id": 3,
                "referenced_test_case": {"id": 8, "reference": "TC-8"},
                "referenced_dataset": {"id": 90, "name": "chrome"},
            },
            "odd",
            {"no": "id"},
        ]
        page = {"totalPages": 1, "totalElements": 5}
        server.get(f"{API}/iterations/4/test-plan", json={**embedded(content=rows), "page": page})

        plan = client.test_plan("4")

        seen = [(item.id, item.test_case_id, item.reference, item.dataset) for item in plan]
        expected = [(1, None, None, None), (2, "8", None, None), (3, "8", "TC-8", "chrome")]
        assert expected == seen


class TestPlanItems:
    """The two families of paths, and executions."""

    @pytest.mark.parametrize(
        ("type", "first", "second"),
        [("test-plan-item", NEW, OLD), ("iteration-test-plan-item", OLD, NEW), ("", NEW, OLD)],
    )
    def test_the_other_family_is_tried_once_and_remembered(
        self,
        server: responses.RequestsMock,
        client: SquashTm,
        type: str,
        first: str,
        second: str,
    ) -> None:
        """The type names the family; where that is gone, the other one serves from then on."""
        server.get(f"{API}/{first}/7", json={"status": 404}, status=404)
        server.get(f"{API}/{second}/7", json={"id": 7, "executions": []})
        server.post(f"{API}/{second}/7/executions", json={"id": 12, "execution_status": "READY"})

        client.executions(item(type))
        created = client.create_execution(item(type))

        assert 12 == created.id
        expected = [f"GET /{first}/7", f"GET /{second}/7", f"POST /{second}/7/executions"]
        assert expected == asked(server)

    def test_an_item_that_is_gone_is_gone_in_both_families(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """Two 404 are final, and no family is remembered."""
        server.get(f"{API}/{NEW}/7", json={"status": 404}, status=404)
        server.get(f"{API}/{OLD}/7", json={"status": 404}, status=404)

        with pytest.raises(PermanentError, match="404"):
            client.executions(item())

    def test_executions_come_in_the_order_of_their_ids(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """The newest is last, whatever the server's order and dates."""
        rows = [{"id": 9, "execution_status": "SUCCESS"}, {"id": 4}, "odd", {"id": None}]
        server.get(f"{API}/{NEW}/7", json={"id": 7, "executions": rows})

        found = client.executions(item())

        assert [(4, ""), (9, "SUCCESS")] == [(one.id, one.status) for one in found]

    def test_an_item_without_its_executions_is_no_empty_one(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """A missing list is an error, lest an execution be created twice."""
        server.get(f"{API}/{NEW}/7", json={"id": 7})

        with pytest.raises(TemporaryError):
            client.executions(item())

    def test_a_created_execution_without_an_id_is_uncertain(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """It was created, but nobody knows which one it is."""
        server.post(f"{API}/{NEW}/7/executions", json={"_type": "execution"}, status=201)

        with pytest.raises(UncertainError):
            client.create_execution(item())

    def test_a_status_is_set_by_a_patch(
        self, server: responses.RequestsMock, client: SquashTm
    ) -> None:
        """The documented body, and nothing else of the execution."""
        server.patch(f"{API}/executions/9", json={"id": 9, "execution_status": "SUCCESS"})

        client.set_status("9", "SUCCESS")

        assert ["PATCH /executions/9?fields=execution_status"] == asked(server)
        body = json.loads(b"".join(server.calls[0].request.body))  # type: ignore[arg-type]  # our own stream
        assert {"_type": "execution", "execution_status": "SUCCESS"} == body


def embedded(**rows: Any) -> dict[str, Any]:
    """Return a HAL collection."""
    return {"_embedded": rows}


def page_of(ids: list[int], number: int, pages: int) -> dict[str, Any]:
    """Return one page of attachments of a list with one row a page."""
    rows = [{"id": id, "name": f"{id}.txt", "size": 1} for id in ids]
    page = {"size": 1, "totalElements": pages, "totalPages": pages, "number": number}
    return {**embedded(attachments=rows), "page": page}


class TestMayWrite:
    """What the answer to an upload without a file tells of the credentials."""

    @pytest.mark.parametrize(
        ("status", "media_type", "told"),
        [
            (404, "application/json", True),
            (400, "application/json;charset=UTF-8", True),
            (404, "text/html", False),
            (415, "application/json", False),
            (500, "application/json", False),
            (200, "application/json", False),
        ],
    )
    def test_only_a_documented_answer_tells(
        self,
        server: responses.RequestsMock,
        client: SquashTm,
        status: int,
        media_type: str,
        told: bool,
    ) -> None:
        """An unknown id or a malformed request: the token was let in before that."""
        path = "executions/0/attachments"
        server.post(f"{API}/{path}", status=status, body="{}", content_type=media_type)

        assert told == client.may_write()
        assert [f"POST /{path}"] == asked(server)
