"""What stands beside a run's blobs and journals: the summary, the group, the begun delivery journals."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_attach_evidence import steps
from pytest_attach_evidence.deliveries import is_settled
from pytest_attach_evidence.errors import SpoolError
from pytest_attach_evidence.spool import DeliveryLog
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.steps import Steps

from .runs import begin
from .runs import entries
from .runs import recorder
from .runs import written


class Broken(Steps):
    """A disk that fails one step from the n-th time on, as long as that is wanted."""

    def __init__(self, step: str, good: int = 0) -> None:
        self.good = good
        original: Callable[..., object] = getattr(super(), step)

        def failing(*args: object) -> object:
            self.good -= 1
            if self.good < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return original(*args)

        setattr(self, step, failing)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run with a piece that nobody uses."""
    return written(tmp_path, 1)


def test_a_summary_is_whole_or_the_one_before(run: RunFolder) -> None:
    """Programs read valid JSON with a line for each delivery; what a killed process left is removed."""
    first = {"v": 1, "deliveries": [{"piece": "ü.png"}, {"piece": "b"}], "missing": []}
    (run.path / ".new-0123").write_text("half")
    run.write_summary(first)
    path = run.path / "evidence-summary.json"

    for step in ("create", "write", "sync", "rename"):
        with steps.taken_by(Broken(step)), pytest.raises(SpoolError, match="No space left"):
            run.write_summary({"v": 2})
        assert first == json.loads(path.read_text("utf-8"))
    assert '{"piece": "ü.png"},' in path.read_text("utf-8").splitlines()
    assert [] == list(run.path.glob(".new-*"))
    run.write_summary({"v": 3, "text": "half a character: \ud800"})
    assert 3 == json.loads(path.read_text("utf-8"))["v"]


def test_what_was_noted_about_clocks_stays(run: RunFolder) -> None:
    """A later push does not make an earlier moment trustworthy; other notes are of their own push alone."""
    run.write_summary({"notes": ["clock: a", "about the first push"]})
    run.write_summary({"notes": ["about the second", "clock: a", "clock: b"]})
    run.write_summary({"notes": ["clock: c"]})

    assert ["clock: a", "clock: b", "clock: c"] == notes_of(run)


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ('{"notes": [', 0),
        ('{"notes": ["clock: x", 7]}', 0),
        ('["clock: x"]', 0),
        ("{}", 0),
        (json.dumps({"notes": ["clock: " + "x" * 9999 + str(n) for n in range(99)]}), 1),
        (json.dumps({"notes": [f"clock: {n}" for n in range(99)]}), 20),
    ],
)
def test_a_summary_from_elsewhere_can_only_add_a_few_notes(
    run: RunFolder, before: str, kept: int
) -> None:
    """It is no summary of ours, or its notes are cut."""
    (run.path / "evidence-summary.json").write_text(before)

    run.write_summary({"notes": ["clock: ours"]})

    found = notes_of(run)
    assert (kept, "clock: ours") == (len(found[:-1]), found[-1])
    assert all(len(note) <= 1000 for note in found)


def notes_of(run: RunFolder) -> list[str]:
    """Return the notes of a run's summary."""
    notes: list[str] = json.loads((run.path / "evidence-summary.json").read_text())["notes"]
    return notes


def test_a_group_only_grows(run: RunFolder) -> None:
    """Runs that were delivered together once stay together; a disk that takes no more is told."""
    run.write_group([run.id, "one"])
    with steps.taken_by(Broken("create")), pytest.raises(SpoolError, match="group cannot be writ"):
        run.write_group(["two"])
    run.write_group(["three"])

    assert {"one", "three"} == run.group()


def noted(run: RunFolder, value: str = "value") -> None:
    """Write a line into a delivery journal of a process of its own."""
    log = DeliveryLog([run])
    try:
        log.note("squash", "name", value)
    finally:
        log.close()


def missed(run: RunFolder) -> list[str]:
    """Return what is told of a run, which makes its receipts doubtful."""
    record = run.read()
    assert record.doubtful or not record.problems
    return [f"{problem.subject} {problem.seen}" for problem in record.problems]


def test_a_delivery_journal_is_missed_from_its_first_line_on(run: RunFolder) -> None:
    """However many are gone, with their folder too: one line; nothing is told while all are there."""
    noted(run)
    noted(run)
    before = missed(run)
    first, second = sorted((run.path / "deliveries").iterdir())
    second.unlink()
    one = missed(run)
    first.unlink()
    (run.path / "deliveries").rmdir()

    assert [] == before
    assert [f"{second.name} is gone with what it recorded"] == one
    assert [f"{first.name} is gone with what it recorded, as are 1 more"] == missed(run)


