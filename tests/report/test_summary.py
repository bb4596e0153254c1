"""The summary: counts that add up, one line per trouble, and the command that continues."""

from __future__ import annotations

import re

import pytest

from pytest_attach_evidence.deliver import Replaced
from pytest_attach_evidence.deliver import Results
from pytest_attach_evidence.destinations.base import Holding
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Failure
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Problem
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import State
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.plan import Plan
from pytest_attach_evidence.report.summary import MOST_TARGETS
from pytest_attach_evidence.report.summary import MOST_TROUBLES
from pytest_attach_evidence.report.summary import Summary
from pytest_attach_evidence.report.summary import last_words
from pytest_attach_evidence.run_record import RunRecord

from ..rooms.pieces import CASE
from ..rooms.pieces import FOLDER
from ..rooms.pieces import delivery
from ..rooms.pieces import item
from ..rooms.pieces import piece
from ..rooms.pieces import record


LAST = re.compile(
    r"evidence: pieces=(\d+) deliveries=(\d+) delivered=(\d+) found=(\d+) waiting=(\d+) "
    r'uncertain=(\d+) rejected=(\d+) damaged=(\d+) missing=(\d+) run=(\S*) next="([^"]*)"'
)


class Scene:
    """A run of one test with pieces, each with its own end."""

    def __init__(self, *states: State, target: Target = CASE) -> None:
        owner = item("j1-1", target)
        pieces = [piece(owner, seq, size=1024) for seq in range(1, len(states) + 1)]
        self.record: RunRecord = record([owner], pieces)
        self.deliveries: list[Delivery] = [delivery(owner, one, target) for one in pieces]
        self.results = Results(plan=Plan(deliveries={d.key: d for d in self.deliveries}))
        for one, state in zip(self.deliveries, states, strict=True):
            self.end(one, state)

    @property
    def owner(self) -> Item:
        """The only item."""
        return self.record.items["j1-1"]

    def end(self, one: Delivery, state: State, **facts: str) -> None:
        """Let a delivery end in a state."""
        if state.settled:
            how = "found" if state is State.FOUND else "answered"
            self.results.receipts[one.key] = Receipt(
                key=one.key, how=how, remote_url=facts.get("url")
            )
        else:
            reason = facts.get("reason", f"it {state.value}")
            next_step = facts.get("next_step", "")
            self.results.failures[one.key] = Failure(
                key=one.key, state=state, reason=reason, next_step=next_step
            )

    def summary(
        self, *, next: str = "", notes: tuple[str, ...] = (), collected: bool = False
    ) -> Summary:
        """Return the summary of it all."""
        return Summary(
            results=self.results,
            records=[self.record],
            next=next,
            notes=notes,
            collected_only=collected,
        )


def test_the_last_line_adds_up_for_programs() -> None:
    """Every delivery is counted in exactly one state, and the run and the command are there."""
    every = [*State, State.DELIVERED, State.WAITING]
    scene = Scene(*every)
    scene.record.items["j1-2"] = item("j1-2", CASE)

    line = scene.summary(next="attach-evidence push 'a b'").lines()[-1]

    match = LAST.fullmatch(line)
    assert match is not None, line
    numbers = [int(text) for text in match.groups()[:9]]
    assert [8, 8, 2, 1, 2, 1, 1, 1, 1] == numbers
    assert numbers[1] == sum(numbers[2:8])
    assert ("run-1", "attach-evidence push 'a b'") == match.groups()[9:]


def test_a_good_run_is_said_in_few_lines() -> None:
    """Headline, one line per target with its link, and the line for programs."""
    scene = Scene(State.DELIVERED, State.FOUND)
    scene.end(scene.deliveries[0], State.DELIVERED, url=f"{CASE.origin}/executions/1")

    assert [
        "2 pieces (2.0 kB) kept, 2 deliveries: 1 delivered, 1 found",
        f"{CASE}: 2 pieces  {CASE.origin}/executions/1",
    ] == scene.summary().lines()[:-1]


