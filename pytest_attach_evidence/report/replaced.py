"""What uploads replaced, in words."""

from __future__ import annotations

from collections.abc import Iterable

from ..deliver import Replaced


def lines(replaced: Iterable[Replaced]) -> list[str]:
    """Return a line for each run that had brought what was replaced, with the first file of many."""
    runs: dict[str, list[Replaced]] = {}
    for one in replaced:
        runs.setdefault(one.run_id, []).append(one)
    found = []
    for run, lost in runs.items():
        first = lost[0]
        what = f"{first.receipt.remote_name} at {first.target}"
        if len(lost) > 1:
            what = f"{len(lost)} files (first: {what})"
        found.append(f"replaced: {what}, which run {run} brought there at {first.receipt.at}")
    return found
