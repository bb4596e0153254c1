"""What can be seen of CodeArts Req before any test runs; nothing there is changed by it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..model import Problem
from ..model import Target
from .checked import Again
from .checked import Fact
from .checked import Look
from .checked import attempted
from .checked import never
from .huawei_room import MAKE_ROOM
from .huawei_room import Held
from .huawei_room import Room
from .huawei_settings import HuaweiSettings
from .huawei_targets import SCRUM_ITEM


if TYPE_CHECKING:
    from ..apis.codearts import CodeArts
    from ..apis.codearts_shapes import Attachment
    from ..apis.codearts_shapes import CodeArtsProject
    from ..apis.codearts_shapes import WorkItem
    from .huawei_room import ProjectItem


NAME = "huawei"
NO_LIST = "its detail has no list of attachments, so that nobody can see what arrived"
NO_LIST_HINT = "look at it in CodeArts where an upload stays uncertain"
UNASKED = "membership is seen, the IAM action codeartsreq:attachment:upload cannot be asked"
WRONG_PROJECT = (
    "write the id of a CodeArts project of this region, not that of an IAM project, or ask for membership; "
    "attach-evidence remote list huawei shows yours"
)
REOPEN = "reopen it, or map the test to an open one"
CLOSED = "CLOSED"
UNTOLD = "whether it is open is not told"
MOST_NAMED = 10

List = Callable[[Target], "Sequence[Attachment] | None"]


class HuaweiExamination:
    """Lists the attachments of each target, and asks how an item stands; see `checked.Examination`.

    A project that is not among those of the account is told once, by itself, if its first item cannot be
    reached either: no item of it is looked at then.
    """

    def __init__(
        self,
        settings: HuaweiSettings,
        room: Room,
        client: Callable[[], CodeArts],
        place: Callable[[Target], ProjectItem],
        attachments: List,
    ) -> None:
        self._settings = settings
        self._room = room
        self._client = client
        self._place = place
        self._attachments = attachments
        self._models: Mapping[str, str] = {}
        self._foreign: set[str] = set()

    def doubts(self, targets: Sequence[Target]) -> list[Problem]:
        """Return settings and ids of projects that look odd, and may be right; those told are left out."""
        projects = (target.scoped("project") or "" for target in targets)
        found = self._settings.doubts(projects)
        return [one for one in found if one.subject.removeprefix("project ") not in self._foreign]

    def begin(self, targets: Sequence[Target], again: Again = never) -> Look:
        """Log in, and see which projects there are. Ends with the first refusal: more lock an access key."""
        try:
            known, listed = self._projects(targets, again)
        except TemporaryError as error:
            raise self._settings.doubting(error) from error
        except DestinationClosedError as error:
            raise self._of_region(error) from error
        facts = [
            Fact(what="credentials", seen="accepted", origin=self._settings.login_source()),
            self._life(),
            Fact(what="may write", seen=UNASKED if listed else "cannot be asked", known=False),
            Fact(what="sizes of files", seen=self._settings.max_bytes_words()),
        ]
        facts += [
            Fact(what=f"project {id}", seen=known[id].name)
            for id in self._wanted(targets)
            if id in known
        ]
        self._models = {id: project.model for id, project in known.items()}
        problems = self._foreign_ones(targets, known, again) if listed else []
        return Look(facts=tuple(facts), problems=tuple(problems))

    def look(self, target: Target) -> Look:
        """Look at a work item: how it stands, and what it holds."""
        if target.scoped("project") in self._foreign:
            return Look.none("not looked at, since its project is none of yours")
        attachments = self._attachments(target)
        subject = str(target)
        if attachments is None:
            unlisted = Problem(
                subject=subject, seen=NO_LIST, next_step=NO_LIST_HINT, severity="warning"
            )
            return Look(seen=f"visible; {UNTOLD}", problems=(unlisted,), known=False)
        item = None if target.kind == SCRUM_ITEM else self._item(target)
        problems = [] if item is None else _standing(item, subject)
        full = self._room.holding(target, self._place(target), own=())
        if full is not None and 0 in (full.left, full.left_bytes):
            seen = f"is full: {self._room.words(Held.of(attachments))}"
            problems.append(Problem(subject=subject, seen=seen, next_step=MAKE_ROOM))
        words = "visible" if item is None else f"{item.title} ({item.status or 'no status'})"
        known = item is not None and bool(item.state)
        words += "" if known else f"; {UNTOLD}"
        return Look(seen=words, problems=tuple(problems), holding=full, known=known)

    def _item(self, target: Target) -> WorkItem | None:
        """Return what is told of an IPD work item; None where nothing is: its attachments were seen."""
        project, id = self._place(target)
        try:
            return self._client().work_item(project, id, self._models.get(project, ""))
        except (PermanentError, TemporaryError):
            return None

    def _projects(
        self, targets: Sequence[Target], again: Again
    ) -> tuple[dict[str, CodeArtsProject], bool]:
        """Return the projects of the account by id, and whether they could be listed."""
        try:
            found = {project.id: project for project in self._client().projects()}
            if any(target.kind == SCRUM_ITEM for target in targets):
                found |= {project.id: project for project in self._client().scrum_projects()}
        except PermanentError:
            return {}, False
        except DestinationClosedError as error:
            # A gateway of one's own need not publish the list.
            reached = targets and error.why != "authentication" and self._reaches(targets[0], again)
            if not reached:
                raise
            return {}, False
        return found, True

    def _wanted(self, targets: Sequence[Target]) -> list[str]:
        """Return the projects of the targets, and the configured one where there are none."""
        found = [target.scoped("project") or "" for target in targets] or [self._settings.project]
        return list(dict.fromkeys(filter(None, found)))

    def _foreign_ones(
        self, targets: Sequence[Target], known: Mapping[str, CodeArtsProject], again: Again
    ) -> list[Problem]:
        """Return the projects that are none of the account's, and out of its reach."""
        problems = []
        for id in self._wanted(targets):
            first = next((one for one in targets if one.scoped("project") == id), None)
            if id in known or (first is not None and self._reaches(first, again)):
                continue
            self._foreign.add(id)
            names = ", ".join(f"{one.name} ({one.id})" for one in list(known.values())[:MOST_NAMED])
            seen = f"is none of the {len(known)} projects of this account ({names})"
            problems.append(
                Problem(subject=f"{NAME} project {id}", seen=seen, next_step=WRONG_PROJECT)
            )
        return problems

    def _reaches(self, target: Target, again: Again) -> bool:
        try:
            attempted(partial(self._attachments, target), again)
        except DestinationClosedError:
            raise
        except (PermanentError, TemporaryError):
            return False
        return True

    def _of_region(self, error: DestinationClosedError) -> DestinationClosedError:
        """Return a refusal with what explains it: a token that is good, but elsewhere."""
        if error.why != "authentication" or self._client().token is None:
            return error
        msg = f"{error}; IAM did give a token, for the region {self._settings.region}"
        hint = "set evidence_huawei_region to the region of evidence_huawei_url"
        return DestinationClosedError(msg, why=error.why, next_step=hint)

    def _life(self) -> Fact:
        token, what = self._client().token, "end of the credentials"
        if token is None or token.life_s is None:
            return Fact(what=what, seen="not told", known=False)
        return Fact(
            what=what, seen=f"a token lives {token.life_s:.0f} s, then it is renewed by itself"
        )


def _standing(item: WorkItem, subject: str) -> list[Problem]:
    """Return that an item is over, as the code of its state tells."""
    if item.state == CLOSED:
        seen = f"is closed (status {item.status})"
        return [Problem(subject=subject, seen=seen, next_step=REOPEN, severity="warning")]
    if item.state == "deleted":
        return [
            Problem(subject=subject, seen="is deleted", next_step="map the test to another one")
        ]
    return []
