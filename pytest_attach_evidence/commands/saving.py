"""Files that come from a vendor: written whole or not at all, under a harmless name, over nothing."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import PermanentError
from ..naming import clean_name
from ..naming import shortened


MOST_NAMES = 10_000
# What Windows takes for a part of a path, a stream or a device, whatever the extension.
UNFIT = re.compile(r'[<>:"|?*]')
DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])[ ]*(\.|$)", re.IGNORECASE)
OTHER_FOLDER = "name another folder with --to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A file that was written; `digest` as `sha256:<hex>`."""

    path: Path
    size: int
    digest: str


def save(folder: Path, fetch: Callable[[BinaryIO], str]) -> Saved:
    """Let bytes be written into a folder and give the file the name that `fetch` returns.

    The name may be anything a vendor thinks of: see `local_name`. A file that is there stays
    (`report-2.pdf`). What breaks off leaves nothing. Raises what `fetch`
    raises, and PermanentError where the folder cannot be written, which holds for other files too.
    """
    part = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        part = Path(temporary)
        with os.fdopen(handle, "wb") as into:
            name = fetch(into)
            into.flush()
            os.fsync(into.fileno())
        digest, size = _digest(part)
        path = _claimed(folder, local_name(name))
        part.replace(path)
        return Saved(path=path, size=size, digest=f"sha256:{digest}")
    except OSError as error:
        msg = f"{folder} cannot be written: {error.strerror or error}"
        raise PermanentError(msg, next_step=OTHER_FOLDER, whole_target=True) from error
    finally:
        if part is not None:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def local_name(name: str) -> str:
    """Return the name of a file that nothing obeys because of what it is called.

    Folders and control characters are dropped, dots at the beginning (`.env`) and the end too; what
    Windows takes for a device or a stream is made text. Source of Python gets `.txt`, since pytest runs
    what lies in a project as `conftest.py` or `test_*.py`.
    """
    plain = UNFIT.sub("_", clean_name(name)).lstrip(". ").rstrip(". ")
    plain = f"_{plain}" if DEVICE.match(plain) else plain
    plain = f"{plain}.txt" if plain.lower().endswith(".py") else plain
    return shortened(plain or "evidence")


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size


def _claimed(folder: Path, name: str) -> Path:
    """Return a path that nothing had and that is an empty file of ours now."""
    for number in range(1, MOST_NAMES):
        path = folder / (name if number == 1 else shortened(name, f"-{number}"))
        with contextlib.suppress(FileExistsError):
            path.open("xb").close()
            return path
    msg = f"{folder} holds {MOST_NAMES - 1} files of the name {name}"
    raise PermanentError(msg, next_step=OTHER_FOLDER)