def test_only_addresses_of_the_target_itself_are_shown() -> None:
    """A receipt from elsewhere cannot put another link before a reader's eyes."""
    scene = Scene(State.DELIVERED)
    scene.end(scene.deliveries[0], State.DELIVERED, url="https://evil.example/executions/1")

    assert f"{CASE}: 1 piece" in scene.summary().lines()


@pytest.mark.parametrize(
    ("holding", "words"),
    [
        (Holding(all=1, of_others=0), ""),
        (Holding(all=88, of_others=87), " (holds 87 of other runs)"),
        (Holding(all=1, of_others=0, left=99), " (room for 99 more)"),
        (
            Holding(all=88, of_others=87, left=12, left_bytes=3 * 1024**2),
            " (holds 87 of other runs, room for 12 more and 3.0 MB)",
        ),
    ],
)
def test_a_target_that_fills_up_is_said(holding: Holding, words: str) -> None:
    """Before a target is full somebody reads how much it still takes."""
    scene = Scene(State.DELIVERED)
    scene.results.holdings[CASE] = holding

    assert f"{CASE}: 1 piece{words}" in scene.summary().lines()


def test_damage_beside_the_pieces_is_counted_in_words() -> None:
    """A journal line that cannot be read is no delivery: the headline counts it, a line names it."""
    scene = Scene(State.DELIVERED)
    for number in (2, 7):
        scene.record.problems.append(Problem(subject=f"j.jsonl line {number}", seen="not readable"))

    lines = scene.summary().lines()

    assert lines[0].endswith("1 delivery: 1 delivered; 2 places in the spool damaged")
    assert {"damaged: j.jsonl line 2: not readable", "damaged: j.jsonl line 7: not readable"} <= {
        *lines
    }


def test_a_line_is_never_endless() -> None:
    """Names of any length, which a spool from elsewhere may hold, are cut."""
    scene = Scene()
    scene.record.problems.append(Problem(subject="x" * 5000, seen="not readable"))

    assert 1000 == max(map(len, scene.summary().lines()))


def test_the_archive_is_linked_by_its_folder() -> None:
    """For many files one folder is the better link."""
    scene = Scene(State.DELIVERED, target=FOLDER)
    scene.end(scene.deliveries[0], State.DELIVERED, url="file:///a/run-1/data/t/01-x.png")

    assert "archive folder: 1 piece  file:///a/run-1" in scene.summary().lines()


def test_nothing_to_do_is_said_as_such() -> None:
    """A run without targets or without evidence is no trouble."""
    assert "0 pieces (0 B) kept, nothing to deliver" == Scene().summary().lines()[0]


def test_collecting_promises_nothing() -> None:
    """In the mode collect everything waits, and no line looks like a trouble."""
    lines = Scene(State.WAITING, State.WAITING).summary(next="push it", collected=True).lines()

    assert [
        "2 pieces (2.0 kB) kept, 2 deliveries waiting: evidence = collect sends nothing",
        "next: push it",
    ] == lines[:-1]


def test_each_trouble_is_a_line_with_what_to_do() -> None:
    """The piece and its target, the reason with its number, the next step."""
    scene = Scene(State.REJECTED)
    scene.end(scene.deliveries[0], State.REJECTED, reason="has 9 bytes", next_step="attach less")

    assert [
        f"rejected: shot-1.png of test_it.py::test_j1-1 to {CASE}: has 9 bytes - attach less"
    ] == scene.summary().troubles()


def test_pieces_with_the_same_trouble_share_a_line() -> None:
    """Fifty pieces that wait for one server are one line."""
    scene = Scene(*[State.WAITING] * 50)

    [line] = scene.summary().troubles()

    assert line.startswith("waiting: 50 pieces for squash (first: shot-1.png of test_it.py")


def test_a_closed_destination_says_what_waits_for_it() -> None:
    """What waits because of it is in the same line, not repeated for each piece."""
    scene = Scene(State.WAITING, State.WAITING, State.REJECTED)
    scene.results.closed["squash"] = DestinationClosedError(
        "the upload: HTTP 401 Unauthorized", why="authentication", next_step="mend the token"
    )

    closed, rejected = scene.summary().troubles()

    assert (
        "closed: squash: the upload: HTTP 401 Unauthorized; 2 pieces wait - mend the token"
        == closed
    )
    assert rejected.startswith("rejected: shot-3.png")


