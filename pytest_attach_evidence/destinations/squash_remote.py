"""What Squash TM offers beside the upload: the walk to every owner, and its attachments."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import NoReturn

from ..errors import PermanentError
from ..errors import TargetError
from ..model import Target
from .remote import Attached
from .remote import Place
from .remote import Remote
from .squash_facts import facts_of
from .squash_facts import item_facts
from .squash_facts import kind_of
from .squash_files import SquashFiles
from .squash_plan import Plans
from .squash_plan import spelling_of
from .squash_targets import EXECUTION_STEPS
from .squash_targets import EXECUTIONS
from .squash_targets import ID
from .squash_targets import PLANNED
from .squash_targets import target_of


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import Named
    from ..apis.squash_tm_shapes import PlanItem


ITEMS = ("test-plan-items", "iteration-test-plan-items")
LEADING = ("projects", "campaigns", "iterations", EXECUTIONS)
EXECUTE_FIRST = "execute it once in Squash TM, or attach evidence to its test case"


class SquashRemote(Remote):
    """The other operations of one Squash TM, for one thread."""

    vendor = "Squash TM"

    def __init__(self, api: SquashTm, origin: str, iteration: str) -> None:
        self._api = api
        self._origin = origin
        self._iteration = iteration
        self._plans = Plans(lambda: api, lambda: origin)
        self._files = SquashFiles(api)

    def place(self, text: str) -> Target:
        """Return the object a text stands for; no I/O.

        Every target of evidence: the twelve owners (`executions/1042`, `iterations/4`, …), a bare number
        (an execution), and test cases of the configured iteration (`TC-12`, `TC-12[dataset]`, `#8`,
        `ref:…`, `auto:…`), which stand for their latest execution. Beside those
        `test-plan-items/301` (up to version 13 `iteration-test-plan-items/301`), a line of any plan,
        which leads to its executions. Raises TargetError.
        """
        kind, _, id = text.partition("/")
        if kind in ITEMS:
            if not ID.fullmatch(id):
                msg = f"{text!r} is no line of a plan - write {kind}/<id>"
                raise TargetError(msg)
            return Target.of("squash", self._origin, ITEMS[0], id)
        return target_of(text, self._origin, self._iteration)

    def offers(self, name: str, target: Target) -> bool:
        """Tell whether an operation is there: all but the export, for every object."""
        return super().offers(name, target) and name != "export"

    def expect_exact(self, target: Target) -> None:
        """Raise PermanentError for a number that is an execution and the reference of a test case."""
        if target.kind == EXECUTIONS and (confusion := self._plans.confusion(target)) is not None:
            raise confusion

    def holder(self, target: Target, attached: Attached) -> str:
        """Return the owner of a listed attachment, such as `executions/1043`."""
        return self._files.holder(target, attached) or str(target)

    def look(self, target: Target, attached: Attached) -> Attached | None:
        """Return an attachment as its owner lists it now, None where it does not."""
        return self._files.now(target, attached)

    def inside(self, target: Target | None) -> Iterator[Place]:
        """Yield what lies directly below an object, page by page.

        Projects hold campaigns, those iterations, those test suites and the lines of their plan, those
        executions, those execution steps. Other owners hold nothing here; they are named by their ids.
        """
        if target is None:
            yield from self._named("projects", self._api.projects())
        elif target.kind == "projects":
            yield from self._named("campaigns", self._api.campaigns(target.id))
        elif target.kind == "campaigns":
            yield from self._named("iterations", self._api.iterations(target.id))
        elif target.kind == "iterations":
            yield from self._named("test-suites", self._api.test_suites(target.id))
            yield from self._plan(target.id)
        elif target.kind in (ITEMS[0], *PLANNED):
            yield from self._executions(self._item(target))
        elif target.kind == EXECUTIONS:
            yield from self._steps(target.id)

    def about(self, target: Target) -> Place:
        """Return an object with its facts, and the number of its attachments where it holds any."""
        if target.kind in (ITEMS[0], *PLANNED):
            return self._about_item(target)
        row = self._api.entity(target.kind, target.id)
        facts = facts_of(row)
        facts["attachments"] = str(len(self.attachments(target)))
        name = str(row.get("name") or "")
        return Place(
            text=f"{target.kind}/{target.id}",
            kind=kind_of(target.kind),
            name=name,
            leads=target.kind in LEADING,
            facts=facts,
        )

    def attachments(self, target: Target) -> list[Attached]:
        """Return every attachment of an object by their ids; a test case's are its latest execution's.

        Those of an execution's steps follow its own, with the fact `step`. A line that was never
        executed holds none.
        """
        place = self._owner(target)
        return [] if place is None else self._files.of(target, place)

    def download(self, target: Target, attached: Attached, into: BinaryIO) -> None:
        """Write the bytes of an attachment into a file, block by block; as many as the list tells."""
        self._api.download(attached.id, into, attached.size)

    def rename(self, target: Target, attached: Attached, name: str) -> Attached:
        """Give an attachment another name, with or without its extension, which stays.

        Lists may leave the extension out, so the attachment itself is read first. A piece whose key is
        taken out of its name is not recognised any more.
        """
        return self._files.rename(attached, name)

    def delete(self, target: Target, attached: Sequence[Attached]) -> None:
        """Delete attachments for good where they were listed, then look whether they are gone.

        A test case may have got a newer execution since then, which is left alone. Raises
        PermanentError, before anything is deleted, where one is not there any more, and where one is
        listed still: no answer is documented.
        """
        if not self._files.knows(target, attached) and not self.attachments(target):
            msg = f"{target} holds no attachments, or has never been executed"
            raise PermanentError(msg, next_step=EXECUTE_FIRST)
        self._files.delete(target, attached)

    def export(self, target: Target, attached: Attached | None, into: BinaryIO) -> NoReturn:
        """Say that there is no such operation, and what comes nearest."""
        self.lacks("export an attachment", "download gives the file as it was attached")

    def close(self) -> None:
        """Release connections."""
        self._api.close()

    def _named(self, owner: str, found: Iterator[Named]) -> Iterator[Place]:
        for one in found:
            facts = {"reference": one.reference} if one.reference else {}
            text = f"{owner}/{one.id}"
            leads = owner in LEADING
            yield Place(text=text, kind=kind_of(owner), name=one.name, leads=leads, facts=facts)

    def _plan(self, iteration: str) -> Iterator[Place]:
        """Yield the lines of a plan; those of the configured one by the texts that markers take."""
        if self._is_ours(iteration):
            items = self._plans.of(self._iteration)
            for item in items:
                yield self._line(item, spelling_of(item, items, self._marker), item_facts(item))
        else:
            for item in self._api.plan_items(iteration):
                yield self._line(item, "", item_facts(item))

    def _is_ours(self, iteration: str) -> bool:
        """Tell whether an iteration is the configured one, which names may stand for."""
        with contextlib.suppress(PermanentError):
            return bool(self._iteration) and self._plans.id_of(self._iteration) == iteration
        return False

    def _executions(self, item: PlanItem) -> Iterator[Place]:
        for one in self._api.executions(item):
            facts = {"status": one.status} if one.status else {}
            yield Place(
                text=f"{EXECUTIONS}/{one.id}",
                kind="execution",
                name=item.name,
                leads=True,
                facts=facts,
            )

    def _steps(self, execution: str) -> Iterator[Place]:
        for number, step in enumerate(self._api.steps(execution), start=1):
            yield Place(
                text=f"{EXECUTION_STEPS}/{step.id}",
                kind="execution step",
                name=f"step {number}",
                facts={"status": step.status} if step.status else {},
            )

    def _about_item(self, target: Target) -> Place:
        item = self._item(target)
        executions = self._api.executions(item)
        facts = item_facts(item) | {"executions": str(len(executions))}
        if executions:
            latest = EXECUTIONS, str(executions[-1].id)
            facts["latest"] = "/".join(latest)
            facts["attachments"] = str(len(self._files.of(target, latest)))
        marker = ""
        if target.kind in PLANNED:
            marker = spelling_of(item, self._plans.of(self._iteration), self._marker)
        return self._line(item, marker, facts)

    def _line(self, item: PlanItem, marker: str, facts: Mapping[str, str]) -> Place:
        """Return a line of a plan, by the text that markers take where it has one."""
        return Place(
            text=marker or f"{ITEMS[0]}/{item.id}",
            kind="test plan item",
            name=item.name or "(the test case was deleted)",
            takes_evidence=bool(marker),
            leads=True,
            facts=facts,
        )

    def _marker(self, text: str) -> Target:
        return target_of(text, self._origin, self._iteration)

    def _item(self, target: Target) -> PlanItem:
        if target.kind == ITEMS[0]:
            return self._api.plan_item(int(target.id))
        item = self._plans.item(target)
        if isinstance(item, PermanentError):
            raise item
        return item

    def _owner(self, target: Target) -> tuple[str, str] | None:
        """Return owner and id of what holds the attachments; None for what was never executed."""
        if target.kind not in (ITEMS[0], *PLANNED):
            return target.kind, target.id
        executions = self._api.executions(self._item(target))
        return (EXECUTIONS, str(executions[-1].id)) if executions else None
