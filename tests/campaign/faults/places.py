"""Where the sandbox keeps what was meant for a target: its own names of objects, worked out anew."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import unquote

from pytest_attach_evidence.model import Target
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.squash import SquashSystem
from pytest_attach_evidence.sandbox.squash_plan import Execution
from pytest_attach_evidence.sandbox.squash_plan import Plan
from pytest_attach_evidence.sandbox.squash_plan import Thing
from pytest_attach_evidence.sandbox.workiva_forms import path_of


PLANNED = ("reference", "test-case-id")


def places_of(target: Target, sandbox: Sandbox) -> Collection[str]:
    """Return the objects of the sandbox that may hold what goes to a target.

    A test case in a plan has those executions that were created since the sandbox began, with their
    steps; every other target is one object, and an execution its steps, too.
    """
    if target.destination == "squash":
        own = _executions(target, sandbox) if target.kind in PLANNED else [_squash(target)]
        return [*own, *(step.object for one in own for step in _steps(one, sandbox))]
    if target.destination == "workiva":
        return [path_of(tuple(unquote(id) for id in target.id.split("/")))]
    if target.destination == "huawei":
        return [_work_item(target, sandbox)]
    return [f"clients/{target.scoped('client')}/attachments/{target.id}"]


def whole(object: str, sandbox: Sandbox) -> str:
    """Return what an object is a part of: the execution of a step; anything else is itself whole."""
    plan = _plan(sandbox)
    parent = plan.things[object].parent if object.startswith("execution-steps/") else None
    return object if parent is None else parent.object


def _steps(object: str, sandbox: Sandbox) -> Collection[Thing]:
    found = _plan(sandbox).things.get(object)
    return found.steps if isinstance(found, Execution) else ()


def _plan(sandbox: Sandbox) -> Plan:
    system = sandbox.systems["squash"]
    assert isinstance(system, SquashSystem)
    return system.plan


def _squash(target: Target) -> str:
    return f"{target.kind}/{target.id}"


def _executions(target: Target, sandbox: Sandbox) -> list[str]:
    seeded = {thing.object for thing in Plan().of_owner("executions")}
    every = _plan(sandbox).of_owner("executions")
    created = [thing for thing in every if thing.object not in seeded]
    return [one.object for one in created if isinstance(one, Execution) and _is_of(one, target)]


def _is_of(execution: Execution, target: Target) -> bool:
    item = execution.item
    case = item.test_case
    if case is None or str(item.iteration.id) != target.scoped("iteration"):
        return False
    dataset = target.scoped("dataset")
    named = case.reference if target.kind == "reference" else str(case.id)
    return named == target.id and dataset in (None, item.dataset[1] if item.dataset else None)


def _work_item(target: Target, sandbox: Sandbox) -> str:
    project, id = target.scoped("project"), target.id
    if target.kind == "work-item-number":
        pages = sandbox.systems["huawei"].objects()
        (id,) = (p.object.rpartition("/")[2] for p in pages if p.facts.get("number") == target.id)
    return f"projects/{project}/issues/{id}"