def test_every_kind_of_trouble_has_its_word() -> None:
    """Damage, refused pieces, hints, outcomes not told, the spool, and bugs are told apart."""
    scene = Scene()
    scene.record.problems.append(Problem(subject="j.jsonl line 2", seen="not readable"))
    scene.record.refused.append(Problem(subject="a.png", seen="no such file"))
    scene.record.refused.append(Problem(subject="b.png", seen="blank", severity="warning"))
    scene.results.unconcluded.append((Problem(subject="x", seen="HTTP 500"), False))
    scene.results.spool_errors.append("the disk is full")
    scene.results.bugs.append("KeyError: 'x'")

    assert [
        "damaged: j.jsonl line 2: not readable",
        "not taken: a.png: no such file",
        "note: b.png: blank",
        "status not set: x: HTTP 500",
        "spool: the disk is full",
        "bug of pytest-attach-evidence: KeyError: 'x'",
    ] == scene.summary().troubles()


def test_long_lists_are_cut_with_their_number() -> None:
    """Hundreds of troubles or targets do not bury the end of the run."""
    scene = Scene()
    owners = [item(f"j{n}-1", Target.of("squash", "o", "execution", str(n))) for n in range(60)]
    for owner in owners:
        one = delivery(owner, piece(owner), owner.targets[0])
        scene.results.plan.deliveries[one.key] = one
        scene.end(one, State.DELIVERED)
    scene.results.bugs += [f"bug {number}" for number in range(60)]

    lines = scene.summary().lines()

    assert f"and {60 - MOST_TARGETS} more targets" in lines
    assert f"and {60 - MOST_TROUBLES} more like these: attach-evidence status" in lines
    assert 1 + MOST_TARGETS + 1 + MOST_TROUBLES + 1 + 1 == len(lines)


def test_notes_are_said_once_at_the_top() -> None:
    """What was left out by the configuration stands under the headline."""
    assert "left out: huawei" == Scene().summary(notes=("left out: huawei",)).lines()[1]


def test_what_a_destination_decided_is_a_note() -> None:
    """A person may know better."""
    scene = Scene()
    scene.results.remarks.append("squash: execution 8 was taken")

    assert "note: squash: execution 8 was taken" in scene.summary().lines()


@pytest.mark.parametrize("state", list(State))
def test_without_a_summary_the_journals_give_the_last_line(state: State) -> None:
    """Where the summary itself fails, the least is said from what is on the disk."""
    scene = Scene(state)
    scene.record.receipts = scene.results.receipts
    scene.record.failures = scene.results.failures

    bug, line = last_words("run-1", scene.record, ["oops"], "push it")

    assert "bug of pytest-attach-evidence: oops" == bug
    match = LAST.fullmatch(line)
    assert match is not None
    assert f" {state.value}=1 " in line
    assert ("" if state.settled else "push it") == match[11]


def test_without_journals_there_still_is_a_last_line() -> None:
    """Programs that look for the line always find it."""
    [line] = last_words("run-1", None, [], "push it")

    assert LAST.fullmatch(line)


def test_what_was_replaced_is_a_line_for_each_run() -> None:
    """The file, where it was, which run had brought it and when; many of one run share a line."""
    scene = Scene(State.DELIVERED)
    lost = [("run-8", "a.png", 1), ("run-9", "b.png", 2), ("run-9", "c.png", 3)]
    scene.results.replaced = [
        Replaced(
            target=CASE,
            run_id=run,
            receipt=Receipt(key="0123456789ab", remote_name=name, at=f"2026-11-0{day}"),
        )
        for run, name, day in lost
    ]

    assert [
        f"replaced: a.png at {CASE}, which run run-8 brought there at 2026-11-01",
        f"replaced: 2 files (first: b.png at {CASE}), which run run-9 brought there at 2026-11-02",
    ] == [line for line in scene.summary().lines() if line.startswith("replaced: ")]
