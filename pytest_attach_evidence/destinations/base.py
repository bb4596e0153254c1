"""What every destination can do, in the words of the engine."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from typing import runtime_checkable

from ..errors import DeliveryError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Limits
from ..model import Notes
from ..model import OpenContent
from ..model import Outcome
from ..model import Problem
from ..model import Receipt
from ..model import Target
from ..naming import is_cut
from ..naming import remote_name
from ..outcomes import EndedTest
from ..retry import Budget
from ..secrets import Secrets
from ..settings import Settings


Factory = Callable[[Settings, Secrets, Budget], "Destination"]
"""Builds a destination. Must import nothing heavy and do no I/O: collecting builds them too."""

Results = dict[str, Receipt | DeliveryError]
"""What became of the deliveries of one call, by key; a key left out is uncertain."""


@runtime_checkable
class Destination(Protocol):
    """A configured place evidence goes to. One object serves all threads of a delivery.

    Errors that concern one piece are values in the result; errors that concern all are raised.
    """

    name: str

    @property
    def limits(self) -> Limits:
        """What it takes; may depend on secrets, so it is asked for only when something is delivered."""

    @property
    def origin(self) -> str:
        """The `origin` of its targets: the normalised base URL, '' for a place without one."""

    def problems(self, *, uploading: bool) -> list[str]:
        """Return what is wrong with its settings, a line each; no I/O but reading secrets.

        `uploading`: secrets are needed too. Otherwise only what `parse` needs.
        """

    def parse(self, text: str | int) -> Target:
        """Return the target a text stands for, complete and normalised; no I/O.

        Raises TargetError with what was seen and what is expected.
        """

    def check(self, targets: Sequence[Target]) -> list[Problem]:
        """Return what stands in the way: reachable, allowed, each target exists and is open."""

    def find(self, target: Target, deliveries: Sequence[Delivery]) -> dict[str, Receipt]:
        """Return receipts for those deliveries that are surely there; creates nothing.

        Raises UncertainError if the destination cannot tell.
        """

    def deliver(
        self,
        target: Target,
        deliveries: Sequence[Delivery],
        open_content: OpenContent,
        notes: Notes,
    ) -> Results:
        """Attach pieces to a target, in order; a receipt only where the destination says done.

        Content is opened anew for each attempt. Called again after an error, after `find` where the
        pieces may have arrived.
        """

    def close(self) -> None:
        """Release this thread's connections."""


@runtime_checkable
class Judging(Protocol):
    """A destination that can tell its own targets from others, which a spool from elsewhere may hold."""

    def wrong(self, target: Target) -> str:
        """Return why `parse` can never have made a target, '' where it can; no I/O."""


@runtime_checkable
class Replacing(Protocol):
    """A destination whose objects hold one file each, so that an upload replaces what was there."""

    def holder(self, target: Target) -> Target:
        """Return the object of a target, the same for every target at which an upload replaces it; no I/O."""


@runtime_checkable
class GroupNotes(Notes, Protocol):
    """The notes of runs that are delivered together, with what each of them remembers.

    `get` answers what the last named run has that has any; they differ where runs were delivered apart
    before. `put` is for all of them.
    """

    @property
    def runs(self) -> Sequence[str]:
        """The ids of the runs."""

    @property
    def whole(self) -> bool:
        """Whether every line was sound: then a note that is not there was never put."""

    def each(self, name: str) -> Sequence[str]:
        """Return what each run remembers under a name, '' where it has none."""


@runtime_checkable
class Recalling(Protocol):
    """A destination that has to know its notes, or all outcomes, already when it looks."""

    def recall(self, notes: GroupNotes, outcomes: Mapping[Target, Outcome]) -> None:
        """Take the notes, and the worst outcome of the items mapped to each target of any destination.

        Called before the first `find` or `deliver` for a target in a process, so more than once with
        the same; asks nobody.
        """


@runtime_checkable
class Recounting(Protocol):
    """A destination that has to know more of the tests than their worst outcome."""

    def recount(self, tests: Mapping[Target, Sequence[EndedTest]]) -> None:
        """Take the tests that count for each target of any destination.

        Called right after `recall`, under the same rules.
        """


@runtime_checkable
class Concluding(Protocol):
    """A destination that says something about a target once its pieces are there."""

    def conclude(self, target: Target, outcome: Outcome, notes: Notes) -> None:
        """Tell the target the worst outcome of the items mapped to it.

        Called last, after at least one piece was delivered, and again by a later push until it
        returned once: harmless to repeat. Raises DeliveryError.
        """


@runtime_checkable
class Choosing(Protocol):
    """A concluding destination that says something about some of its targets only."""

    def concludes(self, target: Target) -> bool:
        """Tell whether `conclude` says anything about a target; no I/O."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """How full a target is: `of_others` attachments that carry keys of other runs, and `all` of them.

    `left` and `left_bytes` are what its limits still allow, None where there is no such limit.
    """

    all: int
    of_others: int
    left: int | None = None
    left_bytes: int | None = None


@runtime_checkable
class Telling(Protocol):
    """A destination that sees how full its targets are."""

    def holding(self, target: Target, own: Container[str]) -> Holding | None:
        """Return what the newest listing showed, with what was delivered since; None where none was made.

        `own` are the keys of all pieces of the runs being delivered; all other keys are those of other
        runs. Asks nobody.
        """


@runtime_checkable
class Remarking(Protocol):
    """A destination that decides something of which a person should know."""

    def remarks(self) -> Sequence[str]:
        """Return a line for each such thing, in order; asks nobody."""


@runtime_checkable
class Keeping(Protocol):
    """A destination of files, which takes more about a run than its evidence."""

    def keep(self, run_id: str, name: str, content: bytes) -> None:
        """Write or replace a file about a run of which it has anything. Raises DeliveryError."""


def expect_whole_names(
    listed: Iterable[tuple[str, int | None]],
    deliveries: Iterable[Delivery],
    found: Container[str],
    max_name: int,
) -> None:
    """Raise UncertainError where a listed name of the right size may be a piece whose name was cut.

    `listed` are names with their sizes, `found` the keys that were seen.
    """
    missing = [delivery for delivery in deliveries if delivery.key not in found]
    for name, size in listed:
        for one in missing:
            whole = remote_name(one.evidence.name, one.key, max_name)
            if size in (None, one.evidence.size) and is_cut(name, whole):
                raise UncertainError(f"{name} is there, which may be what is left of {whole}")
