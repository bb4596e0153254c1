"""`attach-evidence clean`: remove runs from the spool that are completely delivered."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import pytest

from .. import delivering
from ..errors import SpoolError
from ..report.exit_status import ExitStatus
from ..report.output import counted
from . import with_pytest
from .with_pytest import say


DESCRIPTION = (
    "Remove delivered runs from the spool. A run with anything open or damaged always stays."
)


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    chosen = with_pytest.parser("clean", DESCRIPTION).parse_args(arguments)
    return with_pytest.run(chosen, lambda config: clean(config, chosen))


def clean(config: pytest.Config, chosen: argparse.Namespace) -> int:
    """Remove the chosen runs that are settled; say which stay."""
    try:
        runs = with_pytest.chosen_runs(with_pytest.spool_of(config), chosen.runs)
        stayed = [run for run in runs if not delivering.remove_settled(run)]
    except SpoolError as error:
        return with_pytest.spool_trouble(error)
    say(f"{counted(len(runs) - len(stayed), 'run')} removed, {len(stayed)} stay")
    if chosen.runs and stayed:
        say(
            *(
                f"stays: {run.id} is in use, or something is open in it or in a run that "
                "was delivered with it (see status)"
                for run in stayed
            )
        )
        return int(ExitStatus.WAITING)
    return int(ExitStatus.OK)
