"""Reads a run's journals back into one record, believing only what is sound."""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from typing import Literal

from ..model import Evidence
from ..model import Failure
from ..model import Item
from ..model import Outcome
from ..model import Problem
from ..model import Receipt
from ..model import Run
from ..model import RunRecord
from ..model import State
from . import disk
from . import journal


def read_record(folder: Path) -> RunRecord:
    """Return what a run's folder holds. Never raises for damage: that is in `problems`."""
    record = RunRecord(run=_run(folder), folder=str(folder))
    if not _read_collected(folder, record) and any(folder.glob("blobs/[0-9a-f]*")):
        seen = "holds bytes of which no journal tells what they are"
        record.problems.append(Problem(subject=folder.name, seen=seen, next_step="keep its folder"))
    for path in _journals(folder, "deliveries"):
        before = len(record.problems)
        for line in _lines(path, record):
            _take(record, DELIVERED, line)
        # What such a line said is lost: it may have been a receipt.
        record.doubtful = record.doubtful or len(record.problems) > before
    return record


def _read_collected(folder: Path, record: RunRecord) -> bool:
    """Take what the collecting processes wrote; tell whether there was anything."""
    collected = [line for path in _journals(folder, "journals") for line in _lines(path, record)]
    # A forked process writes its pieces into a journal of its own: all items first, then the rest.
    collected.sort(key=lambda line: line.entry.get("type") != "begun")
    for line in collected:
        _take(record, COLLECTED, line)
    return bool(collected)


def _journals(folder: Path, name: str) -> list[Path]:
    return sorted((folder / name).glob("*.jsonl"))


def _run(folder: Path) -> Run:
    """Return the facts of the run; a run without them is still delivered."""
    try:
        with disk.open_plain(folder / "run.json") as file:
            facts = json.load(file)
        return replace(Run.from_json(facts), id=folder.name)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Run(id=folder.name, started_at="")


def _lines(path: Path, record: RunRecord) -> list[journal.Line]:
    try:
        return journal.read(path)
    except OSError as error:
        problem = Problem(subject=path.name, seen=f"cannot be read ({error.strerror})")
        record.problems.append(problem)
        return []


def _take(record: RunRecord, readers: Mapping[str, Reader], line: journal.Line) -> None:
    damage = line.damage
    if damage == "version":
        damage = f"written by another version of the plugin (format {line.entry.get('v')!r})"
    reader = readers.get(str(line.entry.get("type")))
    if not damage and reader is not None:
        try:
            reader(record, line.entry)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            damage = f"not what it should be ({type(error).__name__})"
    if damage:
        hint = "what it recorded stays in the spool; everything else is delivered"
        record.problems.append(Problem(subject=line.place, seen=damage, next_step=hint))


Reader = Callable[[RunRecord, Mapping[str, Any]], None]


def _begun(record: RunRecord, entry: Mapping[str, Any]) -> None:
    item = replace(Item.from_json(entry["item"]), run_id=record.run.id)
    record.items.setdefault(item.id, item)


def _piece(record: RunRecord, entry: Mapping[str, Any]) -> None:
    piece = Evidence.from_json(entry["piece"])
    if piece.item_id not in record.items:
        msg = "a piece of an item that never began"
        raise ValueError(msg)
    record.pieces.append(piece)


def _refused(record: RunRecord, entry: Mapping[str, Any]) -> None:
    texts = {name: str(entry[name]) for name in ("subject", "seen", "next_step")}
    severity: Literal["error", "warning"] = "warning" if entry["severity"] == "warning" else "error"
    record.refused.append(Problem(**texts, severity=severity))


def _ended(record: RunRecord, entry: Mapping[str, Any]) -> None:
    item = record.items[entry["item_id"]]
    record.items[item.id] = replace(
        item, outcome=Outcome(entry["outcome"]), duration_s=float(entry["duration_s"])
    )
    _unwanted(record, entry)


def _unwanted(record: RunRecord, entry: Mapping[str, Any]) -> None:
    record.unwanted.update(str(piece) for piece in entry.get("unwanted", ()))


def _finished(record: RunRecord, entry: Mapping[str, Any]) -> None:
    record.finished = True
    record.outcomes = {str(name): int(count) for name, count in entry.get("outcomes", {}).items()}


def _intent(record: RunRecord, entry: Mapping[str, Any]) -> None:
    for key in entry["keys"]:
        record.uncertain[key] = str(entry["at"])
        record.attempts[key] = int(entry["attempt"])


def _receipt(record: RunRecord, entry: Mapping[str, Any]) -> None:
    receipt = Receipt.from_json(entry["receipt"])
    record.receipts[receipt.key] = receipt
    record.failures.pop(receipt.key, None)
    record.uncertain.pop(receipt.key, None)


def _failure(record: RunRecord, entry: Mapping[str, Any]) -> None:
    failure = Failure.from_json(entry["failure"])
    record.failures[failure.key] = failure
    if failure.state is not State.UNCERTAIN:
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
DELIVERED: Mapping[str, Reader] = {
    "intent": _intent,
    "receipt": _receipt,
    "failure": _failure,
    "note": _note,
    "to-conclude": _to_conclude,
    "concluded": _concluded,
}
