"""Where in CodeArts Req a target is: the project and the id that the operations take."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from ..errors import PermanentError
from ..model import Target
from .huawei_room import ProjectItem
from .huawei_targets import SCRUM_TITLE
from .huawei_targets import WORK_ITEM_NUMBER
from .huawei_targets import WORK_ITEM_TITLE


if TYPE_CHECKING:
    from ..apis.codearts import CodeArts
    from ..apis.codearts_shapes import WorkItem


MOST_HITS = 10


class Places:
    """Finds the ids of items that are named by number or title; each is asked for once."""

    def __init__(self, client: Callable[[], CodeArts]) -> None:
        self._client = client
        self._ids: dict[Target, str] = {}

    def of(self, target: Target) -> ProjectItem:
        """Return project and id of an item.

        Raises PermanentError where no item or several have the number or title, with the hits.
        """
        if target.kind in (WORK_ITEM_NUMBER, WORK_ITEM_TITLE, SCRUM_TITLE):
            if target not in self._ids:
                self._ids[target] = self._found(target)
            return target.scoped("project") or "", self._ids[target]
        return target.scoped("project") or "", target.id

    def known(self, target: Target) -> ProjectItem | None:
        """Return what `of` would, None where that would have to ask."""
        if target.kind in (WORK_ITEM_NUMBER, WORK_ITEM_TITLE, SCRUM_TITLE):
            id = self._ids.get(target)
            return None if id is None else (target.scoped("project") or "", id)
        return self.of(target)

    def _found(self, target: Target) -> str:
        project, client = target.scoped("project") or "", self._client()
        if target.kind == WORK_ITEM_NUMBER:
            return client.issue_id(project, target.id)
        if target.kind == WORK_ITEM_TITLE:
            return _only(client.titled(project, target.id), target.id, project)
        return _only(client.scrum_items(project, target.id), target.id, project)


def _only(hits: Iterable[WorkItem], words: str, project: str) -> str:
    """Return the id of the one hit, or of the one whose title is nothing but the words."""
    found = list(islice(hits, MOST_HITS * MOST_HITS))
    whole = [item for item in found if item.title.strip().casefold() == words.casefold()]
    if len(found) == 1 or len(whole) == 1:
        return (whole or found)[0].id
    if not found:
        msg = f"no item of project {project} has {words!r} in its title"
        raise PermanentError(msg, next_step="check the words, the project, and membership in it")
    shown = ", ".join(f"{item.number or item.id} ({item.title})" for item in found[:MOST_HITS])
    more = ", ..." if len(found) > MOST_HITS else ""
    msg = f"{len(found)} items of project {project} have {words!r} in their title: {shown}{more}"
    raise PermanentError(msg, next_step="name the one that is meant by its number or id")
