"""The attachments of an object and of its steps, as `remote` lists, renames and deletes them."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import NoReturn

from ..apis.squash_tm_shapes import stem_of
from ..errors import PermanentError
from ..model import Target
from .remote import Attached
from .squash_steps import Owner
from .squash_targets import EXECUTION_STEPS
from .squash_targets import EXECUTIONS


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import Attachment


class SquashFiles:
    """What was listed of each target, with the object that holds it: nothing else is ever changed.

    What a target stands for may change while a person is asked.
    """

    def __init__(self, api: SquashTm) -> None:
        self._api = api
        self._places: dict[tuple[Target, str], Owner] = {}

    def of(self, target: Target, place: Owner) -> list[Attached]:
        """List the object that a target stands for, and its steps if it is an execution."""
        found = []
        for number, holder in self._holders(place):
            listed = sorted(self._api.attachments(*holder), key=lambda one: (len(one.id), one.id))
            for one in listed:
                self._places.setdefault((target, one.id), holder)
                found.append(_attached(one, number))
        return found

    def knows(self, target: Target, attached: Sequence[Attached]) -> bool:
        """Tell whether attachments were listed for a target; no I/O."""
        return all((target, one.id) in self._places for one in attached)

    def holder(self, target: Target, attached: Attached) -> str:
        """Return the owner that an attachment was listed of, '' where it was not; no I/O."""
        return "/".join(self._places.get((target, attached.id), ()))

    def now(self, target: Target, attached: Attached) -> Attached | None:
        """Return an attachment as its owner lists it now, None where it does not."""
        if (place := self._places.get((target, attached.id))) is None:
            return None
        listed = (one for one in self._api.attachments(*place) if one.id == attached.id)
        return next((_attached(one, attached.facts.get("step", "")) for one in listed), None)

    def rename(self, attached: Attached, name: str) -> Attached:
        """Give an attachment another name; what is told of it stays."""
        now = _attached(self._api.rename(self._api.attachment(attached.id), name))
        return replace(now, facts={**now.facts, **_step(attached.facts.get("step", ""))})

    def delete(self, target: Target, attached: Sequence[Attached]) -> None:
        """Delete attachments where they were listed.

        Raises PermanentError, before anything is deleted, where one is not there any more, and where
        one is still there afterwards.
        """
        places: dict[Owner, list[str]] = {}
        for one in attached:
            if (place := self._places.get((target, one.id))) is None:
                self._gone([one.id], str(target))
            places.setdefault(place, []).append(one.id)
        for place, ids in places.items():
            if gone := set(ids) - self._ids(place):
                self._gone(gone, "/".join(place))
        left = []
        for place, ids in places.items():
            self._api.delete(*place, ids)
            left += [f"{'/'.join(place)} still lists {id}" for id in ids if id in self._ids(place)]
        if left:
            msg = f"{'; '.join(left)} after they were deleted"
            raise PermanentError(msg, next_step="delete it in Squash TM")

    def _holders(self, place: Owner) -> Iterator[tuple[str, Owner]]:
        """Yield what holds the attachments of an object: itself, and its steps with their numbers."""
        yield "", place
        if place[0] == EXECUTIONS:
            for number, step in enumerate(self._api.steps(place[1]), start=1):
                yield str(number), (EXECUTION_STEPS, step.id)

    def _ids(self, place: Owner) -> set[str]:
        return {one.id for one in self._api.attachments(*place)}

    @staticmethod
    def _gone(ids: Iterable[str], where: str) -> NoReturn:
        msg = f"{where} does not hold {', '.join(sorted(ids))} any more, so nothing was deleted"
        raise PermanentError(msg, next_step="list it again")


def _attached(one: Attachment, step: str = "") -> Attached:
    """Return an attachment under its whole name: lists may leave out the extension."""
    told = {"type": one.file_type, "added on": one.added_on}
    facts = {name: text for name, text in told.items() if text} | _step(step)
    stem, tail = stem_of(one.name, one.file_type), f".{one.file_type}" if one.file_type else ""
    return Attached(id=one.id, name=f"{stem}{tail}", size=one.size, facts=facts)


def _step(number: str) -> dict[str, str]:
    return {"step": number} if number else {}
