"""What can be seen of Squash TM before any test runs; nothing there is changed by it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from typing import Any

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import UncertainError
from ..model import Problem
from ..model import Target
from ..naming import keys_in
from .base import Holding
from .checked import Again
from .checked import Fact
from .checked import Look
from .checked import attempted
from .checked import ended
from .checked import lasting
from .checked import never
from .checked import problem_of
from .once import Once
from .squash_options import SquashOptions
from .squash_plan import Plans
from .squash_targets import EXECUTIONS
from .squash_targets import PLANNED
from .squash_targets import TEST_CASES


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import PlanItem


NAME = "squash"
RESTING = ("READY", "RUNNING")
WRITES = "the token may; what the profile allows in a project cannot be asked"
NO_WORD = "not told: the answer to an upload without a file was none that is documented"
FILTERS = "not told by the API; an administrator sees which are let in"
STEPLESS = "write its steps in Squash TM, or name an execution"
OTHERS = "name the execution of this iteration, if this one is over"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What an object shows of itself; `stepless`: it is a test case without a step."""

    name: str
    status: str
    holding: Holding | None
    stepless: bool


class SquashExamination:
    """Reads each plan and each object once, however many targets lead there; see `checked.Examination`."""

    def __init__(
        self,
        options: SquashOptions,
        api: Callable[[], SquashTm],
        plans: Plans,
        latest: Callable[[PlanItem], int],
    ) -> None:
        self._options = options
        self._api = api
        self._plans = plans
        self._latest = latest
        self._unreadable: set[str] = set()
        self._shown = Once(self._read)

    def doubts(self, targets: Sequence[Target]) -> list[Problem]:
        """Return nothing: what is odd here is wrong."""
        return []

    def begin(self, targets: Sequence[Target], again: Again = never) -> Look:
        """Log in, ask whether the credentials may write, and read the plans that targets lie in."""
        token, until = self._options.credentials()[0], self._options.token_ends_at()
        try:
            next(self._api().projects(), None)
        except DestinationClosedError as error:
            raise ended(error, until) from error
        ends = lasting(NAME, token.source, until)
        facts = [Fact(what="credentials", seen="accepted", origin=token.source), *ends.facts]
        facts.append(Fact(what="types and sizes of files", seen=FILTERS, known=False))
        problems = [*ends.problems]
        try:
            known = self._api().may_write()
            facts.append(Fact(what="may write", seen=WRITES if known else NO_WORD, known=known))
        except (DestinationClosedError, PermanentError) as error:
            problems.append(problem_of(NAME, error))
        except UncertainError as error:
            facts.append(Fact(what="may write", seen=f"not told: {error}", known=False))
        places = (target.scoped("iteration") for target in targets)
        for iteration in dict.fromkeys(place for place in places if place):
            try:
                lines = attempted(partial(self._plans.of, iteration), again)
                seen = f"{len(lines)} lines"
                facts.append(Fact(what=f"plan of iteration {iteration}", seen=seen))
            except DestinationClosedError:
                raise
            except DeliveryError as error:
                self._unreadable.add(iteration)
                problems.append(problem_of(f"{NAME} iteration {iteration}", error))
        return Look(facts=tuple(facts), problems=tuple(problems))

    def look(self, target: Target) -> Look:
        """Look at a line of a plan, or at any other object."""
        if target.scoped("iteration") in self._unreadable:
            return Look.none("not looked at, since the plan cannot be read")
        if target.kind in PLANNED:
            return self._line(target)
        confusion = self._plans.confusion(target)
        if confusion is not None:
            raise confusion
        return self._object(target, target.kind, target.id)

    def _line(self, target: Target) -> Look:
        item = self._plans.item(target)
        if isinstance(item, PermanentError):
            raise item
        if not self._options.new:
            return self._object(target, EXECUTIONS, str(self._latest(item)))
        case = self._shown.of((TEST_CASES, item.test_case_id or ""))
        seen = f"line {item.id} of the plan ({item.status}): {case.name}"
        if case.stepless:
            said = f"test case {item.test_case_id} has no steps, so that Squash TM makes no execution of it"
            problem = Problem(subject=str(target), seen=said, next_step=STEPLESS)
            return Look(seen=seen, problems=(problem,))
        return Look(seen=seen)

    def _object(self, target: Target, owner: str, id: str) -> Look:
        """Look at an object, which shows its attachments."""
        shown = self._shown.of((owner, id))
        seen, ours = shown.name, shown.holding and shown.holding.of_others
        problems: tuple[Problem, ...] = ()
        if owner == EXECUTIONS:
            seen = f"execution {id} ({shown.status}): {shown.name}"
            # One that got evidence before has its status from our own runs, perhaps.
            if shown.status and shown.status not in RESTING and not ours:
                said = f"execution {id} is over ({shown.status}), and nothing of ours is in it"
                problems = (
                    Problem(subject=str(target), seen=said, next_step=OTHERS, severity="warning"),
                )
        return Look(seen=seen, problems=problems, holding=shown.holding)

    def _read(self, what: tuple[str, str]) -> _Shown:
        found = self._api().entity(*what)
        listed = found.get("attachments")
        names = [str(one.get("name")) for one in listed] if isinstance(listed, list) else None
        ours = sum(1 for name in names or () if keys_in(name))
        return _Shown(
            name=_named(found),
            status=str(found.get("execution_status") or ""),
            holding=None if names is None else Holding(all=len(names), of_others=ours),
            stepless=found.get("_type") == "test-case" and found.get("steps") == [],
        )


def _named(found: Mapping[str, Any]) -> str:
    name, reference = str(found.get("name") or ""), str(found.get("reference") or "")
    return name if name.startswith(reference) else f"{reference} {name}"
