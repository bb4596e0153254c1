"""What became of each row of a map: one status, by what is most urgent about its tests."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.deliveries import wanted
from pytest_attach_evidence.drift import Drift
from pytest_attach_evidence.drift import RowState
from pytest_attach_evidence.drift import Targets
from pytest_attach_evidence.drift import drift
from pytest_attach_evidence.mapfile import DROPPED
from pytest_attach_evidence.mapfile import Cell
from pytest_attach_evidence.mapfile import MapFile
from pytest_attach_evidence.mapfile import MapRow
from pytest_attach_evidence.mapfile import Pattern
from pytest_attach_evidence.mapfile import read
from pytest_attach_evidence.model import Filled
from pytest_attach_evidence.model import Filter
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import State
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.report import drift as words
from pytest_attach_evidence.run_record import RunRecord

from .pieces import CASE
from .pieces import FOLDER
from .pieces import HERE
from .pieces import item
from .pieces import piece
from .pieces import record


OTHER = Target.of("squash", HERE, "test-case", "TC-13", iteration="4")
MOVED = Target.of("squash", HERE, "test-case", "TC-14", iteration="4")
PHASE = Target.of("workiva", "https://workiva.example", "test-phase", "f/p")
TEST = "test_it.py::test_a"


def row(test: str = TEST, line: int = 2, **facts: Any) -> MapRow:
    """Return a row of a map."""
    return MapRow(source=Path("map.csv"), line=line, test=test, **facts)


def mapped(*targets: Target, rows: tuple[str, ...] = (TEST,), **facts: Any) -> Item:
    """Return an item that was recorded with these rows."""
    return item("j1-1", *targets, nodeid=TEST, rows=rows, **facts)


def one_of(
    given: MapRow, targets: Targets, run: RunRecord, states: tuple[State, ...] = (), **facts: Any
) -> RowState:
    """Return what became of a row in a run whose deliveries are in these states, in their order."""
    deliveries = list(wanted([run]))
    known = dict(zip([d.key for d in deliveries], states, strict=True))
    (found,) = drift([(given, targets)], [run], deliveries, known.__getitem__, **facts).rows
    return found


SQUASH: Targets = {"squash": frozenset([CASE])}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((State.DELIVERED, State.FOUND), "delivered"),
        ((State.DELIVERED, State.WAITING), "waiting"),
        ((State.UNCERTAIN, State.WAITING), "uncertain"),
        ((State.DAMAGED, State.UNCERTAIN), "damaged"),
        ((State.DAMAGED, State.REJECTED), "rejected"),
    ],
)
def test_the_most_urgent_delivery_tells_the_status(
    states: tuple[State, State], expected: str
) -> None:
    """And all of them are counted, by destination."""
    owner = mapped(CASE)
    run = record([owner], [piece(owner, 1), piece(owner, 2)])

    found = one_of(row(), SQUASH, run, states)

    assert (expected, 1) == (found.status, found.tests)
    assert {"squash": dict.fromkeys(states, 1)} == found.deliveries


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (mapped(CASE), "missing"),
        (mapped(CASE, outcome=Outcome.SKIPPED), "skipped"),
        (mapped(CASE, when="failed"), "nothing to deliver"),
        (
            mapped(CASE, filters=(Filter(destination="squash", when="failed"),)),
            "nothing to deliver",
        ),
        (mapped(OTHER), "not used"),
        (mapped(FOLDER), "not used"),
        (item("j1-1", CASE, rows=("other/",)), "not run"),
        (mapped(CASE, rows=()), "missing"),
    ],
    ids=["nothing", "skipped", "when", "filter", "marker", "dropped", "elsewhere", "new row"],
)
def test_rows_without_a_delivery_say_why(owner: Item, expected: str) -> None:
    """The test did not run, was skipped, owes nothing, has other targets, or attached nothing."""
    assert expected == one_of(row(), SQUASH, record([owner], [])).status


def test_a_row_answers_for_its_own_targets_only() -> None:
    """What became of the rest of a test is told in the rows where that stands."""
    owner = mapped(CASE, OTHER, PHASE, filters=(Filter(destination="workiva", kinds=("report",)),))
    run = record([owner], [piece(owner)])
    states = (State.DELIVERED, State.REJECTED)

    phase: Targets = {"workiva": frozenset([PHASE])}
    assert "delivered" == one_of(row(), SQUASH, run, states).status
    assert "rejected" == one_of(row(), {"squash": frozenset([OTHER])}, run, states).status
    assert "missing" == one_of(row(), phase, run, states).status


@pytest.mark.parametrize(
    ("filled", "expected"),
    [
        ((), "not used"),
        ((Filled(row="other/", target=CASE),), "not used"),
        ((Filled(row=TEST, target=PHASE),), "not used"),
        ((Filled(row=TEST, target=CASE),), "delivered"),
        ((Filled(row=TEST, target=OTHER),), "rejected"),
        ((Filled(row=TEST, target=CASE), Filled(row=TEST, target=OTHER)), "rejected"),
        ((Filled(row=TEST, target=MOVED),), "rejected"),
    ],
    ids=["none", "another row", "elsewhere", "one", "other", "both", "remapped"],
)
def test_a_row_with_placeholders_answers_for_what_it_gave(
    filled: tuple[Filled, ...], expected: str
) -> None:
    """Not for what a nearer row or a marker gave; what was remapped since is its own."""
    owner = mapped(CASE, OTHER, filled=filled)
    run = record([owner], [piece(owner)])
    states = (State.DELIVERED, State.REJECTED)

    assert expected == one_of(row(), {"squash": None}, run, states).status


def test_required_kinds_are_the_business_of_the_row_that_asks() -> None:
    """It is missing though all that there is was delivered."""
    owner = mapped(CASE, require=("log", "table"))
    run = record([owner], [piece(owner, kind="log")])

    asking = one_of(row(require=("log", "table")), SQUASH, run, (State.DELIVERED,))
    other = one_of(row(), SQUASH, run, (State.DELIVERED,))

    assert ("missing", ((TEST, "has no table"),)) == (asking.status, asking.lacks)
    assert "1 test; squash: 1 delivered; test_it.py::test_a has no table" == words.detail(asking)
    assert ("delivered", ()) == (other.status, other.lacks)


def test_attempts_are_one_test_of_which_the_last_counts() -> None:
    """Their deliveries all count; whether evidence lacks is told of the last."""
    first, last = mapped(CASE), replace(mapped(CASE), id="j1-2", rerun=1)
    run = record([first, last], [piece(first)])

    found = one_of(row(), SQUASH, run, (State.DELIVERED,))

    assert ("missing", 1) == (found.status, found.tests)
    assert {"squash": {State.DELIVERED: 1}} == found.deliveries


BLANK = item("", nodeid=TEST)


@pytest.mark.parametrize(
    ("given", "targets", "ran", "expected"),
    [
        (row(), {}, [BLANK], "not mapped"),
        (row("test_it.py"), {}, [BLANK], "not mapped"),
        (
            row("test_it.py"),
            {},
            [BLANK, item("", nodeid="test_it.py::test_b")],
            "nothing to deliver",
        ),
        (row(), {}, [replace(BLANK, outcome=Outcome.SKIPPED)], "skipped"),
        (row(), {}, [replace(BLANK, outcome=Outcome.SKIPPED), BLANK], "not mapped"),
        (row(cells={"squash": DROPPED}), {}, [BLANK], "nothing to deliver"),
        (row(whens={"archive": "failed"}), {}, [BLANK], "nothing to deliver"),
        (row(cells={"squash": Cell(("TC-12",))}), SQUASH, [BLANK], "not used"),
        (row("CTRL-07"), {}, [replace(BLANK, rows=("CTRL-07",))], "not mapped"),
        (row("CTRL-07"), {}, [BLANK], "not run"),
    ],
)
def test_rows_of_tests_of_which_nothing_is_expected(
    given: MapRow, targets: Targets, ran: list[Item], expected: str
) -> None:
    """They ran, in this run or in another of those that are told together."""
    runs = [record([], [], unmapped=[one], bare={TEST}) for one in ran]
    (found,) = drift([(given, targets)], runs, [], lambda key: State.DELIVERED).rows

    assert (expected, len({one.nodeid for one in ran}) * (expected != "not run")) == (
        found.status,
        found.tests,
    )


def test_what_was_recorded_and_told_is_one_test() -> None:
    """An attempt that brings something is an item of its own."""
    owner = item("j1-1", FOLDER, nodeid=TEST, rows=(TEST,))
    run = record([owner], [piece(owner)], unmapped=[replace(BLANK, rows=(TEST,))], bare={TEST})

    assert ("not mapped", 1) == (
        (found := one_of(row(), {}, run, (State.DELIVERED,))).status,
        found.tests,
    )


def test_destinations_that_are_not_enabled_are_told() -> None:
    """Beside what was delivered: the row is not served as it stands there."""
    owner = mapped(CASE)
    cells = {"squash": Cell(("TC-12",)), "workiva": Cell(("f/p",)), "huawei": DROPPED}

    found = one_of(row(cells=cells), SQUASH, record([owner], [piece(owner)]), (State.DELIVERED,))

    assert "delivered" == found.status
    assert "1 test; squash: 1 delivered; workiva: not enabled" == words.detail(found)


def test_masked_names_are_found() -> None:
    """The spool has names masked; the map has not."""
    owner = item("j1-1", CASE, nodeid="[redacted]", rows=("[redacted]",))
    run = record([owner], [piece(owner)])

    assert (
        "delivered"
        == one_of(row(), SQUASH, run, (State.DELIVERED,), mask=lambda _: "[redacted]").status
    )


def whole() -> Drift:
    """Return the drift of two rows and two tests that nobody mapped."""
    owner = mapped(CASE)
    run = record([owner], [piece(owner)], bare={"=b.py::t", "a.py::t"}, outcomes={"passed": 3})
    rows = [(row(raw={"squash": "TC-12"}), SQUASH), (row("gone.py", 3, raw={"#owner": "Ann"}), {})]
    return drift(rows, [run], wanted([run]), lambda key: State.DELIVERED)


def test_it_is_told_in_one_line_and_a_table() -> None:
    """Counts of the rows, and the tests that ran without one."""
    assert "mapped: 2 rows: 1 delivered, 1 not run; 2 tests ran without a row" == words.line(
        whole()
    )
    assert [
        ["map.csv:2", TEST, "delivered", "1 test; squash: 1 delivered"],
        ["map.csv:3", "gone.py", "not run", ""],
        ["", "=b.py::t", "not mapped", ""],
        ["", "a.py::t", "not mapped", ""],
    ] == words.table(whole())
    assert whole().ended


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_the_sheet_has_the_shape_of_the_map_and_can_be_one(tmp_path: Path, delimiter: str) -> None:
    """Its columns and separator, three more at the end; no cell of ours is a formula."""
    columns = {"test": 1, "#owner": 1, "squash": 1, "status": 1}
    file = MapFile(source=Path("map.csv"), columns=columns, delimiter=delimiter)

    content = words.sheet([file], whole(), ["run-1"], str)

    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=delimiter))
    assert [
        ["test", "#owner", "squash", "status", "detail", "row", "run"],
        [TEST, "", "TC-12", "delivered", "1 test; squash: 1 delivered", "map.csv:2", "run-1"],
        ["gone.py", "Ann", "", "not run", "", "map.csv:3", "run-1"],
        ["# =b.py::t", "", "", "not mapped", "", "", "run-1"],
        ["a.py::t", "", "", "not mapped", "", "", "run-1"],
    ] == lines
    (tmp_path / "again.csv").write_bytes(content)
    again = read(tmp_path / "again.csv")
    assert ((), 3) == (again.problems, len(again.rows))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.py::t[2*3]", "a.py::t[2[*]3]"),
        ("a.py::t[***]", "a.py::t[[*][*][*]]"),
        ("a.py::t[[*]]", "a.py::t[[[*]]]"),
        ("a*/b.py::t", "a[*]/b.py::t"),
        ("a.py::t[=1|2]", "a.py::t[=1|2]"),
        ("a.txt::a*b", "# a.txt::a*b"),
        ("-a/b.py::t", "# -a/b.py::t"),
        ("@a/b.py::t", "# @a/b.py::t"),
        ("#a/b.py::t", "# #a/b.py::t"),
        ("<a>/b.py::t", "# <a>/b.py::t"),
        ("a.txt::b ", "# a.txt::b "),
        ("status", "# status"),
    ],
)
def test_a_test_in_the_sheet_stands_for_itself_or_for_nothing(
    tmp_path: Path, name: str, expected: str
) -> None:
    """Read again it is a row that matches this test and no other, or a comment; and is not told again."""
    run = record([], [], bare={name})
    before = drift([], [run], [], lambda key: State.DELIVERED)
    content = words.sheet([], before, ["run-1"], str)
    (tmp_path / "again.csv").write_bytes(content)

    again = read(tmp_path / "again.csv")

    assert [expected] == [
        r["test"] for r in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    ]
    assert () == again.problems
    patterns = [Pattern.of(one.test) for one in again.rows]
    assert [(True, False)] * (not expected.startswith("#")) == [
        (pattern.matches(name), pattern.is_starred) for pattern in patterns
    ]
    rows: list[tuple[MapRow, Targets]] = [(one, {}) for one in again.rows]
    after = drift(rows, [run], [], lambda key: State.DELIVERED)
    assert (() if patterns else (name,)) == after.bare
