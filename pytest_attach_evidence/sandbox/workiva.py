"""The Workiva look-alike: test forms whose phases, matrices and samples take attachments."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .store import Store
from .system import PageObject
from .wire import RefusedError
from .wire import segments
from .workiva_blobs import Blobs
from .workiva_endpoints import Call
from .workiva_endpoints import Endpoints
from .workiva_forms import WORDS
from .workiva_forms import Node
from .workiva_forms import path_of
from .workiva_forms import seeds
from .workiva_forms import target_of
from .workiva_forms import walk
from .workiva_operations import Operations
from .workiva_rules import LEGACY
from .workiva_rules import MODERN
from .workiva_rules import WorkivaSwitches
from .workiva_rules import refusal
from .workiva_tokens import CLIENT_ID
from .workiva_tokens import CLIENT_SECRET
from .workiva_tokens import TokenDesk


LEGACY_PREFIX = ("platform", "v1")
TOKEN_PATHS = {MODERN: ("oauth2", "token"), LEGACY: ("iam", "v1", "oauth2", "token")}


@dataclass(eq=False)
class WorkivaSystem(WorkivaSwitches):
    """The Workiva look-alike; its switches are keyword arguments and attributes.

    `forms` are the test forms there are, hidden ones included. The server sets `root`, and `blob_root`
    to a second origin whose requests go to `handle_blob`.
    `tokens.calls` counts token requests; `tokens.revoke_all()` makes bearers invalid at once.
    """

    store: Store
    forms: Sequence[Node] = field(default_factory=seeds, kw_only=True)
    name: str = field(default="workiva", init=False)
    title: str = field(default="Workiva", init=False)

    def __post_init__(self) -> None:
        self.tokens = TokenDesk(self)
        self.operations = Operations(self, self.store)
        self.blobs = Blobs(self, self.store, self.operations, self.tokens)
        self._endpoints = Endpoints(
            switches=self,
            forms=self.forms,
            store=self.store,
            tokens=self.tokens,
            operations=self.operations,
            blobs=self.blobs,
        )

    def handle(self, request: Request) -> Response:
        """Answer one request to the API's origin."""
        return self._guarded(self._dispatch, request)

    def handle_blob(self, request: Request) -> Response:
        """Answer one request to the origin of the upload and resource URLs."""
        return self._guarded(self.blobs.handle, request)

    def unstick(self) -> None:
        """Let operations that a fault has stopped go on to their end."""
        self.operations.unstick()

    def exports(self) -> Mapping[str, str]:
        """Return the made-up client id and secret."""
        return {
            "PYTEST_EVIDENCE_WORKIVA_CLIENT_ID": CLIENT_ID,
            "PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET": CLIENT_SECRET,
        }

    def options(self) -> Mapping[str, str]:
        """Return the address of the API."""
        return {"evidence_workiva_url": self.root}

    def objects(self) -> Sequence[PageObject]:
        """Return forms, phases, matrices and samples; hidden and read-only ones say so."""
        self.operations.advance()
        return [
            PageObject(
                object=path_of(ids),
                title=node.name or f"Sample {node.id}",
                facts={
                    "kind": WORDS[len(ids) - 1],
                    "target": target_of(ids),
                    **({} if node.visible else {"API user": "cannot see it"}),
                    **({} if node.writable else {"API user": "may only read"}),
                },
                depth=len(ids) - 1,
            )
            for ids, node in walk(self.forms)
        ]

    def _guarded(self, answer: Callable[[Request], Response], request: Request) -> Response:
        self.operations.advance()
        try:
            return answer(request)
        except RefusedError as refused:
            return refused.response
        except HTTPException as error:
            return refusal(400, error.name).response

    def _dispatch(self, request: Request) -> Response:
        path = segments(request, self.root)
        legacy = path == TOKEN_PATHS[LEGACY] or path[:2] == LEGACY_PREFIX
        version = LEGACY if legacy else MODERN
        if request.headers.get("X-Version", LEGACY) != version:
            raise refusal(404, "path and X-Version do not belong together")
        if path == TOKEN_PATHS[version]:
            if request.method != "POST":
                raise refusal(405, allow="POST")
            return self.tokens.issue(request, json_allowed=legacy)
        if self.failing:
            raise refusal(self.failing)
        ids, tail = self._endpoints.taken_apart(path[2:] if legacy else path)
        return self._endpoints.answer(Call(request=request, version=version, ids=ids, tail=tail))
