"""What has returned is on the disk, ours alone, and survives full disks and dead processes."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from datetime import tzinfo
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence import spool
from pytest_attach_evidence.errors import SpoolBusyError
from pytest_attach_evidence.errors import SpoolError
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool
from pytest_attach_evidence.spool import disk

from .runs import FACTS
from .runs import begin
from .runs import recorder
from .runs import written


Steps = list[tuple[str, str]]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """The durable steps from now on, in order: what was done, and with which file or folder."""
    seen: Steps = []

    def shown(subject: Any) -> str:
        path = Path(f"/proc/self/fd/{subject}").readlink() if isinstance(subject, int) else subject
        return "temporary" if path.name.startswith(".new-") else path.suffix or path.name

    def watch(name: str) -> None:
        original: Callable[..., Any] = getattr(disk, name)

        def call(*args: Any) -> Any:
            seen.append((name, shown(args[-1] if name == "publish" else args[0])))
            return original(*args)

        monkeypatch.setattr(disk, name, call)

    for name in ("create", "write", "sync", "sync_folder", "publish"):
        watch(name)
    return seen


def test_attach_returns_when_everything_is_on_the_disk(tmp_path: Path, steps: Steps) -> None:
    """Bytes, their name, the journal's name, its note and the line that tells of them, in this order."""
    run = begin(tmp_path)
    worker = RunFolder(run.path)
    del steps[:]

    kept = recorder(worker).attach(b"content", name="a.png")

    assert kept is not None
    blob = Path(kept.sha256).suffix or kept.sha256
    note = f"collecting-{worker.journal.id}"
    assert [
        ("create", "temporary"),
        ("write", "temporary"),
        ("sync", "temporary"),
        ("publish", blob),
        ("sync_folder", "blobs"),
        ("create", ".jsonl"),
        ("sync_folder", "journals"),
        ("create", note),
        ("write", note),
        ("sync_folder", run.id),
        ("write", ".jsonl"),
        ("sync", ".jsonl"),
    ] == steps
    worker.release()
    run.release()


def test_every_later_line_is_synced_too(tmp_path: Path, steps: Steps) -> None:
    """A second piece, a refusal, the item's end and the run's end each reach the disk before they count."""
    run = begin(tmp_path)
    one = recorder(run)
    one.attach(b"content", name="a.png")
    del steps[:]

    one.attach(b"other", name="b.png")
    one.refuse("c.png", "was not there")
    one.end()
    run.write_finished(0, {})

    lines = [step for step in steps if step[1] == ".jsonl"]
    assert [("write", ".jsonl"), ("sync", ".jsonl")] * 4 == lines
    run.release()


def test_a_new_run_is_synced_from_the_top(tmp_path: Path, steps: Steps) -> None:
    """The folder of the run and each folder in it are entries on the disk before anything is in them."""
    run = begin(tmp_path)

    synced = [subject for name, subject in steps if name == "sync_folder"]
    assert tmp_path.name in [synced[0], Path(synced[0]).name]
    assert 3 <= synced.count(run.id)
    assert ".evidence" in synced
    run.release()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_can_read_the_spool(tmp_path: Path, umask: int) -> None:
    """Folders are 0700 and files 0600, whatever the umask."""
    before = os.umask(umask)
    try:
        run = begin(tmp_path)
        recorder(run).attach(b"content", name="a.png")
        run.release()
    finally:
        os.umask(before)

    modes = {
        (path.is_dir(), stat.S_IMODE(path.stat().st_mode))
        for path in [tmp_path / ".evidence", *(tmp_path / ".evidence").rglob("*")]
    }
    assert {(True, 0o700), (False, 0o600)} == modes


def test_an_open_folder_is_closed_before_use(tmp_path: Path) -> None:
    """A spool that was made by hand with usual permissions is closed to others."""
    (tmp_path / ".evidence").mkdir(mode=0o755)

    begin(tmp_path).release()

    assert 0o700 == stat.S_IMODE((tmp_path / ".evidence").stat().st_mode)


def test_a_link_or_a_file_is_no_spool(tmp_path: Path) -> None:
    """A spool that could be somebody else's is refused, with a way out."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".evidence").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SpoolError, match="is not a folder"):
        begin(tmp_path)
    (tmp_path / ".evidence").unlink()
    (tmp_path / ".evidence").write_text("")
    with pytest.raises(SpoolError, match="is not a folder"):
        begin(tmp_path)

    assert [] == list((tmp_path / "elsewhere").iterdir())


def test_a_folder_of_another_user_is_no_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's evidence goes into a folder that somebody else prepared."""
    (tmp_path / ".evidence").mkdir()
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)

    with pytest.raises(SpoolError, match=f"belongs to user {owner} "):
        begin(tmp_path)


def test_a_spool_explains_itself(tmp_path: Path) -> None:
    """Whoever finds the folder learns what it is, and git leaves it alone."""
    begin(tmp_path).release()

    assert "*\n" == (tmp_path / ".evidence" / ".gitignore").read_text()
    assert "attach-evidence push" in (tmp_path / ".evidence" / "README.txt").read_text()


