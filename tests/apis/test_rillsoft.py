"""The Rillsoft client: what it makes of single answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses

from pytest_attach_evidence.apis.rillsoft import Record
from pytest_attach_evidence.apis.rillsoft import Rillsoft
from pytest_attach_evidence.apis.rillsoft_login import log_in
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.rest.auth import Token
from pytest_attach_evidence.rest.auth import bearer
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secret


ROOT = "https://ris.example.com/prefix"
UPLOAD = f"{ROOT}/api/v2/clients/7/attachments/4711"
PROJECTS = f"{ROOT}/api/v2/clients/7/projects"
LOGIN = f"{ROOT}/api/v1/login"
PLACE = Record(client="7", attachment="4711")
FILE = BytesBody(b"content", "text/plain")
DONE = {
    "status": "success",
    "code": 201,
    "message": "Operation completed successfully",
    "details": [],
}


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    """Answer single requests without a socket."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def session() -> Session:
    """Return a session of a server below a path."""
    return Session(Origins(ROOT), Budget.lasting(10))


@pytest.fixture
def client(session: Session) -> Rillsoft:
    """Return a client with a made-up token."""
    return Rillsoft(session, bearer(Secret("made-up-token", "a test")))


def upload_error(client: Rillsoft, place: Record = PLACE) -> Exception:
    """Upload, and return what was raised."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  # the caller looks at it
        client.upload(place, "a--0123456789ab.txt", FILE)
    return caught.value


class TestUpload:
    """The upload of an attachment's file."""

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (201, DONE),
            (200, DONE | {"code": 200}),
            (200, DONE),
            (201, {"status": "success"}),
            (201, DONE | {"code": "201", "details": {}}),
        ],
    )
    def test_success_is_what_says_so_twice(
        self,
        server: responses.RequestsMock,
        client: Rillsoft,
        status: int,
        body: dict[str, Any],
    ) -> None:
        """The status is a claim, the body confirms it."""
        server.post(UPLOAD, json=body, status=status)

        client.upload(PLACE, "a--0123456789ab.txt", FILE)

        assert "Bearer made-up-token" == server.calls[0].request.headers["Authorization"]

    def test_only_the_configured_scope_is_sent(
        self, server: responses.RequestsMock, client: Rillsoft
    ) -> None:
        """Project and portfolio are query parameters, and left out where not set."""
        query = {"project_id": "12", "portfolio_id": "0"}
        match = [responses.matchers.query_param_matcher(query, strict_match=True)]
        server.post(UPLOAD, json=DONE, status=201, match=match)
        place = Record(client="7", attachment="4711", project="12", portfolio="0")

        client.upload(place, "a--0123456789ab.txt", FILE)

        assert 1 == len(server.calls)

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (202, UncertainError),
            (204, UncertainError),
            (302, DestinationClosedError),
            (400, PermanentError),
            (401, DestinationClosedError),
            (403, PermanentError),
            (404, PermanentError),
            (413, PermanentError),
            (429, TemporaryError),
            (500, UncertainError),
            (502, UncertainError),
        ],
    )
    def test_refusals_are_sorted_by_status(
        self,
        server: responses.RequestsMock,
        client: Rillsoft,
        status: int,
        kind: type[Exception],
    ) -> None:
        """Each status leads to the one thing that helps."""
        server.post(UPLOAD, body="<html><title>Oh</title></html>", status=status)

        error = upload_error(client)

        assert kind is type(error)
        assert f"HTTP {status}" in str(error)

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            (400, PermanentError),
            (401, DestinationClosedError),
            (429, TemporaryError),
            (500, UncertainError),
            (None, PermanentError),
            ("x", PermanentError),
        ],
    )
    def test_an_error_inside_a_success_is_an_error(
        self, server: responses.RequestsMock, client: Rillsoft, code: Any, kind: type[Exception]
    ) -> None:
        """The code in the body decides what happens next; the message tells both."""
        body = {"status": "error", "code": code, "message": "Invalid request", "details": "no"}
        server.post(UPLOAD, json=body, status=201)

        error = upload_error(client)

        assert kind is type(error)
        assert "Invalid request: no" in str(error)
        assert "HTTP 201" in str(error)

    @pytest.mark.parametrize(
        "body", ["", "<html><title>Sign in</title></html>", "[]", "{}", '{"status": "succ', "null"]
    )
    def test_an_unreadable_success_is_uncertain(
        self, server: responses.RequestsMock, client: Rillsoft, body: str
    ) -> None:
        """A 201 without the documented body proves nothing."""
        server.post(UPLOAD, body=body, status=201)

        assert UncertainError is type(upload_error(client))

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"message": "Invalid request", "details": "Validation error"}, "request: Validation"),
            ({"message": "Invalid request", "details": ["file", 1]}, 'request: ["file",1]'),
            ({"message": "Invalid request", "details": {"file": "gone"}}, 'st: {"file":"gone"}'),
            ({"message": "Invalid request", "details": []}, "(Invalid request)"),
            ({"message": "Invalid request"}, "(Invalid request)"),
            ({"code": 400, "message": "Bad"}, "(Bad)"),
            (["odd"], '["odd"]'),
        ],
    )
    def test_details_of_any_type_are_words(
        self, server: responses.RequestsMock, client: Rillsoft, body: Any, words: str
    ) -> None:
        """Texts are shown as they are, everything else as compact JSON."""
        server.post(UPLOAD, json=body, status=400)

        assert words in str(upload_error(client))

    def test_a_404_names_every_id(self, server: responses.RequestsMock, client: Rillsoft) -> None:
        """The answer does not tell which one is unknown."""
        server.post(UPLOAD, json={"message": "Not found"}, status=404)
        place = Record(client="7", attachment="4711", project="12", portfolio="3")

        error = upload_error(client, place)

        assert "client 7, attachment 4711, project 12, portfolio 3" in str(error)

    def test_a_bare_401_closes(self, server: responses.RequestsMock, client: Rillsoft) -> None:
        """A token component in front answers in a shape of its own."""
        server.post(UPLOAD, json={"code": 401, "message": "JWT Token not found"}, status=401)

        error = upload_error(client)

        assert isinstance(error, DestinationClosedError)
        assert "authentication" == error.why
        assert "JWT Token not found" in str(error)


