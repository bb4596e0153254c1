"""The JSON of the Squash TM look-alike: entities, abbreviated entities, and pages of a list."""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .squash_plan import Execution
from .squash_plan import ExecutionStep
from .squash_plan import PlanItem
from .squash_plan import Thing
from .store import StoredFile


TYPES = {
    "campaigns": "campaign",
    "campaign-folders": "campaign-folder",
    "executions": "execution",
    "execution-steps": "execution-step",
    "iterations": "iteration",
    "projects": "project",
    "requirement-folders": "requirement-folder",
    "requirement-versions": "requirement-version",
    "test-cases": "test-case",
    "test-case-folders": "test-case-folder",
    "test-steps": "action-step",
    "test-suites": "test-suite",
}
USER = "sandbox-user"
DEFAULT_SIZE = 20


class Shapes:
    """Builds the answers. `api` is the URL before every href; `stem` hides the extension in names."""

    def __init__(self, *, api: Callable[[], str], version: int, stem: bool) -> None:
        self._api = api
        self._stem = stem
        self.item_path = "iteration-test-plan-items" if version <= 13 else "test-plan-items"
        self.item_type = self.item_path.removesuffix("s")

    def thing(
        self, thing: Thing, files: Sequence[StoredFile], steps: Sequence[Thing] = ()
    ) -> dict[str, Any]:
        """Return the full form of any owner of attachments; `steps` are those of a test case."""
        if isinstance(thing, Execution):
            return self._execution(thing, files)
        if isinstance(thing, ExecutionStep):
            return self.step(thing, files)
        more: dict[str, Any] = {}
        if thing.owner == "campaigns":
            more["path"] = _path(thing)
        if thing.owner == "test-cases":
            more["automated_test_reference"] = thing.automated or None
            more["steps"] = [self._brief(step) for step in steps]
        return self._brief(thing) | {
            **more,
            "attachments": [self.new_attachment(file) for file in files],
            "_links": self._links(thing.object, "attachments"),
        }

    def item(self, item: PlanItem) -> dict[str, Any]:
        """Return one line of a test plan; its test case or dataset may be null."""
        case, path = item.test_case, f"{self.item_path}/{item.id}"
        return {
            "_type": self.item_type,
            "id": item.id,
            "execution_status": item.status,
            "referenced_test_case": self._brief(case) if case else None,
            "referenced_dataset": self._dataset(item.dataset),
            **_executed(item.last_executed_on),
            "assigned_to": None,
            "executions": [self._brief_execution(execution) for execution in item.executions],
            "iteration": self._brief(item.iteration),
            "_links": self._links(path, "executions"),
        }

    def step(self, step: ExecutionStep, files: Sequence[StoredFile]) -> dict[str, Any]:
        """Return one execution step with its comment and its attachments."""
        execution = step.parent
        assert isinstance(execution, Execution)
        return self._brief_step(step) | {
            "comment": step.comment,
            **_executed(step.last_executed_on),
            "execution_step_order": execution.steps.index(step),
            "referenced_test_step": self._brief(step.test_step) if step.test_step else None,
            "execution": self._brief_execution(execution),
            "custom_fields": [],
            "test_step_custom_fields": [],
            "attachments": [self.new_attachment(file) for file in files],
            "_links": self._links(step.object, "attachments"),
        }

    def new_attachment(self, file: StoredFile) -> dict[str, Any]:
        """Return the short form that an upload answers."""
        stem, _, suffix = file.name.rpartition(".")
        return {
            "_type": "attachment",
            "id": int(file.id),
            "name": stem if self._stem else file.name,
            "file_type": suffix,
            "_links": self._links(f"attachments/{file.id}"),
        }

    def attachment(self, file: StoredFile) -> dict[str, Any]:
        """Return the full form with size and time."""
        short = self.new_attachment(file)
        file_type = short.pop("file_type")
        return short | {
            "size": file.size,
            "file_type": file_type,
            "added_on": _date(file.stored_at),
            "_links": self._links(f"attachments/{file.id}", "content"),
        }

    def page(
        self,
        path: str,
        key: str,
        rows: Iterable[dict[str, Any]],
        query: Mapping[str, str],
        most: int,
    ) -> dict[str, Any]:
        """Return one page of a list; without `sort` the order differs from page to page."""
        number = _whole(query.get("page"), 0)
        size = min(max(1, _whole(query.get("size"), DEFAULT_SIZE)), most)
        ordered = _sorted(list(rows), query.get("sort", ""), number)
        pages = math.ceil(len(ordered) / size)
        shown = ordered[number * size : (number + 1) * size]
        return {
            **({"_embedded": {key: shown}} if shown else {}),
            "_links": self._page_links(path, query.get("sort", ""), number, size, pages),
            "page": {
                "size": size,
                "totalElements": len(ordered),
                "totalPages": pages,
                "number": number,
            },
        }

    def _page_links(
        self, path: str, sort: str, number: int, size: int, pages: int
    ) -> dict[str, Any]:
        tail = f"&size={size}" + (f"&sort={sort}" if sort else "")
        numbers = {"first": 0, "prev": number - 1, "self": number, "next": number + 1}
        numbers["last"] = pages - 1
        if pages <= 1:
            numbers = {"self": number}
        return {
            name: {"href": f"{self._api()}/{path}?page={page}{tail}"}
            for name, page in numbers.items()
            if name == "self" or 0 <= page < pages
        }

    def _execution(self, execution: Execution, files: Sequence[StoredFile]) -> dict[str, Any]:
        item = execution.item
        links = ("execution-steps", "attachments", "issues")
        return {
            "_type": "execution",
            "id": execution.id,
            "name": execution.name,
            "execution_order": execution.order,
            "execution_status": execution.status,
            **_executed(execution.last_executed_on),
            "execution_mode": "MANUAL",
            "reference": execution.reference,
            "dataset_label": item.dataset[1] if item.dataset else None,
            "execution_steps": [self._brief_step(step) for step in execution.steps],
            "comment": execution.comment,
            "prerequisite": "",
            "description": "",
            "importance": "LOW",
            "test_case_status": "APPROVED",
            "test_plan_item": {
                "_type": self.item_type,
                "id": item.id,
                "_links": self._links(f"{self.item_path}/{item.id}"),
            },
            "custom_fields": [],
            "test_case_custom_fields": [],
            "attachments": [self.new_attachment(file) for file in files],
            "_links": self._links(execution.object, *links),
        }

    def _brief(self, thing: Thing) -> dict[str, Any]:
        brief = {"_type": TYPES[thing.owner], "id": thing.id, "name": thing.name}
        if thing.owner in ("test-cases", "iterations", "campaigns", "requirement-versions"):
            brief["reference"] = thing.reference
        return brief | {"_links": self._links(thing.object)}

    def _brief_execution(self, execution: Execution) -> dict[str, Any]:
        return {
            "_type": "execution",
            "id": execution.id,
            "execution_status": execution.status,
            **_executed(execution.last_executed_on),
            "_links": self._links(execution.object),
        }

    def _brief_step(self, step: ExecutionStep) -> dict[str, Any]:
        return {
            "_type": "execution-step",
            "id": step.id,
            "execution_status": step.status,
            "action": f"<p>{step.name}</p>",
            "expected_result": "",
            "_links": self._links(step.object),
        }

    def _dataset(self, dataset: tuple[int, str] | None) -> dict[str, Any] | None:
        if dataset is None:
            return None
        id, name = dataset
        return {"_type": "dataset", "id": id, "name": name, "_links": self._links(f"datasets/{id}")}

    def _links(self, path: str, *more: str) -> dict[str, Any]:
        root = f"{self._api()}/{path}"
        return {"self": {"href": root}} | {name: {"href": f"{root}/{name}"} for name in more}


def only_fields(body: dict[str, Any], fields: str) -> dict[str, Any]:
    """Keep what the parameter `fields` names; type, id and links always stay."""
    if not fields or fields == "*":
        return body
    kept = {"_type", "id", "_links", *fields.split(",")}
    return {name: value for name, value in body.items() if name in kept}


def _sorted(rows: list[dict[str, Any]], sort: str, page: int) -> list[dict[str, Any]]:
    """Sort by id or name; unsorted lists turn a little with every page, so that rows get lost."""
    name, _, direction = sort.partition(",")
    if name:
        return sorted(rows, key=lambda row: row[name], reverse=direction.lower() == "desc")
    turn = (3 + 7 * page) % len(rows) if rows else 0
    return rows[turn:] + rows[:turn]


def _path(thing: Thing) -> str:
    """Return the names from the project down; a slash in a name is escaped."""
    names = [one.name.replace("/", "\\/") for one in (thing, *thing.parents())]
    return "/" + "/".join(reversed(names))


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() else otherwise


def _executed(moment: datetime | None) -> dict[str, Any]:
    by = USER if moment else None
    return {"last_executed_by": by, "last_executed_on": _date(moment) if moment else None}


def _date(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
