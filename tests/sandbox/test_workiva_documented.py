"""Every answer of the Workiva look-alike is of the documented shape, whatever was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lookalike_server import starting
from workiva_documented import OPERATIONS
from workiva_documented import REFUSALS
from workiva_documented import Exchange
from workiva_documented import violations
from workiva_recorded import RecordedWorkiva
from workiva_recorded import every_answer


Change = Callable[[Exchange], Exchange]


@pytest.fixture(scope="module", params=["", "/platform/v1"], ids=["2026-01-01", "2022-01-01"])
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Exchange]]:
    """Record one version."""
    folder: Path = tmp_path_factory.mktemp("recorded")
    with starting(RecordedWorkiva, folder, settle_s=0.0) as start:
        yield every_answer(start, request.param)


def test_no_answer_is_of_another_shape(recorded: list[Exchange]) -> None:
    """Hundreds of answers, none of which has a wrong status, header, key or type."""
    documented = [one for one in recorded if one.operation]

    assert [] == [found for one in documented for found in violations(one)]
    assert len(documented) > 700


def test_every_operation_was_asked_with_every_outcome(recorded: list[Exchange]) -> None:
    """Each operation succeeded at least once; each kind of refusal was met where it can be."""
    met: dict[str, set[int]] = {}
    for one in recorded:
        met.setdefault(one.operation, set()).add(one.status)
    every = {name: status for name, status, _ in OPERATIONS.values()}

    assert set(every) <= set(met)
    assert [] == [name for name, success in every.items() if success not in met[name]]
    usual = {401, 404, 429, 500, 503}
    without = {"tokenRequest": usual, "getTestForms": {404}}
    assert [] == [name for name in every if not usual - without.get(name, set()) <= met[name]]
    assert REFUSALS <= {status for statuses in met.values() for status in statuses}


def without(name: str) -> Change:
    """Return what takes a header away."""
    return lambda one: replace(one, headers={k: v for k, v in one.headers.items() if k != name})


def changed(**more: Any) -> Change:
    """Return what changes keys of the document."""

    def change(one: Exchange) -> Exchange:
        document = json.loads(one.answer) | more
        return replace(one, answer=json.dumps(document).encode())

    return change


@pytest.mark.parametrize(
    ("operation", "change"),
    [
        ("sampleAttachmentUpload", without("location")),
        ("sampleAttachmentUpload", without("retry-after")),
        ("sampleAttachmentUpload", changed(uploadUrl=None)),
        ("sampleAttachmentUpload", changed(uploadURL="x")),
        ("sampleAttachmentUpload", lambda one: replace(one, status=201)),
        ("matrixAttachmentExportById", lambda one: replace(one, answer=b"{}")),
        ("matrixAttachmentDownloadById", without("location")),
        ("getOperationById", without("retry-after")),
        ("getOperationById", changed(status="done")),
        ("getOperationById", changed(details=[{"code": "x"}])),
        ("getSamples", changed(data=None)),
        ("getSamples", changed(data=[{"id": "s", "dataValues": [{"column": "c", "value": 7}]}])),
        ("getSampleById", changed(attachments=[{"fileName": "a"}])),
        ("getTestForms", changed(data=[{"id": "f"}])),
        ("getMatrixById", without("content-type")),
        ("tokenRequest", changed(expires_in="599")),
        ("tokenRequest", changed(scope=None)),
    ],
)
def test_another_shape_would_be_seen(
    recorded: list[Exchange], operation: str, change: Change
) -> None:
    """The assertions find what they are there for."""
    succeeded = next(
        one for one in recorded if one.operation == operation and one.status in (200, 202)
    )

    assert [] == violations(succeeded)
    assert [] != violations(change(succeeded))
