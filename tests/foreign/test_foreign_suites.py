"""Suites that nobody here wrote end with the same outcomes with the plugin as without it, test by test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_attach_evidence.run_record import RunRecord
from pytest_attach_evidence.spool import Spool

from .suites import SUITES
from .suites import Outcomes
from .suites import Suite
from .suites import Unreachable
from .suites import outcomes
from .suites import unpacked


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.distribution)
def test_the_same_outcomes(suite: Suite, tmp_path: Path) -> None:
    """Collecting with everything on changes the outcome of no test of a foreign suite."""
    try:
        project = unpacked(suite, tmp_path / "archive")
    except Unreachable as error:
        give_up = pytest.fail if os.environ.get("CI_RUN") else pytest.skip
        give_up(f"{suite.requirement} cannot be had from the package index here: {error}")
    everything = (
        *("-p", "attach-evidence", "--evidence=collect", f"--evidence-dir={tmp_path / 'spool'}"),
        *("--evidence-log=always", "--evidence-screenshot=always", "--evidence-page=always"),
        *("--evidence-screenshot-teardown=on", "-oevidence_files=**"),
        "-oevidence_bridge=pytest-html properties allure",
    )

    without = outcomes(suite, project, "-p", "no:attach-evidence")
    with_it = outcomes(suite, project, *everything)

    different = differences(without, with_it)
    if different:  # one that differs once more is no test that fails now and then
        again = outcomes(suite, project, "-p", "no:attach-evidence")
        different &= differences(again, outcomes(suite, project, *everything))

    assert suite.least <= len([test for test, said in without.items() if "passed" in said])
    assert set() == different
    runs = list(Spool(tmp_path / "spool").runs())
    records = [run.read() for run in runs]
    assert any(record.pieces for record in records)
    assert suite.pictures <= max(map(photographed, records))
    assert not suite.inner or len(runs) > suite.least


def photographed(record: RunRecord) -> int:
    """Return how many tests of a run left a picture."""
    return len({piece.item_id for piece in record.pieces if piece.kind == "screenshot"})


def differences(one: Outcomes, other: Outcomes) -> set[str]:
    """Return the tests that did not end alike, those that only one run has included."""
    return {test for test in one.keys() | other.keys() if one.get(test) != other.get(test)}
