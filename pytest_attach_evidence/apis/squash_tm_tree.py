"""The walk through Squash TM: projects, campaigns, iterations, plan items, executions and their steps."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from ..errors import PermanentError
from ..errors import TemporaryError
from ..rest.answers import Answer
from ..rest.body import Body
from .squash_tm_requests import Requests
from .squash_tm_shapes import Execution
from .squash_tm_shapes import ExecutionStep
from .squash_tm_shapes import Named
from .squash_tm_shapes import PlanItem
from .squash_tm_shapes import execution_of
from .squash_tm_shapes import named_of
from .squash_tm_shapes import plan_item_of
from .squash_tm_shapes import rows_of
from .squash_tm_shapes import steps_of


FAMILIES = ("test-plan-items", "iteration-test-plan-items")


class TreeRequests(Requests):
    """Lists of what lies in what, and single objects; nothing here changes anything."""

    _family: str | None = None

    def projects(self) -> Iterator[Named]:
        """Yield all projects: GET /projects."""
        yield from map(named_of, self._walk("projects", "projects"))

    def project_named(self, name: str) -> Named | None:
        """Return the project of a name: GET /projects?projectName= (JAVA); None where there is none.

        The answer is the project itself; one that ignores the parameter answers a list.
        """
        path = f"projects?projectName={quote(name, safe='')}"
        answer = self._send("GET", path, f"looking for project {name!r}")
        if answer.status == 404:
            return next((one for one in self.projects() if one.name == name), None)
        document = self._accepted(answer).fields()
        if document.get("_type") == "project":
            found = named_of(document)
            return found if found.name == name else None
        if not rows_of(document, "projects"):
            return None
        return next((one for one in self.projects() if one.name == name), None)

    def campaigns(self, project: str) -> Iterator[Named]:
        """Yield the campaigns of a project with their paths: GET /projects/{id}/campaigns (JAVA)."""
        path = f"projects/{project}/campaigns?fields=path,name,reference"
        yield from map(named_of, self._walk(path, "campaigns"))

    def iterations(self, campaign: str) -> Iterator[Named]:
        """Yield the iterations of a campaign: GET /campaigns/{id}/iterations (JAVA)."""
        yield from map(named_of, self._walk(f"campaigns/{campaign}/iterations", "iterations"))

    def test_suites(self, iteration: str) -> Iterator[Named]:
        """Yield the test suites of an iteration: GET /iterations/{id}/test-suites (TS)."""
        yield from map(named_of, self._walk(f"iterations/{iteration}/test-suites", "test-suites"))

    def plan_items(self, iteration: str) -> Iterator[PlanItem]:
        """Yield an iteration's plan, page by page: GET /iterations/{id}/test-plan."""
        for row in self._walk(f"iterations/{iteration}/test-plan", "test-plan"):
            if isinstance(row.get("id"), int):
                yield plan_item_of(row)

    def test_plan(self, iteration: str) -> list[PlanItem]:
        """Return an iteration's whole plan: GET /iterations/{id}/test-plan."""
        return list(self.plan_items(iteration))

    def plan_item(self, id: int) -> PlanItem:
        """Return one line of a plan: GET /{family}/{id} (ITPI up to version 13, TPI from 14)."""
        answer = self._on_item("GET", PlanItem(id=id, type=""), "", f"reading plan item {id}")
        return plan_item_of({**self._accepted(answer).fields(), "id": id})

    def executions(self, item: PlanItem) -> list[Execution]:
        """Return a plan item's executions in the order of their ids: GET /{family}/{id} (ITPI, TPI).

        They are read from the item itself, whose abbreviated list is complete and short.
        """
        answer = self._accepted(self._on_item("GET", item, "", f"reading plan item {item.id}"))
        rows = answer.fields().get("executions")
        if not isinstance(rows, list):
            msg = f"reading plan item {item.id}: an item without a list of executions"
            raise TemporaryError(msg)
        found = [execution_of(row) for row in rows if isinstance(row, dict)]
        return sorted((one for one in found if one is not None), key=lambda one: one.id)

    def steps(self, execution: str) -> list[ExecutionStep]:
        """Return the steps of an execution in their order: GET /executions/{id}/execution-steps (LIVEB).

        Where that list does not exist, the execution itself shows them; one without any has none.
        """
        path = f"executions/{execution}/execution-steps"
        rows = self._list(path, "execution-steps", absent=(404, 405))
        if rows is None:
            shown = self.entity("executions", execution).get("execution_steps")
            rows = (
                [row for row in shown if isinstance(row, dict)] if isinstance(shown, list) else []
            )
        return steps_of(rows)

    def automated_test_reference(self, test_case: str) -> str | None:
        """Return that field of a test case: GET /test-cases/{id} (JAVA); None where it has none.

        Plans do not show it. A test case that may not be read has none for us.
        """
        try:
            found = self.entity("test-cases", test_case).get("automated_test_reference")
        except PermanentError:
            return None
        return found if isinstance(found, str) and found else None

    def _on_item(
        self, method: str, item: PlanItem, tail: str, what: str, body: Body | None = None
    ) -> Answer:
        """Send a request about a plan item by the family of paths this version has."""
        own = next((name for name in FAMILIES if name == f"{item.type}s"), FAMILIES[0])
        first = self._family or own
        answer = self._send(method, f"{first}/{item.id}{tail}", what, body=body)
        if answer.status == 404 and self._family is None:
            other = next(name for name in FAMILIES if name != first)
            answer = self._send(method, f"{other}/{item.id}{tail}", what, body=body)
            first = other
        if answer.status in (200, 201):
            self._family = first
        return answer
