"""The sandbox's own address: its pages, the raw files, and the control API for tests."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotFound
from werkzeug.http import dump_options_header
from werkzeug.routing import Map
from werkzeug.routing import Rule
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .pages import inline_type
from .pages import overview_page
from .pages import system_page
from .replies import html_reply
from .replies import json_reply
from .state import State
from .store import StoredFile
from .store import blocks


PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"
FILE_POLICY = "default-src 'none'; sandbox"


class Control:
    """Answers at the sandbox's own address."""

    def __init__(self, state: State) -> None:
        self._state = state
        table = [
            ("GET", "/", self.overview),
            ("GET", "/favicon.ico", self.no_icon),
            ("GET", "/<name>", self.system),
            ("GET", "/<name>/files/<path:id>", self.file),
            ("GET", "/control/ledger", self.ledger),
            ("GET", "/control/files", self.files),
            ("GET", "/control/objects", self.objects),
            ("GET", "/control/requests", self.requests),
            ("GET", "/control/faults", self.faults),
            ("POST", "/control/faults", self.add_faults),
            ("DELETE", "/control/faults", self.clear_faults),
            ("POST", "/control/reset", self.reset),
        ]
        self._map = Map(
            [Rule(path, methods=[method], endpoint=operation) for method, path, operation in table],
            merge_slashes=False,
        )

    def handle(self, request: Request) -> Response:
        """Answer a page, a file or a control request."""
        try:
            operation, values = self._map.bind("").match(request.path, request.method)
            response: Response = operation(request, **values)
        except HTTPException as error:
            response = html_reply(error.code or 500, error.name, "Nothing lies here.")
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    def overview(self, _request: Request) -> Response:
        """Show the four systems."""
        return _page(overview_page(self._state.systems.values(), lambda system: f"/{system}"))

    def no_icon(self, _request: Request) -> Response:
        """Tell browsers that there is no icon."""
        return Response(status=204)

    def system(self, _request: Request, name: str) -> Response:
        """Show the objects of one system and what they hold."""
        if name not in self._state.systems:
            raise NotFound
        system = self._state.systems[name]
        return _page(system_page(system, lambda file: f"/{name}/files/{file.id}", "/"))

    def file(self, _request: Request, name: str, id: str) -> Response:
        """Answer a held file: pictures and text to look at, all else to save."""
        file = self._state.store.file(name, id)
        if file is None:
            raise NotFound
        shown = inline_type(file)
        response = Response(blocks(file.path), mimetype=shown or "application/octet-stream")
        response.content_length = file.size
        if shown is None:
            header = dump_options_header("attachment", {"filename": file.name})
            response.headers["Content-Disposition"] = header.encode("ascii", "replace").decode()
        response.headers["Content-Security-Policy"] = FILE_POLICY
        return response

    def ledger(self, _request: Request) -> Response:
        """List every commit there ever was."""
        return json_reply(200, [_facts(file) for file in self._state.store.ledger()])

    def files(self, request: Request) -> Response:
        """List what is held now, by one system or by all."""
        wanted = request.args.get("system")
        names = [wanted] if wanted else list(self._state.systems)
        held = [file for name in names for file in self._state.store.files(name)]
        return json_reply(200, [_facts(file) for file in held])

    def objects(self, request: Request) -> Response:
        """List what can hold files, parents before children, of one system or of all."""
        wanted = request.args.get("system")
        names = [wanted] if wanted else list(self._state.systems)
        found = [
            {"system": name, **dataclasses.asdict(one)}
            for name in names
            for one in self._state.systems[name].objects()
        ]
        return json_reply(200, found)

    def requests(self, request: Request) -> Response:
        """List the requests seen, of one system or of all; headers are never kept."""
        seen = self._state.requests(request.args.get("system"))
        return json_reply(200, [_plain(dataclasses.asdict(one)) for one in seen])

    def faults(self, _request: Request) -> Response:
        """List the faults that wait."""
        return json_reply(200, self._state.faults.waiting())

    def add_faults(self, request: Request) -> Response:
        """Let one fault, or a list of them, happen."""
        body: Any = request.get_json(force=True, silent=True)
        try:
            for fault in body if isinstance(body, list) else [body]:
                self._state.faults.add(**fault)
        except (TypeError, ValueError) as error:
            return json_reply(400, {"error": str(error)})
        return json_reply(201, self._state.faults.waiting())

    def clear_faults(self, _request: Request) -> Response:
        """Let everything work again."""
        self._state.heal()
        return Response(status=204)

    def reset(self, _request: Request) -> Response:
        """Begin anew."""
        self._state.reset()
        return Response(status=204)


def _page(text: str) -> Response:
    return Response(text, mimetype="text/html")


def _facts(file: StoredFile) -> dict[str, Any]:
    facts = dataclasses.asdict(file)
    del facts["path"]
    return _plain(facts)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in facts.items()
    }
