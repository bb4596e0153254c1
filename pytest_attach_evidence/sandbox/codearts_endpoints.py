"""The IPD operations of the CodeArts Req look-alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Sequence

from werkzeug.wrappers import Response

from .codearts_attachments import Attachments
from .codearts_attachments import invalid
from .codearts_attachments import uploaded
from .codearts_calls import Call
from .codearts_calls import known_item
from .codearts_calls import known_project
from .codearts_calls import whole
from .codearts_items import DOMAIN_ID
from .codearts_items import Project
from .codearts_items import WorkItem
from .codearts_items import by_filter
from .codearts_items import by_tree
from .codearts_rules import BAD_PAGING
from .codearts_rules import CodeArtsSwitches
from .codearts_rules import service_refusal
from .codearts_rules import success
from .wire import file_answer
from .wire import json_answer


CATEGORY = re.compile(r"[A-Za-z_,]{2,32}")


class Endpoints:
    """Answers IPD calls that have come through the gateway."""

    def __init__(
        self, switches: CodeArtsSwitches, attachments: Attachments, projects: Sequence[Project]
    ) -> None:
        self._switches = switches
        self._attachments = attachments
        self._projects = projects

    def table(self) -> dict[tuple[str, str], Callable[[Call], Response]]:
        """Return what is offered: method and path, with `*` for each thing named, to answer."""
        ipd = "v1/ipdprojectservice/projects"
        return {
            ("POST", f"{ipd}/*/issues/*/attachments/upload"): self._upload,
            ("GET", f"{ipd}/*/attachments"): self._list,
            ("GET", f"{ipd}/*/attachments/download/*"): self._download,
            ("POST", f"{ipd}/*/issues/tree"): self._tree,
            ("POST", f"{ipd}/*/issues/query"): self._query,
            ("GET", f"{ipd}/*/issues/*"): self._detail,
            ("GET", "v2/ipdprojectservice/projects/*/issues/*"): self._second_detail,
            ("GET", f"{ipd}/ipd"): self._ipd_projects,
        }

    def _upload(self, call: Call) -> Response:
        project, item = self._item(*call.named)
        if self._switches.use_up("refuse_next"):
            refused = "The sandbox was told to refuse this upload"
            return json_answer({"status": "failed", "message": refused, "result": None})
        content_type = call.request.headers.get("Content-Type", "")
        file = self._attachments.take(project, item, call.body, content_type)
        return success([uploaded(file, item)] if self._switches.with_result else None)

    def _list(self, call: Call) -> Response:
        if self._switches.source_project_required and not call.query("source_project_id"):
            raise invalid("source_project_id", "it is missing")
        project, item = self._item(call.named[0], call.query("issue_id"))
        return success(self._attachments.listed(project, item))

    def _download(self, call: Call) -> Response:
        project = known_project(self._projects, call.named[0], "ipd")
        file = self._attachments.held(call.named[1], f"projects/{project.id}")
        return file_answer(file.path, file.name, "application/octet-stream")

    def _tree(self, call: Call) -> Response:
        project = known_project(self._projects, call.named[0], "ipd")
        categories = self._categories(call, "category")
        body = call.json()
        found = by_tree(project, set(categories), body)
        start, count = whole(body, "offset", 0), whole(body, "limit", 20)
        if count < 1 or start % count:
            raise service_refusal(BAD_PAGING, "Paging parameter error.")
        issues = [item.to_json(project) for item in found[start : start + count]]
        return success({"total": len(found), "issues": issues})

    def _query(self, call: Call) -> Response:
        project = known_project(self._projects, call.named[0], "ipd")
        categories = self._categories(call, "issue_type")
        body = call.json()
        paging = body.get("page")
        page = paging if isinstance(paging, dict) else {}
        number, size = whole(page, "page_no", 1), whole(page, "page_size", 20)
        if not (1 <= number <= 10_000 and 5 <= size <= 200):
            raise service_refusal(BAD_PAGING, "Paging parameter error.")
        found = by_filter(project, categories, body)
        issues = found[(number - 1) * size : number * size]
        return success({"total": len(found), "issues": issues})

    def _detail(self, call: Call) -> Response:
        return self._shown(call, "issue_type")

    def _second_detail(self, call: Call) -> Response:
        return self._shown(call, "category")

    def _shown(self, call: Call, parameter: str) -> Response:
        project, item = self._item(*call.named)
        found = item.category in self._categories(call, parameter)
        return success([item.to_json(project)] if found else [])

    def _ipd_projects(self, call: Call) -> Response:
        search, model = call.query("search").casefold(), call.query("model")
        return success(
            [
                {
                    "id": project.id,
                    "name": project.name,
                    "project_type": "ipd",
                    "domain_id": DOMAIN_ID,
                    "model_id": project.model,
                    "category": "Group" if project.group else "Project",
                }
                for project in self._projects
                if project.kind == "ipd" and project.member
                if search in project.name.casefold() and model in ("", project.model)
            ]
        )

    def _item(self, project_id: str, issue_id: str) -> tuple[Project, WorkItem]:
        return known_item(self._projects, "ipd", project_id, issue_id)

    def _categories(self, call: Call, name: str) -> list[str]:
        text = call.query(name)
        if not CATEGORY.fullmatch(text):
            raise invalid(name, "2 to 32 letters, '_' and ',' are expected")
        return text.split(",")
