"""The made-up project of the Squash TM look-alike: its tree, its test plans and its executions."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime


STATUSES = ("READY", "RUNNING", "SUCCESS", "FAILURE", "BLOCKED", "UNTESTABLE", "SETTLED")
RESTING = "READY"


@dataclass(slots=True, kw_only=True, eq=False)
class Thing:
    """Anything in the tree: a folder, a campaign, an iteration, a test case and so on.

    `owner` is the path word of its kind (`test-cases`), `parent` the object above it, `automated` the
    automated test reference of a test case.
    """

    owner: str
    id: int
    name: str
    reference: str = ""
    parent: Thing | None = None
    automated: str = ""

    @property
    def object(self) -> str:
        """Return the path under which it is addressed and the store knows it."""
        return f"{self.owner}/{self.id}"

    def parents(self) -> Iterator[Thing]:
        """Yield what it lies under, the nearest first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent


@dataclass(slots=True, kw_only=True, eq=False)
class ExecutionStep(Thing):
    """One step of an execution, copied from a step of the test case."""

    test_step: Thing | None = None
    status: str = RESTING
    comment: str = ""
    last_executed_on: datetime | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Execution(Thing):
    """One execution of a plan item."""

    item: PlanItem
    order: int
    status: str = RESTING
    comment: str = ""
    last_executed_on: datetime | None = None
    steps: list[ExecutionStep] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class PlanItem:
    """One line of an iteration's test plan; `test_case` is None when that was deleted."""

    id: int
    iteration: Thing
    test_case: Thing | None
    dataset: tuple[int, str] | None = None
    status: str = RESTING
    last_executed_on: datetime | None = None
    executions: list[Execution] = field(default_factory=list)


