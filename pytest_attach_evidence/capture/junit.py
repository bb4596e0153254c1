"""Names and hashes of a test's pieces for its JUnit XML, which is written before anything is delivered."""

from __future__ import annotations

import pytest

from .. import naming
from ..model import Evidence
from ..model import Target
from ..model import key_of
from ..recorder import Recorder


PROPERTY = "evidence"


def add_properties(report: pytest.TestReport, recorder: Recorder) -> None:
    """Add a property `evidence` per piece and target to the report of a test's teardown.

    Its text is the name that the piece will have there, its digest, and the target. Nothing but text
    goes on a report: it travels from workers to the controller.
    """
    item = recorder.item
    if not item.keeps(failed=recorder.failed):
        return
    for piece in recorder.pieces:
        for target in item.targets:
            if not item.takes(target.destination, piece.kind):
                continue
            text = f"{_name(piece, target)} {piece.digest} {target}"
            report.user_properties.append((PROPERTY, text))


def _name(piece: Evidence, target: Target) -> str:
    key = key_of(piece.item_id, piece.seq, piece.digest, target)
    if target.destination == "archive":
        return naming.archived_name(piece.name, key, piece.seq)
    return naming.remote_name(piece.name, key)
