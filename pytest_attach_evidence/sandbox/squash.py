"""The Squash TM look-alike: a context path, sessions and authentication before its operations."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .replies import status_page
from .squash_access import READ_WRITE
from .squash_access import refusal
from .squash_api import SquashApi
from .squash_attachments import Attachments
from .squash_plan import Execution
from .squash_plan import ExecutionStep
from .squash_plan import Plan
from .squash_plan import Thing
from .squash_problem import SquashProblem
from .squash_problem import problem_reply
from .squash_shapes import TYPES
from .squash_shapes import Shapes
from .store import Store
from .system import PageObject


API = "/api/rest/latest"
COOKIE = "JSESSIONID"


class SquashSystem:
    """A made-up Squash TM.

    `version` 13 or 14 chooses the path family of plan items; `name_mode` `full` or `stem` how an
    attachment's name is shown; `basic` whether Basic authentication is allowed; `link_root` puts
    another root into every href, as behind a proxy; `max_bytes` and `extensions` switch the upload
    filters on; objects in `locked` refuse changes as under a locked milestone. `delete_status` is what
    a removal answers; with `step_lists` off only the execution itself shows its steps.
    """

    name = "squash"
    title = "Squash TM"
    context = "/squash"

    def __init__(
        self,
        store: Store,
        *,
        version: int = 14,
        name_mode: str = "full",
        basic: bool = True,
        link_root: str | None = None,
        max_page_size: int = 1000,
        max_bytes: int | None = None,
        extensions: Iterable[str] = (),
        locked: Iterable[str] = (),
        delete_status: int = 204,
        step_lists: bool = True,
    ) -> None:
        self.store = store
        self.root = ""
        self.plan = Plan()
        self.basic = basic
        self.sessions: set[str] = set()
        self._link_root = link_root
        shapes = Shapes(api=self._api, version=version, stem=name_mode == "stem")
        attachments = Attachments(
            store, max_bytes=max_bytes, extensions=frozenset(extensions), locked=frozenset(locked)
        )
        api = SquashApi(
            self.plan,
            shapes,
            attachments,
            max_page_size=max_page_size,
            delete_status=delete_status,
            absent=() if step_lists else ("execution-steps",),
        )
        self._map = Map(list(api.rules(self.context + API)))

    def handle(self, request: Request) -> Response:
        """Answer one API request as the vendor would; outside the context stands only Tomcat."""
        if not request.path.startswith(f"{self.context}/"):
            return status_page(404, "The requested resource is not available")
        try:
            return self._operate(request)
        except SquashProblem as problem:
            return problem_reply(request, problem)
        except HTTPException as error:
            return problem_reply(request, SquashProblem(error.code or 500, error.name))

    def exports(self) -> Mapping[str, str]:
        """Return the environment variables a client needs (the token is made up)."""
        return {"PYTEST_EVIDENCE_SQUASH_TOKEN": READ_WRITE}

    def options(self) -> Mapping[str, str]:
        """Return the ini options a client needs."""
        return {"evidence_squash_url": self.root, "evidence_squash_iteration": "4"}

    def objects(self) -> Sequence[PageObject]:
        """Return the tree of the project; executions lie under their iteration."""
        with self.plan.lock:
            return list(self._walk(None, 0))

    def _operate(self, request: Request) -> Response:
        refused = refusal(request.headers, request.method, basic=self.basic)
        if refused is not None:
            raise SquashProblem(*refused)
        operation, values = self._map.bind("").match(request.path, request.method)
        response: Response = operation(request, **values)
        if request.cookies.get(COOKIE) not in self.sessions:
            session = secrets.token_hex(16).upper()
            self.sessions.add(session)
            response.set_cookie(COOKIE, session, path=self.context, httponly=True)
        return response

    def _api(self) -> str:
        return (self._link_root or self.root) + API

    def _walk(self, parent: Thing | None, depth: int) -> Iterator[PageObject]:
        for owner in TYPES:
            for thing in self.plan.of_owner(owner):
                if thing.parent is parent:
                    yield _page_object(thing, depth)
                    yield from self._walk(thing, depth + 1)


def _page_object(thing: Thing, depth: int) -> PageObject:
    facts = {"kind": TYPES[thing.owner], "target": _target(thing)}
    if isinstance(thing, Execution):
        facts["status"] = thing.status
        facts["dataset"] = thing.item.dataset[1] if thing.item.dataset else ""
    if isinstance(thing, ExecutionStep):
        assert thing.parent is not None
        facts |= {"status": thing.status, "execution": thing.parent.object}
    return PageObject(object=thing.object, title=thing.name, facts=facts, depth=depth)


def _target(thing: Thing) -> str:
    """Return how a test names the object in the plugin's marks."""
    if isinstance(thing, Execution):
        return str(thing.id)
    if thing.owner == "test-cases":
        plain = thing.reference.startswith("TC-")
        return thing.reference if plain else f"#{thing.id}"
    return thing.object
