"""Files that a delivery replaced at objects that hold one: named by the receipts of the runs that knew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace

import pytest

from pytest_attach_evidence.deliver import Replaced
from pytest_attach_evidence.deliver import Results
from pytest_attach_evidence.deliver import replaced
from pytest_attach_evidence.destinations.base import Destination
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.plan import plan
from pytest_attach_evidence.run_record import RunRecord

from ..rooms.pieces import delivery
from ..rooms.pieces import piece
from ..rooms.pieces import receipt
from .scripted import FakeBudget
from .scripted import Scripted


class OneFile(Scripted):
    """A destination whose targets are the same object whatever their scope is."""

    def holder(self, target: Target) -> Target:
        """Return the object."""
        return replace(target, scope=())


@dataclass
class Asked:
    """Other runs, and whether anybody asked for them."""

    records: Iterable[RunRecord] = ()
    times: int = 0

    def __call__(self) -> Iterable[RunRecord]:
        """Return them."""
        self.times += 1
        return self.records


PLACE = Target.of("one", "", "record", "4711")
SCOPED = Target.of("one", "", "record", "4711", project="12")


def run(id: str, at: str = "", *targets: Target) -> RunRecord:
    """Return a run with one piece; with a receipt of a moment for it at each target, if it has a moment."""
    owner = Item(id=f"{id}-1", run_id=id, nodeid="test_it.py::test_it", targets=targets or (PLACE,))
    own = piece(owner)
    receipts = {}
    for target in owner.targets:
        there = receipt(delivery(owner, own, target), remote_name=f"{id}.png", at=at)
        receipts.update({there.key: there} if at else {})
    facts = Run(id=id, started_at="")
    return RunRecord(run=facts, folder="", items={owner.id: owner}, pieces=[own], receipts=receipts)


def delivered(*records: RunRecord, before: Iterable[str] = ()) -> Results:
    """Return the results of a delivery after which these runs have their receipts.

    `before` are runs that had them already when it was planned.
    """
    known = [one if one.run.id in before else replace(one, receipts={}) for one in records]
    receipts = {key: there for one in records for key, there in one.receipts.items()}
    return Results(plan=plan(known, {}), receipts=receipts)


@pytest.fixture
def destinations() -> dict[str, Destination]:
    """One destination whose objects hold one file."""
    return {"one": OneFile("one", FakeBudget(ends_at=0.0))}


def names(found: Iterable[Replaced]) -> list[tuple[str, str]]:
    """Return the run and the file of what was replaced."""
    return [(one.run_id, one.receipt.remote_name) for one in found]


def test_the_newest_file_that_was_there_is_named(destinations: dict[str, Destination]) -> None:
    """Those before it were replaced by it, and one that came later was not replaced."""
    others = [run("a", "2026-11-01"), run("c", "2026-11-03"), run("b", "2026-11-02")]
    later = run("e", "2026-11-09")

    found = replaced(delivered(run("d", "2026-11-04")), destinations, lambda: [*others, later])

    assert [("c", "c.png")] == names(found)
    assert [PLACE] == [one.target for one in found]


def test_an_older_run_that_is_pushed_later_replaces_too(
    destinations: dict[str, Destination],
) -> None:
    """What counts is when it arrived, not when the tests ran."""
    found = replaced(
        delivered(run("a", "2026-11-04")), destinations, lambda: [run("b", "2026-11-02")]
    )

    assert [("b", "b.png")] == names(found)


def test_the_object_counts_and_not_the_way_to_it(destinations: dict[str, Destination]) -> None:
    """Another project in the scope is the same record, in this delivery too."""
    together = delivered(run("a", "2026-11-01"), run("b", "2026-11-02", SCOPED))

    elsewhere = replaced(
        delivered(run("b", "2026-11-02", SCOPED)), destinations, lambda: [run("a", "1")]
    )
    here = replaced(together, destinations, tuple)

    assert [("a", "a.png")] == names(elsewhere) == names(here)
    assert SCOPED == here[0].target


def test_what_goes_along_is_not_lost(destinations: dict[str, Destination]) -> None:
    """A file with the pieces of all runs being delivered holds those that were there before."""
    both = delivered(run("a", "2026-11-01"), run("b", "2026-11-02"), before=["a"])

    assert [] == replaced(both, destinations, tuple)


def test_what_has_no_receipt_is_no_file(destinations: dict[str, Destination]) -> None:
    """A run that waits has brought nothing."""
    assert [] == replaced(delivered(run("b", "2026-11-02")), destinations, lambda: [run("a")])


@pytest.mark.parametrize("nothing_sent", [True, False])
def test_nobody_reads_other_runs_for_nothing(nothing_sent: bool) -> None:
    """Not where nothing was sent, nor where the destination keeps what is there."""
    asked = Asked([run("a", "2026-11-01")])
    kind = OneFile if nothing_sent else Scripted
    made = kind("one", FakeBudget(ends_at=0.0))
    before = ["b"] if nothing_sent else []

    found = replaced(delivered(run("b", "2026-11-02"), before=before), {"one": made}, asked)

    assert ([], 0) == (found, asked.times)


def test_other_destinations_of_other_runs_do_not_matter(
    destinations: dict[str, Destination],
) -> None:
    """A target of a destination that is off, or of one that replaces nothing, is no record."""
    archived = run("a", "2026-11-01", replace(PLACE, destination="archive"))

    assert [] == replaced(delivered(run("b", "2026-11-02")), destinations, lambda: [archived])
