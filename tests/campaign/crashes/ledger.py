"""A destination that lives in this process: what it was given is in a ledger that outlives a power cut."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

from pytest_attach_evidence.destinations.base import Results
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Limits
from pytest_attach_evidence.model import Notes
from pytest_attach_evidence.model import OpenContent
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Problem
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import Target


class Ledger:
    """Stores what it is given and can be listed.

    `ledger` has key and SHA-256 of every commit; `heard` is called with them at that moment.
    """

    name = "ledger"
    origin = "https://ledger.test"
    limits = Limits(pieces_per_call=1)

    def __init__(
        self,
        stored: Sequence[tuple[str, str]] = (),
        heard: Callable[[str, str], None] = lambda _key, _sha256: None,
    ) -> None:
        self.ledger = list(stored)
        self._heard = heard

    def problems(self, *, uploading: bool) -> list[str]:
        """Have none."""
        return []

    def parse(self, text: str | int) -> Target:
        """Return the target of that id."""
        return Target.of(self.name, self.origin, "thing", str(text))

    def check(self, targets: Sequence[Target]) -> list[Problem]:
        """See nothing wrong."""
        return []

    def find(self, target: Target, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Say what is in the ledger."""
        known = {key for key, _ in self.ledger}
        return {d.key: _receipt(d) for d in deliveries if d.key in known}

    def deliver(
        self,
        target: Target,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        notes: Notes,
    ) -> Results:
        """Store every piece; what is stored is there whatever happens to us."""
        for delivery in deliveries:
            with open_content(delivery.evidence) as file:
                file.read()
            self.ledger.append((delivery.key, delivery.evidence.sha256))
            self._heard(*self.ledger[-1])
        return {delivery.key: _receipt(delivery) for delivery in deliveries}

    def conclude(self, target: Target, outcome: Outcome, notes: Notes) -> None:
        """Be told."""

    def close(self) -> None:
        """Hold no connection."""


class Late(Ledger):
    """Loses the first answer for each piece and stores that piece only `delay_s` later.

    `seen` are the keys of those; `now` tells the seconds of the trial's clock.
    """

    def __init__(self, delay_s: float, now: Callable[[], float]) -> None:
        super().__init__()
        self._delay_s = delay_s
        self._now = now
        self._due: list[tuple[float, str, str]] = []
        self.seen: set[str] = set()

    def find(self, target: Target, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Say what is in the ledger by now."""
        self.settle()
        return super().find(target, deliveries)

    def deliver(
        self,
        target: Target,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        notes: Notes,
    ) -> Results:
        """Lose the first answer, give the later ones."""
        self.settle()
        new = [delivery for delivery in deliveries if delivery.key not in self.seen]
        if not new:
            return super().deliver(target, deliveries, open_content, notes)
        for delivery in new:
            self.seen.add(delivery.key)
            self._due.append((self._now() + self._delay_s, delivery.key, delivery.evidence.sha256))
        raise UncertainError("the answer was lost")

    def settle(self, *, everything: bool = False) -> None:
        """Store what is due."""
        due = [one for one in self._due if everything or one[0] <= self._now()]
        self._due = [one for one in self._due if one not in due]
        self.ledger += [(key, sha256) for _, key, sha256 in due]


def _receipt(delivery: Delivery) -> Receipt:
    return Receipt(key=delivery.key, remote_id=delivery.key[:6], how="answered")
