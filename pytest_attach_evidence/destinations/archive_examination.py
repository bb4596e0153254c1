"""What can be seen of the archive's folder before any test runs; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..model import Problem
from ..model import Target
from .checked import Again
from .checked import Look
from .checked import never
from .folder_seen import look_into


NAME = "archive"
OPTION = "evidence_archive_dir"


class ArchiveExamination:
    """Looks whether a folder can be written, and how much fits; see `checked.Examination`."""

    def __init__(self, folder: Path, max_size: int) -> None:
        self._folder = folder
        self._max_size = max_size

    def doubts(self, targets: Sequence[Target]) -> list[Problem]:
        """Return nothing: what is odd here is wrong."""
        return []

    def begin(self, targets: Sequence[Target], again: Again = never) -> Look:
        """Look at the folder, or the nearest one above it that is there."""
        return look_into(NAME, self._folder, option=OPTION, max_size=self._max_size)

    def look(self, target: Target) -> Look:
        """Return what the one target is."""
        return Look(seen=f"takes everything that is kept, in {self._folder}")
