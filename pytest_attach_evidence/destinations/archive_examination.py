"""What can be seen of the archive's folder before any test runs; nothing is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from ..errors import DestinationClosedError
from ..model import Problem
from ..model import Target
from ..spool import readable_size
from .checked import Fact
from .checked import Look


NAME = "archive"
MAKE_ROOM = "make room, or name another folder in evidence_archive_dir"


class ArchiveExamination:
    """Looks whether a folder can be written, and how much fits; see `checked.Examination`."""

    def __init__(self, folder: Path, max_size: int) -> None:
        self._folder = folder
        self._max_size = max_size

    def doubts(self, targets: Sequence[Target]) -> list[Problem]:
        """Return nothing: what is odd here is wrong."""
        return []

    def begin(self, targets: Sequence[Target]) -> Look:
        """Look at the folder, or the nearest one above it that is there."""
        there = next(p for p in (self._folder, *self._folder.parents) if p.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            msg = f"the archive {self._folder} cannot be written: {there} does not allow it"
            hint = "change its rights, or name another folder in evidence_archive_dir"
            raise DestinationClosedError(msg, next_step=hint)
        free = shutil.disk_usage(there).free
        facts = (Fact(what="room", seen=f"{readable_size(free)} free at {there}"),)
        if free >= self._max_size:
            return Look(facts=facts)
        seen = f"{readable_size(free)} are free, less than one piece may have"
        problem = Problem(subject=NAME, seen=seen, next_step=MAKE_ROOM, severity="warning")
        return Look(facts=facts, problems=(problem,))

    def look(self, target: Target) -> Look:
        """Return what the one target is."""
        return Look(seen=f"takes everything that is kept, in {self._folder}")
