"""`attach-evidence status`: what is open in each run, and which command helps."""

from __future__ import annotations

from dataclasses import replace

from pytest_attach_evidence.deliveries import wanted
from pytest_attach_evidence.model import Failure
from pytest_attach_evidence.model import State
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.spool import DeliveryLog

from .project import Project
from .project import waiting_run


def last_lines(told: str) -> list[str]:
    """Return the lines after those of the runs."""
    return [line for line in told.splitlines() if line[:1].isdigit() and "Z-" not in line[:20]]


def test_nothing_open_needs_no_command(project: Project) -> None:
    """A delivered run has its line alone."""
    waiting_run(project.spool, "a")
    assert 0 == project.command("push").status

    told = project.command("status")

    assert (0, []) == (told.status, last_lines(told.out))


def test_a_status_that_could_not_be_set(project: Project, sandbox: Sandbox) -> None:
    """The push ended with 75 though all pieces are there: `status` names the target, and so does clean."""
    project.lead_to(sandbox, "squash")
    project.suite("squash")
    sandbox.faults.add("status-503", system="squash", method="PATCH", times=99)
    session = project.pytest("-q")
    told = project.command("status")
    sandbox.faults.clear()

    pushed = project.command("push")
    after = project.command("status")

    assert (75, 1) == (session.status, *session.numbers("delivered")), session
    assert "  status not set: squash reference TC-1 iteration=4\n" in told.out
    assert ["1 target has a status that is not set; attach-evidence push sets it"] == last_lines(
        told.out
    )
    assert 0 == pushed.status
    assert ("status not set" in after.out, []) == (False, last_lines(after.out))


def test_each_state_has_the_command_that_helps(project: Project, sandbox: Sandbox) -> None:
    """A plain push sends what waits, not what was rejected or is damaged."""
    project.lead_to(sandbox, "huawei archive")
    project.suite("huawei", pieces=2)
    sandbox.faults.add("status-403", system="huawei", method="POST", path="/upload$", times=99)
    assert 65 == project.pytest("-q").status
    broken = waiting_run(project.spool, "a")
    (blob,) = (broken.path / "blobs").iterdir()
    blob.unlink()
    assert 65 == project.command("push", broken.id).status
    waiting_run(project.spool, "b", "c")

    told = project.command("status")

    assert [
        "2 deliveries are open; attach-evidence push delivers them",
        "2 deliveries were rejected; act on the reasons above, then: attach-evidence push --retry-rejected",
        "1 delivery is damaged; bring the bytes back, then: attach-evidence push",
    ] == last_lines(told.out)


def test_a_run_that_lost_a_journal_can_be_ended(project: Project) -> None:
    """Once all that is recorded is there only a person can: push and status say how, still with 65."""
    run = waiting_run(project.spool, "a", "b")
    assert 0 == project.command("push").status
    (path,) = (run.path / "deliveries").iterdir()
    path.unlink()

    before = project.command("status")
    pushed = project.command("push")
    after = project.command("status")
    kept = project.command("clean")

    hint = f"everything that is recorded is there; remove {run.path} by hand once you have seen why"
    gone = f"damaged: {path.name}: is gone with what it recorded - "
    assert f"{gone}what has no receipt is looked for before it is sent" in before.out
    assert (65, (2,)) == (pushed.status, pushed.numbers("delivered"))
    assert f"{gone}{hint}" in pushed.out
    assert f"{gone}{hint}" in after.out
    assert run.path.is_dir(), kept


def test_what_waits_for_a_person_is_not_promised_to_a_push(project: Project) -> None:
    """What is held, or where nobody can tell, stands apart from what the next push delivers."""
    run = waiting_run(project.spool, "a", "b", "c")
    log = DeliveryLog([run])
    for delivery, state in zip(
        wanted([run.read()]), (State.WAITING, State.UNCERTAIN), strict=False
    ):
        failure = Failure(key=delivery.key, state=state, reason="x", next_step="look", stuck=True)
        log.failure(delivery, failure)
    log.close()

    told = project.command("status")

    assert [
        "1 delivery is open; attach-evidence push delivers them",
        "2 deliveries are open until a person does what stands beside the reasons above",
    ] == last_lines(told.out)


def test_a_status_whose_destination_was_taken_out(project: Project, sandbox: Sandbox) -> None:
    """No push sets it before the destination is back: `status` and push say so, and then it is set."""
    project.lead_to(sandbox, "squash")
    project.suite("squash")
    sandbox.faults.add("status-503", system="squash", method="PATCH", times=99)
    assert 75 == project.pytest("-q").status
    sandbox.faults.clear()
    project.lead_to(sandbox, "archive")

    told = project.command("status")
    pushed = project.command("push")
    project.lead_to(sandbox, "squash")
    again = project.command("push")

    assert [
        "1 target has a status that is not set, but squash is not in evidence_destinations; "
        "add it, then: attach-evidence push"
    ] == last_lines(told.out)
    assert 65 == pushed.status
    assert (
        "status not set: squash reference TC-1 iteration=4: "
        "squash is not in evidence_destinations - add it, then push again\n"
    ) in pushed.out
    assert "attach-evidence push" in pushed.next
    assert (0, []) == (again.status, last_lines(project.command("status").out))


def test_what_waits_for_a_destination_that_was_taken_out(
    project: Project, sandbox: Sandbox
) -> None:
    """Nothing was pushed yet, so that no reason stands there; the others are delivered nevertheless."""
    project.lead_to(sandbox, "huawei squash")
    project.suite("huawei", "squash")
    assert 0 == project.pytest("-q", mode="collect").status
    project.lead_to(sandbox, "huawei")

    told = project.command("status")

    assert [
        "1 delivery is open; attach-evidence push delivers them",
        "1 delivery is open, but squash is not in evidence_destinations; "
        "add it, then: attach-evidence push",
    ] == last_lines(told.out)


def test_a_hostile_spool_is_told_in_part(project: Project) -> None:
    """However many destinations it names, the lines of what can be done are no more than of the rest."""
    run = waiting_run(project.spool, "a")
    (item,), (piece,) = run.read().items.values(), run.read().pieces
    targets = tuple(Target.of(f"made-up-{n}", "", "folder", "") for n in range(300))
    other = replace(item, id=f"{item.id}-x", targets=targets)
    with run.locked():
        run.write_begun(other, replace(piece, id=f"{other.id}-1", item_id=other.id))

    told = project.command("status")

    assert (200, "  and 101 more") == (len(last_lines(told.out)), told.out.splitlines()[-1])
