"""How the look-alikes answer: JSON, HTML, and the pages of servers that stand before them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from werkzeug.wrappers import Response


def json_reply(
    status: int, body: object, *, media_type: str = "application/json", **headers: str
) -> Response:
    """Answer with one JSON document; keyword `retry_after` becomes the header `Retry-After`."""
    text = json.dumps(body, ensure_ascii=False)
    return _with_headers(Response(text, status=status, mimetype=media_type), headers)


def html_reply(status: int, heading: str, text: str = "", **headers: str) -> Response:
    """Answer with a small HTML page, as proxies and application servers do by themselves."""
    page = (
        f'<!doctype html><html lang="en"><head><title>{heading}</title></head>'
        f"<body><h1>{heading}</h1><p>{text}</p></body></html>"
    )
    return _with_headers(Response(page, status=status, mimetype="text/html"), headers)


def status_page(status: int, text: str = "", **headers: str) -> Response:
    """Answer with the HTML page of an application server for a status."""
    heading = f"HTTP Status {status} – {HTTPStatus(status).phrase}"
    return html_reply(status, heading, text, **headers)


def _with_headers(response: Response, headers: Mapping[str, str]) -> Response:
    for name, value in headers.items():
        response.headers[name.replace("_", "-").title()] = value
    return response
