"""One destination's HTTP: every request bounded, every outcome sorted by what may happen next."""

from __future__ import annotations

import collections
import re
import ssl
import threading
from collections.abc import Iterator
from collections.abc import Mapping
from http import HTTPStatus

import requests
import requests.utils
import urllib3.exceptions

from .._version import __version__
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import PermanentError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..retry import Budget
from .answers import Answer
from .answers import Request
from .answers import Sink
from .answers import plain_line
from .body import Body
from .origins import Origins
from .origins import origin_of
from .tls import reached
from .tls import refused_certificate
from .tls import tls_context
from .wire import Watch
from .wire import WatchedAdapter
from .wire import watching


CONNECT_S = 10.0
PROXY_LOGIN = (
    "write it into https_proxy, as http://user:password@host:port, or list the host in no_proxy"
)
SLOWEST_BYTES_PER_S = 32 * 1024
REQUEST_S = 120.0
BLOCK = 64 * 1024


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
        if request.body is not None and length == 0:
            # Nothing will be read of it while sending, where a file that is not empty would be noticed.
            collections.deque(request.body, maxlen=0)
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
                watch.connected = True
                host = origin_of(url).host
                self._budget.clocks.heard(host, response.headers.get("Date"))
                if (origin := str(origin_of(url))) not in self._budget.connections:
                    found = reached(response, origin, self._proxy(url))
                    self._budget.connections[origin] = found
                if request.into is not None and response.status_code == HTTPStatus.OK:
                    self._write(response, request.into, watch)
                    return self._answer(request, response, b"")
                body = response.raw.read(request.answer_limit + 1, decode_content=False)
                missing = max(0, response.raw.length_remaining or 0)
                if missing and len(body) <= request.answer_limit:
                    raise urllib3.exceptions.IncompleteRead(len(body), missing)
                return self._answer(request, response, body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._lost(request, watch, error) from error
        finally:
            watching(None)

    def _write(self, response: requests.Response, into: Sink, watch: Watch) -> None:
        """Write an answer block by block; what comes quickly enough may be as long as it is."""
        begun, written = self._budget.clock(), 0
        while block := response.raw.read(BLOCK, decode_content=False):
            try:
                into.write(block)
            except OSError as error:
                msg = f"the file cannot be written: {_cause_words(error)}"
                raise PermanentError(msg, next_step="make room, then try again") from error
            written += len(block)
            ends_at = begun + REQUEST_S + written / SLOWEST_BYTES_PER_S
            watch.ends_at = min(ends_at, self._budget.ends_at)
        if missing := max(0, response.raw.length_remaining or 0):
            raise urllib3.exceptions.IncompleteRead(written, missing)

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
            return refused_certificate(request.what, host, cause)
        if isinstance(error, requests.exceptions.ProxyError) and "407" in str(error):
            return DestinationClosedError(
                f"{request.what}: the proxy wants a login (407)", next_step=PROXY_LOGIN
            )
        if not watch.connected:
            proxy = self._proxy(self.origins.resolve(request.url))
            way = f" through the proxy {proxy}" if proxy else ""
            seen = f"no connection to {host}{way} ({_cause_words(cause)})"
            return TemporaryError(f"{request.what}: {seen}")
        late = isinstance(cause, TimeoutError)
        seen = "no answer came" if late else "the connection broke before the answer was read"
        msg = f"{request.what}: {seen} ({_cause_words(cause)})"
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

    def _proxy(self, url: str) -> str:
        """Return the proxy on the way to a URL, without its login; '' where there is none."""
        found = requests.utils.select_proxy(url, self._proxies(url))
        try:
            return str(origin_of(re.sub("//[^/@]*@", "//", found))) if found else ""
        except ValueError:
            return "that is configured"

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
