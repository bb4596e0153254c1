"""What pytest captured of a test, as one text: steps, log, output and traceback, each once and bounded."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

from ..step_log import Step
from .excerpt import Border
from .excerpt import excerpt
from .excerpt import shares
from .excerpt import size_in


NAME = "log.txt"
ORDER = ("log", "stdout", "stderr")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the text: what it is (`log`, `traceback`), in which phase, and its words."""

    what: str
    phase: str
    text: str

    @property
    def title(self) -> str:
        """The line above it."""
        phase = f" ({self.phase})" if self.phase else ""
        return f"===== {self.what}{phase} ====="


def joined(sections: Iterable[Section], room: int, border: Border) -> str:
    """Return sections as one text, '' where there is nothing to say.

    Steps come first, then log, stdout, stderr, what other plugins captured, and the tracebacks; each in
    the order of its phases, without colours and control characters. Where they need more than `room`
    bytes, the largest lose what is in their middle: see `excerpt`.
    """
    told = sorted((s for s in sections if s.text), key=_place)
    rooms = shares([size_in(section.text, room) for section in told], room)
    parts = [
        f"{section.title}\n{excerpt(section.text, share, border).rstrip()}\n"
        for section, share in zip(told, rooms, strict=True)
    ]
    return "\n".join(parts)


def of_steps(steps: Sequence[Step]) -> Section:
    """Return the steps of a test with their times."""
    return Section("steps", "", "\n".join(map(str, steps)))


def _place(section: Section) -> int:
    if section.what == "steps":
        return -1
    if section.what == "traceback":
        return len(ORDER) + 1
    return ORDER.index(section.what) if section.what in ORDER else len(ORDER)
