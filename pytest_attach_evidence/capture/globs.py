"""Which files of a folder match globs; links are never followed, so that no loop of them can hold a test."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from pathlib import PurePath


MOST_NAMES = 100_000
Parts = tuple[str, ...]
Refuse = Callable[[str, str], object]
"""Called with a folder that was not looked through to its end, and why."""


class Globs:
    """Globs relative to a folder: `*` within a name, `**` for any number of folders.

    As with `glob`, a name that begins with a dot matches only where the pattern does so too;
    `logs/**` is everything below `logs`.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [PurePath(pattern).parts for pattern in patterns]
        endless = any("**" in pattern for pattern in self._patterns)
        self._deepest = None if endless else max(map(len, self._patterns), default=0)

    def matching(self, folder: Path, own: Sequence[Path] = (), *, refuse: Refuse) -> Iterator[Path]:
        """Yield the plain files below a folder that match, sorted folder by folder.

        Looks at no more than 100,000 names, and neither into the folders `own` nor where nothing can
        match. A folder that is not there has no files.
        """

        def unreadable(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):
                refuse(str(error.filename), f"cannot be looked into ({error.strerror})")

        left_out = {path.absolute() for path in own}
        seen = 0
        for place, folders, names in os.walk(folder.absolute(), onerror=unreadable):
            depth = len(Path(place).relative_to(folder.absolute()).parts)
            if self._deepest is not None and depth + 2 > self._deepest:
                folders.clear()
            folders[:] = sorted(name for name in folders if Path(place, name) not in left_out)
            seen += len(folders) + len(names)
            if seen > MOST_NAMES:
                said = (
                    f"holds more than {MOST_NAMES:,} names, from {place} on nothing was looked at"
                )
                refuse(str(folder), f"{said} - write fewer files, or into another folder")
                return
            for name in sorted(names):
                path = Path(place, name)
                if self._match(path.relative_to(folder.absolute())) and _is_plain(path):
                    yield path

    def _match(self, path: PurePath) -> bool:
        return any(_fits(path.parts, pattern) for pattern in self._patterns)


def _fits(parts: Parts, pattern: Parts) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        shown = len(list(takewhile(lambda part: not part.startswith("."), parts)))
        if len(pattern) == 1:
            return 0 < shown == len(parts)
        return any(_fits(parts[skipped:], pattern[1:]) for skipped in range(shown + 1))
    return bool(parts) and _fits_name(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _fits_name(name: str, pattern: str) -> bool:
    hidden = name.startswith(".") and not pattern.startswith(".")
    return not hidden and fnmatch.fnmatchcase(name, pattern)


def _is_plain(path: Path) -> bool:
    """Tell whether a path is a file itself: no link, no FIFO, no device."""
    return path.is_file() and not path.is_symlink()
