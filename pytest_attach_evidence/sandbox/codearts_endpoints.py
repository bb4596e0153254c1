"""The operations of the CodeArts Req look-alike, IPD and Scrum."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .codearts_attachments import Attachments
from .codearts_attachments import invalid
from .codearts_attachments import scrum_uploaded
from .codearts_attachments import uploaded
from .codearts_items import DOMAIN_ID
from .codearts_items import Json
from .codearts_items import Project
from .codearts_items import WorkItem
from .codearts_items import by_filter
from .codearts_items import by_tree
from .codearts_rules import BAD_PAGING
from .codearts_rules import NO_PROJECT
from .codearts_rules import NO_PROJECT_SPACE
from .codearts_rules import NOT_A_MEMBER
from .codearts_rules import UNREADABLE
from .codearts_rules import CodeArtsSwitches
from .codearts_rules import service_refusal
from .codearts_rules import success
from .store import Store
from .wire import file_answer
from .wire import json_answer


CATEGORY = re.compile(r"[A-Za-z_,]{2,32}")
MODEL = "10003"


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


class Endpoints:
    """Answers calls that have come through the gateway."""

    def __init__(
        self, switches: CodeArtsSwitches, store: Store, projects: Sequence[Project]
    ) -> None:
        self._switches = switches
        self._store = store
        self._projects = projects
        self._attachments = Attachments(switches, store)

    def table(self) -> dict[tuple[str, str], Callable[[Call], Response]]:
        """Return what is offered: method and path, with `*` for each thing named, to answer."""
        ipd = "v1/ipdprojectservice/projects"
        scrum_file = "v4/projects/*/issues/*/attachments"
        return {
            ("POST", f"{ipd}/*/issues/*/attachments/upload"): self._upload,
            ("GET", f"{ipd}/*/attachments"): self._list,
            ("GET", f"{ipd}/*/attachments/download/*"): self._download,
            ("POST", f"{ipd}/*/issues/tree"): self._tree,
            ("POST", f"{ipd}/*/issues/query"): self._query,
            ("GET", f"{ipd}/*/issues/*"): self._detail,
            ("GET", f"{ipd}/ipd"): self._ipd_projects,
            ("POST", f"{scrum_file}/upload"): self._upload,
            ("GET", f"{scrum_file}/*"): self._scrum_download,
            ("DELETE", f"{scrum_file}/*"): self._scrum_delete,
            ("GET", "v4/projects/*/issues"): self._scrum_issues,
            ("GET", "v4/projects/*/issues/*"): self._scrum_detail,
            ("GET", "v4/projects"): self._scrum_projects,
        }

    def _upload(self, call: Call) -> Response:
        ipd = call.request.path.startswith("/v1/")
        project, item = self._item("ipd" if ipd else "scrum", *call.named[:2])
        if ipd and self._switches.use_up("refuse_next"):
            refused = "The sandbox was told to refuse this upload"
            return json_answer({"status": "failed", "message": refused, "result": None})
        content_type = call.request.headers.get("Content-Type", "")
        file = self._attachments.take(project, item, call.body, content_type)
        if not ipd:
            return json_answer(scrum_uploaded(file, project, item))
        return success([uploaded(file, item)] if self._switches.with_result else None)

    def _list(self, call: Call) -> Response:
        if self._switches.source_project_required and not call.query("source_project_id"):
            raise invalid("source_project_id", "it is missing")
        project, item = self._item("ipd", call.named[0], call.query("issue_id"))
        return success(self._attachments.listed(project, item))

    def _download(self, call: Call) -> Response:
        project = self._project(call.named[0], "ipd")
        file = self._attachments.held(call.named[1], f"projects/{project.id}")
        return file_answer(file.path, file.name, "application/octet-stream")

    def _tree(self, call: Call) -> Response:
        project = self._project(call.named[0], "ipd")
        categories = self._categories(call, "category")
        body = call.json()
        found = by_tree(project, categories, body)
        start, count = whole(body, "offset", 0), whole(body, "limit", 20)
        issues = [item.to_json(project) for item in found[start : start + count]]
        return success({"total": len(found), "issues": issues})

    def _query(self, call: Call) -> Response:
        project = self._project(call.named[0], "ipd")
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
        project, item = self._item("ipd", *call.named)
        found = item.category in self._categories(call, "issue_type")
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
                    "model_id": MODEL,
                }
                for project in self._projects
                if project.kind == "ipd" and project.member
                if search in project.name.casefold() and model in ("", MODEL)
            ]
        )

    def _scrum_projects(self, call: Call) -> Response:
        start, count = self._paging(call)
        search, kind = call.query("search").casefold(), call.query("project_type")
        found = [
            {
                "project_id": project.id,
                "project_num_id": project.number,
                "project_name": project.name,
                "project_type": project.kind,
            }
            for project in self._projects
            if project.member and kind in ("", project.kind) and search in project.name.casefold()
        ]
        return json_answer({"projects": found[start : start + count], "total": len(found)})

    def _scrum_issues(self, call: Call) -> Response:
        start, count = self._paging(call)
        project = self._project(call.named[0], "scrum")
        issues = [item.to_scrum_json(project) for item in project.items]
        return json_answer({"issues": issues[start : start + count], "total": len(issues)})

    def _scrum_detail(self, call: Call) -> Response:
        project, item = self._item("scrum", *call.named)
        return json_answer(item.to_scrum_json(project))

    def _scrum_download(self, call: Call) -> Response:
        file = self._attachments.held(call.named[2], self._scrum_object(call))
        return file_answer(file.path, file.name, "application/octet-stream")

    def _scrum_delete(self, call: Call) -> Response:
        file = self._attachments.held(call.named[2], self._scrum_object(call))
        self._store.remove("huawei", file.id)
        return Response(status=204)

    def _scrum_object(self, call: Call) -> str:
        project, item = self._item("scrum", *call.named[:2])
        return f"projects/{project.id}/issues/{item.id}"

    def _project(self, id: str, kind: str) -> Project:
        project = next((project for project in self._projects if project.id == id), None)
        if project is None:
            raise service_refusal(NO_PROJECT, "The project does not exist or was deleted.")
        if not project.member:
            raise service_refusal(NOT_A_MEMBER, "The user is not a member of the project.")
        if project.kind != kind:
            raise service_refusal(NO_PROJECT_SPACE, "The project space does not exist.")
        return project

    def _item(self, kind: str, project_id: str, issue_id: str) -> tuple[Project, WorkItem]:
        project = self._project(project_id, kind)
        item = project.item(issue_id)
        if item is None:
            raise invalid("issue_id", "there is no such work item")
        return project, item

    def _categories(self, call: Call, name: str) -> set[str]:
        text = call.query(name)
        if not CATEGORY.fullmatch(text):
            raise invalid(name, "2 to 32 letters, '_' and ',' are expected")
        return set(text.split(","))

    def _paging(self, call: Call) -> tuple[int, int]:
        start = call.request.args.get("offset", 0, type=int)
        count = call.request.args.get("limit", 100, type=int)
        if start < 0 or not 1 <= count <= 1000:
            raise service_refusal(BAD_PAGING, "Paging parameter error.")
        return start, count


def whole(fields: Json, name: str, default: int) -> int:
    """Return a number from a JSON object; raise RefusedError if it is none."""
    value = fields.get(name, default)
    if not isinstance(value, int):
        raise invalid(name, "a number is expected")
    return value