def test_two_sessions_have_two_runs(tmp_path: Path) -> None:
    """Runs never share a folder, and are listed in their order, within a second too."""
    runs = []
    for _ in range(5):
        runs.append(begin(tmp_path))
        time.sleep(0.02)  # coarser than any clock of files

    listed = Spool(tmp_path / ".evidence").runs()
    assert [run.id for run in runs] == [run.id for run in listed]
    assert 5 == len({run.token for run in listed})
    assert all(run.is_busy() for run in listed)
    for run in runs:
        run.release()
    assert not any(run.is_busy() for run in listed)


def test_a_removed_run_is_gone_even_if_the_removal_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed removal leaves behind is never taken for a run."""
    run = written(tmp_path)
    monkeypatch.setattr(shutil, "rmtree", lambda *_args, **_more: None)

    with run.locked():
        run.remove()

    assert [] == Spool(tmp_path / ".evidence").runs()


HOLD = """
import sys
from pathlib import Path
from pytest_attach_evidence.spool import RunFolder
run = RunFolder(Path(sys.argv[1]))
run.lock()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_run_belongs_to_one_process_until_that_ends(tmp_path: Path) -> None:
    """Another process's run is busy; when its holder is killed, the run is free at once."""
    run = written(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert "held\n" == holder.stdout.readline()
        with pytest.raises(SpoolBusyError, match="used by another process"):
            run.lock()
        busy = run.is_busy()
        holder.send_signal(signal.SIGKILL)
        holder.wait()

    assert busy
    assert not run.is_busy()
    with run.locked(), pytest.raises(SpoolBusyError):
        RunFolder(run.path).lock()


def test_an_unreadable_token_is_a_spool_error(tmp_path: Path) -> None:
    """A worker on another machine learns that it does not see the run."""
    with pytest.raises(SpoolError, match="cannot be read"):
        _ = RunFolder(tmp_path / "nowhere").token


def test_a_lock_that_cannot_be_taken_is_a_spool_error(tmp_path: Path) -> None:
    """Not that somebody else has the run: that would make one wait for nobody."""
    run = written(tmp_path)
    (run.path / "lock").unlink(missing_ok=True)
    (run.path / "lock").mkdir()

    with pytest.raises(SpoolError, match="cannot be locked") as caught:
        run.lock()
    assert not isinstance(caught.value, SpoolBusyError)


def test_a_run_may_be_let_go_twice(tmp_path: Path) -> None:
    """The end of a session may come to it on more than one way."""
    run = begin(tmp_path)
    run.release()
    run.release()

    assert not run.is_busy()


def test_a_spool_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    """Before the first test, with the option to change."""
    (tmp_path / "file").write_text("")

    with pytest.raises(SpoolError, match=r"cannot be written .* - name another evidence_dir"):
        begin(tmp_path / "file")


def test_a_spool_that_is_not_there_holds_no_runs(tmp_path: Path) -> None:
    """Nothing was collected yet; a file in its place is trouble."""
    (tmp_path / "file").write_text("")

    assert [] == Spool(tmp_path / "nowhere").runs()
    with pytest.raises(SpoolError, match="cannot be read"):
        Spool(tmp_path / "file").runs()


def test_a_run_never_takes_the_folder_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that begin in one second and draw the same number get two folders."""
    drawn, draw = iter(["same", "same", "other"]), secrets.token_hex

    class OneMoment(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime(2026, 11, 6, tzinfo=tz)

    with monkeypatch.context() as patch:
        patch.setattr(spool, "datetime", OneMoment)
        patch.setattr(secrets, "token_hex", lambda size: next(drawn) if size == 4 else draw(size))
        first = Spool(tmp_path)._new_run(FACTS)
        second = Spool(tmp_path)._new_run(FACTS)

    assert ["20261106T000000Z-same", "20261106T000000Z-other"] == [first.id, second.id]
    first.release()
    second.release()


def test_a_folder_that_holds_something_else_is_not_closed_to_others(tmp_path: Path) -> None:
    """A wrong evidence_dir must not change who can read somebody's files."""
    (tmp_path / ".evidence").mkdir(mode=0o755)
    (tmp_path / ".evidence" / "thesis.txt").write_text("")

    with pytest.raises(SpoolError, match="holds something else"):
        begin(tmp_path)

    assert 0o755 == stat.S_IMODE((tmp_path / ".evidence").stat().st_mode)


def test_the_blobs_of_unwanted_pieces_are_removed(tmp_path: Path) -> None:
    """One that is gone already stops nothing."""
    run = begin(tmp_path)
    kept, gone = (recorder(run, n).attach(f"{n}".encode(), name="a.txt") for n in (1, 2))
    assert kept is not None
    assert gone is not None

    run.drop_blobs([gone.digest])
    run.drop_blobs([gone.digest])

    assert [run.blobs.path(kept.digest)] == list(run.blobs.folder.iterdir())
    run.release()


def test_a_killed_session_is_ended_by_whoever_delivers_it(tmp_path: Path) -> None:
    """Its lock was free: the session is over, though it never said so."""
    run = written(tmp_path)
    before = run.read().finished
    with run.locked():
        run.write_interrupted()

    assert (False, True) == (before, run.read().finished)
