"""Reads a run's journals back into one record, believing only what is sound."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import SpoolError
from ..model import Problem
from ..model import Run
from ..run_record import RunRecord
from . import disk
from . import journal
from . import run_files
from .entries import COLLECTED
from .entries import DELIVERED
from .entries import Reader
from .entries import WrongError


def read_record(folder: Path) -> RunRecord:
    """Return what a run's folder holds. Never raises for damage: that is in `problems`.

    Raises SpoolError where this process can open nothing more.
    """
    record = RunRecord(run=_run(folder), folder=str(folder))
    names = _names(folder, "", record)
    listed = not record.problems
    told = _read_collected(folder, names, record) or record.problems
    if not told and any(one[0] != "." for one in _names(folder, "blobs", record)):
        seen = "holds bytes of which no journal tells what they are"
        record.problems.append(Problem(subject=folder.name, seen=seen, next_step="keep its folder"))
    before = len(record.problems)
    journals = _journals(folder, "deliveries", record)
    begun = run_files.begun("delivery", names)
    if len(record.problems) == before:
        hint = "what has no receipt is looked for before it is sent; see what removes files there"
        _miss(begun - {path.name for path in journals}, hint, record)
    emptied = False
    for path in journals:
        lines = _lines(path, record)
        # A crash before the first line leaves that, and so does whoever empties the file.
        emptied = emptied or (not lines and path.name in begun)
        for line in lines:
            _take(record, DELIVERED, line)
    # What such a line said is lost: it may have been a receipt.
    record.doubtful = emptied or not listed or len(record.problems) > before
    return record


def _read_collected(folder: Path, names: Iterable[str], record: RunRecord) -> bool:
    """Take what the collecting processes wrote; tell whether they wrote anything."""
    before = len(record.problems)
    journals = _journals(folder, "journals", record)
    if len(record.problems) == before:
        lost = run_files.begun("collecting", names) - {path.name for path in journals}
        _miss(lost, "keep the run's folder; see what removes files there", record)
    collected = [line for path in journals for line in _lines(path, record)]
    # A forked process writes its pieces into a journal of its own: all items first, then the rest.
    collected.sort(key=lambda line: line.entry.get("type") != "begun")
    for line in collected:
        _take(record, COLLECTED, line)
    return bool(journals)


def _journals(folder: Path, name: str, record: RunRecord) -> list[Path]:
    names = _names(folder, name, record)
    return sorted(folder / name / one for one in names if one.endswith(".jsonl"))


def _miss(gone: Iterable[str], hint: str, record: RunRecord) -> None:
    """Tell of journals that were begun and are not there."""
    if lost := sorted(gone):
        record.lost.add(lost[0])
        more = f", as are {len(lost) - 1} more" if lost[1:] else ""
        record.problems.append(
            Problem(subject=lost[0], seen=f"is gone with what it recorded{more}", next_step=hint)
        )


def _names(folder: Path, name: str, record: RunRecord) -> list[str]:
    """Return what is in a folder of the run; one that leads elsewhere is not looked into."""
    place = folder / name
    try:
        if place.is_symlink():
            raise OSError(errno.EINVAL, "a link, which no run of ours has")
        return os.listdir(place)  # noqa: PTH208
    except FileNotFoundError:
        return []
    except OSError as error:
        record.problems.append(_unreadable(name or folder.name, error))
        return []


def _unreadable(name: str, error: OSError) -> Problem:
    """Return the problem of what cannot be read; raises SpoolError where it is not to blame itself."""
    seen = f"cannot be read ({error.strerror})"
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        msg = f"{name} {seen}"
        raise SpoolError(msg) from error
    return Problem(subject=name, seen=seen)


def _run(folder: Path) -> Run:
    """Return the facts of the run; a run without them is still delivered."""
    try:
        with disk.open_plain(folder / "run.json") as file:
            facts = json.loads(file.read(journal.MAX_LINE))
        return replace(Run.from_json(facts), id=folder.name)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Run(id=folder.name, started_at="")


def _lines(path: Path, record: RunRecord) -> list[journal.Line]:
    try:
        return journal.read(path)
    except OSError as error:
        record.problems.append(_unreadable(path.name, error))
        return []


def _take(record: RunRecord, readers: Mapping[str, Reader], line: journal.Line) -> None:
    damage, hint = line.damage, "what it recorded stays in the spool; everything else is delivered"
    if damage == "version":
        record.other_version = True
        hint = "deliver it with that version; what it recorded stays in the spool as it is"
        damage = f"written by another version of the plugin (format {line.entry.get('v')!r})"
    reader = readers.get(str(line.entry.get("type")))
    if not damage and reader is not None:
        try:
            reader(record, line.entry)
        except WrongError as error:
            damage = str(error)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            damage = f"not what it should be ({type(error).__name__})"
    if damage:
        record.problems.append(Problem(subject=line.place, seen=damage, next_step=hint))
