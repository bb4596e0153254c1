"""What every look-alike system has in common: a name, an address, its objects, and one WSGI door."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class PageObject:
    """One line of a system's page: an object that can hold attachments.

    `object` is the name under which the store knows it, `depth` the indentation in the page's tree.
    """

    object: str
    title: str
    facts: Mapping[str, str]
    depth: int = 0


class System(Protocol):
    """A look-alike server. `name` is `squash`, `workiva`, `huawei` or `rillsoft`.

    `root` is the URL at which the system is reached (`http://127.0.0.1:PORT`, no trailing slash, plus
    a context path where it has one); the server sets it before the first request.

    Three optional attributes are honoured by the server: `context` (a path such as `/squash`, added to
    `root`), `unstick()` (let go on what a fault has stopped), and `blob_root`: such a system gets a
    second origin, its address is set there, and requests that arrive at it go to
    `handle_blob(request)`.
    """

    name: str
    title: str
    store: Store
    root: str

    def handle(self, request: Request) -> Response:
        """Answer one API request as the vendor would."""

    def exports(self) -> Mapping[str, str]:
        """Return the environment variables (credentials, made up) a client of this system needs."""

    def options(self) -> Mapping[str, str]:
        """Return the ini options (`evidence_<name>_url`, …) a client of this system needs."""

    def objects(self) -> Sequence[PageObject]:
        """Return the objects for the system's page, parents before children."""
