"""Who uses a run: the session or push that holds its lock, workers, forked children."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pytest_attach_evidence.errors import SpoolBusyError
from pytest_attach_evidence.errors import SpoolDamagedError
from pytest_attach_evidence.errors import SpoolError
from pytest_attach_evidence.spool import RunFolder

from .runs import begin
from .runs import recorder
from .runs import written


def test_a_worker_keeps_the_run_in_use(tmp_path: Path) -> None:
    """Also when its session is gone, until it ends itself; who waits for it is told why."""
    run = begin(tmp_path)
    worker = RunFolder(run.path)
    joined = worker.join(run.token)
    run.release()
    lines: list[str] = []

    assert joined
    assert run.is_busy()
    for seconds in (0.0, 0.2):
        with pytest.raises(SpoolBusyError, match="is being used by another process"):
            run.lock(workers_s=seconds, told=lines.append)
    assert [True] == ["still runs, waiting for it" in line for line in lines]
    worker.release()
    with run.locked():
        assert run.is_busy()
    assert not run.is_busy()


def test_a_worker_of_another_run_does_not_join(tmp_path: Path) -> None:
    """Where the folder at that place is not the one that its session has, it leaves nothing there."""
    run = begin(tmp_path)
    worker = RunFolder(run.path)

    assert not worker.join("another token")
    assert ["lock"] == [path.name for path in run.path.glob("lock*")]
    run.release()


def test_no_worker_joins_a_run_that_a_push_has_taken(tmp_path: Path) -> None:
    """A worker that starts when its session was killed comes too late, or the push leaves the run."""
    run = begin(tmp_path)
    token = run.token
    run.release()
    early, late = RunFolder(run.path), RunFolder(run.path)

    with run.locked():
        assert early.join(token)
        with pytest.raises(SpoolBusyError):
            run.write_interrupted()
    finished = run.read().finished
    early.release()
    with run.locked():
        run.write_interrupted()
        with pytest.raises(SpoolError, match="cannot be read"):
            late.join(token)

    assert (False, True) == (finished, run.read().finished)


def test_a_run_taken_while_a_worker_joins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the worker's look at the token and its lock: it looks once more."""
    run = begin(tmp_path)
    worker, hold = RunFolder(run.path), RunFolder._hold

    def taken_first(self: RunFolder) -> None:
        (run.path / "token").write_text("")
        hold(self)

    monkeypatch.setattr(RunFolder, "_hold", taken_first)

    assert not worker.join(run.token)
    worker.release()
    run.release()


def test_a_worker_without_its_lock_takes_no_piece(tmp_path: Path) -> None:
    """Else a push beside it would not know of the piece; it tries again with every one."""
    run = begin(tmp_path)
    worker = RunFolder(run.path)
    in_its_way = run.path / f"lock-{worker.journal.id}"
    in_its_way.mkdir()
    one = recorder(worker)

    assert worker.join(run.token)
    assert one.attach(b"a", name="a.txt") is None
    in_its_way.rmdir()
    assert one.attach(b"b", name="b.txt") is not None
    run.release()
    assert run.is_busy()
    worker.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
@pytest.mark.parametrize("attaches", [True, False])
def test_a_forked_child_uses_the_run_once_it_attached(tmp_path: Path, attaches: bool) -> None:
    """A server that a test started, and that goes on when its session was killed, holds nothing."""
    run = begin(tmp_path)
    one = recorder(run)
    (ready, tell), (wait, end) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        if attaches:
            one.attach(b"a", name="a.txt")
            one.attach(b"b", name="b.txt")
        os.write(tell, b"x")
        os.read(wait, 1)
        os._exit(0)
    os.read(ready, 1)
    run.release()

    busy = run.is_busy()
    os.close(end)
    os.waitpid(child, 0)

    assert attaches == busy
    assert not run.is_busy()
    assert 2 * attaches == len(run.read().pieces)
    assert attaches == (2 == len(list(run.path.glob("lock*"))))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
def test_a_child_that_attaches_after_the_push_of_its_killed_session_is_told(tmp_path: Path) -> None:
    """Its pieces are not taken: the run was called done without them."""
    run = begin(tmp_path)
    one = recorder(run)
    (ready, tell), (wait, end) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        os.read(wait, 1)
        kept = [one.attach(b"a", name="a.txt"), one.attach(b"b", name="b.txt")]
        os.write(tell, b"n" if kept == [None, None] else b"y")
        os._exit(0)
    run.release()
    with run.locked():
        run.write_interrupted()
    os.close(end)

    assert b"n" == os.read(ready, 1)
    os.waitpid(child, 0)
    assert [] == run.read().pieces
    assert not run.is_busy()


def test_locks_of_nobody_disturb_nobody(tmp_path: Path) -> None:
    """A copy of a run has the files of locks that nobody holds."""
    run = written(tmp_path, 1)
    for number in range(3):
        (run.path / f"lock-{number}").touch()

    assert not run.is_busy()
    with run.locked():
        run.write_interrupted()
    assert [] == run.read().problems


def test_a_link_in_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    """Nothing is written, created or locked where a run from elsewhere leads."""
    run = written(tmp_path, 1)
    (tmp_path / "outside").write_text("somebody's")
    for name, to in (("lock-1", "outside"), ("lock-2", "nowhere")):
        (run.path / name).symlink_to(tmp_path / to)

    with pytest.raises(SpoolDamagedError, match=r"its lock-[12] is a link"):
        run.lock()
    assert not run.is_busy()
    assert ("somebody's", False) == (
        (tmp_path / "outside").read_text(),
        (tmp_path / "nowhere").exists(),
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, set()), (b"one\ntwo\n", {"one", "two"}), (b"", set()), (b"\xff", {"\ufffd"})],
)
def test_the_runs_that_were_delivered_together(
    tmp_path: Path, content: bytes | None, expected: set[str]
) -> None:
    """Whatever stands in that file, nothing is raised."""
    run = written(tmp_path, 1)
    if content is not None:
        (run.path / "group").write_bytes(content)

    assert expected == run.group()


def test_who_was_ever_delivered_together_stays_together(tmp_path: Path) -> None:
    """A later group adds its runs; a run alone adds nothing."""
    run = written(tmp_path, 1)
    run.write_group([run.id])
    assert not (run.path / "group").exists()

    run.write_group([run.id, "one"])
    run.write_group([run.id])
    run.write_group(["two", run.id])

    assert {"one", "two"} == run.group()


def test_who_only_looks_turns_nobody_away(tmp_path: Path) -> None:
    """`status` takes the lock for a moment; a push that comes then waits instead of leaving the run."""
    run = written(tmp_path, 1)
    push = RunFolder(run.path)
    run.lock()
    looked = threading.Timer(0.2, run.release)
    looked.start()

    with push.locked(wait_s=60.0):
        assert run.is_busy()
    looked.join()
