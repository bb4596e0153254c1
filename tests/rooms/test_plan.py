"""From journals to deliveries: what is wanted times its targets, minus what is settled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_attach_evidence.deliveries import LONG_AGO
from pytest_attach_evidence.deliveries import damage
from pytest_attach_evidence.deliveries import is_settled
from pytest_attach_evidence.deliveries import lacking
from pytest_attach_evidence.deliveries import last_reruns
from pytest_attach_evidence.deliveries import missing
from pytest_attach_evidence.deliveries import open_failures
from pytest_attach_evidence.deliveries import pushable
from pytest_attach_evidence.deliveries import states
from pytest_attach_evidence.deliveries import stuck_ones
from pytest_attach_evidence.deliveries import target_name
from pytest_attach_evidence.deliveries import unconcluded
from pytest_attach_evidence.deliveries import wanted
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Failure
from pytest_attach_evidence.model import Filter
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Limits
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Problem
from pytest_attach_evidence.model import State
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.obstacles import Capability
from pytest_attach_evidence.obstacles import broken_limit
from pytest_attach_evidence.outcomes import worse
from pytest_attach_evidence.outcomes import worst_outcomes
from pytest_attach_evidence.plan import plan
from pytest_attach_evidence.run_record import RunRecord

from .pieces import CASE
from .pieces import FOLDER
from .pieces import HERE
from .pieces import delivery
from .pieces import item
from .pieces import piece
from .pieces import receipt
from .pieces import record


ALL = Limits(pieces_per_call=None)
BOTH = {
    "squash": Capability(origin=HERE, limits=ALL, concludes=lambda target: True),
    "archive": Capability(origin="", limits=ALL),
}


def failure(key: str, state: State, reason: str = "because") -> Failure:
    """Return a failure of a delivery."""
    return Failure(key=key, state=state, reason=reason)


def scene(*targets: Target, pieces: int = 1) -> tuple[RunRecord, Item, list[Evidence]]:
    """Return a run with one item for these targets and its pieces."""
    owner = item("j1-1", *(targets or (CASE,)))
    made = [piece(owner, seq) for seq in range(1, pieces + 1)]
    return record([owner], made), owner, made


def test_every_wanted_piece_goes_once_to_each_target() -> None:
    """Two pieces, two targets: four deliveries, in the order in which they were attached."""
    run, _, _ = scene(CASE, FOLDER, pieces=2)

    made = plan([run], BOTH)

    assert 4 == len(made.deliveries)
    assert {CASE: [1, 2], FOLDER: [1, 2]} == {
        work.target: [d.evidence.seq for d in work.deliveries] for work in made.work
    }


def test_unwanted_pieces_are_left_out() -> None:
    """What `when=` dropped is delivered nowhere and counts nowhere."""
    run, _, pieces = scene(pieces=2)
    run.unwanted.add(pieces[0].id)

    made = plan([run], BOTH)

    assert [pieces[1]] == [d.evidence for d in made.deliveries.values()]
    assert {State.WAITING: 1} == states(run)


def test_what_has_a_receipt_is_done() -> None:
    """A settled delivery is counted and not sent again; the rest of its target is."""
    run, owner, pieces = scene(pieces=2)
    done = delivery(owner, pieces[0], CASE)
    run.receipts[done.key] = receipt(done)

    made = plan([run], BOTH)

    assert [done.key] == list(made.settled)
    assert [[pieces[1]]] == [[d.evidence for d in work.deliveries] for work in made.work]


def test_a_destination_that_replaces_gets_everything_again() -> None:
    """Where a call replaces what is there, it carries the settled pieces too."""
    run, owner, pieces = scene(pieces=2)
    done = delivery(owner, pieces[0], CASE)
    run.receipts[done.key] = receipt(done)
    replacing = {"squash": Capability(origin=HERE, limits=Limits(replaces=True))}

    made = plan([run], replacing)

    assert [pieces] == [[d.evidence for d in work.deliveries] for work in made.work]


def test_what_was_rejected_stays_rejected_until_a_person_acts() -> None:
    """A push does not knock again by itself; with retry_rejected it does."""
    run, owner, [one] = scene()
    before = replace(failure(delivery(owner, one, CASE).key, State.REJECTED), attempts=1)
    run.failures[before.key] = before

    assert ({before.key: before}, []) == (plan([run], BOTH).failed, plan([run], BOTH).work)
    assert 1 == len(plan([run], BOTH, retry_rejected=True).work)
    assert 1 == len(plan([run], BOTH, retry_rejected=True).work[0].deliveries)


@pytest.mark.parametrize("state", [State.WAITING, State.UNCERTAIN, State.DAMAGED])
def test_any_other_failure_is_tried_again(state: State) -> None:
    """What waited, was uncertain or could not be read is looked at anew by a push."""
    run, owner, [one] = scene()
    key = delivery(owner, one, CASE).key
    run.failures[key] = failure(key, state)

    assert [key] == [d.key for work in plan([run], BOTH).work for d in work.deliveries]


def test_a_damaged_line_hides_no_noted_moment_of_a_send() -> None:
    """Where receipts may be lost every piece is uncertain, and the moments that are known stay known."""
    run, owner, (first, second) = scene(pieces=2)
    sent, unknown = (delivery(owner, one, CASE).key for one in (first, second))
    run.uncertain[sent], run.doubtful = "2026-05-01T00:00:00.000Z", True

    [work] = plan([run], BOTH).work

    assert {sent: "2026-05-01T00:00:00.000Z", unknown: LONG_AGO} == work.uncertain


def test_one_key_is_one_delivery() -> None:
    """The same bytes of the same place, recorded twice under two names, are sent once."""
    run, _, (first,) = scene()
    run.pieces.append(replace(first, name="copy.png"))

    made = plan([run], BOTH)

    assert [first] == [one.evidence for work in made.work for one in work.deliveries]
    assert {State.WAITING: 1} == states(run)


def test_a_target_that_is_none_is_rejected_before_any_request() -> None:
    """Not even its outcome is told to it, whatever receipts a spool from elsewhere holds."""
    run, owner, (first,) = scene()
    judged = {"squash": replace(BOTH["squash"], wrong=lambda _target: "is no target")}
    key = delivery(owner, first, CASE).key

    refused = plan([run], judged)
    run.receipts[key] = receipt(delivery(owner, first, CASE))
    forged = plan([run], judged)

    assert ([], "is no target") == (refused.work, refused.failed[key].reason)
    assert State.REJECTED is refused.failed[key].state
    assert [] == forged.work


def test_an_uncertain_piece_comes_with_the_moment_of_its_send() -> None:
    """The engine learns what was sent without a known result, and how often."""
    run, owner, [one] = scene()
    key = delivery(owner, one, CASE).key
    run.uncertain[key], run.attempts[key] = "2026-05-01T00:00:00.000Z", 3

    [work] = plan([run], BOTH).work

    assert ({key: "2026-05-01T00:00:00.000Z"}, {key: 3}) == (work.uncertain, work.attempts)
    assert {State.UNCERTAIN: 1} == states(run)


def test_targets_of_a_destination_that_is_off_wait() -> None:
    """Nothing is lost when a destination is taken out of the settings; the way back is named."""
    run, _, _ = scene(CASE, FOLDER)

    made = plan([run], {"archive": BOTH["archive"]})

    [waiting] = made.failed.values()
    assert State.WAITING is waiting.state
    assert "squash is not in evidence_destinations" in waiting.reason
    assert [FOLDER] == [work.target for work in made.work]


def test_a_target_of_another_server_is_not_sent_here() -> None:
    """A run collected for one server is not delivered to the other that is configured now."""
    run, _, _ = scene()
    elsewhere = {"squash": Capability(origin="https://other.example", limits=ALL)}

    made = plan([run], elsewhere)

    [waiting] = made.failed.values()
    assert State.WAITING is waiting.state
    assert f"was collected for {HERE}, but https://other.example is configured" == waiting.reason
    assert [] == made.work


@pytest.mark.parametrize(
    ("limits", "place", "expected"),
    [
        (Limits(), 0, None),
        (Limits(max_bytes=2000), 0, None),
        (Limits(max_bytes=1999), 0, "has 2,000 bytes, squash takes 1,999"),
        (Limits(extensions=frozenset({"png"})), 0, None),
        (Limits(extensions=frozenset({"zip", "txt"})), 0, "is a .png file, squash takes txt, zip"),
        (Limits(max_per_target=3), 2, None),
        (Limits(max_per_target=3), 3, "is piece 4 for one target, squash takes 3"),
        (Limits(max_together=4), 3, None),
        (Limits(max_together=1), 0, "is one of 4 pieces for one target, squash takes 1"),
    ],
)
def test_a_broken_limit_is_said_with_its_number(
    limits: Limits, place: int, expected: str | None
) -> None:
    """What a destination would refuse is refused here, before any request."""
    owner = item("j1-1", CASE)
    one = delivery(owner, piece(owner, size=2000), CASE)

    broken = broken_limit(one, place, 4, limits)

    assert expected == (broken and broken[0])
    assert broken is None or broken[1]


def test_a_limit_rejects_only_what_breaks_it() -> None:
    """One large piece does not keep the others back."""
    owner = item("j1-1", CASE)
    run = record([owner], [piece(owner, 1, size=10), piece(owner, 2)])
    small = {"squash": Capability(origin=HERE, limits=Limits(max_bytes=9))}

    made = plan([run], small)

    assert [State.REJECTED] == [one.state for one in made.failed.values()]
    assert [2] == [d.evidence.seq for work in made.work for d in work.deliveries]


@pytest.mark.parametrize("delivered", [False, True])
def test_of_more_than_go_together_none_is_sent(delivered: bool) -> None:
    """The pieces of all runs being delivered count, those that are there included; each plan counts anew."""
    one, other = item("j1-1", CASE), item("j2-1", CASE)
    alone = record([one], [piece(one)])
    there = delivery(one, alone.pieces[0], CASE)
    if delivered:
        alone.receipts[there.key] = receipt(there)
    limits = Limits(replaces=True, pieces_per_call=None, max_together=1)
    single = {"squash": Capability(origin=HERE, limits=limits)}
    runs = [alone, record([other], [piece(other)])]

    made = plan(runs, single)
    for failure in made.failed.values():
        runs[1].failures[failure.key] = failure
    again = plan(runs, {"squash": Capability(origin=HERE, limits=ALL)})

    assert [] == made.work
    assert 2 - delivered == len(made.failed)
    assert {State.REJECTED} == {failure.state for failure in made.failed.values()}
    assert made.failed.keys() == {d.key for work in again.work for d in work.deliveries}


def test_runs_are_planned_together_and_conclude_together() -> None:
    """Shards share a target: one work with the pieces of both, and the worst of all outcomes."""
    one = item("j1-1", CASE)
    other = item("j2-1", CASE, outcome=Outcome.FAILED)
    runs = [record([one], [piece(one)]), record([other], [piece(other)])]

    [work] = plan(runs, BOTH).work

    assert ["j1-1", "j2-1"] == [d.item.id for d in work.deliveries]
    assert (Outcome.FAILED, True) == (work.outcome, work.conclude)


@pytest.mark.parametrize(
    ("concluded", "expected"), [([], 1), ([0], 1), ([0, 1], 0)], ids=["none", "one", "both"]
)
def test_a_target_is_told_its_outcome_until_every_run_knows(
    concluded: list[int], expected: int
) -> None:
    """After a crash between the last piece and the status, a push sets the status and sends nothing."""
    runs = []
    for number in range(2):
        owner = item(f"j{number}-1", CASE)
        done = delivery(owner, one := piece(owner), CASE)
        runs.append(record([owner], [one], receipts={done.key: receipt(done)}))
    for number in concluded:
        runs[number].concluded.add(("squash", target_name(CASE)))

    work = plan(runs, BOTH).work

    assert expected == len(work)
    assert all(one.conclude and not one.deliveries for one in work)


def test_a_target_that_has_no_status_is_no_work_unless_a_journal_says_so() -> None:
    """What an earlier push wanted to tell it is over once it was asked, so that the run can end."""
    run, owner, [one] = scene()
    done = delivery(owner, one, CASE)
    run.receipts[done.key] = receipt(done)
    silent = {"squash": replace(BOTH["squash"], concludes=lambda target: target != CASE)}

    without = plan([run], silent).work
    run.to_conclude.add(("squash", target_name(CASE)))
    asked = plan([run], silent).work

    assert ([], [(CASE, True)]) == (without, [(work.target, work.conclude) for work in asked])


def test_a_target_at_which_nothing_is_has_no_status_to_be_set() -> None:
    """Its only piece was rejected: neither `status` nor a plain push speaks of its status."""
    run, owner, [one] = scene()
    key = delivery(owner, one, CASE).key
    run.failures[key] = replace(failure(key, State.REJECTED), attempts=1)
    run.to_conclude.add(("squash", target_name(CASE)))

    assert ([], []) == (unconcluded(run), plan([run], BOTH).work)


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize(
    ("capabilities", "why"),
    [
        (BOTH, ""),
        ({"archive": BOTH["archive"]}, "squash is not in evidence_destinations"),
        (
            {"squash": replace(BOTH["squash"], origin="https://other")},
            "https://other is configured",
        ),
    ],
)
def test_a_status_that_nobody_can_set_as_things_are_is_named(
    capabilities: dict[str, Capability], why: str, asked: bool, there: bool
) -> None:
    """Its destination was taken out or leads elsewhere: with the reason, if anything is there."""
    run, owner, [one] = scene()
    done = delivery(owner, one, CASE)
    run.receipts = {done.key: receipt(done)} if there else {}
    run.to_conclude = {("squash", target_name(CASE))} if asked else set()

    made = plan([run], capabilities)

    assert ([CASE] if why and asked and there else []) == list(made.untold)
    assert all(why in reason for reason, _ in made.untold.values())


@pytest.mark.parametrize("state", list(State))
def test_what_waits_for_a_person_is_counted_among_what_is_open(state: State) -> None:
    """Whatever a journal says: only what waits or is uncertain, and nothing with a receipt."""
    run, owner, pieces = scene(pieces=3)
    keys = [delivery(owner, one, CASE) for one in pieces]
    stuck = [replace(failure(one.key, state), stuck=number < 2) for number, one in enumerate(keys)]
    run.failures = {one.key: one for one in stuck}
    run.receipts[keys[0].key] = receipt(keys[0])

    is_open = state in (State.WAITING, State.UNCERTAIN)
    assert (1 if is_open else 0) == stuck_ones(run)
    assert ([keys[2].key] if is_open else []) == [one.key for one in pushable(run)]


def test_the_outcome_of_a_target_is_that_of_the_last_reruns() -> None:
    """A test that failed and then passed in its rerun passed; what never ended did not."""
    first = item("j1-1", CASE, nodeid="t", outcome=Outcome.FAILED)
    again = item("j1-2", CASE, nodeid="t", rerun=1, outcome=Outcome.PASSED)
    other = item("j2-1", CASE, nodeid="t", worker="gw1", outcome=Outcome.SKIPPED)

    run = record([first, again, other], [])

    assert [again, other] == last_reruns([first, again, other])
    assert {CASE: Outcome.PASSED} == worst_outcomes([run])


def test_the_worse_of_two_outcomes() -> None:
    """Unknown is worse than failed, failed than passed, passed than skipped."""
    order = [Outcome.UNKNOWN, Outcome.FAILED, Outcome.PASSED, Outcome.SKIPPED]

    assert all(
        worse(a, b) is order[min(i, j)] for i, a in enumerate(order) for j, b in enumerate(order)
    )


def test_only_failures_at_targets_that_a_piece_still_has_are_reasons() -> None:
    """What failed at a target that its piece left says nothing about what is open."""
    owner = item("j1-1", FOLDER)
    one, other = piece(owner), piece(owner, 2)
    left, kept = delivery(owner, one, CASE), delivery(owner, one, FOLDER)
    failures = {
        d.key: Failure(key=d.key, state=State.WAITING, reason=reason)
        for d, reason in ((left, "left"), (kept, "kept"))
    }
    run = record([owner], [one, other], failures=failures)

    assert ["kept"] == [failure.reason for failure in open_failures(run)]


@pytest.mark.parametrize(
    ("facts", "pieces", "expected"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"outcome": Outcome.SKIPPED}, False, False),
        ({"when": "failed"}, False, False),
        ({"when": "failed", "outcome": Outcome.UNKNOWN}, False, True),
        ({"when": "passed"}, False, True),
    ],
)
def test_missing_is_what_was_mapped_and_ran_and_left_nothing(
    facts: dict[str, object], pieces: bool, expected: bool
) -> None:
    """A skipped test owes no evidence, nor does one whose outcome would drop it."""
    owner = item("j1-1", CASE, **facts)
    run = record([owner, item("j1-2", FOLDER), item("j1-3")], [piece(owner)] if pieces else [])

    assert ([owner] if expected else []) == missing([run])


@pytest.mark.parametrize(
    ("filters", "outcome", "expected"),
    [
        ((), "passed", ["archive log", "archive shot", "squash log", "squash shot"]),
        ((Filter(destination="squash", when="failed"),), "passed", ["archive log", "archive shot"]),
        (
            (Filter(destination="squash", when="failed"),),
            "unknown",
            ["archive log", "archive shot", "squash log", "squash shot"],
        ),
        (
            (Filter(destination="squash", kinds=("screenshot", "table")),),
            "passed",
            ["archive log", "archive shot", "squash shot"],
        ),
        (
            (
                Filter(destination="squash", when="passed", kinds=("log",)),
                Filter(destination="archive", when="failed"),
            ),
            "passed",
            ["squash log"],
        ),
    ],
)
def test_a_destination_gets_what_its_filter_lets_through(
    filters: tuple[Filter, ...], outcome: str, expected: list[str]
) -> None:
    """By the outcome of the test, where unknown counts as failed, and by the kind of the piece."""
    owner = item("j1-1", CASE, FOLDER, filters=filters, outcome=Outcome(outcome))
    pieces = [
        piece(owner, 1, name="shot", kind="screenshot"),
        piece(owner, 2, name="log", kind="log"),
    ]

    found = [f"{d.target.destination} {d.evidence.name}" for d in wanted([record([owner], pieces)])]

    assert expected == sorted(found)


@pytest.mark.parametrize(
    ("facts", "kinds", "expected"),
    [
        ({"require": ("screenshot", "log")}, ["screenshot", "log", "file"], None),
        ({"require": ("screenshot", "log", "table")}, ["log"], "has no screenshot, table"),
        ({"require": ("log",)}, [], "attached nothing for squash"),
        ({"require": ("log",), "outcome": Outcome.SKIPPED}, [], None),
        ({"filters": (Filter(destination="squash", when="failed"),)}, [], None),
        (
            {"filters": (Filter(destination="squash", when="failed"),), "outcome": Outcome.FAILED},
            [],
            "attached nothing for squash",
        ),
        (
            {"filters": (Filter(destination="squash", kinds=("report",)),)},
            ["log"],
            "has nothing that squash takes",
        ),
        ({"filters": (Filter(destination="squash", kinds=("report",)),)}, ["report"], None),
        (
            {
                "filters": (Filter(destination="squash", kinds=("report",)),),
                "require": ("table", "log"),
            },
            ["log"],
            "has no table and has nothing that squash takes",
        ),
    ],
)
def test_what_an_item_lacks_is_told_by_what_it_should_have(
    facts: dict[str, object], kinds: list[str], expected: str | None
) -> None:
    """Required kinds, and at least one piece for each destination that wants any as the test ended."""
    owner = item("j1-1", CASE, FOLDER, **facts)
    pieces = [piece(owner, seq, kind=kind) for seq, kind in enumerate(kinds, start=1)]

    lack = lacking(record([owner], pieces)).get(owner)

    assert expected == (lack and str(lack))


def test_required_kinds_are_expected_without_a_target() -> None:
    """A test that only the archive gets lacks what a row of the map requires; the run itself never does."""
    owner = item("j1-1", FOLDER, require=("log",))
    run = item("j1-2", CASE, nodeid="", require=("log",))

    assert [owner] == missing([record([owner, run], [])])
    assert "attached nothing" == str(lacking(record([owner], []))[owner])


def test_a_run_is_settled_when_nothing_is_open() -> None:
    """Only such a run may ever be removed: unfinished, open, damaged and untold ones stay."""
    run, owner, [one] = scene()
    open_run = is_settled(run)
    done = delivery(owner, one, CASE)
    run.receipts[done.key] = receipt(done, how="found")
    settled = is_settled(run)
    told = unconcluded(run)
    run.to_conclude.update({("squash", target_name(CASE)), ("squash", "left by its marks")})
    untold = is_settled(run)
    to_tell = unconcluded(run)
    run.to_conclude.clear()
    run.problems.append(Problem(subject="a line", seen="damaged"))
    damaged = is_settled(run)
    run.problems.clear()
    run.finished = False

    assert [False, True, False, False, False] == [
        open_run,
        settled,
        untold,
        damaged,
        is_settled(run),
    ]
    assert ([], [CASE]) == (told, to_tell)
    assert {State.FOUND: 1} == states(run)


def test_a_doubtful_record_makes_everything_without_a_receipt_uncertain() -> None:
    """A damaged line may have been a receipt: what has none is looked up before it is sent."""
    run, owner, (first, second) = scene(CASE, pieces=2)
    got, other = delivery(owner, first, CASE), delivery(owner, second, CASE)
    run.receipts = {got.key: receipt(got)}
    run.doubtful = True

    (work,) = plan([run], BOTH).work

    assert {other.key: LONG_AGO} == work.uncertain


def test_what_is_gone_is_a_persons_once_all_that_is_recorded_is_there() -> None:
    """Before that a push has something to do; what else is damaged keeps its own next step."""
    run, owner, (piece,) = scene(CASE, pieces=1)
    gone = Problem(subject="one.jsonl", seen="is gone", next_step="look")
    other = Problem(subject="two.jsonl line 3", seen="not readable", next_step="keep it")
    run.problems, run.lost = [gone, other], {"one.jsonl"}
    key = delivery(owner, piece, CASE).key

    before, (first, second) = damage(run, {}), damage(run, {key})

    assert ([gone, other], other) == (before, second)
    assert ("one.jsonl", "is gone") == (first.subject, first.seen)
    assert f"remove {run.folder} by hand" in first.next_step


def test_no_runs_are_no_work() -> None:
    """Nothing is planned for nothing."""
    made = plan([], BOTH)

    assert ({}, [], {}) == (made.deliveries, made.work, made.failed)


def test_the_states_of_a_run_are_told_from_its_journals() -> None:
    """Without any destination: what has a receipt, why the others have none."""
    run, owner, pieces = scene(CASE, pieces=5)
    keys = [delivery(owner, one, CASE) for one in pieces]
    run.receipts = {keys[0].key: receipt(keys[0]), keys[1].key: receipt(keys[1], how="found")}
    run.failures = {keys[2].key: failure(keys[2].key, State.REJECTED)}
    run.uncertain = {keys[3].key: LONG_AGO}

    assert {
        State.DELIVERED: 1,
        State.FOUND: 1,
        State.WAITING: 1,
        State.UNCERTAIN: 1,
        State.REJECTED: 1,
    } == states(run)
    assert [keys[3], keys[4]] == pushable(run)


@pytest.mark.parametrize("rerun", [-1, 0, 7])
def test_an_item_alone_is_its_own_last_rerun(rerun: int) -> None:
    """Whatever number a journal gives it."""
    owner = item("j1-1", CASE, rerun=rerun)

    assert [owner] == last_reruns([owner])


@pytest.mark.parametrize(
    ("sent_before", "state"), [(False, State.WAITING), (True, State.UNCERTAIN)]
)
def test_what_would_push_out_pieces_of_runs_that_are_away_is_held(
    sent_before: bool, state: State
) -> None:
    """Nothing is sent for such a target; the line says which run is missing and what to type."""
    run, owner, pieces = scene(pieces=1)
    own = delivery(owner, pieces[0], CASE)
    record = replace(run, folder="/my runs/run-1")
    if sent_before:
        record.uncertain[own.key] = LONG_AGO
    replacing = {"squash": Capability(origin=HERE, limits=Limits(replaces=True))}

    made = plan([record], replacing, missing={"run-1": {"run-2"}})
    insisted = plan([record], replacing, missing={"run-1": {"run-2"}}, retry_rejected=True)

    failed = made.failed[own.key]
    assert ([], state, True) == (made.work, failed.state, failed.stuck)
    assert "was delivered together with run-2, not here" in failed.reason
    assert "push '/my runs/run-1' <the folder of run-2>; " in failed.next_step
    assert [[own]] == [list(work.deliveries) for work in insisted.work]


def test_a_piece_that_has_another_target_now_is_looked_for_also_beside_runs_that_are_away() -> None:
    """A look pushes nothing out."""
    run, owner, pieces = scene(pieces=1)
    own = delivery(owner, pieces[0], CASE)
    run.withdrawn[pieces[0].id] = frozenset([own.key])
    replacing = {"squash": Capability(origin=HERE, limits=Limits(replaces=True))}

    made = plan([run], replacing, missing={"run-1": {"run-2"}})

    assert ({}, [{own.key}]) == (made.failed, [set(work.withdrawn) for work in made.work])
