"""One call of the CodeArts Req look-alike, and the projects and items it may name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from werkzeug.wrappers import Request

from .codearts_attachments import invalid
from .codearts_items import Json
from .codearts_items import Project
from .codearts_items import WorkItem
from .codearts_rules import NO_PROJECT
from .codearts_rules import NO_PROJECT_SPACE
from .codearts_rules import NOT_A_MEMBER
from .codearts_rules import UNREADABLE
from .codearts_rules import service_refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: what its path names, in order, and where its body lies on disk."""

    request: Request
    named: tuple[str, ...]
    body: Path

    def query(self, name: str) -> str:
        """Return a query parameter, or an empty text."""
        return self.request.args.get(name, "")

    def json(self) -> Json:
        """Return the body as a JSON object; an empty body cannot be read either."""
        try:
            value = json.loads(self.body.read_bytes())
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise service_refusal(UNREADABLE, "The request body cannot be read.")
        return value


def known_project(projects: Sequence[Project], id: str, kind: str) -> Project:
    """Return the project of an id and kind; raise RefusedError as the service does for others."""
    project = next((project for project in projects if project.id == id), None)
    if project is None:
        raise service_refusal(NO_PROJECT, "The project does not exist or was deleted.")
    if not project.member:
        raise service_refusal(NOT_A_MEMBER, "The user is not a member of the project.")
    if project.kind != kind:
        raise service_refusal(NO_PROJECT_SPACE, "The project space does not exist.")
    return project


def known_item(
    projects: Sequence[Project], kind: str, project_id: str, issue_id: str
) -> tuple[Project, WorkItem]:
    """Return a project and one of its items; raise RefusedError where either is not there."""
    project = known_project(projects, project_id, kind)
    item = project.item(issue_id)
    if item is None:
        raise invalid("issue_id", "there is no such work item")
    return project, item


def whole(fields: Json, name: str, default: int) -> int:
    """Return a number from a JSON object; raise RefusedError if it is none."""
    value = fields.get(name, default)
    if not isinstance(value, int):
        raise invalid(name, "a number is expected")
    return value
