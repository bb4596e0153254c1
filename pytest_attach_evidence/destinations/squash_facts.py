"""What Squash TM tells of its objects, in the words of `attach-evidence remote`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any

from .squash_targets import TEST_CASES


if TYPE_CHECKING:
    from ..apis.squash_tm_shapes import PlanItem


FACTS = {
    "reference": "reference",
    "execution_status": "status",
    "execution_mode": "mode",
    "dataset_label": "dataset",
    "last_executed_by": "executed by",
    "last_executed_on": "executed on",
    "automated_test_reference": "automated test reference",
}


def facts_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts of an object that the API shows, and how many steps an execution has."""
    facts = {ours: str(row[theirs]) for theirs, ours in FACTS.items() if row.get(theirs)}
    steps = row.get("execution_steps")
    return facts | ({"steps": str(len(steps))} if isinstance(steps, list) else {})


def item_facts(item: PlanItem) -> dict[str, str]:
    """Return the facts of a line of a plan; its test case as it can be asked about."""
    told = {
        "reference": item.reference,
        "dataset": item.dataset,
        "status": item.status,
        "item": str(item.id),
        "test case": f"{TEST_CASES}/{item.test_case_id}" if item.test_case_id else "",
    }
    return {name: text for name, text in told.items() if text}


def kind_of(owner: str) -> str:
    """Return what one of the owners is called: `test case` for `test-cases`."""
    return owner.removesuffix("s").replace("-", " ")
