"""A thin client of the Workiva look-alike."""

from __future__ import annotations

import io

import requests

from pytest_attach_evidence.sandbox.workiva import WorkivaSystem


VERSION = {"X-Version": "2026-01-01"}
PHASE = "/testForms/f1/testPhases/p1"
MATRIX = f"{PHASE}/matrices/m1"
SAMPLE = f"{MATRIX}/samples/s1"


class Api:
    """A thin client: the right headers, and nothing clever."""

    def __init__(self, system: WorkivaSystem, prefix: str = "", **token: str) -> None:
        self.system, self.prefix = system, prefix
        self.version = {} if prefix else VERSION
        self.bearer = {"Authorization": f"Bearer {self.token(**token)['access_token']}"}

    def token(self, **more: str) -> dict[str, str]:
        """Return the answer to a token request."""
        answer = ask_token(self.system, "/iam/v1" if self.prefix else "", self.version, **more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def call(self, method: str, path: str, **more: object) -> requests.Response:
        """Send one request with bearer and version."""
        url = path if path.startswith("http") else self.system.root + self.prefix + path
        return requests.request(method, url, headers=self.version | self.bearer, timeout=10, **more)

    def begin(self, owner: str, name: str = "a.txt") -> requests.Response:
        """Ask for an upload URL."""
        answer = self.call("POST", f"{owner}/attachmentUpload", json={"fileName": name})
        assert answer.status_code == 202, answer.text
        return answer

    def put(self, begun: requests.Response, data: bytes | io.BytesIO) -> requests.Response:
        """Send content to an upload URL."""
        return requests.put(begun.json()["uploadUrl"], data=data, headers=self.bearer, timeout=10)

    def upload(self, owner: str, name: str = "a.txt", data: bytes = b"bytes") -> requests.Response:
        """Ask for an upload URL and send content to it."""
        begun = self.begin(owner, name)
        assert self.put(begun, data).status_code == 200
        return begun

    def status(self, begun: requests.Response) -> str:
        """Poll an operation."""
        return str(self.call("GET", begun.headers["Location"]).json()["status"])

    def names(self, owner: str) -> list[str]:
        """Return the names of the attachments of an object."""
        answer = self.call("GET", f"{owner}/attachments")
        assert answer.status_code == 200, answer.text
        return [entry["fileName"] for entry in answer.json()["data"]]


def ask_token(
    system: WorkivaSystem, prefix: str, headers: dict[str, str], **more: str
) -> requests.Response:
    """Ask for a token."""
    exports = system.exports()
    form = {
        "grant_type": "client_credentials",
        "client_id": exports["PYTEST_EVIDENCE_WORKIVA_CLIENT_ID"],
        "client_secret": exports["PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET"],
    }
    return requests.post(
        f"{system.root}{prefix}/oauth2/token", data=form | more, headers=headers, timeout=10
    )
