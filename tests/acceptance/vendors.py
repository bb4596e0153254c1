"""Reads attachments back as each vendor documents it, with plain requests and none of our clients."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from pytest_attach_evidence.sandbox import Sandbox

from ..bundles import pieces_in


Files = list[tuple[str, bytes]]
IPD = "/v1/ipdprojectservice/projects"


def squash(sandbox: Sandbox, reference: str) -> Files:
    """Return names and bytes of the attachments of a test case's newest execution."""
    execution = _squash_executions(sandbox, reference)[-1]["id"]
    return squash_owner(sandbox, f"executions/{execution}")


def squash_owner(sandbox: Sandbox, owner: str) -> Files:
    """Return names and bytes of the attachments of any object that can have some."""
    listed = _squash(sandbox, f"/{owner}/attachments?size=200&sort=id").json()
    found = listed.get("_embedded", {}).get("attachments", [])
    content = [_squash(sandbox, f"/attachments/{one['id']}/content").content for one in found]
    return list(zip([one["name"] for one in found], content, strict=True))


def squash_status(sandbox: Sandbox, reference: str) -> list[str]:
    """Return the status of every execution of a test case, oldest first."""
    return [one["execution_status"] for one in _squash_executions(sandbox, reference)]


def _squash_executions(sandbox: Sandbox, reference: str) -> list[dict[str, Any]]:
    """Return the executions of a test case in the plan, oldest first."""
    listed = _squash(sandbox, "/iterations/4/test-plan?size=200&sort=id").json()
    lines = listed["_embedded"]["test-plan"]
    case = next(o for o in lines if (o["referenced_test_case"] or {}).get("reference") == reference)
    return sorted(case["executions"], key=lambda one: one["id"])


def _squash(sandbox: Sandbox, path: str) -> requests.Response:
    token = sandbox.exports()["PYTEST_EVIDENCE_SQUASH_TOKEN"]
    url = f"{sandbox.roots['squash']}/api/rest/latest{path}"
    return _sound(requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10))


def workiva(sandbox: Sandbox, path: str) -> Files:
    """Return names and bytes of the attachments of a form's object: list, download, operation, bytes."""
    root, exports = sandbox.roots["workiva"], sandbox.exports()
    form = {
        "grant_type": "client_credentials",
        "client_id": exports["PYTEST_EVIDENCE_WORKIVA_CLIENT_ID"],
        "client_secret": exports["PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET"],
    }
    version = {"X-Version": "2026-01-01"}
    token = _sound(
        requests.post(f"{root}/oauth2/token", data=form, headers=version, timeout=10)
    ).json()
    headers = {**version, "Authorization": f"Bearer {token['access_token']}"}

    def call(method: str, url: str) -> requests.Response:
        return _sound(requests.request(method, url, headers=headers, timeout=10))

    def content(id: str) -> bytes:
        begun = call("POST", f"{root}{path}/attachments/{id}/download")
        operation = _until(
            lambda: call("GET", begun.headers["Location"]).json(),
            lambda one: one["status"] == "completed",
        )
        return call("GET", operation["resourceUrl"]).content

    listed = call("GET", f"{root}{path}/attachments").json()["data"]
    return [(one["fileName"], content(one["id"])) for one in listed]


def huawei(sandbox: Sandbox, item: str) -> Files:
    """Return names and bytes of the attachments of a work item, by a token login."""
    system: Any = sandbox.systems["huawei"]
    root, ours, options = sandbox.roots["huawei"], system.access.credentials, system.options()
    user = {"name": ours.user, "password": ours.password, "domain": {"name": ours.domain}}
    auth = {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"name": options["evidence_huawei_region"]}},
    }
    login = _sound(requests.post(f"{root}/v3/auth/tokens", json={"auth": auth}, timeout=10))
    headers = {"X-Auth-Token": login.headers["X-Subject-Token"]}
    project = options["evidence_huawei_project"]

    def get(path: str) -> requests.Response:
        url = f"{root}{IPD}/{project}/attachments{path}"
        return _sound(requests.get(url, headers=headers, timeout=10))

    listed = get(f"?issue_id={item}").json()["result"]
    return [(one["file_name"], get(f"/download/{one['id']}").content) for one in listed]


def rillsoft(sandbox: Sandbox, id: str) -> Files:
    """Return names and bytes of what a record holds; a zip's members one by one.

    The vendor documents no way to read, so this looks at what the server stored.
    """
    held = sandbox.store.files("rillsoft", f"clients/7/attachments/{id}")
    if len(held) != 1:
        return []
    found = pieces_in(held[0].name, held[0].path.read_bytes())
    return [(Path(name).name, content) for name, content in found.items()]


def archive(project: Path, test: str) -> Files:
    """Return names and bytes of the archived pieces of a test."""
    found = sorted(project.glob(f".evidence/archive/*/data/*{test}*/*"))
    return [(path.name.partition("-")[2], path.read_bytes()) for path in found]


def _sound(answer: requests.Response) -> requests.Response:
    answer.raise_for_status()
    return answer


def _until(ask: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    """Ask until the answer is good; the look-alike's operations take fractions of a second."""
    ends = time.monotonic() + 10
    while not good(answer := ask()):
        assert time.monotonic() < ends, answer
        time.sleep(0.05)
    return answer
