"""What other plugins' hooks hand over of a test, whatever they raise."""

from __future__ import annotations

from typing import Any

import pytest

from ..recorder import Recorder
from .timers import RAISED


def take(recorder: Recorder, item: pytest.Item, report: pytest.TestReport) -> None:
    """Attach what `pytest_evidence_collect` returns; what one answer raises costs its own rest only."""
    try:
        for answer in item.ihook.pytest_evidence_collect(item=item, report=report):
            _take(recorder, answer, report)
    except RAISED as error:
        _refuse(recorder, report, error)


def _take(recorder: Recorder, answer: Any, report: pytest.TestReport) -> None:
    try:
        for name, source, *facts in answer or ():
            recorder.take(name, source, *facts)
    except RAISED as error:  # a generator runs only now
        _refuse(recorder, report, error)


def _refuse(recorder: Recorder, report: pytest.TestReport, error: BaseException) -> None:
    seen = f"raised {type(error).__name__}: {error} - mend the hook"
    recorder.refuse(f"pytest_evidence_collect ({report.when})", seen)
