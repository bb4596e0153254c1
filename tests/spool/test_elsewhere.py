"""Runs that were made or copied elsewhere: what is believed, what is told, where nothing is written."""

from __future__ import annotations

import errno
import os
import shutil
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock
import pytest

from pytest_attach_evidence.errors import SpoolDamagedError
from pytest_attach_evidence.errors import SpoolError
from pytest_attach_evidence.model import Failure
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import State
from pytest_attach_evidence.spool import DeliveryLog
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool
from pytest_attach_evidence.spool import disk
from pytest_attach_evidence.spool.journal import Journal

from .runs import FACTS
from .runs import begin
from .runs import recorder
from .runs import written


def problems(run: RunFolder) -> list[str]:
    """Return what is damaged in a run, without the names of files."""
    return [f"{problem.seen}" for problem in run.read().problems]


def with_lines(folder: Path, *entries: dict[str, Any]) -> RunFolder:
    """Return a run with one item and one piece, and these lines behind them."""
    run = begin(folder)
    recorder(run).attach(b"content", name="a.txt")
    run.journal.append(*entries)
    run.release()
    return run


def item(**facts: Any) -> dict[str, Any]:
    """Return the line of an item."""
    return {"type": "begun", "item": Item(id="x-1", run_id="r", nodeid="t", **facts).to_json()}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (item(duration_s=-1.0), "a duration of -1 s"),
        (item(duration_s=1e300), "a duration of 1e+300 s"),
        ({"type": "ended", "item_id": "x-1", "outcome": "passed"}, "not what it should be (KeyErr"),
        ({"type": "finished", "outcomes": 5}, "not what it should be (AttributeError)"),
        ({"type": "piece", "piece": {}}, "not what it should be (TypeError)"),
        ({"type": "unwanted", "unwanted": 7}, "not what it should be (TypeError)"),
    ],
)
def test_what_cannot_be_is_damage(tmp_path: Path, entry: dict[str, Any], expected: str) -> None:
    """It is told by its line, and the rest of the run is believed."""
    run = with_lines(tmp_path, entry)

    (problem,) = run.read().problems

    assert problem.seen.startswith(expected)
    assert problem.subject.endswith(".jsonl line 3")
    assert ["a.txt"] == [piece.name for piece in run.read().pieces]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "tells of a piece that is known already"),
        ({"item_id": "of-nobody-1"}, "a piece of an item that never began"),
        ({"seq": 0}, "a piece number 0 of 7 bytes"),
        ({"seq": 2**60}, "a piece number 1.15e+18 of 7 bytes"),
        ({"size": -7}, "a piece number 1 of -7 bytes"),
        ({"size": 10**400}, "not what it should be (OverflowError)"),
    ],
)
def test_a_piece_that_cannot_be_is_damage(
    tmp_path: Path, facts: dict[str, Any], expected: str
) -> None:
    """A second telling, a piece of nobody, and numbers that no piece has."""
    run = with_lines(tmp_path)
    (piece,) = run.read().pieces
    with run.locked():
        run.write_pieces(replace(piece, **facts))

    assert [expected] == problems(run)
    assert [piece] == run.read().pieces


def test_an_item_is_what_its_first_line_says(tmp_path: Path) -> None:
    """The same again is what a forked process writes; another target is damage."""
    run = with_lines(tmp_path)
    (one,) = run.read().items.values()
    with run.locked():
        run.write_begun(one)
        run.write_begun(replace(one, nodeid="another"))

    assert ["tells otherwise of an item that began already"] == problems(run)
    assert [one.nodeid] == [known.nodeid for known in run.read().items.values()]


def test_a_failure_never_settles_a_delivery(tmp_path: Path) -> None:
    """A failure that calls itself delivered is damage, and makes the run's receipts doubtful."""
    run = with_lines(tmp_path)
    failure = Failure(key="k", state=State.WAITING, reason="r").to_json()
    forged = {"type": "failure", "failure": {**failure, "state": "delivered"}}
    journal = Journal(run.path / "deliveries")
    journal.append(forged)
    journal.close()

    record = run.read()

    assert ["a failure that calls itself delivered"] == problems(run)
    assert (True, {}) == (record.doubtful, record.failures)


@pytest.mark.parametrize("name", ["journals", "deliveries", "blobs", "lock", ""])
def test_a_run_that_leads_elsewhere_is_not_used(tmp_path: Path, name: str) -> None:
    """Links in the place of its folders are refused before anything is written through them."""
    run = written(tmp_path, 1)
    path = run.path / name if name else run.path
    shutil.move(path, tmp_path / "outside")
    path.symlink_to(tmp_path / "outside")
    before = sorted(tmp_path.joinpath("outside").rglob("*"))

    with pytest.raises(SpoolDamagedError, match="is a link, which no run of ours has"):
        run.lock()

    told = problems(run)
    assert before == sorted(tmp_path.joinpath("outside").rglob("*"))
    assert not run.is_busy()
    assert (name in ("journals", "deliveries", "")) == any(
        "a link, which no" in one for one in told
    )


