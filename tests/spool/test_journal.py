"""Journals: what counts is on the disk, what was damaged is told, the rest is believed."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_attach_evidence.deliveries import is_settled
from pytest_attach_evidence.deliveries import missing
from pytest_attach_evidence.deliveries import states
from pytest_attach_evidence.errors import SpoolError
from pytest_attach_evidence.model import Limits
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.obstacles import Capability
from pytest_attach_evidence.plan import plan
from pytest_attach_evidence.run_record import Unmapped
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import disk
from pytest_attach_evidence.spool.journal import MAX_LINE
from pytest_attach_evidence.spool.journal import Journal
from pytest_attach_evidence.spool.journal import read

from .runs import begin
from .runs import entries
from .runs import journal_of
from .runs import recorder
from .runs import written


ANYWHERE = {"squash": Capability(origin="https://squash.example", limits=Limits())}
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def journal(folder: Path, *numbers: int) -> Path:
    """Return the file of a journal with a line for each number."""
    made = Journal(folder)
    for number in numbers:
        made.append({"type": "piece", "number": number})
    made.close()
    return folder / f"{made.id}.jsonl"


def believed(path: Path) -> list[int]:
    """Return the numbers of the lines that are believed; no line vouches for the last one."""
    return [line.entry.get("number", -1) for line in read(path) if not line.damage]


def damaged(path: Path) -> list[str]:
    """Return the places of the lines that are not."""
    return [line.place.partition(" ")[2] for line in read(path) if line.damage]


def names(run: RunFolder) -> list[str]:
    """Return the names of the pieces that a run's journals hold."""
    return [piece.name for piece in run.read().pieces]


def test_lines_are_chained_and_carry_their_version(tmp_path: Path) -> None:
    """Every line names its format and the hash of the line before."""
    path = journal(tmp_path, 1, 2, 3)

    assert [1, 1, 1] == [entry["v"] for entry in entries(path)]
    assert 3 == len({entry["prev"] for entry in entries(path)})
    assert [1, 2, 3] == believed(path)


def test_a_torn_last_line_never_counted(tmp_path: Path) -> None:
    """A crash in the middle of a write leaves a part of a line, which is no damage."""
    path = journal(tmp_path, 1, 2, 3)
    whole = path.read_bytes()
    start = whole.rindex(b"\n", 0, len(whole) - 1) + 1

    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        assert ([1, 2], []) == (believed(path), damaged(path))


def test_any_flipped_bit_in_a_middle_line_damages_exactly_that_line(tmp_path: Path) -> None:
    """Wherever the bit is, in the hash of the line before too, no other line is doubted."""
    path = journal(tmp_path, 1, 2, 3, 4)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    start, end = len(lines[0]), len(lines[0]) + len(lines[1]) - 1

    for place in range(start, end):
        for bit in (0, 5):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            if changed[place] == ord("\n"):
                continue
            path.write_bytes(changed)
            assert ([1, 3, 4], ["line 2"]) == (believed(path), damaged(path)), changed


def test_several_damaged_lines_are_told_one_by_one(tmp_path: Path) -> None:
    """Damage here and there costs what it hit."""
    path = journal(tmp_path, 1, 2, 3, 4, 5, 6)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"number":2', b'"number":7')
    lines[2] = b"\x00garbage\n"
    lines[4] = lines[4].replace(b'"number":5', b'"number":8')
    path.write_bytes(b"".join(lines))

    assert ([1, 4, 6], ["line 2", "line 3", "line 5"]) == (believed(path), damaged(path))


def test_a_changed_last_line_is_noticed(tmp_path: Path) -> None:
    """The last line has no successor that knows its hash; its own tells."""
    path = journal(tmp_path, 1, 2)
    path.write_bytes(path.read_bytes().replace(b'"number":2', b'"number":7'))

    assert ([1], ["line 2"]) == (believed(path), damaged(path))


def test_a_removed_line_is_noticed(tmp_path: Path) -> None:
    """A line that is gone breaks the chain; where it was is told."""
    path = journal(tmp_path, 1, 2, 3, 4)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[2], lines[3]]))

    assert ["line 1"] == damaged(path)


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_is_no_number_is_damage(tmp_path: Path, word: bytes) -> None:
    """Python's JSON knows them; no line of ours holds one."""
    path = journal(tmp_path, 1, 2, 3)
    path.write_bytes(path.read_bytes().replace(b'"number":2', b'"number":' + word))

    assert ([1, 3], ["line 2"]) == (believed(path), damaged(path))


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_removed_beginning_is_noticed(tmp_path: Path, kept: int) -> None:
    """The first line follows none; what is there of the rest is believed, however little it is."""
    path = journal(tmp_path, 1, 2, 3, 4)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[-kept:]))

    assert ([1, 2, 3, 4][-kept:], ["line 1"]) == (
        [line.entry["number"] for line in read(path) if not line.damage],
        damaged(path),
    )


