"""The second origin of the Workiva look-alike: signed URLs that take and give bytes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from urllib.parse import parse_qsl
from urllib.parse import urlencode

from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .store import Store
from .wire import file_answer
from .wire import raw_path
from .workiva_exports import pdf
from .workiva_exports import xlsx
from .workiva_operations import Operation
from .workiva_operations import Operations
from .workiva_rules import READ
from .workiva_rules import WRITE
from .workiva_rules import WorkivaSwitches
from .workiva_rules import refusal
from .workiva_tokens import TokenDesk


FOLDER = "/s/blob-storage/api/v1/blobs/"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Blobs:
    """Signs URLs for operations and answers the requests that come back on them."""

    def __init__(
        self, switches: WorkivaSwitches, store: Store, operations: Operations, tokens: TokenDesk
    ) -> None:
        self._switches = switches
        self._store = store
        self._operations = operations
        self._tokens = tokens
        self._key = secrets.token_bytes(32)
        self._receiving: set[str] = set()
        self._lock = threading.Lock()

    def url(self, action: str, operation: Operation, hop: int = 0) -> str:
        """Return a signed URL for one action: `upload`, `download`, `export` or `workbook`.

        `hop` counts the redirects that led to it.
        """
        path = FOLDER + f"{encoded('sandbox')}/{encoded(operation.id)}"
        facts = {
            "action": action,
            "client": "sandbox",
            "expire": str(int(self._switches.clock() + self._switches.upload_life_s)),
            "hop": str(hop),
            "operation": operation.id,
            "scope": "blob",
        }
        query = urlencode(facts)
        return f"{self._switches.blob_root}{path}?{query}&sig={self._signature(path, query)}"

    def handle(self, request: Request) -> Response:
        """Answer a request on a signed URL; it needs the bearer too, and the right method."""
        facts = self._opened(request)
        uploading = facts["action"] == "upload"
        method = "PUT" if uploading else "GET"
        if request.method != method:
            raise refusal(405, allow=method)
        self._tokens.check(request, WRITE if uploading else READ)
        operation = self._operations.get(facts["operation"])
        if operation is None:
            raise refusal(404)
        if uploading:
            return self._take(request, operation)
        hop = int(facts["hop"])
        if hop < self._switches.resource_redirects:
            location = self.url(facts["action"], operation, hop + 1)
            return Response(status=302, headers={"Location": location})
        return self._give(operation)

    def _opened(self, request: Request) -> dict[str, str]:
        query, _, signature = request.query_string.decode("latin-1").rpartition("&sig=")
        expected = self._signature(raw_path(request), query)
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            raise refusal(403, "the signature of the URL is wrong")
        facts = dict(parse_qsl(query))
        if self._switches.clock() > int(facts["expire"]):
            raise refusal(403, "the URL has expired")
        return facts

    def _take(self, request: Request, operation: Operation) -> Response:
        with self._lock:
            used = operation.received is not None and self._switches.single_use
            if used or operation.claimed or operation.id in self._receiving:
                raise refusal(409, "the upload URL is used up")
            self._receiving.add(operation.id)
        try:
            path, _, _ = self._store.receive(request.stream)
            if operation.received is not None:
                operation.received.unlink(missing_ok=True)
            operation.received = path
        finally:
            with self._lock:
                self._receiving.discard(operation.id)
        self._operations.settle(operation)
        return Response(status=self._switches.put_status)

    def _give(self, operation: Operation) -> Response:
        if operation.kind == "workbook":
            rows = [("Object", "Attachment")]
            rows += [(file.object, file.name) for file in self._store.files("workiva")]
            below = (
                row for row in rows if f"{row[0]}/".startswith(("Object/", f"{operation.object}/"))
            )
            return Response(xlsx(below), mimetype=XLSX_TYPE)
        file = self._store.file("workiva", operation.name)
        if file is None:
            raise refusal(404)
        if operation.kind == "download":
            return file_answer(file.path, file.name, file.media_type)
        lines = (file.name, f"{file.size} bytes", f"SHA-256 {file.sha256}")
        return Response(pdf(lines), mimetype="application/pdf")

    def _signature(self, path: str, query: str) -> str:
        return hmac.new(self._key, f"{path}?{query}".encode(), hashlib.sha256).hexdigest()


def encoded(text: str) -> str:
    """Return a text as one opaque path segment."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
