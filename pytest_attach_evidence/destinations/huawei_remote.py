"""What CodeArts Req offers beside the upload: walk, list, download, and delete for Scrum items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from typing import BinaryIO

from ..apis.codearts import CodeArts
from ..apis.codearts_shapes import MODELS
from ..apis.codearts_shapes import Attachment
from ..apis.codearts_shapes import CodeArtsProject
from ..apis.codearts_shapes import WorkItem
from ..errors import PermanentError
from ..errors import TargetError
from ..model import Target
from ..rest.session import Session
from .huawei_places import Places
from .huawei_room import Held
from .huawei_room import Room
from .huawei_targets import IPD_PROJECT
from .huawei_targets import SCRUM_ITEM
from .huawei_targets import SCRUM_PROJECT
from .huawei_targets import SCRUM_TITLE
from .huawei_targets import WORK_ITEM_TITLE
from .huawei_targets import parse_place
from .remote import Attached
from .remote import Place
from .remote import Remote


PROJECTS = (IPD_PROJECT, SCRUM_PROJECT)
SCRUM = (SCRUM_ITEM, SCRUM_TITLE)
OF_ITEMS = ("attachments", "attachment", "download", "delete")
KINDS = {"ipd": "IPD project", "scrum": "Scrum project", "xboard": "Kanban project"}
FROM_RECEIPT = (
    "the id of what was uploaded stands in its receipt (evidence-summary.json, remote_id): name it with "
    "--attachment"
)
ON_THE_PAGE = "delete it on the page of the work item in CodeArts"
LONGEST_ID = re.compile(r"[0-9]{1,20}")


class HuaweiRemote(Remote):
    """The operations of one CodeArts Req endpoint."""

    vendor = "Huawei CodeArts Req"

    def __init__(
        self,
        client: CodeArts,
        *,
        origin: str,
        default_project: str,
        room: Room,
        opened: Sequence[CodeArts | Session],
    ) -> None:
        self._client = client
        self._origin = origin
        self._default_project = default_project
        self._room = room
        self._opened = opened
        self._places = Places(lambda: client)
        self._ipd_projects: dict[str, CodeArtsProject] | None = None

    def place(self, text: str) -> Target:
        """Return the object a text stands for.

        Items as in marks: `<id>`, `<number>`, either after `<project>/`, and `scrum/<project>/<id>`; or
        by their title: `~<words>`, `<project>/~<words>`, `scrum/<project>/~<words>`, which stand for the
        one item that has the words in its title. Projects: `<project>`, `scrum/<project>`.
        """
        return parse_place(text, origin=self._origin, default_project=self._default_project)

    def offers(self, name: str, target: Target) -> bool:
        """Tell whether an operation is there; attachments of Scrum items alone can be deleted."""
        if target.kind in PROJECTS and name in OF_ITEMS:
            return False
        return super().offers(name, target) and (name != "delete" or target.kind in SCRUM)

    def expect_exact(self, target: Target) -> None:
        """Raise TargetError for words of a title: another item may have them by now."""
        if target.kind in (SCRUM_TITLE, WORK_ITEM_TITLE):
            msg = (
                f"{target.id!r} are words of a title, and nothing is changed by a title - use the id that "
                "remote list shows"
            )
            raise TargetError(msg)

    def holder(self, target: Target, attached: Attached) -> str:
        """Return the item that holds an attachment, as it can be named: `scrum/<project>/<id>`."""
        project, id = self._places.known(target) or (target.scoped("project") or "", target.id)
        return f"{'scrum/' if target.kind in SCRUM else ''}{project}/{id}"

    def inside(self, target: Target | None) -> Iterator[Place]:
        """Yield the projects one is a member of, or the work items of a project; below those is nothing."""
        if target is None:
            return self._projects()
        if target.kind == IPD_PROJECT:
            items = self._client.work_items(target.id, self._model(target.id))
            return (_item_place(f"{target.id}/{item.id}", item) for item in items)
        if target.kind == SCRUM_PROJECT:
            found = self._client.scrum_items(target.id)
            return (_item_place(f"scrum/{target.id}/{item.id}", item) for item in found)
        return iter(())

    def about(self, target: Target) -> Place:
        """Return an object with status, state, and what is left of its limits."""
        if target.kind in PROJECTS:
            return self._about_project(target)
        project, id = self._places.of(target)
        if target.kind in SCRUM:
            item, found = self._client.scrum_item(project, id)
            facts = {} if found is None else {"attachments": str(len(found))}
            return _item_place(f"scrum/{project}/{id}", item, **facts)
        attachments = self._client.attachments(project, id)
        told = self._client.work_item(project, id, self._model(project))
        item = told or WorkItem(id=id, title="", type="work item")
        facts = self._room.facts(Held.of(attachments))
        return _item_place(f"{project}/{id}", item, **facts)

    def attachments(self, target: Target) -> list[Attached]:
        """Return the attachments of an item; the vendor tells no size of those of Scrum items."""
        self._not_of_a_project(target)
        project, id = self._places.of(target)
        if target.kind not in SCRUM:
            return [_attached(one) for one in self._client.attachments(project, id)]
        found = self._client.scrum_attachments(project, id)
        if found is None:
            self.lacks("list attachments where the item's detail has none", FROM_RECEIPT)
        return [_attached(one) for one in found]

    def attachment(self, target: Target, id: str) -> Attached:
        """Return the attachment of an id without asking; its name is not known."""
        self._not_of_a_project(target)
        if not LONGEST_ID.fullmatch(id):
            msg = f"{id!r} is no id of an attachment - expected are digits"
            raise TargetError(msg)
        return Attached(id=id, name=f"attachment-{id}")

    def download(self, target: Target, attached: Attached, into: BinaryIO) -> None:
        """Write the bytes of an attachment into a file, and compare their number with the list's."""
        self._not_of_a_project(target)
        project, id = self._places.of(target)
        attachment = Attachment(id=attached.id, names=(attached.name,), size=attached.size)
        if target.kind in SCRUM:
            self._client.download_scrum(project, id, attachment, into)
        else:
            self._client.download(project, attachment, into)

    def delete(self, target: Target, attached: Sequence[Attached]) -> None:
        """Delete attachments of a Scrum item, one request each; IPD has no such operation.

        Ends with the first that fails, which the error names.
        """
        self._not_of_a_project(target)
        if target.kind not in SCRUM:
            self.lacks("delete an attachment of an IPD work item", ON_THE_PAGE)
        project, id = self._places.of(target)
        for one in attached:
            self._client.delete_scrum(project, id, one.id)

    def close(self) -> None:
        """Release connections."""
        for one in self._opened:
            one.close()

    def _not_of_a_project(self, target: Target) -> None:
        if target.kind in PROJECTS:
            self.lacks("list the attachments of a project", "name one of its work items")

    def _projects(self) -> Iterator[Place]:
        """Yield IPD projects, then the others; an account without the one kind still has the other."""
        refusal: PermanentError | None = None
        try:
            yield from map(_project_place, self._own_projects().values())
        except PermanentError as error:
            refusal = error
        for project in self._client.scrum_projects():
            refusal = None
            yield _project_place(project)
        if refusal is not None:
            raise refusal

    def _own_projects(self) -> dict[str, CodeArtsProject]:
        if self._ipd_projects is None:
            self._ipd_projects = {one.id: one for one in self._client.projects()}
        return self._ipd_projects

    def _model(self, project: str) -> str:
        """Return the model of an IPD project, '' where it is not told."""
        try:
            known = self._own_projects().get(project)
        except PermanentError:
            known = None
        return "" if known is None else known.model

    def _about_project(self, target: Target) -> Place:
        if target.kind == IPD_PROJECT:
            found = self._own_projects().get(target.id)
        else:
            every = self._client.scrum_projects()
            found = next((project for project in every if project.id == target.id), None)
        if found is None:
            msg = f"no project {target.id} is visible"
            raise PermanentError(msg, next_step="check the id, and ask for membership in it")
        return _project_place(found)


