"""The projects and work items of the CodeArts Req look-alike, and the ways to look them up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


DOMAIN_ID = "730518264907153408"

Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """One work item; in a Scrum project it has no number, and its id is short."""

    id: str
    number: str
    category: str
    title: str
    status: str = "Open"

    def to_json(self, project: Project) -> Json:
        """Return the item as an IPD look-up shows it."""
        return {
            "id": self.id,
            "number": self.number,
            "title": self.title,
            "category": self.category,
            "status": {"name": self.status, "code": self.status},
            "state": "CLOSED" if self.status == "Closed" else "OPEN",
            "project": {"id": project.id, "name": project.name},
            "domain_id": DOMAIN_ID,
        }

    def to_scrum_json(self, project: Project) -> Json:
        """Return the item as the Scrum operations show it."""
        return {
            "id": int(self.id),
            "name": self.title,
            "tracker": {"id": 7, "name": self.category},
            "status": {"id": 5 if self.status == "Closed" else 1, "name": self.status},
            "project": {
                "project_id": project.id,
                "project_name": project.name,
                "project_num_id": project.number,
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project of one kind, `ipd` or `scrum`; its items exist for members only.

    `model` is that of an IPD project: 10001 system device, 10002 standalone software, 10003 cloud service;
    a `group` holds no items.
    """

    id: str
    number: int
    name: str
    kind: str
    items: Sequence[WorkItem] = ()
    member: bool = True
    model: str = "10003"
    group: bool = False

    def item(self, id: str) -> WorkItem | None:
        """Return one work item."""
        return next((item for item in self.items if item.id == id), None)


def by_tree(project: Project, categories: set[str], body: Json) -> list[WorkItem]:
    """Return the items with exactly these numbers, else those that match the keyword."""
    among = [item for item in project.items if item.category in categories]
    numbers = body.get("number")
    if isinstance(numbers, list) and numbers:
        return [item for item in among if item.number in numbers]
    keyword = str(body.get("keyword") or "").casefold()
    return [i for i in among if keyword in i.title.casefold() or keyword == i.number.casefold()]


def by_filter(project: Project, categories: Sequence[str], body: Json) -> list[Json]:
    """Return the items of these categories that every condition of the filter lets through.

    Only a cloud service project answers for more than the first category (api-projectman,
    ListIpdProjectIssues). The last to be created come first, unless the order is asked for.
    """
    conditions = body.get("filter")
    asked = categories if project.model == "10003" else categories[:1]
    found = [i.to_json(project) for i in project.items if i.category in asked]
    if not _ascending(body):
        found.reverse()
    for condition in conditions if isinstance(conditions, list) else []:
        found = [item for item in found if all(meets(item, *pair) for pair in condition.items())]
    wanted = body.get("return_fields")
    if isinstance(wanted, list) and wanted:
        found = [{key: value for key, value in i.items() if key in wanted} for i in found]
    return found


def _ascending(body: Json) -> bool:
    """Return whether items are to be sorted by the date of their creation, the oldest first."""
    sort = body.get("sort")
    first = sort[0] if isinstance(sort, list) and sort else {}
    return isinstance(first, dict) and first.get("field") == "created_date" and bool(first["asc"])


def by_subject(project: Project, body: Json) -> list[WorkItem]:
    """Return the Scrum items with these words in their title, or with one of these ids."""
    words, ids = str(body.get("subject") or "").casefold(), body.get("issue_ids")
    wanted = set(map(str, ids)) if isinstance(ids, list) and ids else None
    return [
        item
        for item in project.items
        if words in item.title.casefold() and (wanted is None or item.id in wanted)
    ]


def meets(item: Json, column: str, rule: Json) -> bool:
    """Return whether an item's column is (or, with `!` and `<>`, is not) among the values."""
    values = rule.get("values")
    known = values if isinstance(values, list) else [values]
    among = str(item.get(column.removeprefix("descendants."))) in map(str, known)
    return among is (rule.get("operator") not in ("!", "<>"))


def seeds() -> tuple[Project, ...]:
    """Return the projects every look-alike starts with."""
    payments = (
        WorkItem(
            id="956239067176935400",
            number="US20261105123456",
            category="US",
            title="Pay an invoice",
        ),
        WorkItem(
            id="956239067176935401",
            number="Task20261105123457",
            category="Task",
            title="Check the limits of a payment",
        ),
        WorkItem(
            id="956239067176935402",
            number="Bug20261106000017",
            category="Bug",
            title="Rounding of partial payments",
        ),
        WorkItem(
            id="956239067176935403",
            number="US20261001000099",
            category="US",
            title="Print an invoice",
            status="Closed",
        ),
        WorkItem(
            id="1956239067176935404",
            number="FE20261107000204",
            category="FE",
            title="Audit trail",
        ),
    )
    hidden = WorkItem(
        id="956239067176939900", number="US20261105999999", category="US", title="Salaries"
    )
    board = (
        WorkItem(id="1042", number="", category="Story", title="Log in"),
        WorkItem(id="1043", number="", category="Bug", title="Logout loses the basket"),
    )
    return (
        Project(
            id="5f1e7a0c9b2d4e63a8c4d0f7b6219e35",
            number=4200,
            name="Payments",
            kind="ipd",
            items=payments,
        ),
        Project(
            id="b07c2d9e41f54a8b9e6d3c5a1f80e274",
            number=4201,
            name="Web shop",
            kind="scrum",
            items=board,
        ),
        Project(
            id="e3d8c1b5a7f942068d1b6e4c9a50f7b2",
            number=4202,
            name="Payroll (not a member)",
            kind="ipd",
            items=(hidden,),
            member=False,
        ),
    )
