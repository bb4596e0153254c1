"""What a delivering process remembers: intents, receipts, failures, notes."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ..errors import SpoolError
from ..model import Delivery
from ..model import Failure
from ..model import Receipt
from ..model import utc_text
from ..run_record import Move
from . import disk
from .journal import Journal
from .run_files import note_begun
from .run_files import numbers
from .run_folder import RunFolder


class DeliveryLog:
    """The delivery journals of one process, one in every run being delivered; threads may share it."""

    def __init__(self, runs: Iterable[RunFolder]) -> None:
        self._journals = {
            run.id: Journal(
                _folder_of(run.path),
                _next_number(run.path),
                partial(note_begun, run.path, "delivery"),
            )
            for run in runs
        }

    def intent(self, deliveries: Sequence[Delivery], attempts: dict[str, int]) -> None:
        """Record, before the first byte goes out, what is about to be sent, and how often it was with that.

        `attempt` is the most of all, `attempts` tells which have fewer.
        """
        now = utc_text()
        for run_id, own in _by_run(deliveries).items():
            most = max(attempts[d.key] for d in own)
            entry = {"type": "intent", "keys": [d.key for d in own], "attempt": most, "at": now}
            if fewer := {d.key: attempts[d.key] for d in own if attempts[d.key] < most}:
                entry["attempts"] = fewer
            self._journals[run_id].append({**entry, "destination": own[0].target.destination})

    def receipt(self, *settled: tuple[Delivery, Receipt]) -> None:
        """Record that a destination has some pieces; all of them count, or (for a run) none."""
        lines = {
            delivery.key: {"type": "receipt", "receipt": r.to_json()} for delivery, r in settled
        }
        for run_id, own in _by_run([delivery for delivery, _ in settled]).items():
            self._journals[run_id].append(*(lines[delivery.key] for delivery in own))

    def failure(self, delivery: Delivery, failure: Failure) -> None:
        """Record why a delivery is not settled."""
        self._journals[delivery.item.run_id].append(
            {"type": "failure", "failure": failure.to_json()}
        )

    def note(self, destination: str, name: str, value: str) -> None:
        """Remember a destination's note in every run being delivered."""
        for journal in self._journals.values():
            journal.append(
                {"type": "note", "destination": destination, "name": name, "value": value}
            )

    def to_conclude(self, destination: str, target: str) -> None:
        """Record that a target has to be told its outcome."""
        for journal in self._journals.values():
            journal.append({"type": "to-conclude", "destination": destination, "target": target})

    def concluded(self, destination: str, target: str) -> None:
        """Record that a target was told its outcome."""
        for journal in self._journals.values():
            journal.append({"type": "concluded", "destination": destination, "target": target})

    def remapped(self, run_id: str, moves: Iterable[Move]) -> None:
        """Record the targets that items have from now on."""
        now = utc_text()
        lines = [{"type": "remapped", "at": now, **_moved(move)} for move in moves]
        if lines:
            self._journals[run_id].append(*lines)

    def gone(self, delivery: Delivery) -> None:
        """Record that a piece is not at a target which it no longer has."""
        facts = {"piece": delivery.evidence.id, "key": delivery.key, "at": utc_text()}
        self._journals[delivery.item.run_id].append({"type": "gone", **facts})

    def close(self) -> None:
        """Close the journals; a thread that comes late writes nothing more."""
        for journal in self._journals.values():
            journal.close()


def _folder_of(run: Path) -> Path:
    """Return where a run's delivery journals are. What CI carries about loses an empty folder."""
    folder = run / "deliveries"
    try:
        if not folder.is_dir():
            disk.make_folder(folder)
    except OSError as error:
        msg = f"{folder} cannot be written ({error.strerror or error})"
        raise SpoolError(msg) from error
    return folder


def _moved(move: Move) -> dict[str, object]:
    return {
        "item_id": move.item.id,
        "targets": [target.to_json() for target in move.targets],
        "pieces": {id: [t.to_json() for t in found] for id, found in move.pieces.items()},
        "withdrawn": {id: sorted(keys) for id, keys in move.withdrawn.items()},
    }


def _by_run(deliveries: Sequence[Delivery]) -> dict[str, list[Delivery]]:
    runs: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        runs.setdefault(delivery.item.run_id, []).append(delivery)
    return runs


def _next_number(run: Path) -> str:
    """Return the prefix that sorts a new delivery journal behind those there are, or were."""
    return f"{max((0, *numbers(run))) + 1:06d}-"
