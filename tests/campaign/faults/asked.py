"""The faults that a test asked for, each with a counter of its own: a fault nobody met proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.faults.fault import FOR_EVER


MANY = 1_000_000_000
"""So often that it is for ever, and still a number that counts down."""


@dataclass(kw_only=True)
class Asked:
    """Adds faults to a sandbox, and tells which of them no request has met as often as asked."""

    sandbox: Sandbox
    _faults: list[dict[str, Any]] = field(default_factory=list)

    def add(self, fault: str, **values: Any) -> None:
        """Let a fault happen; names and values are those of the sandbox. No two may be alike."""
        if values.get("times") == FOR_EVER:
            values["times"] = MANY
        self.sandbox.faults.add(fault, **values)
        added = self.sandbox.faults.waiting()[-1]
        assert not any(_alike(added, one) for one in self._faults), f"{fault} twice: one counter"
        self._faults.append(added)

    def unmet(self) -> list[str]:
        """Return the faults that were met less often than asked; one for ever must be met once."""
        waiting = self.sandbox.faults.waiting()
        return [str(one["fault"]) for one in self._faults if _met(one, waiting) < _wanted(one)]


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    names = one.keys() - {"times", "after"}
    return all(one[name] == other[name] for name in names)


def _met(asked: dict[str, Any], waiting: list[dict[str, Any]]) -> int:
    left = next((one["times"] for one in waiting if _alike(asked, one)), 0)
    return int(asked["times"] - left)


def _wanted(asked: dict[str, Any]) -> int:
    return 1 if asked["times"] == MANY else int(asked["times"])
