"""A thin client of the CodeArts Req look-alike."""

from __future__ import annotations

import requests
from sdk_signer import Signer

from pytest_attach_evidence.sandbox.codearts import CodeArtsSystem


IPD = "5f1e7a0c9b2d4e63a8c4d0f7b6219e35"
SCRUM = "b07c2d9e41f54a8b9e6d3c5a1f80e274"
FOREIGN = "e3d8c1b5a7f942068d1b6e4c9a50f7b2"
ITEM = "956239067176935400"
SERVICE = "/v1/ipdprojectservice/projects"
UPLOAD = f"{SERVICE}/{IPD}/issues/{ITEM}/attachments/upload"
SUCCESS = {"status": "success", "message": None, "result": None}


def call(system: CodeArtsSystem, method: str, path: str, **more: object) -> requests.Response:
    """Send one signed request."""
    ours = system.access.credentials
    auth = Signer(ours.access_key, ours.secret_key, now=system.clock())
    return requests.request(method, system.root + path, **({"auth": auth, "timeout": 10} | more))


def form(
    name: str = "a.txt", data: bytes = b"bytes", part: str = "attachment"
) -> dict[str, object]:
    """Return the arguments of an upload of one file."""
    return {"files": [(part, (name, data))]}


def listed(system: CodeArtsSystem, item: str = ITEM) -> list[dict[str, object]]:
    """Return the attachments of an item as the list shows them."""
    answer = call(system, "GET", f"{SERVICE}/{IPD}/attachments", params={"issue_id": item})
    assert answer.json()["status"] == "success"
    return list(answer.json()["result"])


def get_token(system: CodeArtsSystem, **scope: object) -> requests.Response:
    """Ask for a token as the vendor describes it."""
    ours = system.access.credentials
    region = system.options()["evidence_huawei_region"]
    user = {"name": ours.user, "password": ours.password, "domain": {"name": ours.domain}}
    auth = {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": scope or {"project": {"name": region}},
    }
    return requests.post(
        f"{system.root}/v3/auth/tokens?nocatalog=true", json={"auth": auth}, timeout=10
    )
