"""The Scrum operations of the CodeArts Req look-alike: no envelope, short ids, other limits."""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Sequence

from werkzeug.wrappers import Response

from .codearts_attachments import Attachments
from .codearts_attachments import object_of
from .codearts_attachments import scrum_uploaded
from .codearts_calls import Call
from .codearts_calls import known_item
from .codearts_calls import known_project
from .codearts_calls import whole
from .codearts_items import Json
from .codearts_items import Project
from .codearts_items import WorkItem
from .codearts_items import by_subject
from .codearts_rules import BAD_PAGING
from .codearts_rules import CodeArtsSwitches
from .codearts_rules import service_refusal
from .store import Store
from .wire import file_answer
from .wire import json_answer


MOST_ITEMS = 100
MOST_PROJECTS = 1000


class ScrumEndpoints:
    """Answers Scrum calls that have come through the gateway."""

    def __init__(
        self,
        switches: CodeArtsSwitches,
        store: Store,
        attachments: Attachments,
        projects: Sequence[Project],
    ) -> None:
        self._switches = switches
        self._store = store
        self._attachments = attachments
        self._projects = projects

    def table(self) -> dict[tuple[str, str], Callable[[Call], Response]]:
        """Return what is offered: method and path, with `*` for each thing named, to answer."""
        files = "v4/projects/*/issues/*/attachments"
        return {
            ("POST", f"{files}/upload"): self._upload,
            ("GET", f"{files}/*"): self._download,
            ("DELETE", f"{files}/*"): self._delete,
            ("GET", "v4/projects/*/issues"): self._issues,
            ("POST", "v4/projects/*/issues"): self._search,
            ("GET", "v4/projects/*/issues/*"): self._detail,
            ("GET", "v4/projects"): self._all_projects,
        }

    def _upload(self, call: Call) -> Response:
        project, item = self._item(call)
        content_type = call.request.headers.get("Content-Type", "")
        file = self._attachments.take(project, item, call.body, content_type)
        return json_answer(scrum_uploaded(file, project, item))

    def _download(self, call: Call) -> Response:
        file = self._attachments.held(call.named[2], object_of(*self._item(call)))
        return file_answer(file.path, file.name, "application/octet-stream")

    def _delete(self, call: Call) -> Response:
        file = self._attachments.held(call.named[2], object_of(*self._item(call)))
        self._store.remove("huawei", file.id)
        return Response(status=204) if self._switches.delete_status == 204 else json_answer({})

    def _issues(self, call: Call) -> Response:
        start = call.request.args.get("offset", 0, type=int)
        count = call.request.args.get("limit", MOST_ITEMS, type=int)
        project = known_project(self._projects, call.named[0], "scrum")
        return self._page(project, project.items, start, count)

    def _search(self, call: Call) -> Response:
        project, body = known_project(self._projects, call.named[0], "scrum"), call.json()
        start, count = whole(body, "offset", 0), whole(body, "limit", MOST_ITEMS)
        return self._page(project, by_subject(project, body), start, count)

    def _page(
        self, project: Project, items: Sequence[WorkItem], start: int, count: int
    ) -> Response:
        check_paging(start, count, MOST_ITEMS)
        found = [item.to_scrum_json(project) for item in items[start : start + count]]
        shown = json.dumps(found) if self._switches.lists_as_text else found
        return json_answer({"issues": shown, "total": len(items)})

    def _detail(self, call: Call) -> Response:
        project, item = self._item(call)
        found: Json = item.to_scrum_json(project)
        if self._switches.with_accessories:
            found["accessories"] = self._attachments.accessories(project, item)
        return json_answer(found)

    def _all_projects(self, call: Call) -> Response:
        start = call.request.args.get("offset", 0, type=int)
        count = call.request.args.get("limit", MOST_ITEMS, type=int)
        check_paging(start, count, MOST_PROJECTS)
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

    def _item(self, call: Call) -> tuple[Project, WorkItem]:
        return known_item(self._projects, "scrum", *call.named[:2])


def check_paging(start: int, count: int, most: int) -> None:
    """Raise RefusedError unless a page begins at a multiple of its size, which is within limits."""
    if start < 0 or not 1 <= count <= most or start % count:
        raise service_refusal(BAD_PAGING, "Paging parameter error.")
