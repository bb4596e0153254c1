"""The Rillsoft Integration Server look-alike: login, tenants, and one file per attachment id."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map
from werkzeug.routing import Rule
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .replies import json_reply
from .rillsoft_clients import CLIENTS
from .rillsoft_clients import Client
from .rillsoft_tokens import READERS
from .rillsoft_tokens import TEN_YEARS_S
from .rillsoft_tokens import Tokens
from .store import Store
from .system import PageObject


DONE = {"status": "success", "message": "Operation completed successfully", "details": []}
ABSENT = "absent"
REFUSALS = {
    400: ("Invalid request", "Validation error"),
    401: ("Authentication failed", "JWT token not found"),
    403: ("Access denied", "Insufficient permissions"),
    404: ("Not found", "The requested resource was not found"),
    500: ("Internal server error", "An internal server error occurred"),
}


class RillsoftProblem(Exception):  # noqa: N818 - a refusal is an answer here, not an error of ours
    """A refusal with one of the documented bodies."""

    def __init__(self, status: int, details: object = None) -> None:
        super().__init__(status)
        self.status = status
        self.details = REFUSALS[status][1] if details is None else details


class RillsoftSystem:
    """A made-up Rillsoft Integration Server.

    A login's token lives `token_life_s` by `clock`. `bare_401` leaves `status` and `details` out of
    a 401; `details` replaces the details of every refusal (`[]`, `{}`, …; `ABSENT` leaves them out);
    `success_code` and `success_status` change what an upload that was stored answers. Where the vendor
    documents no answer, `login_wrapped` puts the token into the details of a success, and `list_shape`
    makes a list an `array`, an object that holds it `named`, or something `odd`.
    """

    name = "rillsoft"
    title = "Rillsoft Integration Server"

    def __init__(
        self,
        store: Store,
        *,
        token_life_s: float = 3600.0,
        clock: Callable[[], float] = time.time,
        bare_401: bool = False,
        details: object = None,
        success_code: int = 201,
        success_status: str = "success",
        login_wrapped: bool = False,
        list_shape: str = "details",
    ) -> None:
        self.store = store
        self.root = ""
        self.tokens = Tokens(clock)
        self.token_life_s = token_life_s
        self._bare_401 = bare_401
        self._details = details
        self._success = (success_code, success_status)
        self._wrapped = login_wrapped
        self._list_shape = list_shape
        self._ids = itertools.count(1)
        client = "/api/v2/clients/<int:client>"
        self._map = Map(
            [
                Rule("/api/v1/login", methods=["POST"], endpoint=self._login),
                Rule(f"{client}/projects", methods=["GET"], endpoint=self._projects),
                Rule(f"{client}/portfolios", methods=["GET"], endpoint=self._portfolios),
                Rule(f"{client}/dms/documents", methods=["GET"], endpoint=self._documents),
                Rule(f"{client}/attachments/<int:id>", methods=["POST"], endpoint=self._upload),
            ]
        )

    def handle(self, request: Request) -> Response:
        """Answer one API request as the vendor documents it; anything else is refused."""
        try:
            operation, values = self._map.bind("").match(request.path, request.method)
            response: Response = operation(request, **values)
        except RillsoftProblem as problem:
            return self._refused(problem.status, problem.details)
        except HTTPException as error:
            status = 400 if error.code == 400 else 404
            return self._refused(status, REFUSALS[status][1])
        return response

    def exports(self) -> Mapping[str, str]:
        """Return the environment variables a client needs (the token is made up)."""
        token = self.tokens.issue("sandbox-user", TEN_YEARS_S)
        return {"PYTEST_EVIDENCE_RILLSOFT_TOKEN": token}

    def options(self) -> Mapping[str, str]:
        """Return the ini options a client needs."""
        return {"evidence_rillsoft_url": self.root, "evidence_rillsoft_client": "7"}

    def objects(self) -> Sequence[PageObject]:
        """Return tenants, their projects and the attachment records of these."""
        found = []
        for client in CLIENTS.values():
            path = f"clients/{client.id}"
            found.append(_line(path, client.name, "client", 0))
            for project, ids in client.projects.items():
                title = f"Project {project}"
                found.append(_line(f"{path}/projects/{project}", title, "project", 1))
                for id in ids:
                    target, title = f"{client.id}/{id}", f"Attachment {id}"
                    object = f"{path}/attachments/{id}"
                    found.append(_line(object, title, "attachment", 2, target=target))
        return found

    def _login(self, request: Request) -> Response:
        credentials = request.get_json(force=True, silent=True)
        token = self.tokens.login(credentials, self.token_life_s)
        if token is None:
            raise RillsoftProblem(401, "Invalid credentials")
        found = {"token": token}
        return json_reply(200, {**DONE, "code": 200, "details": found} if self._wrapped else found)

    def _projects(self, request: Request, client: int) -> Response:
        projects = self._client(request, client).projects
        return self._listed("projects", [{"id": id, "name": f"Project {id}"} for id in projects])

    def _portfolios(self, request: Request, client: int) -> Response:
        portfolios = self._client(request, client).portfolios
        named = [{"id": id, "name": f"Portfolio {id}"} for id in portfolios]
        return self._listed("portfolios", named)

    def _documents(self, request: Request, client: int) -> Response:
        return self._listed("documents", self._client(request, client).documents)

    def _upload(self, request: Request, client: int, id: int) -> Response:
        tenant = self._client(request, client)
        if self.tokens.read(request.headers["Authorization"])[0] in READERS:
            raise RillsoftProblem(403)
        if id not in tenant.attachments(
            _scope_id(request, "project_id"), _scope_id(request, "portfolio_id")
        ):
            raise RillsoftProblem(404)
        file = _only_file(request)
        self.store.commit(
            id=str(next(self._ids)),
            system=self.name,
            object=f"clients/{client}/attachments/{id}",
            name=file.filename or "",
            media_type=file.mimetype,
            stream=file.stream,
            replace=True,
        )
        code, status = self._success
        return json_reply(code, {**DONE, "status": status, "code": code})

    def _listed(self, what: str, rows: Sequence[Mapping[str, object]]) -> Response:
        """Answer with a list: as a success has its details, or as a switch wants it."""
        if self._list_shape == "array":
            return json_reply(200, rows)
        if self._list_shape == "named":
            return json_reply(200, {what: rows, "total": len(rows)})
        if self._list_shape == "odd":
            return json_reply(200, {"page": {"content": [f"{one['name']}" for one in rows]}})
        return json_reply(200, {**DONE, "code": 200, "details": rows})

    def _client(self, request: Request, id: int) -> Client:
        """Return a tenant that the request may see."""
        user, wrong = self.tokens.read(request.headers.get("Authorization", ""))
        if not user:
            raise RillsoftProblem(401, wrong)
        if id not in CLIENTS:
            raise RillsoftProblem(404)
        if not CLIENTS[id].open:
            raise RillsoftProblem(403)
        return CLIENTS[id]

    def _refused(self, status: int, details: object) -> Response:
        message = REFUSALS[status][0]
        if status == 401 and self._bare_401:
            return json_reply(status, {"code": status, "message": details})
        body: dict[str, object] = {"status": "error", "code": status, "message": message}
        if self._details != ABSENT:
            body["details"] = details if self._details is None else self._details
        return json_reply(status, body)


def _scope_id(request: Request, name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise RillsoftProblem(400)
    return int(text)


def _only_file(request: Request) -> FileStorage:
    """Return the one part `file`; anything beside it is refused."""
    if request.mimetype != "multipart/form-data":
        raise RillsoftProblem(400)
    parts = list(request.files.items(multi=True))
    if [name for name, _ in parts] != ["file"] or request.form:
        raise RillsoftProblem(400)
    return parts[0][1]


def _line(object: str, title: str, kind: str, depth: int, **facts: str) -> PageObject:
    return PageObject(object=object, title=title, facts={"kind": kind, **facts}, depth=depth)
