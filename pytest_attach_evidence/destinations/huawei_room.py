"""How much work items of CodeArts Req hold, and whether one more piece fits."""

from __future__ import annotations

import threading
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import PermanentError
from ..model import Delivery
from ..model import Target
from ..naming import keys_in
from ..spool import readable_size
from .base import Holding
from .huawei_targets import SCRUM_ITEM


if TYPE_CHECKING:
    from ..apis.codearts_shapes import Attachment


MAX_COUNT = 100
MAKE_ROOM = (
    "map tests to another work item, or remove attachments from this one in CodeArts; where yours takes "
    "more, set evidence_huawei_max_total"
)

ProjectItem = tuple[str, str]
"""A project and the id of an item in it."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a work item holds: how many attachments, of how many bytes together."""

    count: int
    size: int

    @classmethod
    def of(cls, attachments: Iterable[Attachment]) -> Held:
        """Count listed attachments; an unknown size counts as 0."""
        sizes = [attachment.size or 0 for attachment in attachments]
        return cls(len(sizes), sum(sizes))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the newest list of an item showed, with what was added since; None: it was refused."""

    held: Held | None
    keys: tuple[frozenset[str], ...] = ()


class Room:
    """What items hold, as far as it was listed; serves several threads, and asks nobody.

    `max_total` is how many bytes one IPD work item takes (user guide: 50 MB, and 100 attachments); no
    limit of a Scrum item is documented.
    """

    def __init__(self, max_total: int) -> None:
        self.max_total = max_total
        self._lock = threading.Lock()
        self._seen: dict[ProjectItem, _Seen] = {}

    def saw(self, place: ProjectItem, attachments: Sequence[Attachment]) -> None:
        """Remember a list."""
        keys = tuple(frozenset(k for n in one.names for k in keys_in(n)) for one in attachments)
        with self._lock:
            self._seen[place] = _Seen(Held.of(attachments), keys)

    def cannot_see(self, place: ProjectItem) -> None:
        """Remember that the list is refused: then the service alone decides what fits."""
        with self._lock:
            self._seen.setdefault(place, _Seen(None))

    def knows(self, place: ProjectItem) -> bool:
        """Tell whether an item was listed, or its list was refused."""
        return place in self._seen

    def added(self, place: ProjectItem, delivery: Delivery) -> None:
        """Count a piece that an item took."""
        with self._lock:
            seen = self._seen.get(place)
            if seen is None or seen.held is None:
                return
            held = Held(seen.held.count + 1, seen.held.size + delivery.evidence.size)
            self._seen[place] = _Seen(held, (*seen.keys, frozenset((delivery.key,))))

    def forget(self, place: ProjectItem) -> None:
        """Forget a list that a lost answer has made doubtful: the next send lists anew."""
        with self._lock:
            self._seen.pop(place, None)

    def expect(self, target: Target, place: ProjectItem, size: int) -> None:
        """Raise PermanentError, with the numbers, where a work item surely cannot take a piece."""
        seen = self._seen.get(place)
        if target.kind == SCRUM_ITEM or seen is None or seen.held is None:
            return
        held = seen.held
        if held.count >= MAX_COUNT or held.size + size > self.max_total:
            msg = (
                f"{target} holds {self.words(held)}; a piece of {readable_size(size)} does not fit"
            )
            raise PermanentError(msg, next_step=MAKE_ROOM)

    def words(self, held: Held) -> str:
        """Say in numbers what is held, and what can be."""
        size, most = readable_size(held.size), readable_size(self.max_total)
        return f"{held.count} of {MAX_COUNT} attachments and {size} of {most}"

    def facts(self, held: Held) -> dict[str, str]:
        """Say what an IPD work item holds, and what is left of its limits."""
        count, size = max(0, MAX_COUNT - held.count), max(0, self.max_total - held.size)
        return {
            "attachments": self.words(held),
            "left": f"{count} attachments, {readable_size(size)}",
        }

    def holding(self, target: Target, place: ProjectItem, own: Container[str]) -> Holding | None:
        """Return how full an item is; None where no list of it was seen."""
        with self._lock:
            seen = self._seen.get(place)
        if seen is None or seen.held is None:
            return None
        limited = target.kind != SCRUM_ITEM
        return Holding(
            all=seen.held.count,
            of_others=sum(1 for keys in seen.keys if keys and not any(k in own for k in keys)),
            left=max(0, MAX_COUNT - seen.held.count) if limited else None,
            left_bytes=max(0, self.max_total - seen.held.size) if limited else None,
        )
