"""Which execution an unanswered request created: told from those that people opened, and adopted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import PermanentError
from ..errors import UncertainError
from ..model import seconds_since
from ..retry import Budget
from .squash_creations import Creation
from .squash_creations import are_all_from
from .squash_targets import EXECUTIONS
from .squash_targets import TEST_CASES


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import Execution
    from ..apis.squash_tm_shapes import PlanItem


READY = "READY"
UNCLEAR_HINT = (
    "delete each that nobody needs in Squash TM, or give it a status, then: attach-evidence push"
)
UNSEEN_HINT = "let its attachments be read in Squash TM, then: attach-evidence push"


class Adoption:
    """Looks for what unanswered requests created, and tells what was taken for it."""

    def __init__(self, api: Callable[[], SquashTm], budget: Budget) -> None:
        self._api = api
        self._budget = budget
        self.remarks: list[str] = []

    def adopted(
        self, creations: Sequence[Creation], item: PlanItem, known: Collection[int]
    ) -> int | None:
        """Return the newest execution that unanswered requests created; None: surely none was.

        `known` are executions of which it is known what they are. One that anybody used is not ours.
        The runs of a group share one, whose status is the plan item's; others that their requests created
        stay empty. Raises UncertainError while one may yet be created, and where some may be somebody
        else's: since they are more than the requests can have created, or one beside them was used.
        """
        lowest = min(creation.highest for creation in creations)
        executions = [one for one in self._api().executions(item) if one.status == READY]
        later = [one for one in executions if one.id > lowest and one.id not in known]
        fresh = [one.id for one in later if not self._is_used(one, item)]
        age_s = min(seconds_since(creation.moment) for creation in creations)
        what = "request" if len(creations) == 1 else f"{len(creations)} requests"
        since = f"since the {what} of {age_s:.0f} s ago whose answer was lost"
        if len(fresh) < len(creations) and age_s < self._budget.settle_s:
            number = f"only {len(fresh)}" if fresh else "no"
            msg = f"plan item {item.id} got {number} new execution yet {since}"
            raise UncertainError(msg)
        if len(fresh) > 1 and (len(fresh) < len(later) or not are_all_from(creations, fresh)):
            seen = f"plan item {item.id} got {len(later)} new executions {since}"
            ids = ", ".join(str(one.id) for one in later)
            msg = f"{seen} ({ids}); which one is ours cannot be told, so nothing was sent"
            raise UncertainError(msg, next_step=UNCLEAR_HINT)
        if not fresh:
            return None
        self._remark(item, fresh)
        return fresh[-1]

    def _is_used(self, execution: Execution, item: PlanItem) -> bool:
        """Tell whether anybody executed it, or attached anything: it begins with what the test case has."""
        if execution.executed:
            return True
        try:
            held = self._stems(EXECUTIONS, str(execution.id))
        except PermanentError as error:
            msg = f"it cannot be seen whether execution {execution.id} is ours: {error}"
            raise UncertainError(msg, next_step=UNSEEN_HINT) from error
        return bool(held) and bool(held - self._of_case(item))

    def _of_case(self, item: PlanItem) -> Counter[str]:
        """Return what a test case holds; one that cannot be read has nothing for us."""
        try:
            return self._stems(TEST_CASES, item.test_case_id or "")
        except (PermanentError, UncertainError):
            return Counter()

    def _stems(self, owner: str, id: str) -> Counter[str]:
        from ..apis.squash_tm_shapes import stem_of  # noqa: PLC0415  # only this needs it

        return Counter(
            stem_of(one.name, one.file_type) for one in self._api().attachments(owner, id)
        )

    def _remark(self, item: PlanItem, fresh: Sequence[int]) -> None:
        *empty, taken = map(str, fresh)
        why = "the answer to the request that created it was lost"
        line = f"plan item {item.id}: execution {taken} was taken for the evidence, since {why}"
        if empty:
            left = "stays" if len(empty) == 1 else "stay"
            line += f"; {', '.join(empty)} {left} empty: delete what nobody needs in Squash TM"
        self.remarks.append(line)
