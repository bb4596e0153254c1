"""How full targets are, where a destination sees it."""

from __future__ import annotations

from pytest_attach_evidence.destinations.base import Holding
from pytest_attach_evidence.model import Limits

from .scene import Scene
from .scripted import Counting
from .scripted import Explaining


def test_what_a_destination_saw_is_among_the_results(scene: Scene) -> None:
    """The engine asks once everything is delivered, for the targets at which it worked."""
    scene.destinations["one"] = Counting("one", scene.budget, Limits())
    scene.attach("a", "b", to="t1")

    results = scene.deliver()

    assert {scene.one.parse("t1"): Holding(all=2, of_others=0, left=98)} == results.holdings


def test_what_an_earlier_push_brought_is_not_of_other_runs(scene: Scene) -> None:
    """A destination is told the keys of all pieces of the runs at hand, not only of those to send."""
    one = scene.destinations["one"] = Counting("one", scene.budget, Limits())
    one.ledger["0123456789ab"] = [b"of another run"]
    scene.attach("a", to="t1")
    scene.deliver()
    scene.attach("b", to="t1")

    results = scene.deliver()

    assert {one.parse("t1"): Holding(all=3, of_others=1, left=97)} == results.holdings


def test_others_are_not_asked(scene: Scene) -> None:
    """A destination that sees nothing says nothing."""
    scene.add("one")
    scene.attach("a", to="t1")

    assert {} == scene.deliver().holdings


def test_an_error_there_costs_no_receipt(scene: Scene) -> None:
    """Whatever a foreign destination raises, what was delivered stays delivered; the bug is named once."""
    one = scene.destinations["one"] = Counting("one", scene.budget, Limits())
    one.broken = ZeroDivisionError("s3cret")
    scene.attach("a", to="t1")
    scene.attach("b", to="t1")

    results = scene.deliver()

    assert 2 == len(results.receipts)
    (bug,) = results.bugs
    assert "ZeroDivisionError: ***" in bug


def test_what_was_decided_is_among_the_results(scene: Scene) -> None:
    """A destination hears of the tests before it looks or sends; what it then remarks is masked."""
    scene.destinations["one"] = Explaining("one", scene.budget, Limits())
    scene.attach("a", to="t1")
    scene.attach("b", to="t1")

    results = scene.deliver()

    assert ["one: t1 has 2 tests, ***"] == results.remarks
    assert {} == results.holdings
