"""What the lines of journals say, taken into the record of their run: a reader for each type."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from typing import Literal

from ..model import Evidence
from ..model import Failure
from ..model import Item
from ..model import Outcome
from ..model import Problem
from ..model import Receipt
from ..model import State
from ..model import Target
from ..run_record import RunRecord
from ..run_record import Unmapped


MOST = 2**53  # of bytes, pieces and seconds


Reader = Callable[[RunRecord, Mapping[str, Any]], None]


class WrongError(ValueError):
    """A line that is whole and says what cannot be."""


def _begun(record: RunRecord, entry: Mapping[str, Any]) -> None:
    item = replace(Item.from_json(entry["item"]), run_id=record.run.id)
    _expect_duration(item.duration_s)
    known = record.items.setdefault(item.id, item)
    # A forked process may tell of the same item once more.
    if (known.nodeid, known.targets) != (item.nodeid, item.targets):
        msg = "tells otherwise of an item that began already"
        raise WrongError(msg)


def _piece(record: RunRecord, entry: Mapping[str, Any]) -> None:
    piece = Evidence.from_json(entry["piece"])
    if piece.item_id not in record.items:
        msg = "a piece of an item that never began"
        raise WrongError(msg)
    if not (0 < piece.seq <= MOST and 0 <= piece.size <= MOST and 0 <= piece.step_number <= MOST):
        msg = f"a piece number {piece.seq:.3g} of {piece.size:.3g} bytes"
        raise WrongError(msg)
    if piece in record.known:
        msg = "tells of a piece that is known already"
        raise WrongError(msg)
    record.known.add(piece)
    record.pieces.append(piece)


def _expect_duration(seconds: float | None) -> None:
    if seconds is not None and not 0 <= seconds <= MOST:
        msg = f"a duration of {seconds:.3g} s"
        raise WrongError(msg)


def _refused(record: RunRecord, entry: Mapping[str, Any]) -> None:
    subject, seen, next_step = (str(entry[name]) for name in ("subject", "seen", "next_step"))
    severity: Literal["error", "warning"] = "warning" if entry["severity"] == "warning" else "error"
    record.refused.append(
        Problem(subject=subject, seen=seen, next_step=next_step, severity=severity)
    )


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


def _unmapped(record: RunRecord, entry: Mapping[str, Any]) -> None:
    known, names = Unmapped.from_json(entry), list(map(str, entry["tests"]))
    one = Item(id="", run_id=record.run.id, nodeid="", outcome=known.outcome, rows=known.rows)
    record.unmapped += [replace(one, nodeid=name) for name in names]
    record.bare.update(names if known.bare else ())


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
        raise WrongError(msg)
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
    "unmapped": _unmapped,
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