def test_lines_of_another_version_are_left_alone(tmp_path: Path) -> None:
    """A newer plugin's line is told as such, and condemns no line of ours."""
    path = journal(tmp_path, 1, 2)
    with path.open("ab") as file:
        file.write(b'{"v":2,"previous":"x","type":"piece"}\n')

    assert [1, 2] == believed(path)
    assert ["version"] == [line.damage for line in read(path) if line.damage]


def test_an_endless_line_ends_the_reading(tmp_path: Path) -> None:
    """A file that is no journal costs neither memory nor the lines before it."""
    path = journal(tmp_path, 1, 2)
    with path.open("ab") as file:
        file.write(b"x" * (MAX_LINE + 5))

    assert ([1, 2], ["line 3"]) == (believed(path), damaged(path))


@settings(max_examples=400, deadline=None, suppress_health_check=SLOW)
@given(data=st.data())
def test_mutated_journals_are_read_up_to_the_damage(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever became of the bytes, reading never raises, and believes what stands before the damage."""
    path = tmp_path / "j.jsonl"
    if not path.exists():
        journal(tmp_path, *range(1, 9)).rename(path)
        (tmp_path / "whole").write_bytes(path.read_bytes())
    whole = (tmp_path / "whole").read_bytes()
    place = data.draw(st.integers(0, len(whole)))
    gone = data.draw(st.integers(0, 80))
    new = data.draw(st.binary(max_size=80))
    path.write_bytes(whole[:place] + new + whole[place + gone :])

    # The line in front of the damage cannot be told from it where the next one's hash is hit.
    intact = max(0, whole[:place].count(b"\n") - 1)
    assert list(range(1, intact + 1)) == believed(path)[:intact]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=3,
)


def replaced(document: Any, data: st.DataObject) -> Any:
    """Return a document in which one value, at any depth, became another."""
    if isinstance(document, dict) and document and data.draw(st.integers(0, 3)):
        name = data.draw(st.sampled_from(sorted(document)))
        return {**document, name: replaced(document[name], data)}
    if isinstance(document, list) and document and data.draw(st.integers(0, 3)):
        return [replaced(document[0], data), *document[1:]]
    return data.draw(JSON)


@settings(max_examples=400, deadline=None, suppress_health_check=SLOW)
@given(data=st.data(), kind=st.sampled_from(["journals", "deliveries"]))
def test_entries_that_are_not_ours_never_raise(
    tmp_path: Path, data: st.DataObject, kind: str
) -> None:
    """A journal that was written soundly may hold any JSON: it is used, or told as damaged."""
    run = prepared(tmp_path)
    [path] = (run.path / kind).iterdir()
    chosen = data.draw(st.sampled_from(entries(path)))
    strange = replaced({n: v for n, v in chosen.items() if n not in ("v", "prev", "sum")}, data)
    foreign = Journal(run.path / kind)
    foreign.append(strange if isinstance(strange, dict) else {"type": strange})
    foreign.close()

    try:
        record = run.read()
        made = plan([record], ANYWHERE)
        summary = states(record), missing([record]), [d.title for d in made.deliveries.values()]
    finally:
        (run.path / kind / f"{foreign.id}.jsonl").unlink()
    assert summary is not None


def prepared(folder: Path) -> RunFolder:
    """Return a run with every kind of entry, made once."""
    from pytest_attach_evidence.model import Failure
    from pytest_attach_evidence.model import Receipt
    from pytest_attach_evidence.model import State
    from pytest_attach_evidence.spool import DeliveryLog

    if (folder / ".evidence").exists():
        [path] = [p for p in (folder / ".evidence").iterdir() if p.is_dir()]
        return RunFolder(path)
    run = begin(folder)
    one = recorder(run)
    one.attach(b"content", name="a.txt")
    one.refuse("b.txt", "was not there")
    one.end()
    run.write_unwanted(["nobody"])
    known = Unmapped(outcome=Outcome.PASSED, rows=("test_b.py",), bare=True)
    run.write_unmapped({known: ["test_b.py::test_b"]})
    run.write_finished(0, {"passed": 1})
    [made] = plan([run.read()], ANYWHERE).deliveries.values()
    log = DeliveryLog([run])
    log.intent([made], {made.key: 1})
    log.failure(made, Failure(key=made.key, state=State.UNCERTAIN, reason="lost"))
    log.receipt((made, Receipt(key=made.key)))
    log.note("squash", "name", "value")
    log.to_conclude("squash", "target")
    log.concluded("squash", "target")
    log.close()
    run.release()
    return run


def test_tests_that_nobody_mapped_are_read_back(tmp_path: Path) -> None:
    """Any number of names of any length: no line is longer than one may be."""
    run = begin(tmp_path)
    names = [f"test_it.py::test_{number}" for number in range(1000)]
    bare = Unmapped(outcome=Outcome.PASSED, bare=True)
    skipped = Unmapped(outcome=Outcome.SKIPPED, rows=("test_it.py",))

    run.write_unmapped({bare: [*names, "x" * 2_000_000], skipped: ["test_it.py::test_skipped"]})

    record = run.read()
    run.release()
    assert {*names, "x" * 1000} == record.bare
    assert 1002 == len(record.unmapped)
    last = record.unmapped[-1]
    assert ("test_it.py::test_skipped", "skipped", ("test_it.py",)) == (
        last.nodeid,
        last.outcome,
        last.rows,
    )
    assert [] == record.problems


def test_a_fork_writes_a_journal_of_its_own(tmp_path: Path) -> None:
    """What a forked child attaches to its parent's item is kept, and disturbs no line of the parent."""
    run = begin(tmp_path)
    one = recorder(run)
    one.attach(b"before", name="before.txt")
    child = os.fork()
    if child == 0:
        one.attach(b"child", name="child.txt")
        os._exit(0)
    assert 0 == os.waitpid(child, 0)[1]
    one.attach(b"after", name="after.txt")

    assert 2 == len(list((run.path / "journals").iterdir()))
    assert [] == run.read().problems
    assert ["after.txt", "before.txt", "child.txt"] == sorted(names(run))


def test_whoever_writes_after_a_fork_has_a_file_of_its_own(tmp_path: Path) -> None:
    """The lines of parent and child stand in two files, each a whole chain."""
    made = Journal(tmp_path)
    made.append({"type": "piece", "number": 1})
    child = os.fork()
    if child == 0:
        made.append({"type": "piece", "number": 2})
        os._exit(0)
    assert 0 == os.waitpid(child, 0)[1]
    made.append({"type": "piece", "number": 3})

    assert [[1, 3], [2]] == sorted(believed(path) for path in tmp_path.iterdir())
    assert [[], []] == [damaged(path) for path in tmp_path.iterdir()]


def test_threads_share_a_journal(tmp_path: Path) -> None:
    """Lines of several threads never mix."""
    made = Journal(tmp_path)

    def write(start: int) -> None:
        for number in range(start, start + 25):
            made.append({"type": "piece", "number": number, "text": "x" * 3000})

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    path = tmp_path / f"{made.id}.jsonl"
    assert (100, []) == (len(set(believed(path))), damaged(path))


def test_a_closed_journal_takes_nothing_more(tmp_path: Path) -> None:
    """A thread that comes late learns that its line was not written."""
    made = Journal(tmp_path)
    made.append({"type": "piece", "number": 1})
    made.close()

    with pytest.raises(SpoolError, match="is closed"):
        made.append({"type": "piece", "number": 2})
    assert [1] == believed(tmp_path / f"{made.id}.jsonl")


def test_a_line_that_was_not_synced_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk refuses, none of the entries is there, and the next ones are sound."""
    made = Journal(tmp_path)
    made.append({"type": "piece", "number": 1})

    def refuse(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(disk, "sync", refuse)
        with pytest.raises(SpoolError, match="Input/output error"):
            made.append({"type": "piece", "number": 2}, {"type": "piece", "number": 3})
    made.append({"type": "piece", "number": 4})

    path = tmp_path / f"{made.id}.jsonl"
    assert ([1, 4], []) == (believed(path), damaged(path))


def test_the_name_of_a_journal_is_synced_also_after_a_first_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the folder's entry on the disk a power cut would lose every line of the file."""
    made = Journal(tmp_path)
    folders: list[Path] = []
    monkeypatch.setattr(disk, "sync_folder", folders.append)

    def refuse(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(disk, "sync", refuse)
        with pytest.raises(SpoolError):
            made.append({"type": "piece", "number": 1})
    made.append({"type": "piece", "number": 2})
    made.append({"type": "piece", "number": 3})

    assert [tmp_path] == folders


def test_damage_costs_only_what_it_hit(tmp_path: Path) -> None:
    """A run with a damaged line still gives every other piece, and says where the damage is."""
    run = written(tmp_path)
    path = journal_of(run)
    path.write_bytes(path.read_bytes().replace(b"log-2.txt", b"log-9.txt"))

    record = run.read()

    assert ["log-1.txt", "log-3.txt", "log-4.txt"] == [piece.name for piece in record.pieces]
    assert [f"{path.name} line 4"] == [problem.subject for problem in record.problems]


def test_a_folder_from_elsewhere_holds_nobody_up(tmp_path: Path) -> None:
    """FIFOs and links in the place of journals and of run.json are told or passed over, not waited for."""
    run = written(tmp_path)
    (run.path / "run.json").unlink()
    os.mkfifo(run.path / "run.json")
    os.mkfifo(run.path / "journals" / "fifo.jsonl")
    (run.path / "deliveries" / "link.jsonl").symlink_to(tmp_path)

    record = run.read()

    assert 4 == len(record.pieces)
    assert ["fifo.jsonl", "link.jsonl"] == sorted(problem.subject for problem in record.problems)
    assert run.id == record.run.id


def test_bytes_without_any_journal_are_told(tmp_path: Path) -> None:
    """Their names and targets are lost, so that a person decides; nobody calls such a run delivered."""
    run = written(tmp_path)
    journal_of(run).unlink()
    for note in run.path.glob("collecting-*"):  # as spools of before have none
        note.unlink()

    record = run.read()

    assert ["holds bytes of which no journal tells what they are"] == [
        problem.seen for problem in record.problems
    ]
    assert not is_settled(record)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"v": 2, "type": "piece"}, "written by another version of the plugin (format 2)"),
        ({"type": "piece", "piece": {}}, "not what it should be (TypeError)"),
        ({"type": "ended", "item_id": "nobody"}, "not what it should be (KeyError)"),
    ],
)
def test_a_line_that_cannot_be_used_is_told_and_kept(
    tmp_path: Path, line: dict[str, Any], expected: str
) -> None:
    """What a newer plugin or nobody we know wrote costs that line only."""
    run = written(tmp_path)
    foreign = Journal(run.path / "journals")
    foreign.append(line)
    foreign.close()

    record = run.read()

    assert [(f"{foreign.id}.jsonl line 1", expected)] == [
        (problem.subject, problem.seen) for problem in record.problems
    ]
    assert 4 == len(record.pieces)


