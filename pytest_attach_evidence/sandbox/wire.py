"""What the look-alike servers share on the wire: undecoded paths, JSON and file answers, refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote
from urllib.parse import unquote
from urllib.parse import urlsplit

from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .store import blocks


CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")


class RefusedError(Exception):
    """Ends the handling of a request; `response` is the answer the client gets."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def raw_path(request: Request) -> str:
    """Return the path as the client sent it, so that an encoded slash stays encoded."""
    uri: str = request.environ.get("RAW_URI") or quote(request.path)
    if not uri.startswith("/"):
        uri = urlsplit(uri)._replace(scheme="", netloc="").geturl()
    return uri.partition("?")[0]


def segments(request: Request, root: str = "") -> tuple[str, ...]:
    """Return the decoded segments of the path below the root's own path."""
    below = raw_path(request).removeprefix(urlsplit(root).path)
    return tuple(unquote(segment) for segment in below.removeprefix("/").split("/"))


def json_answer(value: object, status: int = 200) -> Response:
    """Answer with a JSON body."""
    return Response(json.dumps(value, ensure_ascii=False), status, mimetype="application/json")


def file_answer(path: Path, name: str, media_type: str) -> Response:
    """Answer with a file's bytes, read from the disk block by block."""
    answer = Response(blocks(path), mimetype=media_type)
    answer.content_length = path.stat().st_size
    answer.headers.set(
        "Content-Disposition", "attachment", filename=CONTROL_CHARACTERS.sub("_", name)
    )
    return answer
