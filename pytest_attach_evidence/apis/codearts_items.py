"""How projects and work items of CodeArts Req are found: walked, by number, by title."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..rest.answers import Answer
from ..rest.answers import refusal
from .codearts_calls import IPD
from .codearts_calls import SCRUM
from .codearts_calls import Calls
from .codearts_calls import fields_of
from .codearts_calls import paged
from .codearts_calls import result_of
from .codearts_calls import segment
from .codearts_refusals import CHECK_ADDRESS
from .codearts_shapes import IPD_TYPES
from .codearts_shapes import TYPES
from .codearts_shapes import Attachment
from .codearts_shapes import CodeArtsProject
from .codearts_shapes import WorkItem
from .codearts_shapes import accessory_of
from .codearts_shapes import digits
from .codearts_shapes import listed
from .codearts_shapes import objects
from .codearts_shapes import project_of
from .codearts_shapes import work_item_of


# A list of types is at most 32 characters long, so all of them do not fit into one request.
TYPE_GROUPS = ("RR,SF,IR,SR,AR,US,Epic,FE", "Task,Bug")
PAGE = 100
TREE_PAGE = 20


class WorkItems(Calls):
    """The look-ups; nothing here changes anything."""

    @cached_property
    def _fitted(self) -> dict[str, tuple[str, ...]]:
        """The types of work items that were found, by project, the last one first."""
        return {}

    def projects(self) -> list[CodeArtsProject]:
        """Return the IPD projects one is a member of; the service does not page them.

        GET /v1/ipdprojectservice/projects/ipd (ShowIpdProjectList). Each has `ipd` as its kind. Raises
        DestinationClosedError for a 404 that is no JSON: whoever answers is not CodeArts.
        """
        answer = self._get(f"{IPD}/ipd", "the list of IPD projects")
        if answer.status == 404 and not answer.body.lstrip().startswith(b"{"):
            seen = f"{answer.request.what}: HTTP 404 ({answer.words()})"
            msg = f"{seen}, so CodeArts Req is not at this address"
            raise DestinationClosedError(msg, next_step=CHECK_ADDRESS)
        found = map(project_of, _entries(answer, result_of(answer)))
        return [project for project in found if project.id]

    def scrum_projects(self) -> Iterator[CodeArtsProject]:
        """Yield the other projects one is a member of, of Scrum and Kanban.

        GET /v4/projects?offset=…&limit=… (ListProjectsV4); IPD projects among them are left out.
        """

        def page(number: int) -> Sequence[CodeArtsProject]:
            what = "the list of projects"
            answer = self._get(SCRUM, what, offset=number * PAGE, limit=PAGE)
            return [*map(project_of, _entries(answer, fields_of(answer).get("projects")))]

        found = paged(page, PAGE, lambda project: project.id)
        return (project for project in found if project.id and project.kind != "ipd")

    def work_items(self, project: str, model: str = "") -> Iterator[WorkItem]:
        """Yield the work items of an IPD project, type by type, the oldest first.

        POST …/issues/query?issue_type=… (ListIpdProjectIssues). Asked for several types at once, most
        models answer for the first alone, and for one that the project lacks with nothing. All types
        are asked for where the model is not known.
        """
        for type in IPD_TYPES.get(model, TYPES):
            yield from self._of_type(project, type)

    def work_item(self, project: str, id: str, model: str = "") -> WorkItem | None:
        """Return what is told of an IPD work item; None where nothing is.

        GET /v2/ipdprojectservice/projects/{project_id}/issues/{issue_id}?category=…
        (ShowIpdIssueDetailV2), which has to be told the type: each type of the model is tried, first those
        that fitted in this project, the last one before the others. What answers a wrong type is not
        documented, so that every refusal of one leads to the next.
        """
        path = f"{IPD.replace('/v1/', '/v2/')}/{segment(project)}/issues/{segment(id)}"
        known = self._fitted.get(project, ())
        for type in dict.fromkeys((*known, *IPD_TYPES.get(model, TYPES))):
            try:
                answer = self._get(path, f"work item {id}", category=type)
                found = _in_tree(result_of(answer))
                if item := next((item for item in found if item.id == id), None):
                    self._fitted[project] = tuple(dict.fromkeys((type, *known)))
                    return item
            except PermanentError:
                continue
            except DestinationClosedError as error:
                if error.why == "authentication":
                    raise
                return None  # a gateway of one's own need not publish this path
        return None

    def issue_id(self, project: str, number: str) -> str:
        """Return the id of the IPD work item with a number such as US20261105123456.

        POST …/issues/tree?category=… (ShowIpdIssueTree). Raises PermanentError where the project has no
        such work item, or several.
        """
        letters = re.sub(r"[0-9]+$", "", number)
        own = [name for name in TYPES if name.casefold() == letters.casefold()]
        for category in (*own, *TYPE_GROUPS):
            ids = set(self._ids(project, category, number))
            if len(ids) > 1:
                msg = f"{len(ids)} work items of project {project} have the number {number}"
                raise PermanentError(msg, next_step="use the id of the one that is meant")
            if ids:
                return ids.pop()
        msg = f"no work item with the number {number} is visible in project {project}"
        raise PermanentError(msg, next_step="check the number, the project, and membership in it")

    def titled(self, project: str, words: str) -> Iterator[WorkItem]:
        """Yield the IPD work items that have some words in their title, letters in any case.

        POST …/issues/tree?category=… with `keyword` (ShowIpdIssueTree). What the service finds without
        the words in its title, such as what lies above in the tree, is left out.
        """
        for category in TYPE_GROUPS:

            def page(number: int, category: str = category) -> Sequence[WorkItem]:
                asked = {"keyword": words, "offset": number * TREE_PAGE, "limit": TREE_PAGE}
                return _in_tree(self._tree(project, category, asked, f"the search for {words!r}"))

            found = paged(page, TREE_PAGE, lambda item: item.id)
            yield from (item for item in found if _has(item.title, words))

    def scrum_items(self, project: str, words: str = "") -> Iterator[WorkItem]:
        """Yield the items of a Scrum project that have some words in their title, all without any.

        POST /v4/projects/{project_id}/issues (ListIssuesV4), whose pages begin at a multiple of their
        size, at most 100.
        """

        def page(number: int) -> Sequence[WorkItem]:
            asked: dict[str, Any] = {"offset": number * PAGE, "limit": PAGE}
            asked |= {"subject": words} if words else {}
            path, what = f"{SCRUM}/{segment(project)}/issues", "the list of Scrum items"
            answer = self._search(path, what, asked)
            return [*map(work_item_of, _entries(answer, fields_of(answer).get("issues")))]

        found = paged(page, PAGE, lambda item: item.id)
        return (item for item in found if item.id and _has(item.title, words))

    def scrum_item(self, project: str, id: str) -> tuple[WorkItem, list[Attachment] | None]:
        """Return a Scrum item and its attachments; None where the answer has no list of them.

        GET /v4/projects/{project_id}/issues/{issue_id} (ShowIssueV4). The only documented way to a Scrum
        item's attachments is `accessories` in it: DownloadAttachment takes their `attachment_id`.
        """
        path = f"{SCRUM}/{segment(project)}/issues/{segment(id)}"
        found = fields_of(self._get(path, f"Scrum item {id}"))
        entries = listed(found.get("accessories"))
        if entries is not None:
            entries = [accessory_of(entry) for entry in entries if isinstance(entry, dict)]
        return work_item_of(found), entries

    def _of_type(self, project: str, type: str) -> Iterator[WorkItem]:
        path = f"{IPD}/{segment(project)}/issues/query"

        def page(number: int) -> Sequence[WorkItem]:
            asked = {
                "page": {"page_no": number + 1, "page_size": PAGE},
                "sort": [{"field": "created_date", "asc": True}],
            }
            answer = self._search(path, f"the list of work items ({type})", asked, issue_type=type)
            found = result_of(answer)
            entries = found.get("issues") if isinstance(found, dict) else found
            return [*map(work_item_of, _entries(answer, entries))]

        return (item for item in paged(page, PAGE, lambda item: item.id) if item.id)

    def _ids(self, project: str, category: str, number: str) -> Iterator[str]:
        what = f"the search for work item {number}"
        for issue in objects(self._tree(project, category, {"number": [number]}, what)):
            same = str(issue.get("number", "")).casefold() == number.casefold()
            if same and (id := digits(issue.get("id"))) is not None:
                yield id

    def _tree(self, project: str, category: str, asked: dict[str, Any], what: str) -> Any:
        path = f"{IPD}/{segment(project)}/issues/tree"
        return result_of(self._search(path, what, asked, category=category))


def _entries(answer: Answer, value: Any) -> list[Any]:
    """Return the objects of a list in an answer; raises where there is no list."""
    entries = [] if value is None else listed(value)
    if entries is None:
        raise refusal(answer, f"a result of type {type(value).__name__} where a list belongs")
    return [entry for entry in entries if isinstance(entry, dict)]


def _in_tree(result: Any) -> list[WorkItem]:
    """Return the IPD work items anywhere in a result; statuses and the like have no title."""
    found = (
        work_item_of(entry) for entry in objects(result) if isinstance(entry.get("title"), str)
    )
    return [item for item in found if item.id]


def _has(title: str, words: str) -> bool:
    return " ".join(words.split()).casefold() in " ".join(title.split()).casefold()
