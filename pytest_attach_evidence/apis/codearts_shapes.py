"""What CodeArts Req answers, as data: projects, work items, attachments, in every edition's spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


IPD_TYPES: Mapping[str, tuple[str, ...]] = {
    "10001": ("RR", "SF", "IR", "SR", "AR", "Task", "Bug"),
    "10002": ("RR", "SF", "IR", "US", "Task", "Bug"),
    "10003": ("RR", "Epic", "FE", "US", "Task", "Bug"),
}
"""The types of work items that an IPD project of a model has (api-projectman, ListIpdProjectIssues)."""

MODELS: Mapping[str, str] = {
    "10001": "system device",
    "10002": "standalone software",
    "10003": "cloud service",
}
TYPES = ("RR", "SF", "IR", "SR", "AR", "US", "Epic", "FE", "Task", "Bug")
DEEPEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attachment as a work item lists it. `names` are all names it is known by, `size` in bytes."""

    id: str
    names: tuple[str, ...]
    size: int | None = None
    created: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An upload that the service reports done. It need not tell the attachment's id."""

    id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeArtsProject:
    """A project. `kind` is `ipd`, `scrum` or `xboard`, `model` that of an IPD project ('': not told).

    `group`: it holds projects instead of work items.
    """

    id: str
    name: str
    kind: str
    model: str = ""
    group: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """A work item; those of Scrum projects have no number. Words that were not told are ''."""

    id: str
    title: str
    type: str
    number: str = ""
    status: str = ""
    state: str = ""


def attachment_of(entry: Mapping[str, Any]) -> Attachment:
    """Read an attachment of an IPD work item: its name has had three fields, its size two."""
    size = digits(entry.get("file_size", entry.get("filesize")))
    return Attachment(
        id=digits(entry.get("id")) or "",
        names=_texts(entry, "file_name", "store_filename", "title", "name"),
        size=None if size is None else int(size),
        created=digits(entry.get("created_date")) or "",
    )


def accessory_of(entry: Mapping[str, Any]) -> Attachment:
    """Read an attachment of a Scrum item as its detail has it, which tells no size."""
    return Attachment(
        id=digits(entry.get("attachment_id")) or "",
        names=_texts(entry, "file_name", "disk_file_name"),
        created=word(entry.get("created_date")),
    )


def project_of(entry: Mapping[str, Any]) -> CodeArtsProject:
    """Read a project of either list: both call its fields differently."""
    return CodeArtsProject(
        id=word(entry.get("id") or entry.get("project_id")),
        name=word(entry.get("name") or entry.get("project_name")),
        kind=word(entry.get("project_type")),
        model=word(entry.get("model_id")),
        group=entry.get("category") == "Group",
    )


def work_item_of(entry: Mapping[str, Any]) -> WorkItem:
    """Read a work item of an IPD project, or a Scrum item."""
    return WorkItem(
        id=digits(entry.get("id")) or "",
        title=word(entry.get("title") or entry.get("name") or entry.get("subject")),
        type=word(entry.get("category") or entry.get("tracker") or entry.get("type")),
        number=word(entry.get("number")),
        status=word(entry.get("status")),
        state="deleted" if entry.get("deleted") is True else word(entry.get("state")),
    )


def word(value: Any) -> str:
    """Return a text, or the name in an object that stands for one; '' for anything else."""
    if isinstance(value, dict):
        value = value.get("name")
    return value if isinstance(value, str) else ""


def digits(value: Any) -> str | None:
    """Return a number, written as text or not, as its ASCII digits."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if re.fullmatch(r"[0-9]{1,20}", text) else None


def listed(value: Any) -> list[Any] | None:
    """Return a list, which has been seen to come as JSON within a text; None for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, list) else None


def objects(document: Any, depth: int = DEEPEST) -> Iterator[Mapping[str, Any]]:
    """Yield every JSON object below a document, whatever the service calls the list it is in."""
    if isinstance(document, dict):
        yield document
    if depth and isinstance(document, dict | list):
        for inner in document.values() if isinstance(document, dict) else document:
            yield from objects(inner, depth - 1)


def id_in(result: Any) -> str | None:
    """Return the attachment's id from an upload's result, which may be an object, a list or null."""
    if isinstance(result, list) and len(result) == 1:
        result = result[0]
    return digits(result.get("id")) if isinstance(result, dict) else None


def _texts(entry: Mapping[str, Any], *fields: str) -> tuple[str, ...]:
    return tuple(name for field in fields if isinstance(name := entry.get(field), str))