def _project_place(project: CodeArtsProject) -> Place:
    """Return a project; work items are documented for those that are no group, of IPD and Scrum."""
    ipd = project.kind == "ipd"
    model = MODELS.get(project.model, project.model)
    return Place(
        text=project.id if ipd else f"scrum/{project.id}",
        kind=KINDS.get(project.kind, project.kind or "project")
        + (" group" if project.group else ""),
        name=project.name,
        takes_evidence=False,
        leads=project.kind in ("ipd", "scrum") and not project.group,
        facts={"model": model} if model else {},
    )


def _item_place(text: str, item: WorkItem, **facts: str) -> Place:
    told = {"number": item.number, "status": item.status, "state": item.state, **facts}
    return Place(
        text=text,
        kind=item.type or "item",
        name=item.title,
        facts={name: words for name, words in told.items() if words},
    )


def _attached(one: Attachment) -> Attached:
    facts = {"created": _moment(one.created)} if one.created else {}
    name = next((name for name in one.names if name), f"attachment-{one.id}")
    return Attached(id=one.id, name=name, size=one.size, facts=facts)


def _moment(text: str) -> str:
    """Return a time that may be milliseconds since 1970 as a person reads it."""
    if not text.isdigit() or len(text) != 13:
        return text
    return datetime.fromtimestamp(int(text) / 1000, UTC).isoformat(timespec="seconds")
