"""What can be seen of Rillsoft before any test runs; nothing there is changed by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..model import Problem
from ..model import Target
from .checked import Again
from .checked import Fact
from .checked import Look
from .checked import attempted
from .checked import ended
from .checked import lasting
from .checked import never
from .checked import problem_of
from .rillsoft_settings import BUNDLE_OR_MAP
from .rillsoft_settings import RillsoftSettings


if TYPE_CHECKING:
    from ..apis.rillsoft import Rillsoft as Client
    from ..apis.rillsoft_shapes import Row


NAME = "rillsoft"
UNASKED = "cannot be asked: Rillsoft documents only the upload"
RECORD = "its client is open; whether the record is there cannot be asked"
MOST_NAMED = 10


class RillsoftExamination:
    """Asks for the projects of each client once: all that can be asked; see `checked.Examination`."""

    def __init__(self, settings: RillsoftSettings, client: Callable[[], Client]) -> None:
        self._settings = settings
        self._client = client
        self._closed: set[str] = set()

    def doubts(self, targets: Sequence[Target]) -> list[Problem]:
        """Return the records that several tests lead to, where they do not go into one zip."""
        if self._settings.bundles:
            return []
        several = [(one, number) for one, number in Counter(targets).items() if number > 1]
        return [
            Problem(
                subject=str(target),
                seen=f"{number} tests lead to it, which holds one file",
                next_step=BUNDLE_OR_MAP,
                severity="warning",
            )
            for target, number in several
        ]

    def begin(self, targets: Sequence[Target], again: Again = never) -> Look:
        """Look at the clients, and whether project and portfolio are theirs."""
        scope = self._settings.scope
        wanted = {target.scoped("client") or "" for target in targets} or {scope["client"]}
        source, until = self._settings.login()
        facts: list[Fact] = []
        problems: list[Problem] = []
        for client in sorted(filter(None, wanted)):
            try:
                facts += attempted(partial(self._facts_of, client), again)
            except DestinationClosedError as error:
                raise ended(error, until) from error
            except DeliveryError as error:
                self._closed.add(client)
                problems.append(problem_of(f"{NAME} client {client}", error))
        ends = lasting(NAME, source, until)
        seen = "accepted" if facts else "not asked, since no client is"
        first = (Fact(what="credentials", seen=seen, origin=source), *ends.facts)
        unasked = Fact(what="may write", seen=UNASKED, known=False)
        return Look(facts=(*first, unasked, *facts), problems=(*ends.problems, *problems))

    def look(self, target: Target) -> Look:
        """Return what is known of the client of an attachment record."""
        if target.scoped("client") in self._closed:
            return Look.none("not looked at, since nothing of its client can be used")
        return Look.none(RECORD)

    def _facts_of(self, client: str) -> list[Fact]:
        """Return what is seen of a client. Raises PermanentError where its ids do not fit together."""
        api, scope = self._client(), self._settings.scope
        projects = api.seen_projects(client)
        _expect("project", scope["project"], client, projects)
        if scope["portfolio"]:
            _expect("portfolio", scope["portfolio"], client, api.seen_portfolios(client))
        seen = "open" if projects is None else f"open, {len(projects)} projects"
        return [Fact(what=f"client {client}", seen=seen)]


def _expect(kind: str, id: str, client: str, rows: Sequence[Row] | None) -> None:
    """Raise PermanentError where an id that is configured is surely not among those of a client."""
    known: Mapping[str, str] = {row.id: row.name for row in rows or () if row.id}
    if not id or rows is None or (rows and not known) or str(int(id)) in known:
        return
    names = ", ".join(f"{one} ({name})" for one, name in list(known.items())[:MOST_NAMED])
    msg = f"client {client} has no {kind} {id}, but {names or 'none'}"
    raise PermanentError(msg, next_step=f"correct evidence_rillsoft_{kind}")
