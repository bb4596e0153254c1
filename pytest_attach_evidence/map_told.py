"""What a session learns of the map while it runs: rows that hold for nothing, tests that no row expects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

import pytest

from .hooks import UNMAPPED
from .mapfile import no_test
from .mapping import Rules
from .run_record import Unmapped
from .session import is_narrowed


@dataclass(slots=True, kw_only=True)
class MapTold:
    """What the processes of a session tell of the map.

    `unmapped` are tests of which no evidence is expected, by what is known of them.
    """

    unmapped: dict[Unmapped, dict[str, None]] = field(default_factory=dict)
    _unheld: set[str] | None = None
    _narrowed: bool = False
    _warnings: dict[str, None] = field(default_factory=dict)

    def add(self, report: pytest.TestReport) -> None:
        """Take what a report tells."""
        if told := getattr(report, UNMAPPED, None):
            known = Unmapped.from_json(json.loads(told))
            self.unmapped.setdefault(known, {})[report.nodeid] = None

    def of_worker(self, told: Mapping[str, Any]) -> None:
        """Take what a worker of xdist collected; each of them collects all tests."""
        self._warnings.update(dict.fromkeys(told.get("warnings", ())))
        if "unheld" in told:
            unheld = set(told["unheld"])
            self._unheld = unheld if self._unheld is None else self._unheld & unheld
            self._narrowed = self._narrowed or bool(told.get("narrowed"))

    def warnings(self, rules: Rules, config: pytest.Config, *, narrowed: bool) -> list[str]:
        """Return one line about everything in the map of which a person should know, if there is anything."""
        lines = list(dict.fromkeys([*map(str, rules.warnings), *self._warnings]))
        if not (narrowed or self._narrowed or is_narrowed(config)):
            here = {row.place for row in rules.unheld()} if not _is_spread(config) else set()
            unheld = here if self._unheld is None else self._unheld
            rows = [row for row in rules.unheld() if row.place in unheld]
            lines += [f"{row.place}: {row.test} {' - '.join(no_test(row.test))}" for row in rows]
        if not lines:
            return []
        more = f" (and {len(lines) - 1} more: attach-evidence check)" if lines[1:] else ""
        return [f"map: {lines[0]}{more}"]


def _is_spread(config: pytest.Config) -> bool:
    """Tell whether workers of xdist collect in place of this process."""
    return config.pluginmanager.has_plugin("dsession")
