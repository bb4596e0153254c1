"""How much a work item of CodeArts Req holds, and whether one more piece fits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from ..apis.codearts_shapes import Attachment


MEBIBYTE = 1024 * 1024
MAX_BYTES = 50 * MEBIBYTE
MAX_COUNT = 100


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

    def takes(self, size: int) -> bool:
        """Whether one more attachment of this size fits (user guide: 100, and 50 MB together)."""
        return self.count < MAX_COUNT and self.size + size <= MAX_BYTES

    def __str__(self) -> str:
        """Say it in numbers."""
        size, most = self.size / MEBIBYTE, MAX_BYTES // MEBIBYTE
        return f"{self.count} of {MAX_COUNT} attachments and {size:.1f} of {most} MB"
