"""The API operations of the Workiva look-alike, the same in both versions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .store import Store
from .wire import RefusedError
from .wire import json_answer
from .wire import raw_path
from .workiva_blobs import Blobs
from .workiva_faults import OUTCOME
from .workiva_forms import KINDS
from .workiva_forms import Ids
from .workiva_forms import Json
from .workiva_forms import Node
from .workiva_forms import Renderer
from .workiva_forms import expansions
from .workiva_forms import find
from .workiva_forms import path_of
from .workiva_operations import Operation
from .workiva_operations import Operations
from .workiva_rules import MODERN
from .workiva_rules import PAYLOAD_LIMIT
from .workiva_rules import READ
from .workiva_rules import WRITE
from .workiva_rules import WorkivaSwitches
from .workiva_rules import refusal
from .workiva_tokens import TokenDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One API request, taken apart: which object, what of it, in which version."""

    request: Request
    version: str
    ids: Ids
    tail: tuple[str, ...]

    @property
    def shown_version(self) -> str:
        """The version as error answers name it; the older one does not."""
        return self.version if self.version == MODERN else ""

    def refusal(
        self, status: int, why: str = "", target: str = "", allow: str = ""
    ) -> RefusedError:
        """Return an error answer in the shape of this call's version."""
        return refusal(status, why, target=target, allow=allow, version=self.shown_version)


