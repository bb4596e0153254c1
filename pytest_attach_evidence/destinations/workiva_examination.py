"""What can be seen of Workiva before any test runs; nothing there is changed by it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..model import Problem
from ..model import Target
from .checked import Again
from .checked import Fact
from .checked import Look
from .checked import never
from .workiva_holding import Listings
from .workiva_targets import ids_of


if TYPE_CHECKING:
    from ..apis.workiva import WorkivaApi


NAME = "workiva"
ADD_SCOPE = "add the scope to the API grant in Workiva"
LOST = {
    "graph:read": "the token has no scope graph:read, so that nobody can see what is attached",
    "graph:write": "the token has no scope graph:write, so nothing can be attached",
}
FORM = "scopes tell nothing of single test forms: whether one may be written shows at the upload"


class WorkivaExamination:
    """Reads each target and its list of attachments; see `checked.Examination`."""

    def __init__(self, api: Callable[[], WorkivaApi], listings: Listings) -> None:
        self._api = api
        self._listings = listings
        self._blind = False

    def doubts(self, targets: Sequence[Target]) -> list[Problem]:
        """Return nothing: what is odd here is wrong."""
        return []

    def begin(self, targets: Sequence[Target], again: Again = never) -> Look:
        """Fetch a token, which tells what it may do."""
        token = self._api().log_in()
        scopes = self._api().scopes
        life = (
            "not told" if token.life_s is None else f"{token.life_s:.0f} s, then renewed by itself"
        )
        shown = "not told" if scopes is None else ", ".join(sorted(scopes)) or "none"
        facts = (
            Fact(what="credentials", seen="accepted", origin="PYTEST_EVIDENCE_WORKIVA_CLIENT_ID"),
            Fact(what="life of a token", seen=life),
            Fact(what="scopes", seen=shown),
            Fact(what="may write", seen=FORM, known=False),
            Fact(what="types and sizes of files", seen="no limit is documented", known=False),
        )
        lost = [scope for scope in LOST if scopes is not None and scope not in scopes]
        self._blind = "graph:read" in lost
        problems = [Problem(subject=NAME, seen=LOST[one], next_step=ADD_SCOPE) for one in lost]
        return Look(facts=facts, problems=tuple(problems))

    def look(self, target: Target) -> Look:
        """Look at a test phase, a matrix or a sample."""
        if self._blind:
            return Look.none("not looked at, since graph:read is missing")
        name = self._api().look(ids_of(target))
        self._listings.saw(target, self._api().attachments(ids_of(target)))
        return Look(seen=name or "visible", holding=self._listings.holding(target, ()))
