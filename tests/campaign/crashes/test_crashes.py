"""A seeded part of the campaign of crashes; `python -m tests.campaign --full` runs all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .blocks import Block
from .running import EVERY_BLOCK
from .traced import can_trace


PROJECT = Path(__file__).parents[3]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="forks, and reads sockets from /proc")
SEED = os.environ.get("EVIDENCE_CAMPAIGN_SEED", "1")


@LINUX
@pytest.mark.parametrize("block", EVERY_BLOCK, ids=lambda block: block.id)
def test_block(block: Block, tmp_path: Path) -> None:
    """No trial loses or doubles anything; with a broken product some do."""
    if block.id == "C7" and not can_trace():
        pytest.skip("strace is not here, or may not trace")
    words = ["--block", block.id, "--seed", SEED, "--processes", "1"]
    words += ["--json", str(tmp_path / "rows")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaign", *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert "" == done.stderr
    assert 0 == done.returncode, done.stdout
    [row] = json.loads((tmp_path / "rows").read_text())
    assert block.red or 0 < row["tally"]["struck"]
