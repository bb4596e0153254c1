"""What earlier attempts found out about the deliveries of some runs, taken together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .deliveries import in_doubt
from .deliveries import target_name
from .model import Delivery
from .model import Failure
from .model import Outcome
from .model import Receipt
from .model import Target
from .outcomes import ended_tests
from .run_record import RunRecord


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier attempts of all the runs found out."""

    receipts: dict[str, Receipt]
    failures: dict[str, Failure]
    uncertain: dict[str, str]
    attempts: dict[str, int]
    concluded: set[tuple[str, str]]
    to_conclude: set[tuple[str, str]]
    sought: set[str]
    withdrawn: set[str]
    ended: dict[tuple[str, str, str], Outcome]

    @classmethod
    def of(cls, records: Sequence[RunRecord]) -> Known:
        """Take together what the journals of some runs tell."""
        known = cls({}, {}, {}, {}, set(), set(), set(), set(), ended_tests(records))
        concluded: list[set[tuple[str, str]]] = []
        for record in records:
            known.receipts.update(record.receipts)
            known.failures.update(record.failures)
            known.uncertain.update(in_doubt(record))
            known.attempts.update(record.attempts)
            known.withdrawn.update(key for keys in record.withdrawn.values() for key in keys)
            concluded.append(record.concluded)
            known.to_conclude.update(record.to_conclude)
            known.sought.update(key for key, in_vain in record.sought.items() if in_vain)
        if concluded:
            known.concluded.update(set.intersection(*concluded))
        return known

    def is_to_conclude(self, target: Target, deliveries: Sequence[Delivery]) -> bool:
        """Tell whether a target that holds something has yet to be told its outcome."""
        has_any = any(delivery.key in self.receipts for delivery in deliveries)
        return has_any and (target.destination, target_name(target)) in self.to_conclude
