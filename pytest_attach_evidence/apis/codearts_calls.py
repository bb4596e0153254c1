"""How CodeArts Req is called: what signs a request, which answer is a success, how lists are paged."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any
from typing import TypeVar
from urllib.parse import quote
from urllib.parse import urlencode

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import TemporaryError
from ..rest.answers import Answer
from ..rest.answers import Request
from ..rest.auth import Credentials
from ..rest.auth import Token
from ..rest.auth import TokenSource
from ..rest.body import BytesBody
from ..rest.session import Session
from ..retry import Budget
from ..retry import outwait
from .codearts_refusals import refused
from .codearts_signing import Signer


IPD = "/v1/ipdprojectservice/projects"
SCRUM = "/v4/projects"
OF_PROJECT = re.compile(r"/projects/([^/?]+)")
MAX_PAGES = 1000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """What looks odd in the settings, to be said where it may be the cause.

    `of_error` returns the error of a request that nobody answered, or the login for it, with the doubt;
    `of_project` what is odd about a project's id, '' where nothing is.
    """

    of_error: Callable[[DeliveryError], DeliveryError] = lambda error: error
    of_project: Callable[[str], str] = lambda project: ""


class Calls:
    """Sends the requests of a client of one endpoint, with its credentials.

    `patience`: what changes nothing and was turned away for the moment (throttling, failures of the
    service) is asked again, as long as that budget lasts.
    """

    def __init__(
        self,
        session: Session,
        credentials: Credentials,
        patience: Budget | None = None,
        doubts: Doubts | None = None,
    ) -> None:
        self._session = session
        self._credentials = credentials
        self._patience = patience
        self._doubts = doubts or Doubts()

    @property
    def token(self) -> Token | None:
        """The token that was fetched last; None before the first, and for an access key. Asks nobody."""
        return self._credentials.newest if isinstance(self._credentials, TokenSource) else None

    def close(self) -> None:
        """Close this thread's connections."""
        self._session.close()

    def _url(self, path: str, **query: str | int) -> str:
        asked = f"?{urlencode(query, safe=',')}" if query else ""
        return f"{self._session.origins.base}{path}{asked}"

    def _get(self, path: str, what: str, **query: str | int) -> Answer:
        return self._send(Request(method="GET", url=self._url(path, **query), what=what))

    def _search(
        self, path: str, what: str, document: Mapping[str, Any], **query: str | int
    ) -> Answer:
        """Send a POST that changes nothing. Its body is never empty: the gateway cannot read that."""
        body = BytesBody.json(document)
        url = self._url(path, **query)
        return self._send(Request(method="POST", url=url, what=what, body=body, acts=False))

    def _send(self, request: Request) -> Answer:
        credentials = self._credentials
        if isinstance(credentials, Signer) and isinstance(request.body, BytesBody):
            credentials = credentials.covering(request.body.content)
        project = OF_PROJECT.search(request.url)
        doubt = self._doubts.of_project(project[1]) if project else ""
        request = replace(request, credentials=credentials, doubt=doubt)
        answer = self._sent(request)
        if self._patience is None or request.changes:
            return answer
        for attempt in itertools.count(1):
            if answer.status == 200 or not outwait(refused(answer), attempt, self._patience):
                break
            answer = self._sent(request)
        return answer

    def _sent(self, request: Request) -> Answer:
        try:
            return self._session.send(request)
        except (TemporaryError, DestinationClosedError) as error:
            raise self._doubts.of_error(error) from error.__cause__


def result_of(answer: Answer) -> Any:
    """Return the result in an IPD envelope; anything but `success` in a 200 is raised as a refusal."""
    found = answer.fields() if answer.status == 200 else {}
    if found.get("status") != "success":
        raise refused(answer)
    return found.get("result")


def fields_of(answer: Answer) -> Mapping[str, Any]:
    """Return the object of a Scrum answer, which has no envelope; a refusal in a 200 is raised."""
    found = answer.fields() if answer.status == 200 else {}
    failed = found.get("status") in ("failed", "error")
    if not found or failed or found.get("error_code") or found.get("errorCode"):
        raise refused(answer)
    return found


def paged(page: Callable[[int], Sequence[T]], size: int, id_of: Callable[[T], str]) -> Iterator[T]:
    """Yield what is on all pages, each thing once, asking for a page only when it is needed.

    `page` returns that of a number from 0 on. Ends with a page that is not full, and with one that
    brings nothing new: a server may not know its pages. Raises TemporaryError after `MAX_PAGES`, rather
    than let a part be taken for the whole.
    """
    seen: set[str] = set()
    for number in range(MAX_PAGES):
        entries = page(number)
        new = {id_of(entry): entry for entry in entries if id_of(entry) not in seen}
        yield from new.values()
        seen.update(new)
        if not new or len(entries) < size:
            return
    msg = f"a list has no end after {MAX_PAGES} pages"
    raise TemporaryError(msg)


def segment(text: str) -> str:
    """Return a text as one segment of a path."""
    return quote(text, safe="")
