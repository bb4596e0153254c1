"""Reads a run's journals back into one record, believing only what is sound."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from typing import Literal

from ..errors import SpoolError
from ..model import Evidence
from ..model import Failure
from ..model import Item
from ..model import Outcome
from ..model import Problem
from ..model import Receipt
from ..model import Run
from ..model import RunRecord
from ..model import State
from ..model import Target
from . import disk
from . import journal


MOST = 2**53  # of bytes, pieces and seconds


def read_record(folder: Path) -> RunRecord:
    """Return what a run's folder holds. Never raises for damage: that is in `problems`.

    Raises SpoolError where this process can open nothing more.
    """
    record = RunRecord(run=_run(folder), folder=str(folder))
    told = _read_collected(folder, record) or record.problems
    if not told and any(one[0] != "." for one in _names(folder, "blobs", record)):
        seen = "holds bytes of which no journal tells what they are"
        record.problems.append(Problem(subject=folder.name, seen=seen, next_step="keep its folder"))
    before = len(record.problems)
    for path in _journals(folder, "deliveries", record):
        for line in _lines(path, record):
            _take(record, DELIVERED, line)
    # What such a line said is lost: it may have been a receipt.
    record.doubtful = len(record.problems) > before
    return record


def _read_collected(folder: Path, record: RunRecord) -> bool:
    """Take what the collecting processes wrote; tell whether they wrote anything."""
    journals = _journals(folder, "journals", record)
    collected = [line for path in journals for line in _lines(path, record)]
    # A forked process writes its pieces into a journal of its own: all items first, then the rest.
    collected.sort(key=lambda line: line.entry.get("type") != "begun")
    for line in collected:
        _take(record, COLLECTED, line)
    return bool(journals)


def _journals(folder: Path, name: str, record: RunRecord) -> list[Path]:
    names = _names(folder, name, record)
    return sorted(folder / name / one for one in names if one.endswith(".jsonl"))


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
        record.problems.append(_unreadable(name, error))
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
        except _WrongError as error:
            damage = str(error)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            damage = f"not what it should be ({type(error).__name__})"
    if damage:
        record.problems.append(Problem(subject=line.place, seen=damage, next_step=hint))


Reader = Callable[[RunRecord, Mapping[str, Any]], None]


class _WrongError(ValueError):
    """A line that is whole and says what cannot be."""


def _begun(record: RunRecord, entry: Mapping[str, Any]) -> None:
    item = replace(Item.from_json(entry["item"]), run_id=record.run.id)
    _expect_duration(item.duration_s)
    known = record.items.setdefault(item.id, item)
    # A forked process may tell of the same item once more.
    if (known.nodeid, known.targets) != (item.nodeid, item.targets):
        msg = "tells otherwise of an item that began already"
        raise _WrongError(msg)


def _piece(record: RunRecord, entry: Mapping[str, Any]) -> None:
    piece = Evidence.from_json(entry["piece"])
    if piece.item_id not in record.items:
        msg = "a piece of an item that never began"
        raise _WrongError(msg)
    if not (0 < piece.seq <= MOST and 0 <= piece.size <= MOST and 0 <= piece.step_number <= MOST):
        msg = f"a piece number {piece.seq:.3g} of {piece.size:.3g} bytes"
        raise _WrongError(msg)
    if piece in record.known:
        msg = "tells of a piece that is known already"
        raise _WrongError(msg)
    record.known.add(piece)
    record.pieces.append(piece)


def _expect_duration(seconds: float | None) -> None:
    if seconds is not None and not 0 <= seconds <= MOST:
        msg = f"a duration of {seconds:.3g} s"
        raise _WrongError(msg)


def _refused(record: RunRecord, entry: Mapping[str, Any]) -> None:
    texts = {name: str(entry[name]) for name in ("subject", "seen", "next_step")}
    severity: Literal["error", "warning"] = "warning" if entry["severity"] == "warning" else "error"
    record.refused.append(Problem(**texts, severity=severity))


def _ended(record: RunRecord, entry: Mapping[str, Any]) -> None:
    item = record.items[entry["item_id"]]
    _expect_duration(float(entry["duration_s"]))
    record.items[item.id] = replace(
        item,
        outcome=Outcome(entry["outcome"]),
        duration_s=float(entry["duration_s"]),
        steps=tuple(map(Outcome, entry.get("steps", ()))),
    )
    _unwanted(record, entry)


def _unwanted(record: RunRecord, entry: Mapping[str, Any]) -> None:
    record.unwanted.update(str(piece) for piece in entry.get("unwanted", ()))


def _finished(record: RunRecord, entry: Mapping[str, Any]) -> None:
    record.finished = True
    record.outcomes = {str(name): int(count) for name, count in entry.get("outcomes", {}).items()}


def _intent(record: RunRecord, entry: Mapping[str, Any]) -> None:
    fewer = entry.get("attempts", {})
    for key in entry["keys"]:
        record.uncertain[key] = str(entry["at"])
        record.attempts[key] = int(fewer.get(key, entry["attempt"]))
        # Why an earlier send failed says nothing about this one.
        record.failures.pop(key, None)


def _receipt(record: RunRecord, entry: Mapping[str, Any]) -> None:
    receipt = Receipt.from_json(entry["receipt"])
    record.receipts[receipt.key] = receipt
    record.failures.pop(receipt.key, None)
    record.uncertain.pop(receipt.key, None)


def _failure(record: RunRecord, entry: Mapping[str, Any]) -> None:
    failure = Failure.from_json(entry["failure"])
    if failure.state.settled:
        msg = f"a failure that calls itself {failure.state}"
        raise _WrongError(msg)
    if failure.state is State.UNCERTAIN and failure.key not in record.failures:
        # The first that speaks of a send is written when that is over.
        record.uncertain[failure.key] = max(record.uncertain.get(failure.key, ""), failure.at)
    record.failures[failure.key] = failure
    if failure.key in record.sought:
        record.sought[failure.key] = True
    # That the bytes here are damaged says nothing about what was sent before.
    if failure.state not in (State.UNCERTAIN, State.DAMAGED):
        record.uncertain.pop(failure.key, None)


def _note(record: RunRecord, entry: Mapping[str, Any]) -> None:
    record.notes[(str(entry["destination"]), str(entry["name"]))] = str(entry["value"])


def _to_conclude(record: RunRecord, entry: Mapping[str, Any]) -> None:
    place = (str(entry["destination"]), str(entry["target"]))
    record.to_conclude.add(place)
    record.concluded.discard(place)


def _concluded(record: RunRecord, entry: Mapping[str, Any]) -> None:
    place = (str(entry["destination"]), str(entry["target"]))
    record.concluded.add(place)
    record.to_conclude.discard(place)


COLLECTED: Mapping[str, Reader] = {
    "begun": _begun,
    "piece": _piece,
    "refused": _refused,
    "ended": _ended,
    "unwanted": _unwanted,
    "finished": _finished,
}


def _remapped(record: RunRecord, entry: Mapping[str, Any]) -> None:
    item = record.items[entry["item_id"]]
    targets = _targets(entry["targets"])
    pieces = {str(id): _targets(found) for id, found in entry["pieces"].items()}
    withdrawn = {str(id): frozenset(map(str, keys)) for id, keys in entry["withdrawn"].items()}
    record.items[item.id] = replace(item, targets=targets)
    for id, own in pieces.items():
        record.remapped[id] = own
        record.withdrawn[id] = withdrawn.get(id, frozenset())
        for key in record.withdrawn[id]:
            record.sought.setdefault(key, False)
        record.gone.pop(id, None)


def _targets(found: Iterable[Mapping[str, Any]]) -> tuple[Target, ...]:
    return tuple(Target.from_json(one) for one in found)


def _gone(record: RunRecord, entry: Mapping[str, Any]) -> None:
    record.gone.setdefault(str(entry["piece"]), set()).add(str(entry["key"]))
    record.uncertain.pop(str(entry["key"]), None)


DELIVERED: Mapping[str, Reader] = {
    "intent": _intent,
    "receipt": _receipt,
    "failure": _failure,
    "note": _note,
    "to-conclude": _to_conclude,
    "concluded": _concluded,
    "remapped": _remapped,
    "gone": _gone,
}