Endpoint = tuple[str, str, Callable[[Call], Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Judges and answers calls."""

    switches: WorkivaSwitches
    forms: Sequence[Node]
    store: Store
    tokens: TokenDesk
    operations: Operations
    blobs: Blobs

    @staticmethod
    def taken_apart(path: tuple[str, ...]) -> tuple[Ids, tuple[str, ...]]:
        """Split a path into the ids that lead to an object and what is asked of it."""
        ids: Ids = ()
        while len(path) > 1 and path[:1] == KINDS[len(ids) : len(ids) + 1]:
            ids, path = (*ids, path[1]), path[2:]
        return ids, path

    def answer(self, call: Call) -> Response:
        """Answer a call after method, token, scope, size and object were found right."""
        method, scope, answer = self._endpoint(call)
        if call.request.method != method:
            raise call.refusal(405, allow=method)
        self.tokens.check(call.request, scope, call.shown_version)
        if (call.request.content_length or 0) > PAYLOAD_LIMIT:
            raise call.refusal(413, f"{PAYLOAD_LIMIT} bytes are the limit")
        if call.ids and find(self.forms, call.ids) is None:
            raise call.refusal(404)
        return answer(call)

    def _endpoint(self, call: Call) -> Endpoint:
        depth = len(call.ids)
        endpoints: dict[str, Endpoint] = {}
        if depth:
            endpoints[""] = ("GET", READ, self._one)
        if depth < len(KINDS):
            endpoints[KINDS[depth]] = ("GET", READ, self._children)
        if depth == 0:
            endpoints["operations/*"] = ("GET", "", self._poll)
        if depth == 1:
            endpoints["export"] = ("POST", READ, self._export_form)
        if depth > 1:
            endpoints["attachmentUpload"] = ("POST", WRITE, self._upload)
            endpoints["attachments"] = ("GET", READ, self._attachments)
            endpoints["attachments/*"] = ("GET", READ, self._attachment)
            endpoints["attachments/*/download"] = ("POST", READ, self._fetch)
            endpoints["attachments/*/export"] = ("POST", READ, self._fetch)
        words = ("*" if place == 1 else word for place, word in enumerate(call.tail))
        endpoint = endpoints.get("/".join(words))
        if endpoint is None:
            raise call.refusal(404)
        return endpoint

    def _one(self, call: Call) -> Response:
        node = find(self.forms, call.ids)
        assert node is not None
        wanted = self._wanted(call, len(call.ids) - 1)
        return json_answer(self._renderer(call).render(node, call.ids, wanted))

    def _children(self, call: Call) -> Response:
        node = find(self.forms, call.ids)
        wanted, renderer = self._wanted(call, len(call.ids)), self._renderer(call)
        among = self.forms if node is None else node.children
        visible = [child for child in among if child.visible]
        return self._page(
            call, [renderer.render(child, (*call.ids, child.id), wanted) for child in visible]
        )

    def _attachments(self, call: Call) -> Response:
        return self._page(call, self._listed(call.ids))

    def _attachment(self, call: Call) -> Response:
        for attachment in self._listed(call.ids):
            if attachment["id"] == call.tail[1]:
                return json_answer(attachment)
        raise call.refusal(404)

    def _upload(self, call: Call) -> Response:
        if not all(node.writable for node in self._chain(call.ids)):
            raise call.refusal(self.switches.locked_status, "the API user may only read this form")
        name = self._body(call).get("fileName")
        if not isinstance(name, str) or not name:
            raise call.refusal(400, "fileName must be a text", target="fileName")
        operation = self.operations.begin("upload", path_of(call.ids), name)
        operation.outcome = call.request.environ.get(OUTCOME, operation.outcome)
        body = {"uploadUrl": self.blobs.url("upload", operation)}
        if self.switches.operation_location:
            body["operationLocation"] = self._location(call, operation)
        return self._accepted(call, operation, json_answer(body, 202))

    def _fetch(self, call: Call) -> Response:
        _, id, action = call.tail
        if action == "export" and self._body(call).get("format") != "pdf":
            raise call.refusal(400, "format must be pdf", target="format")
        name = next((str(a["fileName"]) for a in self._listed(call.ids) if a["id"] == id), None)
        if name is None:
            raise call.refusal(404)
        kept = action == "export" and name.rpartition(".")[2] in self.switches.unconvertible.split()
        return self._begun(call, action, id, "unconvertible" if kept else "")

    def _export_form(self, call: Call) -> Response:
        if self._body(call).get("format") != "xlsx":
            raise call.refusal(400, "format must be xlsx", target="format")
        return self._begun(call, "workbook", call.ids[0])

    def _begun(self, call: Call, action: str, subject: str, reason: str = "") -> Response:
        operation = self.operations.begin(action, path_of(call.ids), subject, reason)
        self.operations.settle(operation)
        answer = Response(status=202)
        del answer.headers["Content-Type"]
        return self._accepted(call, operation, answer)

    def _poll(self, call: Call) -> Response:
        operation = self.operations.get(call.tail[1])
        if operation is None:
            raise call.refusal(404)
        if self.operations.poll(operation):
            url = "" if operation.kind == "upload" else self.blobs.url(operation.kind, operation)
            shown: Json = {self.switches.resource_key: url} if url else {}
            answer = json_answer(operation.to_json(nulls=self._nulls(call), result=shown))
        else:
            answer = call.refusal(429, "polls of this operation come too fast").response
        answer.headers["Retry-After"] = str(self.switches.retry_after_s)
        return answer

    def _accepted(self, call: Call, operation: Operation, answer: Response) -> Response:
        answer.autocorrect_location_header = False
        answer.headers["Location"] = self._location(call, operation)
        answer.headers["Retry-After"] = str(self.switches.retry_after_s)
        return answer

    def _location(self, call: Call, operation: Operation) -> str:
        path = f"/operations/{operation.id}"
        if call.version != MODERN:
            path = f"/platform/v1{path}"
        return path if self.switches.relative_location else self.switches.root + path

    def _page(self, call: Call, entries: list[Json]) -> Response:
        start = self._start(call)
        end = start + self.switches.page_size
        body: Json = {"data": entries[start:end]}
        if end < len(entries):
            query = {**call.request.args.to_dict(), "$next": cursor(end)}
            origin = self.switches.root.removesuffix("/")
            body["@nextLink"] = f"{origin}{raw_path(call.request)}?{urlencode(query)}"
        elif self._nulls(call):
            body["@nextLink"] = None
        return json_answer(body)

    def _start(self, call: Call) -> int:
        text = call.request.args.get("$next", cursor(0))
        try:
            return int(base64.urlsafe_b64decode(text).removeprefix(b"from:"))
        except (ValueError, binascii.Error):
            raise call.refusal(400, "the link to a next page is not ours", "$next") from None

    def _wanted(self, call: Call, level: int) -> frozenset[Ids]:
        try:
            return expansions(call.request.args.get("$expand", ""), level)
        except ValueError as error:
            raise call.refusal(400, f"{error} cannot be expanded", "$expand") from None

    def _body(self, call: Call) -> Json:
        body = call.request.get_json(silent=True) if call.request.is_json else None
        if not isinstance(body, dict):
            raise call.refusal(400, "the body must be a JSON object")
        return body

    def _listed(self, ids: Ids) -> list[Json]:
        files = self.store.files("workiva", path_of(ids))
        return [{"id": file.id, "fileName": file.name} for file in files]

    def _chain(self, ids: Ids) -> list[Node]:
        chain = (find(self.forms, ids[:depth]) for depth in range(1, len(ids) + 1))
        return [node for node in chain if node is not None]

    def _renderer(self, call: Call) -> Renderer:
        return Renderer(attachments=self._listed, nulls=self._nulls(call))

    def _nulls(self, call: Call) -> bool:
        return self.switches.nulls and call.version == MODERN


def cursor(start: int) -> str:
    """Return the opaque text that leads to the page beginning at an entry."""
    return base64.urlsafe_b64encode(f"from:{start}".encode()).decode()
