"""The operations of the Squash TM look-alike, and the table of their paths."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .replies import json_reply
from .squash_attachments import Attachments
from .squash_plan import STATUSES
from .squash_plan import Execution
from .squash_plan import ExecutionStep
from .squash_plan import Plan
from .squash_plan import PlanItem
from .squash_plan import Thing
from .squash_problem import SquashProblem
from .squash_problem import business_rule
from .squash_shapes import TYPES
from .squash_shapes import Shapes
from .squash_shapes import only_fields


OWNER = f"<any({', '.join(f'{owner!r}' for owner in TYPES)}):owner>/<int:id>"
LISTS = {
    "campaigns": "projects",
    "iterations": "campaigns",
    "test-suites": "iterations",
    "execution-steps": "executions",
    "test-steps": "test-cases",
}


class SquashApi:
    """Every documented operation as one method; a refusal is raised as SquashProblem."""

    def __init__(
        self,
        plan: Plan,
        shapes: Shapes,
        attachments: Attachments,
        *,
        max_page_size: int,
        delete_status: int,
        absent: Collection[str],
    ) -> None:
        self._plan = plan
        self._shapes = shapes
        self._attachments = attachments
        self._most = max_page_size
        self._delete_status = delete_status
        self._lists = {child: owner for child, owner in LISTS.items() if child not in absent}

    def rules(self, api: str) -> Iterable[Rule]:
        """Return the paths with the operation that answers each."""
        item = f"{self._shapes.item_path}/<int:id>"
        table = [
            ("GET", "projects", self.projects),
            ("GET", "iterations/<int:id>/test-plan", self.test_plan),
            ("GET", item, self.item),
            ("GET", f"{item}/executions", self.item_executions),
            ("POST", f"{item}/executions", self.create_execution),
            ("PATCH", "executions/<int:id>", self.change_execution),
            ("PATCH", "execution-steps/<int:id>", self.change_step),
            ("PATCH", "execution-steps/<int:id>/execution-status/<status>", self.set_step_status),
            ("GET", OWNER, self.thing),
            ("GET", f"{OWNER}/attachments", self.list_attachments),
            ("POST", f"{OWNER}/attachments", self.upload),
            ("DELETE", f"{OWNER}/attachments", self.delete_attachments),
            ("GET", "attachments/<int:id>", self.attachment),
            ("GET", "attachments/<int:id>/content", self.content),
            ("PATCH", "attachments/<int:id>", self.rename),
        ]
        for method, path, operation in table:
            yield Rule(f"{api}/{path}", methods=[method], endpoint=operation)
        for child, owner in self._lists.items():
            rule = f"{api}/<any({owner!r}):owner>/<int:id>/<any({child!r}):child>"
            yield Rule(rule, methods=["GET"], endpoint=self.children)

    def projects(self, request: Request) -> Response:
        """Answer the list of projects, or the one project of a name."""
        projects = self._plan.of_owner("projects")
        name = request.args.get("projectName")
        if name is None:
            return self._page(request, "projects", self._full(projects))
        found = [project for project in projects if project.name == name]
        if not found:
            raise SquashProblem(404, f"No project named {name}")
        return self._entity(request, self._full(found)[0])

    def thing(self, request: Request, owner: str, id: int) -> Response:
        """Answer one object."""
        return self._entity(request, self._full([self._thing(owner, id)])[0])

    def children(self, request: Request, owner: str, id: int, child: str) -> Response:
        """Answer the objects of a kind under another one."""
        parent = self._thing(owner, id)
        return self._page(request, child, self._full(self._plan.within(parent, child)))

    def test_plan(self, request: Request, id: int) -> Response:
        """Answer the test plan of an iteration."""
        items = self._plan.items_of(self._thing("iterations", id))
        with self._plan.lock:
            return self._page(request, "test-plan", [self._shapes.item(item) for item in items])

    def item(self, request: Request, id: int) -> Response:
        """Answer one line of a test plan."""
        with self._plan.lock:
            return self._entity(request, self._shapes.item(self._item(id)))

    def item_executions(self, request: Request, id: int) -> Response:
        """Answer the executions of a line of a test plan."""
        return self._page(request, "executions", self._full(self._item(id).executions))

    def create_execution(self, request: Request, id: int) -> Response:
        """Create an execution; it begins with copies of the test case's attachments."""
        item = self._item(id)
        if request.get_data() and request.get_json(force=True, silent=True) is None:
            raise SquashProblem(400, "The body must be a JSON object")
        if item.test_case is None:
            raise business_rule(
                "TestPlanItemNotExecutableException",
                "Test case referenced by this item was deleted",
            )
        if not self._plan.within(item.test_case, "test-steps"):
            raise business_rule("ExecutionHasNoStepsException", "Execution has no steps")
        with self._plan.lock:
            execution = self._plan.create_execution(item)
            self._attachments.copy(item.test_case.object, execution.object)
            for step in execution.steps:
                assert step.test_step is not None
                self._attachments.copy(step.test_step.object, step.object)
        return json_reply(201, self._full([execution])[0])

    def change_execution(self, request: Request, id: int) -> Response:
        """Change status and comment of an execution."""
        execution = self._thing("executions", id)
        assert isinstance(execution, Execution)
        body = self._json(request, "execution")
        status = body.get("execution_status")
        with self._plan.lock:
            if status is not None:
                self._plan.set_status(execution, _known_status(status))
            execution.comment = body.get("comment", execution.comment)
            return self._entity(request, self._full([execution])[0])

    def change_step(self, request: Request, id: int) -> Response:
        """Change the comment of an execution step."""
        step = self._step(id)
        step.comment = self._json(request, "execution-step").get("comment", step.comment)
        return self._entity(request, self._full([step])[0])

    def set_step_status(self, request: Request, id: int, status: str) -> Response:
        """Change the status of an execution step."""
        step = self._step(id)
        self._plan.set_step_status(step, _known_status(status))
        return self._entity(request, self._full([step])[0])

    def upload(self, request: Request, owner: str, id: int) -> Response:
        """Attach the files of a multipart body; the order of the answer is not theirs."""
        files = self._attachments.upload(request, self._thing(owner, id).object)
        answered = [self._shapes.new_attachment(file) for file in reversed(files)]
        return json_reply(201, {"_embedded": {"attachments": answered}})

    def list_attachments(self, request: Request, owner: str, id: int) -> Response:
        """Answer the attachments of an object."""
        files = self._attachments.of(self._thing(owner, id).object)
        return self._page(request, "attachments", [self._shapes.attachment(file) for file in files])

    def delete_attachments(self, request: Request, owner: str, id: int) -> Response:
        """Remove attachments of an object."""
        object = self._thing(owner, id).object
        self._attachments.delete(object, request.args.get("attachmentIds", ""))
        return Response(status=self._delete_status)

    def attachment(self, request: Request, id: int) -> Response:
        """Answer one attachment's facts."""
        return self._entity(request, self._shapes.attachment(self._attachments.one(id)))

    def content(self, request: Request, id: int) -> Response:
        """Answer one attachment's bytes."""
        return self._attachments.content(id)

    def rename(self, request: Request, id: int) -> Response:
        """Rename one attachment; the name is a parameter, not JSON."""
        file = self._attachments.rename(id, request.args.to_dict() or request.form.to_dict())
        return self._entity(request, self._shapes.attachment(file))

    def _thing(self, owner: str, id: int) -> Thing:
        thing = self._plan.thing(owner, id)
        if thing is None:
            raise SquashProblem(404, f"Unable to find {TYPES[owner]} with id {id}")
        return thing

    def _step(self, id: int) -> ExecutionStep:
        step = self._thing("execution-steps", id)
        assert isinstance(step, ExecutionStep)
        return step

    def _item(self, id: int) -> PlanItem:
        if id not in self._plan.items:
            raise SquashProblem(404, f"Unable to find {self._shapes.item_type} with id {id}")
        return self._plan.items[id]

    def _full(self, things: Sequence[Thing]) -> list[dict[str, Any]]:
        with self._plan.lock:
            return [
                self._shapes.thing(
                    one, self._attachments.of(one.object), self._plan.within(one, "test-steps")
                )
                for one in things
            ]

    def _entity(self, request: Request, body: dict[str, Any]) -> Response:
        return json_reply(200, only_fields(body, request.args.get("fields", "")))

    def _page(self, request: Request, key: str, rows: Sequence[dict[str, Any]]) -> Response:
        path = request.path.partition("/latest/")[2]
        fields = request.args.get("fields", "")
        page = self._shapes.page(path, key, rows, request.args, self._most)
        for shown in page.get("_embedded", {}).values():
            shown[:] = [only_fields(row, fields) for row in shown]
        return json_reply(200, page)

    def _json(self, request: Request, type: str) -> dict[str, Any]:
        body = request.get_json(force=True, silent=True)
        if not isinstance(body, dict) or body.get("_type") != type:
            raise SquashProblem(400, f"The body must be a JSON object of _type {type}")
        return body


def _known_status(status: object) -> str:
    """Return a status that exists; the real server answers 500 to any other."""
    if not isinstance(status, str) or status not in STATUSES:
        raise SquashProblem(500, "Internal error")
    return status
