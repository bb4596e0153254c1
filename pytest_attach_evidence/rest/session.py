"""One destination's HTTP: every request bounded, every outcome sorted by what may happen next."""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from http import HTTPStatus
from typing import Any

import requests
import requests.utils
import truststore
import urllib3.exceptions

from .._version import __version__
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..retry import Budget
from ..retry import retry_after_s
from .auth import Credentials
from .body import Body
from .origins import Origins
from .origins import origin_of
from .wire import Watch
from .wire import WatchedAdapter
from .wire import watching


CONNECT_S = 10.0
ANSWER_LIMIT = 1024 * 1024
SLOWEST_BYTES_PER_S = 32 * 1024
REQUEST_S = 120.0
MAX_WORDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request.

    `acts`: whether the server may change something, so that a lost answer leaves us uncertain; by
    default everything but GET and HEAD does. `what` names it in messages (`the upload`).
    `answer_limit`: the most bytes an answer may have.
    """

    method: str
    url: str
    what: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    credentials: Credentials | None = None
    acts: bool | None = None
    answer_limit: int = ANSWER_LIMIT

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
        (a login page, a proxy's page, half a document), TemporaryError for other requests.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            media_type = self.headers.get("Content-Type", "no media type")
            login = " (a login page?)" if b"<html" in self.body[:4096].lower() else ""
            msg = (
                f"{self.request.what}: HTTP {self.status} with {len(self.body)} bytes of "
                f"{plain_line(media_type)} instead of JSON{login}"
            )
            raise (UncertainError(msg) if self.request.changes else TemporaryError(msg)) from None

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
        text = self.body.decode("utf-8", "replace")
        if "<html" in text[:4096].lower():
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
            f"{seen} to {_redirect_origin(answer)}, which is not followed"
        )
    if status in (425, 429) or (status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None):
        return TemporaryError(msg, retry_after_s=wait)
    if status == HTTPStatus.REQUEST_TIMEOUT or (status >= 500 and status not in (501, 505)):
        return UncertainError(msg) if changes else TemporaryError(msg, retry_after_s=wait)
    if 200 <= status < 300:
        return (
            UncertainError(f"{msg}: not the documented answer") if changes else TemporaryError(msg)
        )
    return PermanentError(msg, whole_target=status in (403, 404, 405, 410))


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


class Session:
    """Sends requests to the origins of one destination, from any thread.

    Each thread keeps its own connection and cookies. Redirects are never followed, nothing is ever
    repeated but a request refused with 401 whose token could be renewed. Environment proxies are used
    (not for loopback), a netrc file is not.
    """

    def __init__(self, origins: Origins, budget: Budget, *, ca_bundle: str | None = None) -> None:
        self.origins = origins
        self._budget = budget
        self._context = tls_context(ca_bundle)
        self._local = threading.local()

    def send(self, request: Request) -> Answer:
        """Send a request and return the answer, whatever its status.

        Raises TemporaryError where the server cannot have acted, UncertainError where it may have and
        the answer is lost, DestinationClosedError for a certificate, a proxy that wants a login, or a
        URL that is not allowed.
        """
        url = self.origins.resolve(request.url)
        headers = {"Accept": "application/json", **request.headers}
        if request.body is not None:
            headers["Content-Type"] = request.body.media_type
        if request.credentials is None:
            return self._send(request, url, headers)
        secret = request.credentials.headers(request.method, url, headers)
        answer = self._send(request, url, {**headers, **secret})
        if answer.status == HTTPStatus.UNAUTHORIZED and request.credentials.renew(secret):
            secret = request.credentials.headers(request.method, url, headers)
            answer = self._send(request, url, {**headers, **secret})
        return answer

    def close(self) -> None:
        """Close this thread's connections; those of ended threads are closed with them."""
        if client := getattr(self._local, "client", None):
            client.close()
            del self._local.client

    def _send(self, request: Request, url: str, headers: Mapping[str, str]) -> Answer:
        length = request.body.length if request.body is not None else 0
        seconds = min(self._budget.remaining_s(), REQUEST_S + length / SLOWEST_BYTES_PER_S)
        watch = Watch(
            stall_s=self._budget.stall_s,
            ends_at=self._budget.clock() + seconds,
            stop=self._budget.stop,
            clock=self._budget.clock,
        )
        watching(watch)
        try:
            with self._client().request(
                request.method,
                url,
                data=_Stream(request.body, watch) if length and request.body else None,
                headers={
                    **headers,
                    **({"Content-Length": "0"} if not length and request.changes else {}),
                },
                proxies=self._proxies(url),
                allow_redirects=False,
                stream=True,
                timeout=(min(CONNECT_S, max(seconds, 0.1)), self._budget.stall_s),
            ) as response:
                body = response.raw.read(request.answer_limit + 1, decode_content=False)
                return self._answer(request, response, body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._lost(request, watch, error) from error
        finally:
            watching(None)

    @staticmethod
    def _answer(request: Request, response: requests.Response, body: bytes) -> Answer:
        if len(body) > request.answer_limit:
            limit = f"an answer over {request.answer_limit} bytes"
            msg = f"{request.what}: HTTP {response.status_code} with {limit}"
            raise UncertainError(msg) if request.changes else TemporaryError(msg)
        return Answer(
            request=request, status=response.status_code, headers=response.headers, body=body
        )

    def _lost(self, request: Request, watch: Watch, error: Exception) -> DeliveryError:
        """Sort a connection that failed by what the server can have seen of the request."""
        cause = _innermost(error)
        host = origin_of(self.origins.resolve(request.url)).host
        if isinstance(cause, ssl.SSLCertVerificationError):
            msg = f"{request.what}: the certificate of {host} was refused ({cause.verify_message})"
            hint = "name the authority's PEM file in evidence_ca_bundle"
            return DestinationClosedError(msg, next_step=hint)
        if isinstance(error, requests.exceptions.ProxyError) and "407" in str(error):
            return DestinationClosedError(f"{request.what}: the proxy wants a login (407)")
        if not watch.connected:
            return TemporaryError(
                f"{request.what}: no connection to {host} ({_cause_words(cause)})"
            )
        msg = f"{request.what}: the connection broke before the answer was read ({_cause_words(cause)})"
        return UncertainError(msg) if request.changes else TemporaryError(msg)

    def _client(self) -> requests.Session:
        client: requests.Session | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = requests.Session()
            client.trust_env = False
            client.headers.update(
                {
                    "User-Agent": f"pytest-attach-evidence/{__version__}",
                    "Accept-Encoding": "identity",
                }
            )
            adapter = WatchedAdapter(self._context)
            client.mount("https://", adapter)
            client.mount("http://", adapter)
        return client

    @staticmethod
    def _proxies(url: str) -> dict[str, str]:
        if origin_of(url).loopback:
            return {}
        return dict(requests.utils.get_environ_proxies(url, no_proxy=None))


class _Stream:
    """A body as requests takes it: iterable, with a length; it stops when the watch says so."""

    def __init__(self, body: Body, watch: Watch) -> None:
        self._body = body
        self._watch = watch

    def __len__(self) -> int:
        return self._body.length

    def __iter__(self) -> Iterator[bytes]:
        self._watch.heard()
        for block in self._body:
            yield block
            self._watch.heard()
            self._watch.check()


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """Return a verifying TLS context: the given PEM file, else the system's trust store.

    Raises SettingsError's cause, OSError or ssl.SSLError, where the file cannot be used.
    """
    if ca_bundle is not None:
        context = ssl.create_default_context(cafile=ca_bundle)
    else:
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _innermost(error: BaseException) -> BaseException:
    """Return the error at the bottom, through the reasons, arguments and causes libraries wrap."""
    seen: list[BaseException] = []
    while error not in seen:
        seen.append(error)
        wrapped = [
            getattr(error, "reason", None),
            *reversed(error.args),
            error.__cause__,
            error.__context__,
        ]
        error = next((e for e in wrapped if isinstance(e, BaseException)), error)
    return error


def _cause_words(cause: BaseException) -> str:
    words = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return plain_line(words or type(cause).__name__)
