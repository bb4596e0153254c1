"""What can be seen of a folder that evidence is written to, archive or spool; nothing is written there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..errors import DestinationClosedError
from ..model import Problem
from ..spool import readable_size
from .checked import Fact
from .checked import Look


def look_into(what: str, folder: Path, *, option: str, max_size: int) -> Look:
    """Look at a folder, or the nearest one above it that is there; `what` it is, `option` names it.

    Raises DestinationClosedError where it cannot be written.
    """
    # A link that leads nowhere is there, too: nothing can be made in its place.
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        msg = f"the {what} {folder} cannot be written: {there} does not allow it"
        hint = f"change its rights, or name another folder in {option}"
        raise DestinationClosedError(msg, next_step=hint)
    free = shutil.disk_usage(there).free
    facts = (Fact(what=f"room of the {what}", seen=f"{readable_size(free)} free at {there}"),)
    if free >= max_size:
        return Look(facts=facts)
    seen = f"{readable_size(free)} are free, less than one piece may have"
    hint = f"make room, or name another folder in {option}"
    problem = Problem(subject=what, seen=seen, next_step=hint, severity="warning")
    return Look(facts=facts, problems=(problem,))
