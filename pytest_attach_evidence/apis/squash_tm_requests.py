"""How every operation of Squash TM is asked and read: addresses, refusals, and pages of lists.

Every URL is built from the configured root: hrefs in answers carry whatever scheme and host the server
believes it has behind its proxy, and are never followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from ..errors import TemporaryError
from ..rest.answers import ANSWER_LIMIT
from ..rest.answers import Answer
from ..rest.answers import Request
from ..rest.answers import Sink
from ..rest.auth import Credentials
from ..rest.body import Body
from ..rest.session import Session
from .squash_tm_refusal import refused
from .squash_tm_shapes import extent_of
from .squash_tm_shapes import rows_of


API = "/api/rest/latest"
PAGE_SIZE = 50
MAX_PAGES = 1000
LIST_LIMIT = 16 * 1024 * 1024
Row = Mapping[str, Any]


class Requests:
    """The requests of one Squash TM. `root` is its address with the context path, without a final slash.

    Every operation built on them raises what `Session.send` raises, and for a refusal:
    DestinationClosedError (401, a redirect, an HTML 404 where no answer ever came from the API),
    PermanentError (400, 403, 404, 412, 413), TemporaryError or UncertainError as
    `rest.answers.refusal` sorts the rest.
    """

    def __init__(self, session: Session, root: str, credentials: Credentials) -> None:
        self._session = session
        self._root = root
        self._credentials = credentials
        self._reached = False

    def entity(self, owner: str, id: str) -> Row:
        """Return an object: GET /{owner}/{id} (EXEC, ITPI, TS and the like)."""
        answer = self._send("GET", f"{owner}/{id}", f"reading {owner}/{id}")
        return self._accepted(answer).fields()

    def close(self) -> None:
        """Close this thread's connections."""
        self._session.close()

    def _send(
        self,
        method: str,
        path: str,
        what: str,
        *,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
        into: Sink | None = None,
    ) -> Answer:
        request = Request(
            method=method,
            url=f"{self._root}{API}/{path}",
            what=f"Squash TM, {what}",
            headers=headers or {},
            body=body,
            credentials=self._credentials,
            answer_limit=LIST_LIMIT if method == "GET" else ANSWER_LIMIT,
            into=into,
        )
        answer = self._session.send(request)
        self._reached |= is_json(answer)
        return answer

    def _accepted(self, answer: Answer, statuses: Sequence[int] = (200, 201)) -> Answer:
        """Return an answer that claims success; raise what any other stands for."""
        if answer.status in statuses:
            return answer
        raise refused(answer, reached=self._reached)

    def _list(self, path: str, key: str, *, absent: Sequence[int] = ()) -> list[Row] | None:
        """Read a list to its last page; None where the first answer's status is in `absent`.

        Raises TemporaryError where the pages together hold less than they announce, or never end.
        """
        first = self._page(path, 0)
        return None if first.status in absent else list(self._rows(path, key, first))

    def _walk(self, path: str, key: str) -> Iterator[Row]:
        """Yield the rows of a list, a page as it is needed; raises as `_list` does."""
        yield from self._rows(path, key, self._page(path, 0))

    def _page(self, path: str, number: int) -> Answer:
        """Ask for a page; without `sort` the server loses and doubles rows between pages (JAVA)."""
        joint = "&" if "?" in path else "?"
        what = f"page {number + 1} of {path.partition('?')[0]}"
        return self._send("GET", f"{path}{joint}sort=id&page={number}&size={PAGE_SIZE}", what)

    def _rows(self, path: str, key: str, answer: Answer) -> Iterator[Row]:
        seen: set[Any] = set()
        number = 0
        while True:
            document = self._accepted(answer).fields()
            before = len(seen)
            for row in rows_of(document, key):
                id = row.get("id", object())
                if id not in seen:
                    seen.add(id)
                    yield row
            pages, elements = extent_of(document)
            number += 1
            if pages is None:
                if len(seen) == before:
                    return
            elif number >= pages:
                if pages > 1 and len(seen) < elements:
                    msg = f"Squash TM, {path}: {len(seen)} of {elements} rows on {pages} pages"
                    raise TemporaryError(msg)
                return
            if number == MAX_PAGES:
                msg = f"Squash TM, {path}: no end after {number} pages"
                raise TemporaryError(msg)
            answer = self._page(path, number)


def is_json(answer: Answer) -> bool:
    """Return whether the API itself answered, and not a page before it."""
    return "json" in answer.headers.get("Content-Type", "").lower()