class TestAccess:
    """The cheap question whether a client is open to us."""

    def test_any_json_will_do(self, server: responses.RequestsMock, client: Rillsoft) -> None:
        """The shape of the list is not documented."""
        server.get(PROJECTS, json=[])

        client.seen_projects("7")

        assert 1 == len(server.calls)

    @pytest.mark.parametrize(
        ("status", "body", "kind"),
        [
            (200, "<html>", DestinationClosedError),
            (200, '{"status": "error", "message": "no"}', PermanentError),
            (200, '{"code": 401, "message": "JWT Token not found"}', DestinationClosedError),
            (401, "{}", DestinationClosedError),
            (403, "{}", PermanentError),
            (404, "{}", PermanentError),
            (502, "{}", TemporaryError),
        ],
    )
    def test_anything_else_is_an_error(
        self,
        server: responses.RequestsMock,
        client: Rillsoft,
        status: int,
        body: str,
        kind: type[Exception],
    ) -> None:
        """A question changes nothing, so nothing is uncertain."""
        server.get(PROJECTS, body=body, status=status)

        with pytest.raises(kind):
            client.seen_projects("7")


def jwt(claims: Any) -> str:
    """Return a made-up token with these claims."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.made-up"


class TestLogin:
    """The login with user name and password."""

    def log_in(self, session: Session) -> Token:
        """Log in with made-up credentials."""
        return log_in(session, Secret("user", "a test"), Secret("sesame", "a test"))

    @pytest.mark.parametrize(
        "answer",
        [
            {"token": "made-up"},
            {"access_token": "made-up"},
            {"jwt": "made-up"},
            DONE | {"details": {"token": "made-up"}},
            DONE | {"details": [{"token": "made-up"}]},
            {"status": "success", "data": {"access_token": "made-up"}},
        ],
    )
    def test_the_token_is_found_where_it_customarily_is(
        self, server: responses.RequestsMock, session: Session, answer: dict[str, Any]
    ) -> None:
        """The answer of the login is not documented."""
        server.post(LOGIN, json=answer)

        token = self.log_in(session)

        assert "made-up" == token.value.reveal()
        body: Any = server.calls[0].request.body
        assert json.loads(b"".join(body)) == {"username": "user", "password": "sesame"}

    @pytest.mark.parametrize(
        ("token", "life_s"),
        [
            (jwt({"iat": 1000, "exp": 4600}), 3600.0),
            (jwt({"iat": 4600, "exp": 1000}), None),
            (jwt({"exp": 4600}), None),
            (jwt([]), None),
            ("a.%%%.c", None),
            ("opaque", None),
        ],
    )
    def test_a_token_tells_its_life_or_does_not(
        self, server: responses.RequestsMock, session: Session, token: str, life_s: float | None
    ) -> None:
        """Its own two times are compared, so that a wrong clock here does not matter."""
        server.post(LOGIN, json={"token": token})

        assert life_s == self.log_in(session).life_s

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (401, {"code": 401, "message": "Invalid credentials."}),
            (403, {}),
            (404, {}),
            (200, {}),
            (200, {"token": ""}),
            (200, {"token": 5}),
            (200, DONE | {"details": "Welcome"}),
            (200, DONE | {"details": [{}, "token"]}),
        ],
    )
    def test_a_login_without_a_token_closes(
        self,
        server: responses.RequestsMock,
        session: Session,
        status: int,
        body: dict[str, Any],
    ) -> None:
        """A wrong password, or an answer we do not know: asking again does not help."""
        server.post(LOGIN, json=body, status=status)

        with pytest.raises(DestinationClosedError) as caught:
            self.log_in(session)
        assert "authentication" == caught.value.why
        assert "sesame" not in str(caught.value)

    def test_a_login_that_failed_otherwise_is_temporary(
        self, server: responses.RequestsMock, session: Session
    ) -> None:
        """Nothing of ours was sent yet."""
        server.post(LOGIN, body="<html>", status=502)

        with pytest.raises(TemporaryError):
            self.log_in(session)
