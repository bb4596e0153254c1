"""What Squash TM answers, as small data: attachments, executions, plan items, and pages of lists."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attachment; `name` may come with or without its extension, `size` is None where not said.

    `file_type` is the extension, '' where neither the answer nor the name tells it.
    """

    id: str
    name: str
    size: int | None = None
    file_type: str = ""
    added_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One execution of a plan item; `status` is Squash's word (`READY`, `SUCCESS` …).

    `executed`: it has somebody who executed it, or a moment of that.
    """

    id: int
    status: str
    executed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItem:
    """One line of an iteration's test plan.

    `type` is its `_type`; the test case is None where it was deleted, the dataset where there is none.
    `iteration` is the id of the plan's, '' where the line does not tell.
    """

    id: int
    type: str
    test_case_id: str | None = None
    reference: str | None = None
    dataset: str | None = None
    name: str = ""
    status: str = ""
    iteration: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStep:
    """One step of an execution; `action` is HTML."""

    id: str
    status: str
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A project, campaign, iteration or suite; `path` (`/project/folder/campaign`) only where shown."""

    id: str
    name: str
    reference: str = ""
    path: str = ""


def extent_of(document: Mapping[str, Any]) -> tuple[int | None, int]:
    """Return the number of pages (None where an answer does not say) and of rows on all of them."""
    page = document.get("page")
    if not isinstance(page, dict) or not isinstance(page.get("totalPages"), int):
        return None, 0
    elements = page.get("totalElements")
    return page["totalPages"], elements if isinstance(elements, int) else 0


def rows_of(document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the rows of a collection; an empty one has no `_embedded`, and keys differ by version."""
    embedded = document.get("_embedded")
    if not isinstance(embedded, dict):
        return []
    only = next(iter(embedded.values())) if len(embedded) == 1 else None
    rows = embedded.get(key, only)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def attachment_of(row: Mapping[str, Any]) -> Attachment:
    """Return an attachment from the short form of an upload or the full form of a list."""
    size, name = row.get("size"), _text(row, "name")
    return Attachment(
        id=_text(row, "id"),
        name=name,
        size=size if isinstance(size, int) and not isinstance(size, bool) else None,
        file_type=_text(row, "file_type") or PurePath(name).suffix.removeprefix("."),
        added_on=_text(row, "added_on"),
    )


def stem_of(name: str, file_type: str) -> str:
    """Return a name without its extension, if it is this one (in letters of any case)."""
    tail = f".{file_type}"
    has = bool(file_type) and name.lower().endswith(tail.lower()) and len(name) > len(tail)
    return name[: -len(tail)] if has else name


def named_of(row: Mapping[str, Any]) -> Named:
    """Return an object of the tree by what every one of them shows."""
    return Named(
        id=_text(row, "id"),
        name=_text(row, "name"),
        reference=_text(row, "reference"),
        path=_text(row, "path"),
    )


def steps_of(rows: Iterable[Mapping[str, Any]]) -> list[ExecutionStep]:
    """Return the steps of an execution in their order, in that of their ids where none is told."""
    told = [row for row in rows if isinstance(row.get("id"), int)]
    told.sort(key=_place)
    return [
        ExecutionStep(
            id=str(row["id"]), status=_text(row, "execution_status"), action=_text(row, "action")
        )
        for row in told
    ]


def _place(row: Mapping[str, Any]) -> tuple[int, int]:
    order = row.get("execution_step_order")
    return order if isinstance(order, int) else 0, row["id"]


def _text(row: Mapping[str, Any], name: str) -> str:
    found = row.get(name)
    return str(found) if isinstance(found, str | int) else ""


def execution_of(row: Mapping[str, Any]) -> Execution | None:
    """Return an execution, or None where the row does not name one."""
    id = row.get("id")
    if not isinstance(id, int) or isinstance(id, bool):
        return None
    executed = bool(row.get("last_executed_by") or row.get("last_executed_on"))
    return Execution(id=id, status=str(row.get("execution_status") or ""), executed=executed)


def plan_item_of(row: Mapping[str, Any]) -> PlanItem:
    """Return a line of a test plan that has an id; a deleted test case or no dataset is null."""
    case, dataset = _inner(row, "referenced_test_case"), _inner(row, "referenced_dataset")
    return PlanItem(
        id=row["id"],
        type=_text(row, "_type"),
        test_case_id=_text(case, "id") or None,
        reference=_text(case, "reference") or None,
        dataset=_text(dataset, "name") or None,
        name=_text(case, "name"),
        status=_text(row, "execution_status"),
        iteration=_text(_inner(row, "iteration"), "id"),
    )


def _inner(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = row.get(name)
    return found if isinstance(found, dict) else {}
