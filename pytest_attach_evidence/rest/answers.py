"""Requests and answers as data, and what an answer that is no success allows to do next."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from http import HTTPStatus
from typing import Any
from typing import Protocol

from ..errors import ConflictError
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import OnceMoreError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..retry import retry_after_s
from .auth import Credentials
from .body import Body
from .origins import origin_of


ANSWER_LIMIT = 1024 * 1024
MAX_WORDS = 200
CHECK_ADDRESS = "check the configured address; a gateway may want a login of this network first"


class Sink(Protocol):
    """Where bytes go, such as a file that is open for writing in binary mode."""

    def write(self, block: bytes, /) -> int:
        """Take a block. Raises OSError where it cannot be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request.

    `acts`: whether the server may change something, so that a lost answer leaves us uncertain; by
    default everything but GET and HEAD does. `what` names it in messages (`the upload`).
    `answer_limit`: the most bytes an answer may have. `into`: where the body of a 200 is written block by
    block, whatever its size, instead of into the answer; what an error leaves there is no whole file.
    `doubt`: what looks odd in it, and may be why it is refused.
    """

    method: str
    url: str
    what: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    credentials: Credentials | None = None
    acts: bool | None = None
    answer_limit: int = ANSWER_LIMIT
    into: Sink | None = field(default=None, repr=False)
    doubt: str = ""

    @property
    def changes(self) -> bool:
        """Whether the server may have changed something once it saw this request."""
        return self.method not in ("GET", "HEAD") if self.acts is None else self.acts


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A complete answer; `body` is within the request's limit. Header names are case-insensitive."""

    request: Request
    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> Any:
        """Return the JSON document of the answer.

        Raises UncertainError where a request that changes something was answered with anything else
        (a login page, a proxy's page, half a document). For other requests a page with a success status
        is a DestinationClosedError: somebody wants a login before anything gets through; where it names a
        time to come back it tells of maintenance, and is a TemporaryError like all else.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise self._no_json() from None

    def _no_json(self) -> DeliveryError:
        media_type = plain_line(self.headers.get("Content-Type", "no media type"))
        start = self.body[:4096].lower().strip()
        page = b"<html" in start or b"<!doctype html" in start
        # Half a document may be called a page as well; only markup is one.
        page = page or (start.startswith(b"<") and media_type.lower().startswith("text/html"))
        seen = f"HTTP {self.status} with {len(self.body)} bytes of {media_type} instead of JSON"
        msg = f"{self.request.what}: {seen}{' (a login page?)' if page else ''}"
        if self.request.changes:
            return UncertainError(msg)
        wait = retry_after_s(self.headers.get("Retry-After"), self.headers.get("Date"))
        if page and wait is not None:
            return busy(msg, wait)
        if page and 200 <= self.status < 300:
            return DestinationClosedError(msg, why="authentication", next_step=CHECK_ADDRESS)
        return TemporaryError(msg)

    def fields(self) -> Mapping[str, Any]:
        """Return the JSON document, which has to be an object; raises as `document` does."""
        document = self.document()
        if isinstance(document, dict):
            return document
        seen = f"HTTP {self.status} with a JSON {type(document).__name__} instead of an object"
        msg = f"{self.request.what}: {seen}"
        raise UncertainError(msg) if self.request.changes else TemporaryError(msg)

    def words(self) -> str:
        """Return the server's words about an error as one short line, whatever their shape."""
        try:
            return plain_line(_words_in(json.loads(self.body)))
        except (ValueError, RecursionError):
            pass
        text = self.body[:4096].decode("utf-8", "replace")
        if "<html" in text.lower():
            title = re.search(r"<title[^>]*>(.*?)</title>", text, re.DOTALL | re.IGNORECASE)
            return f"an HTML page titled {plain_line(title[1])!r}" if title else "an HTML page"
        return plain_line(text)


def _words_in(document: Any) -> str:
    """Find the message in the error shapes that servers use; else return the document itself."""
    if isinstance(document, dict):
        for name in ("message", "error_msg", "errorMsg", "error_description", "error", "details"):
            if found := document.get(name):
                code = document.get("error_code") or document.get("errorCode")
                return (f"{code}: " if code else "") + _words_in(found)
    return document if isinstance(document, str) else json.dumps(document)


def plain_line(text: str) -> str:
    """Return foreign text as one printable line of at most 200 characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:4096]).split())
    return line if len(line) <= MAX_WORDS else line[: MAX_WORDS - 1] + "…"


def refusal(answer: Answer, words: str | None = None) -> DeliveryError:
    """Return the error an unexpected answer stands for (RFC 9110, 15; what was sent decides).

    `words` replaces what the server said. The caller has dealt with the statuses it knows better.
    """
    said = answer.words() if words is None else plain_line(words)
    seen = f"{answer.request.what}: HTTP {answer.status} {_phrase(answer.status)}".rstrip()
    msg = f"{seen} ({said})" if said else seen
    date = answer.headers.get("Date")
    wait = retry_after_s(answer.headers.get("Retry-After"), date)
    status, changes = answer.status, answer.request.changes
    if status in (401, 407, 511):
        return DestinationClosedError(msg, why="authentication")
    if 300 <= status < 400:
        return DestinationClosedError(
            f"{seen} to {_redirect_origin(answer)}, which is not followed", next_step=CHECK_ADDRESS
        )
    if status in (425, 429) or (status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None):
        return busy(msg, wait)
    if status == HTTPStatus.CONFLICT and changes:
        return ConflictError(msg)
    if status == HTTPStatus.REQUEST_TIMEOUT or (status >= 500 and status not in (501, 505)):
        return UncertainError(msg) if changes else TemporaryError(msg, retry_after_s=wait)
    if 200 <= status < 300:
        return (
            UncertainError(f"{msg}: not the documented answer") if changes else TemporaryError(msg)
        )
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and answer.request.body is not None:
        return too_large(answer, msg)
    return PermanentError(msg, whole_target=status in (403, 404, 405, 410))


def too_large(answer: Answer, msg: str, next_step: str = "") -> DeliveryError:
    """Return the error of a 413; with a time to wait it is tried once more (RFC 9110, 15.5.14)."""
    length = answer.request.body.length if answer.request.body is not None else 0
    msg = f"{msg}: a request of {length} bytes"
    wait = retry_after_s(answer.headers.get("Retry-After"), answer.headers.get("Date"))
    if wait is None:
        return PermanentError(msg, next_step=next_step)
    return OnceMoreError(msg, retry_after_s=wait, next_step=next_step)


def busy(msg: str, wait_s: float | None) -> TemporaryError:
    """Return the error of a server that wants to be left alone, with the time it names."""
    when = "" if wait_s is None else f"; it wants to be left alone for {wait_s:.0f} s"
    return TemporaryError(f"{msg}{when}", retry_after_s=wait_s, throttled=True)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _redirect_origin(answer: Answer) -> str:
    location = answer.headers.get("Location", "")
    try:
        return str(origin_of(location)) if "://" in location else "another path"
    except ValueError:
        return "an unreadable address"