def test_folders_that_a_copy_lacks_are_made(tmp_path: Path) -> None:
    """CI systems leave empty folders out of what they carry: the run is delivered all the same."""
    run = written(tmp_path, 1)
    (run.path / "deliveries").rmdir()

    assert ([], 1) == (problems(run), len(run.read().pieces))
    with run.locked():
        DeliveryLog([run]).close()
        DeliveryLog([run]).close()
    assert (run.path / "deliveries").is_dir()
    shutil.rmtree(run.path)
    with pytest.raises(SpoolError, match="cannot be written"):
        DeliveryLog([run])


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO])
def test_what_is_not_the_spools_fault_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A process that can open nothing more does not call the spool damaged; a bad disk is named."""
    run = written(tmp_path, 1)

    def refuse(path: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk, "open_plain", refuse)

    if number == errno.EIO:
        assert ["cannot be read (Input/output error)"] == problems(run)
    else:
        with pytest.raises(SpoolError, match=r"\.jsonl cannot be read \("):
            run.read()


@pytest.mark.parametrize("lacking", ["warns", "raises", "refuses"])
def test_a_file_system_without_locks_is_no_place_for_a_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    """Whatever the lock's library does there: the run is refused, and nothing half is left."""

    def acquire(self: object, **_: object) -> None:
        if lacking == "warns":
            warnings.warn("flock not supported", stacklevel=2)
        raise NotImplementedError if lacking == "raises" else OSError(38, "not implemented")

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)

    with pytest.raises(SpoolError, match="cannot be locked"):
        begin(tmp_path)
    assert [] == Spool(tmp_path / ".evidence").runs()


@pytest.mark.parametrize("step", ["make_folder", "write_file"])
def test_no_half_run_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Where a new run cannot be furnished its folder is removed: it would wait for ever."""
    begin(tmp_path).release()
    known = Spool(tmp_path / ".evidence").runs()
    original: Callable[..., None] = getattr(disk, step)

    def refuse(path: Path, *more: Any) -> None:
        if path.parent.parent == tmp_path / ".evidence":
            raise OSError(28, "No space left on device")
        original(path, *more)

    with monkeypatch.context() as patch:
        patch.setattr(disk, step, refuse)
        with pytest.raises(SpoolError, match=r"cannot be written \(No space left on device\)"):
            Spool(tmp_path / ".evidence").begin(FACTS)

    assert [run.id for run in known] == [run.id for run in Spool(tmp_path / ".evidence").runs()]
    assert 1 == sum(path.is_dir() for path in (tmp_path / ".evidence").iterdir())


def test_a_run_that_may_not_be_looked_into_is_still_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is listed, so that somebody is told; a link and a plain folder are not."""
    run = written(tmp_path, 1)
    (tmp_path / ".evidence" / "link").symlink_to(run.path)
    (tmp_path / ".evidence" / "plain").mkdir()
    original = Path.stat

    def refuse(self: Path, **options: Any) -> os.stat_result:
        if self == run.path / "journals":
            raise PermissionError(13, "Permission denied")
        return original(self, **options)

    monkeypatch.setattr(Path, "stat", refuse)

    assert [run.id] == [listed.id for listed in Spool(tmp_path / ".evidence").runs()]


@pytest.mark.parametrize("id", ["", ".", "..", "../{id}", "{id}/blobs", ".{id}", "nobody"])
def test_an_id_from_elsewhere_leads_to_no_other_folder(tmp_path: Path, id: str) -> None:
    """Only a run right in the spool is one; its own id finds it."""
    run = written(tmp_path, 1)
    spool = Spool(tmp_path / ".evidence")
    (tmp_path / run.id / "journals").mkdir(parents=True)

    found = spool.run(run.id)

    assert found is not None
    assert run.path == found.path
    assert spool.run(id.replace("{id}", run.id)) is None


def test_a_run_without_its_first_file_has_its_place_by_its_name(tmp_path: Path) -> None:
    """What has no moment comes before the others of its second."""
    run = written(tmp_path, 1)
    for name in ("zz", "aa"):
        (run.path.parent / f"{run.id.partition('-')[0]}-{name}" / "journals").mkdir(parents=True)

    listed = [one.id.partition("-")[2] for one in Spool(tmp_path / ".evidence").runs()]

    assert ["aa", "zz", run.id.partition("-")[2]] == listed
