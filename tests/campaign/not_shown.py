"""What the campaign's rows do not show, with the reason; the docs show the same."""

from __future__ import annotations

from collections.abc import Mapping


NOT_SHOWN: Mapping[str, str] = {
    "X8 links that lead out of the project": "a test may attach every file that it may read",
    "X9 refused within 100 ms": "the limit of the tests is a second, so that a busy machine fails none",
    "X13 99 of 100 calls of attach take less than 20 ms": "that depends on the disk; "
    "benchmarks/ten_thousand.py measures whole runs",
    "X15 NFS, 9p, SMB": "not tried: what such a file system may lack is refused by a trial at the start",
    "P7 the seconds between the signals": "each signal comes as soon as the one before was sent",
    "P10 what pytest-forked reports": "1.7 cannot pass on the reports of pytest 9.2 and calls every test "
    "failed; the evidence and outcomes of its children are shown",
    "P16 the versions of Python, pytest and xdist in a matrix": "a run has one of each, named above; "
    ".ci/matrix runs the tests of hooks, workers and commands with each pair",
}
"""A promise begins with the id of its row; a row with other parts stands in the table as well."""
