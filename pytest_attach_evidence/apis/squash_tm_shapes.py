"""What Squash TM answers, as small data: attachments, executions, plan items, and pages of lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attachment; `name` may come with or without its extension, `size` is None where not said."""

    id: str
    name: str
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One execution of a plan item; `status` is Squash's word (`READY`, `SUCCESS` …)."""

    id: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItem:
    """One line of an iteration's test plan.

    `type` is its `_type`; the test case is None where it was deleted, the dataset where there is none.
    """

    id: int
    type: str
    test_case_id: str | None = None
    reference: str | None = None
    dataset: str | None = None


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
    size = row.get("size")
    return Attachment(
        id=str(row.get("id", "")),
        name=str(row.get("name") or ""),
        size=size if isinstance(size, int) and not isinstance(size, bool) else None,
    )


def execution_of(row: Mapping[str, Any]) -> Execution | None:
    """Return an execution, or None where the row does not name one."""
    id = row.get("id")
    if not isinstance(id, int) or isinstance(id, bool):
        return None
    return Execution(id=id, status=str(row.get("execution_status") or ""))


def plan_item_of(row: Mapping[str, Any]) -> PlanItem:
    """Return a line of a test plan that has an id; a deleted test case or no dataset is null."""
    case, dataset = row.get("referenced_test_case"), row.get("referenced_dataset")
    case = case if isinstance(case, dict) else {}
    name = dataset.get("name") if isinstance(dataset, dict) else None
    return PlanItem(
        id=row["id"],
        type=str(row.get("_type") or ""),
        test_case_id=str(case["id"]) if case.get("id") is not None else None,
        reference=str(case["reference"]) if case.get("reference") else None,
        dataset=str(name) if name is not None else None,
    )
