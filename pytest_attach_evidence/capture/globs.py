"""Which files of a folder match globs; links are never followed, so that no loop of them can hold a test."""

from __future__ import annotations

import fnmatch
import math
import os
import time
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


class _OverError(Exception):
    """The look has to end here; the message says why."""


class _Look:
    """One look through folders, which no number of names and no slow disk makes longer than it may be."""

    def __init__(self, ends_at: float, refuse: Refuse) -> None:
        self._ends_at = ends_at
        self._refuse = refuse
        self._seen = 0

    def into(self, place: Path) -> tuple[list[str], list[str]]:
        """Return the names of the folders in a folder and of all else, sorted."""
        folders: list[str] = []
        names: list[str] = []
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    self._seen += 1
                    self._check(place)
                    (folders if entry.is_dir(follow_symlinks=False) else names).append(entry.name)
        except FileNotFoundError:
            return [], []
        except OSError as error:
            self._refuse(str(place), f"cannot be looked into ({error.strerror})")
        return sorted(folders), sorted(names)

    def is_plain(self, path: Path) -> bool:
        """Tell whether a path is a file itself: no link, no FIFO, no device."""
        self._check(path)
        return path.is_file() and not path.is_symlink()

    def _check(self, place: Path) -> None:
        late = time.monotonic() > self._ends_at
        if late or self._seen > MOST_NAMES:
            many = f"holds more than {MOST_NAMES:,} names"
            seen = "took too long to look through" if late else many
            reason = f"{seen}, from {place} on nothing was looked at"
            raise _OverError(reason)


class Globs:
    """Globs relative to a folder: `*` within a name, `**` for any number of folders.

    As with `glob`, a name that begins with a dot matches only where the pattern does so too;
    `logs/**` is everything below `logs`.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [PurePath(pattern).parts for pattern in patterns]
        endless = any("**" in pattern for pattern in self._patterns)
        self._deepest = None if endless else max(map(len, self._patterns), default=0)

    def matching(
        self, folder: Path, own: Sequence[Path] = (), *, refuse: Refuse, ends_at: float = math.inf
    ) -> Iterator[Path]:
        """Yield the plain files below a folder that match, sorted folder by folder.

        Looks at no more than 100,000 names, until `ends_at` on the monotonic clock, and neither into the
        folders `own` nor where nothing can match. A folder that is not there has no files.
        """
        top, left_out = folder.absolute(), {path.absolute() for path in own}
        look = _Look(ends_at, refuse)
        waiting = [top]
        try:
            while waiting:
                place = waiting.pop()
                folders, names = look.into(place)
                for path in (place / name for name in names):
                    if self._match(path.relative_to(top)) and look.is_plain(path):
                        yield path
                if self._deepest is None or len(place.relative_to(top).parts) + 2 <= self._deepest:
                    below = [place / name for name in reversed(folders)]
                    waiting += [path for path in below if path not in left_out]
        except _OverError as over:
            refuse(str(folder), f"{over} - write fewer files, or into another folder")

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
