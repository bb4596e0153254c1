"""A client that adds nothing to HTTP but a root and a token."""

from __future__ import annotations

from typing import Any

import requests


SQUASH_API = "/api/rest/latest"
READ = "/executions/1042"
UPLOAD = f"{READ}/attachments"


def a_file(size: int = 5) -> dict[str, Any]:
    """Return the arguments of a valid upload to Squash TM."""
    return {"files": [("files", ("a.txt", b"x" * size))]}


def files(*names: str) -> list[tuple[str, tuple[str, bytes]]]:
    """Return multipart parts as Squash TM wants them."""
    return [("files", (name, f"content of {name}".encode())) for name in names]


def embedded(response: requests.Response, key: str) -> list[dict[str, Any]]:
    """Return the rows of a HAL answer that succeeded."""
    assert response.status_code in (200, 201)
    rows: list[dict[str, Any]] = response.json()["_embedded"][key]
    return rows


class Api:
    """A client of one origin: nothing but requests and a root."""

    def __init__(self, root: str, token: str = "") -> None:
        self.root = root
        self.session = requests.Session()
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        """Send a request; redirects are not followed."""
        more.setdefault("allow_redirects", False)
        more.setdefault("timeout", 30)
        return self.session.request(method, self.root + path, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        """Send a GET."""
        return self("GET", path, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        """Send a POST."""
        return self("POST", path, **more)