def test_journals_are_read_in_the_order_of_time(run: RunFolder) -> None:
    """Also where one of them is gone, with its note or without: the last word counts."""
    for value in ("first", "second", "third"):
        noted(run, value)
    first, second, third = sorted((run.path / "deliveries").iterdir())
    first.unlink()
    noted(run, "fourth")
    third.unlink()
    (run.path / f"delivery-{third.stem}").unlink()
    (run.path / "deliveries" / "999999-no-journal.jsonl").touch()
    noted(run, "fifth")

    names = sorted(path.name[:7] for path in (run.path / "deliveries").iterdir())
    assert ["000002-", "000004-", "000005-", "999999-"] == names
    assert second.exists()
    assert {("squash", "name"): "fifth"} == run.read().notes


def test_a_collecting_journal_is_missed(run: RunFolder) -> None:
    """Its pieces would never be delivered and nobody would know: the run is not settled."""
    with run.locked():
        run.write_finished(0, {})
    before, paths = run.read().problems, sorted((run.path / "journals").iterdir())
    paths[0].unlink()
    record = run.read()
    paths[1].unlink()

    assert ([], 2) == (before, len(paths))
    assert [(paths[0].name, "is gone with what it recorded")] == [
        (problem.subject, problem.seen) for problem in record.problems
    ]
    assert not is_settled(record)
    assert not record.doubtful
    assert ["is gone with what it recorded, as are 1 more"] == [
        problem.seen for problem in run.read().problems
    ]


def test_a_collecting_journal_is_noted_once(run: RunFolder) -> None:
    """With its first line: a piece costs no more than before."""
    with run.locked():
        before = len(list(run.path.glob("collecting-*")))
        recorder(run, 1).attach(b"one", name="one.txt")
        noted = {path.name: path.stat().st_mtime_ns for path in run.path.glob("collecting-*")}
        recorder(run, 2).attach(b"two", name="two.txt")

        again = {path.name: path.stat().st_mtime_ns for path in run.path.glob("collecting-*")}

    assert (1, 2, noted) == (before, len(noted), again)


def test_a_delivery_journal_that_was_emptied_makes_receipts_doubtful(run: RunFolder) -> None:
    """A crash before its first line looks alike: nothing is told; one that was never begun is nothing."""
    noted(run)
    (path,) = (run.path / "deliveries").iterdir()
    (note,) = run.path.glob("delivery-*")
    whole, held = run.read().doubtful, note.read_text()

    path.write_bytes(b"")
    emptied = run.read()
    note.unlink()

    assert (False, True, False) == (whole, emptied.doubtful, run.read().doubtful)
    assert [] == emptied.problems
    assert f"{path.name}\n" == held


@pytest.mark.parametrize("good", range(3))
@pytest.mark.parametrize("step", ["create", "sync_folder"])
def test_a_journal_that_was_never_begun_is_not_missed(run: RunFolder, step: str, good: int) -> None:
    """Whichever step a disk refuses: no line counts before the journal would be missed, then all do."""
    log = DeliveryLog([run])
    with steps.taken_by(Broken(step, good)):
        try:
            log.note("squash", "name", "refused")
        except SpoolError:
            refused = True
        else:
            refused = False
        told = missed(run)
        held = len(run.read().notes)
    log.note("squash", "name", "value")
    log.close()

    assert refused == (good < 2)
    assert ([], 0 if refused else 1) == (told, held)
    assert [] == missed(run)
    (path,) = (run.path / "deliveries").iterdir()
    assert "value" == entries(path)[-1]["value"]
    path.unlink()
    assert 1 == len(missed(run))


def test_spools_of_before_miss_nothing(run: RunFolder) -> None:
    """A delivery journal of which no file tells that it was begun is believed as it is."""
    noted(run)
    for path in run.path.glob("delivery-*"):
        path.unlink()
    before = run.read()
    for path in (run.path / "deliveries").iterdir():
        path.unlink()

    assert (1, False) == (len(before.notes), before.doubtful)
    assert [] == missed(run)


def test_a_run_that_cannot_be_listed_is_doubtful(run: RunFolder) -> None:
    """Nobody can tell then which delivery journals there were."""
    elsewhere = run.path.with_name("elsewhere")
    run.path.rename(elsewhere)
    run.path.symlink_to(elsewhere)

    assert [f"{run.id} cannot be read (a link, which no run of ours has)"] == missed(run)


def test_no_other_name_is_taken_for_a_journal(tmp_path: Path) -> None:
    """A spool from elsewhere cannot have odd names printed."""
    run = begin(tmp_path)
    for name in ("delivery-", "delivery-::error::x", "delivery-000001-0123456789ab.jsonl"):
        (run.path / name).write_text("")
    run.release()

    assert [] == missed(run)