def test_a_piece_of_an_item_that_never_began_is_told(tmp_path: Path) -> None:
    """Nobody knows where it was to go."""
    run = written(tmp_path, 1)
    [_, line] = entries(journal_of(run))[:2]
    piece = {**line["piece"], "item_id": "nobody"}
    foreign = Journal(run.path / "journals")
    foreign.append({"type": "piece", "piece": piece})
    foreign.close()

    record = run.read()

    assert ["a piece of an item that never began"] == [p.seen for p in record.problems]
    assert ["log-1.txt"] == [found.name for found in record.pieces]


def test_a_forked_child_has_a_name_of_its_own_and_closes_only_its_own(tmp_path: Path) -> None:
    """The parent goes on writing after a child has ended its journal."""
    made = Journal(tmp_path)
    made.append({"type": "piece", "number": 1})
    mine = made.id
    for end in (Journal.close, lambda journal: os._exit(int(journal.id == mine))):
        child = os.fork()
        if child == 0:
            end(made)
            os._exit(0)
        assert 0 == os.waitpid(child, 0)[1]
    made.append({"type": "piece", "number": 2})

    assert (mine, [1, 2]) == (made.id, believed(tmp_path / f"{mine}.jsonl"))


def test_a_journal_whose_file_was_closed_by_others_goes_on_in_a_new_one(tmp_path: Path) -> None:
    """Some code closes every descriptor it finds: the line is refused, the next one is safe."""
    made = Journal(tmp_path)
    made.append({"type": "piece", "number": 1})
    first = tmp_path / f"{made.id}.jsonl"
    assert made._descriptor is not None
    os.close(made._descriptor)

    with pytest.raises(SpoolError, match="Bad file descriptor"):
        made.append({"type": "piece", "number": 2})
    made.append({"type": "piece", "number": 3})

    assert ([1], [3]) == (believed(first), believed(tmp_path / f"{made.id}.jsonl"))
