"""Pieces as attachments of Squash TM: sent under a name that carries the key, and known again by it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from typing import Literal

from ..deliveries import key_at
from ..errors import PermanentError
from ..errors import UncertainError
from ..model import Delivery
from ..model import OpenContent
from ..model import Receipt
from ..model import Target
from ..naming import keys_in
from ..naming import remote_name
from .base import Holding
from .base import expect_whole_names
from .squash_steps import titled


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import Attachment


MAX_NAME = 120


class Attachments:
    """Sends and finds pieces at one object."""

    def __init__(self, api: Callable[[], SquashTm]) -> None:
        self._api = api
        self._listed: dict[tuple[str, str], dict[str, str]] = {}

    def holding(self, owner: str, id: str, own: Container[str]) -> Holding | None:
        """Return how many attachments an object holds, as the newest list and later uploads tell.

        Those that carry other keys than our `own` are of other runs. There is no known limit.
        """
        listed = self._listed.get((owner, id))
        if listed is None:
            return None
        others = [n for n in listed.values() if any(key not in own for key in keys_in(n))]
        return Holding(all=len(listed), of_others=len(others))

    def find(self, owner: str, id: str, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Return receipts for what an object holds. Raises UncertainError where a name was cut."""
        attached = self._list(owner, id)
        seen = self._receipts(attached, deliveries, "found")
        listed = [(one.name, one.size) for one in attached]
        expect_whole_names(listed, [*deliveries, *_titled(deliveries)], seen, MAX_NAME)
        return seen

    def find_as(
        self, others: Sequence[Target], owner: str, id: str, deliveries: Sequence[Delivery]
    ) -> dict[str, Receipt]:
        """Return receipts for pieces that came to an object for other targets that mean it, too.

        They carry the keys that they have there. Asks nobody where there is no other target.
        """
        aliases = {
            key_at(one.evidence, one.item, other): one for other in others for one in deliveries
        }
        attached: list[Attachment] = []
        with suppress(PermanentError, UncertainError):  # who may not look sends as ever
            attached = self._list(owner, id) if others else []
        pieces = [replace(one, key=alias) for alias, one in aliases.items()]
        found = self._receipts(attached, pieces, "found")
        return {aliases[key].key: replace(r, key=aliases[key].key) for key, r in found.items()}

    def send(
        self,
        owner: str,
        id: str,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        names: Mapping[str, str],
    ) -> dict[str, Receipt]:
        """Attach pieces in one request; a receipt for each key that the answer names.

        `names` are those of pieces that are to be called otherwise than here, by key.
        """
        from ..apis.squash_tm import File  # noqa: PLC0415  # loads the HTTP library
        from ..rest.body import FileBody  # noqa: PLC0415

        files = [
            File(
                name=remote_name(names.get(one.key, one.evidence.name), one.key, MAX_NAME),
                content=FileBody(
                    open=partial(open_content, one.evidence),
                    length=one.evidence.size,
                    media_type=one.evidence.media_type,
                ),
            )
            for one in deliveries
        ]
        attached = self._api().upload(owner, id, files)
        if (owner, id) in self._listed:
            self._listed[owner, id].update((one.id, one.name) for one in attached)
        return self._receipts(attached, deliveries, "answered")

    def _list(self, owner: str, id: str) -> list[Attachment]:
        attached = self._api().attachments(owner, id)
        self._listed[owner, id] = {one.id: one.name for one in attached}
        return attached

    def _receipts(
        self,
        attached: Iterable[Attachment],
        deliveries: Sequence[Delivery],
        how: Literal["answered", "found"],
    ) -> dict[str, Receipt]:
        """Return a receipt for each delivery whose key an attachment carries, if its size fits."""
        sizes = {one.key: one.evidence.size for one in deliveries}
        return {
            key: Receipt(
                key=key,
                remote_id=attachment.id,
                remote_name=attachment.name,
                remote_url=self._api().attachment_url(attachment.id),
                how=how,
            )
            for attachment in attached
            for key in keys_in(attachment.name)
            if key in sizes and attachment.size in (None, sizes[key])
        }


def _titled(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Return the pieces of steps under the names that they have where the execution lacks the step."""
    of_steps = (one for one in deliveries if one.evidence.step_number)
    return [replace(one, evidence=replace(one.evidence, name=titled(one))) for one in of_steps]