class Plan:
    """All objects of the look-alike, seeded alike every time.

    Changes happen one after the other under `lock`, which callers may hold around several calls.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.things: dict[str, Thing] = {}
        self.items: dict[int, PlanItem] = {}
        self._execution_ids = itertools.count(1040)
        self._step_ids = itertools.count(75)
        self._item_ids = itertools.count(301)
        self._seed_tree()
        self._seed_test_cases()
        self._seed_plans()

    def thing(self, owner: str, id: int) -> Thing | None:
        """Return what an API path names, such as `executions` and 1042."""
        return self.things.get(f"{owner}/{id}")

    def of_owner(self, owner: str) -> list[Thing]:
        """Return all things of a kind in the order of their creation."""
        return [thing for thing in list(self.things.values()) if thing.owner == owner]

    def within(self, top: Thing, owner: str) -> list[Thing]:
        """Return the things of a kind that lie anywhere under another."""
        return [thing for thing in self.of_owner(owner) if top in thing.parents()]

    def items_of(self, iteration: Thing) -> list[PlanItem]:
        """Return an iteration's plan in the order of the ids."""
        return [item for item in self.items.values() if item.iteration is iteration]

    def create_execution(self, item: PlanItem) -> Execution:
        """Create an execution of an item whose test case exists; the item is READY afterwards."""
        case = item.test_case
        assert case is not None
        with self.lock:
            execution = Execution(
                owner="executions",
                id=next(self._execution_ids),
                name=f"{case.reference} - {case.name}" if case.reference else case.name,
                reference=case.reference,
                parent=item.iteration,
                item=item,
                order=len(item.executions),
            )
            self.things[execution.object] = execution
            execution.steps = list(self._create_steps(execution, case))
            item.executions.append(execution)
            item.status, item.last_executed_on = RESTING, None
        return execution

    def set_status(self, execution: Execution, status: str) -> None:
        """Give an execution a status; an item shows the status of its last execution."""
        with self.lock:
            execution.status = status
            execution.last_executed_on = datetime.now(UTC)
            if execution.item.executions[-1] is execution:
                execution.item.status = status
                execution.item.last_executed_on = execution.last_executed_on

    def set_step_status(self, step: ExecutionStep, status: str) -> None:
        """Give an execution step a status; its execution's own follows from those of all its steps."""
        execution = step.parent
        assert isinstance(execution, Execution)
        with self.lock:
            step.status, step.last_executed_on = status, datetime.now(UTC)
            self.set_status(execution, _computed(execution.steps))

    def add_test_case(
        self, reference: str, *, steps: int, iteration: int = 4, datasets: Sequence[str] = ()
    ) -> Thing:
        """Add a test case, and plan it in an iteration: once, or once per dataset."""
        with self.lock:
            id = max(thing.id for thing in self.of_owner("test-cases")) + 1
            folder, plan = (
                self.things["test-case-folders/31"],
                self.things[f"iterations/{iteration}"],
            )
            case = self._add("test-cases", id, f"Case {reference}", folder, reference)
            for step in range(steps):
                self._add("test-steps", id * 100 + step, STEPS[step % len(STEPS)], case)
            for number, name in enumerate(datasets):
                self._plan(plan, case, (id * 100 + number, name))
            if not datasets:
                self._plan(plan, case)
        return case

    def _create_steps(self, execution: Execution, case: Thing) -> Iterator[ExecutionStep]:
        for number, test_step in enumerate(self.within(case, "test-steps"), start=1):
            step = ExecutionStep(
                owner="execution-steps",
                id=next(self._step_ids),
                name=f"Step {number}: {test_step.name}",
                parent=execution,
                test_step=test_step,
            )
            self.things[step.object] = step
            yield step

    def _add(
        self, owner: str, id: int, name: str, parent: Thing | None, reference: str = ""
    ) -> Thing:
        thing = Thing(owner=owner, id=id, name=name, parent=parent, reference=reference)
        self.things[thing.object] = thing
        return thing

    def _seed_tree(self) -> None:
        project = self._add("projects", 14, "Online banking", None)
        requirements = self._add("requirement-folders", 21, "Requirements", project)
        self._add("requirement-versions", 61, "Log in with two factors", requirements, "REQ-1")
        self._add("test-case-folders", 31, "Customer portal", project)
        folder = self._add("campaign-folders", 41, "2026", project)
        campaign = self._add("campaigns", 3, "Release 2026.4", folder, "REL-4")
        first = self._add("iterations", 4, "Sprint 1", campaign, "IT-1")
        self._add("test-suites", 51, "Smoke", first)
        self._add("iterations", 5, "Sprint 2", campaign, "IT-2")
        self._add("iterations", 6, "Sprint 3 (empty)", campaign, "IT-3")

    def _seed_test_cases(self) -> None:
        folder = self.things["test-case-folders/31"]
        for number, (reference, name, steps) in enumerate(_test_cases(), start=201):
            case = self._add("test-cases", number, name, folder, reference)
            case.automated = f"bank/login.robot#{name}" if steps else ""
            for step in range(steps):
                self._add("test-steps", (number - 200) * 10 + step + 1001, STEPS[step], case)

    def _seed_plans(self) -> None:
        cases = {case.reference: case for case in self.of_owner("test-cases")}
        first, second = self.things["iterations/4"], self.things["iterations/5"]
        for number in range(1, 21):
            self._plan(first, cases[f"TC-{number}"])
        self._plan(first, cases["TC-30"], (91, "chrome"))
        self._plan(first, cases["TC-30"], (92, "firefox"))
        self._plan(first, None)
        self._plan(first, cases["TC-31"])
        self._plan(first, cases["TC-31"])
        self._plan(first, cases["TC-32"])
        for reference in ("TC-1", "TC-12", "1042", ""):
            self._plan(second, cases[reference])
        self._seed_executions(list(self.items.values()))

    def _plan(
        self, iteration: Thing, case: Thing | None, dataset: tuple[int, str] | None = None
    ) -> None:
        id = next(self._item_ids)
        self.items[id] = PlanItem(id=id, iteration=iteration, test_case=case, dataset=dataset)

    def _seed_executions(self, items: list[PlanItem]) -> None:
        for item, status in ((items[0], "SUCCESS"), (items[0], RESTING), (items[3], RESTING)):
            execution = self.create_execution(item)
            if status != RESTING:
                self.set_status(execution, status)
        self.set_status(self.create_execution(items[20]), "FAILURE")


def _computed(steps: Sequence[ExecutionStep]) -> str:
    """Return the status that the product gives an execution for those of its steps."""
    seen = {step.status for step in steps}
    for bad in ("BLOCKED", "FAILURE"):
        if bad in seen:
            return bad
    if seen == {RESTING}:
        return RESTING
    if seen & {RESTING, "RUNNING"}:
        return "RUNNING"
    return "UNTESTABLE" if seen == {"UNTESTABLE"} else "SUCCESS"


STEPS = ("Open the page", "Fill in the form", "Compare the result")

NAMES = (
    "Log in", "Log in with a wrong password", "Log out", "See the balance", "Transfer money",
    "Transfer to abroad", "Stop a standing order", "Change the address", "Block a card",
    "Order a card", "Download a statement", "Search the bookings", "Sort the bookings",
    "Export the bookings", "Add a payee", "Remove a payee", "Confirm by app", "Confirm by text",
    "Session ends by itself", "Close the account",
)  # fmt: skip


def _test_cases() -> Iterator[tuple[str, str, int]]:
    """Yield reference, name and number of steps; one has no reference, one is only digits."""
    for number, name in enumerate(NAMES, start=1):
        yield f"TC-{number}", name, 2 + number % 2
    yield "TC-30", "Pay in every browser", 2
    yield "TC-31", "Planned twice", 2
    yield "TC-32", "Without steps", 0
    yield "1042", "Its reference looks like an execution", 2
    yield "", "Without a reference", 2
