"""How much work the commands do, counted in files that are opened: it grows with the pieces alone."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from pytest_attach_evidence.spool import Spool

from ..peak import SOURCE
from .project import Project
from .project import waiting_run


# A plugin that notes every file that its process opens, and whether it is only read.
WATCH = f"""{SOURCE}
import atexit, json, os, sys

seen, last = [], [None]

def note(event, arguments):
    if event == "open" and not isinstance(arguments[0], int):
        path, mode, flags = arguments
        if mode is not None or path != last[0]:
            seen.append([os.path.abspath(os.fsdecode(path)), flags & 3 == os.O_RDONLY])
        last[0] = path if mode is not None else None  # an opener tells of the same file again

sys.addaudithook(note)

@atexit.register
def tell():
    with open(os.environ["WATCHED"], "w") as file:
        json.dump([seen, peak_kib()], file)
"""


def watched(project: Project, *words: str) -> tuple[list[tuple[Path, bool]], int]:
    """Run a command, or pytest; return the files of the project that it opened, and its peak memory."""
    project.write("watch.py", WATCH)
    told = project.folder / "watched.json"
    environment = {
        "PYTHONPATH": str(project.folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WATCHED": str(told),
    }
    name, *more = words
    if name == "pytest":
        done = project.pytest("-p", "watch", *more, **environment)
    else:
        done = project.command(name, "-p", "watch", *more, **environment)
    assert 0 == done.status, done.out + done.errors
    files, peak = json.loads(told.read_text())
    seen = [(Path(path), read) for path, read in files]
    return [one for one in seen if one[0].is_relative_to(project.folder)], peak


def opened(project: Project, *words: str) -> list[tuple[Path, bool]]:
    """Run a command, or pytest, and return every file of the project that it opened."""
    return watched(project, *words)[0]


def readings(seen: list[tuple[Path, bool]]) -> dict[str, int]:
    """Return how often each journal was read."""
    journals = [path.name for path, read in seen if path.suffix == ".jsonl" and read]
    inside = [name for name in journals if name != "index.jsonl"]
    return {name: inside.count(name) for name in inside}


def waiting(project: Project, *contents: str, finished: bool = True) -> None:
    """Leave a run whose pieces wait for the archive, or what a killed session leaves of it."""
    run = waiting_run(project.spool, *contents)
    if not finished:
        [journal] = (run.path / "journals").iterdir()
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(line for line in lines if b'"type":"finished"' not in line))


@pytest.mark.parametrize("finished", [True, False], ids=["finished", "killed"])
@pytest.mark.parametrize("command", ["status", "push"])
def test_a_command_reads_each_journal_of_an_open_run_once(
    project: Project, command: str, finished: bool
) -> None:
    """A run of 10,000 pieces is parsed once, and a push acts on what it read under the lock."""
    waiting(project, "one", "two", finished=finished)

    assert [1] == list(readings(opened(project, command)).values())


@pytest.mark.parametrize("command", ["status", "push", "clean"])
def test_a_command_reads_each_journal_of_a_delivered_run_once(
    project: Project, command: str
) -> None:
    """Both what was collected and what was delivered; to see that nothing waits costs no more."""
    waiting(project, "one", "two")
    assert 0 == project.command("push").status

    assert [1, 1] == list(readings(opened(project, command)).values())


def test_a_push_with_new_targets_reads_each_journal_four_times(project: Project) -> None:
    """To see whether there is work, to find the tests' files, under the lock, and with the new targets."""
    waiting(project, "one", "two")

    assert [4] == list(readings(opened(project, "push", "--remap")).values())


def test_the_end_of_a_session_reads_its_journal_once(project: Project) -> None:
    """To deliver it; runs that are kept anyway are not read to see whether they may go."""
    waiting(project, "of an earlier run")
    [earlier] = Spool(project.spool).runs()
    project.suite(pieces=3)

    seen = readings(opened(project, "pytest"))

    assert [1] == list(seen.values())
    assert set() == {path.name for path in earlier.path.rglob("*.jsonl")} & set(seen)


def test_each_delivered_piece_opens_the_same_few_files(project: Project) -> None:
    """Its bytes to check and to copy them, the copy, and folders to sync: whatever the run's size."""
    counts = {}
    for number in (1, 10, 40, 70):  # the first creates the archive's folder
        waiting(project, *(f"{number} {piece}" for piece in range(number)))
        counts[number] = len(opened(project, "push"))
        assert 0 == project.command("clean").status

    assert counts[70] - counts[40] == counts[40] - counts[10]
    assert (4 if os.name == "posix" else 3) == (counts[40] - counts[10]) / 30


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is told in kB there")
def test_a_push_holds_no_contents(project: Project) -> None:
    """Sixty megabytes take no more memory than sixty bytes."""
    peaks = []
    for size in (1, 3_000_000):
        waiting(project, *(f"{piece:02d}" + "x" * size for piece in range(20)))
        peaks.append(watched(project, "push")[1])
        assert 0 == project.command("clean").status

    assert peaks[1] - peaks[0] < 20_000
