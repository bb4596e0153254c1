"""How every operation of Workiva is asked: version, bearer, pages, and what a refusal means."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from itertools import count
from typing import Any
from urllib.parse import quote
from urllib.parse import urlsplit

from ..errors import TemporaryError
from ..rest.answers import ANSWER_LIMIT
from ..rest.answers import Answer
from ..rest.answers import Request
from ..rest.auth import TokenSource
from ..rest.body import BytesBody
from ..rest.origins import Origins
from ..rest.origins import origin_of
from ..rest.session import Session
from ..retry import Budget
from ..retry import outwait
from ..retry import retry_after_s
from .workiva_login import Login
from .workiva_refusals import refused
from .workiva_shapes import KINDS


MAX_PAGES = 1000


@dataclass(slots=True, kw_only=True)
class Calls:
    """Sends requests to one Workiva region in one API version, from any thread.

    `patient`: what changes nothing and was turned away for the moment (rate limits, failures of the
    service) is asked again, as long as the budget lasts. Every method raises what `Session.send`
    raises, and what a refusal stands for.
    """

    session: Session
    login: Login
    budget: Budget
    patient: bool = False
    credentials: TokenSource = field(init=False)

    def __post_init__(self) -> None:
        """Have one token for all requests."""
        self.credentials = TokenSource(self.login.fetch, clock=self.budget.clock)

    @property
    def origins(self) -> Origins:
        """Who may be asked."""
        return self.session.origins

    def url(self, ids: Sequence[str], *more: str) -> str:
        """Return the address of the object that ids lead to, and of what is below it."""
        path = [part for pair in zip(KINDS, ids, strict=False) for part in pair]
        below = "".join(f"/{quote(part, safe='')}" for part in (*path, *more))
        return f"{self.origins.base}{self.login.version.prefix}{below}"

    def get(self, url: str, what: str, *, limit: int = ANSWER_LIMIT) -> Answer:
        """Return the answer 200 to a GET; `limit` is the most bytes it may have."""
        return self._asked(self.request("GET", url, what, answer_limit=limit), accepted=(200,))

    def start(self, url: str, what: str, fields: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a POST that starts an operation and changes no object."""
        body = None if fields is None else BytesBody.json(dict(fields))
        request = self.request("POST", url, what, body=body, acts=False)
        return self._asked(request, accepted=range(200, 300))

    def request(self, method: str, url: str, what: str, **more: Any) -> Request:
        """Return a request in this version, with the bearer."""
        return Request(
            method=method,
            url=url,
            what=what,
            headers=self.login.version.headers,
            credentials=self.credentials,
            **more,
        )

    def entries(self, url: str, what: str, *, limit: int = ANSWER_LIMIT) -> Iterator[Any]:
        """Yield the entries of a list, page by page as they are wanted (`data`, `@nextLink`).

        `limit` is the most bytes a page may have. Raises TemporaryError rather than let a part be
        taken for the whole.
        """
        seen = set[str]()
        while url:
            if url in seen or len(seen) == MAX_PAGES:
                raise TemporaryError(f"{what}: no end after {len(seen)} pages")
            seen.add(url)
            found = self.get(url, what, limit=limit).fields()
            entries, link = found.get("data"), found.get("@nextLink") or ""
            if not isinstance(entries, list) or not isinstance(link, str):
                raise TemporaryError(f"{what}: page {len(seen)} is not of the documented shape")
            yield from entries
            url = self.origins.resolve(link, against=url) if link else ""

    def kept_address(self, location: str) -> str:
        """Return an operation's address so that it can be kept: without the API's own origin.

        Raises DestinationClosedError where it is not allowed.
        """
        absolute = self.origins.resolve(location)
        if origin_of(absolute) != origin_of(self.origins.base):
            return absolute
        parts = urlsplit(absolute)
        return parts._replace(scheme="", netloc="", fragment="").geturl()

    def _asked(self, request: Request, accepted: Sequence[int]) -> Answer:
        for attempt in count(1):
            answer = self.session.send(request)
            if answer.status in accepted:
                break
            error = refused(answer)
            if not self.patient or not outwait(error, attempt, self.budget):
                raise error
        return answer


def waited_for(answer: Answer) -> float | None:
    """Return the seconds that an answer wants to be left alone, None where it does not say."""
    return retry_after_s(answer.headers.get("Retry-After"), answer.headers.get("Date"))
