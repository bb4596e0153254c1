"""The words of the project: frozen, the same after a trip through JSON, and named alike everywhere."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from types import NoneType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_attach_evidence.json_record import Record
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Failure
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.model import State
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.model import key_of
from pytest_attach_evidence.model import seconds_since
from pytest_attach_evidence.model import utc_text

from .pieces import CASE
from .pieces import FOLDER
from .pieces import item
from .pieces import piece


DIGEST = f"sha256:{'0' * 64}"
RECORDS = [
    CASE,
    FOLDER,
    item("j1-1", CASE, FOLDER, duration_s=1.5, rerun=2, outcome=Outcome.SKIPPED),
    piece(item(), redaction=3, remark="größe"),
    Receipt(key="0" * 12, remote_id="7", how="listed", attempts=2),
    Failure(key="0" * 12, state=State.UNCERTAIN, reason="the answer was lost"),
    Run(id="run-1", started_at="2026-05-01T00:00:00.000Z", argv=("pytest",), ci={"CI": "1"}),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_records_travel_as_json(record: Record) -> None:
    """What is read back is what was written, and a newer version's further keys are passed over."""
    travelled = json.loads(json.dumps({**record.to_json(), "a_later_key": 1}))

    read = type(record).from_json(travelled)

    assert record.to_json() == read.to_json()
    assert not isinstance(record, Target | Item | Evidence) or hash(record) == hash(read)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
@pytest.mark.parametrize("wrong", [None, 7.5, [], {}, "\ud800", True])
def test_wrong_types_are_refused_when_they_are_read(record: Record, wrong: object) -> None:
    """A record either has the types it promises or is none: nothing surprises the next room."""
    for name in record.to_json():
        try:
            read = type(record).from_json({**record.to_json(), name: wrong})
        except (KeyError, TypeError, ValueError):
            continue
        promised, got = type(getattr(record, name)), type(getattr(read, name))
        assert (
            got in (promised, str, NoneType)
            if promised in (str, NoneType)
            else got in (promised, NoneType)
        )


def test_words_are_frozen() -> None:
    """No room can change what another one holds."""
    with pytest.raises(FrozenInstanceError):
        CASE.id = "TC-13"  # type: ignore[misc]  # what is tested


TEXTS = st.text(max_size=8)
FACTS = st.tuples(TEXTS, st.integers(1, 9), TEXTS, st.builds(Target.of, TEXTS, TEXTS, TEXTS, TEXTS))


@given(one=FACTS, other=FACTS)
def test_keys_differ_where_anything_differs(
    one: tuple[str, int, str, Target], other: tuple[str, int, str, Target]
) -> None:
    """A key is short, the same for the same delivery, and another for any other one."""
    assert 12 == len(key_of(*one))
    assert (one == other) == (key_of(*one) == key_of(*other))


def test_a_key_is_the_same_in_every_version() -> None:
    """Attachments of earlier runs are found by their key, so its recipe never changes."""
    assert "8b85da4de7e2" == key_of("j1-1", 1, DIGEST, CASE)


def test_scope_has_no_order_and_no_empty_values() -> None:
    """Two ways to write a target give the same target."""
    one = Target.of("squash", "o", "k", "1", b="2", a="1", c=None, d="")
    other = Target.of("squash", "o", "k", "1", a="1", b="2")

    assert one == other
    assert ("1", None) == (one.scoped("a"), one.scoped("c"))
    assert "squash k 1 a=1 b=2" == str(one)


@pytest.mark.parametrize(
    ("when", "passed", "failed"),
    [("always", True, True), ("failed", False, True), ("passed", True, False)],
)
def test_when_decides_what_is_kept(when: str, passed: bool, failed: bool) -> None:
    """`when` keeps evidence of one outcome, or of all."""
    one = item(when=when)

    assert (passed, failed) == (one.keeps(failed=False), one.keeps(failed=True))


def test_what_never_ended_counts_as_failed() -> None:
    """A crashed test is no passed one."""
    assert [False, True, False, True] == [outcome.failed for outcome in Outcome]
    assert [State.DELIVERED, State.FOUND] == [state for state in State if state.settled]


def test_moments_are_utc_text_with_milliseconds() -> None:
    """Every moment in the spool can be read by people and compared as text."""
    moment = datetime(2026, 5, 1, 12, 30, 0, 1500, tzinfo=UTC)

    assert "2026-05-01T12:30:00.001Z" == utc_text(moment)
    assert 59.999 == seconds_since(utc_text(moment), moment + timedelta(seconds=59.9985))
    assert 0.0 == seconds_since(utc_text(moment), moment - timedelta(days=1))


@pytest.mark.parametrize("text", ["", "yesterday", "2026-05-01", "2026-05-01T12:00:00", "99"])
def test_what_is_no_moment_is_a_value_error(text: str) -> None:
    """A damaged moment, one without a time zone too, is told apart from a bug."""
    with pytest.raises(ValueError, match=r"[Ii]nvalid|zone|moment"):
        seconds_since(text)
