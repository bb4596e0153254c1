"""curl and Node upload to every look-alike as its vendor documents it, and what they sent is stored."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.rillsoft_tokens import ACCOUNTS


HERE = Path(__file__).parent
CLIENTS = {"curl": ["bash", str(HERE / "upload.sh")], "node": ["node", str(HERE / "upload.mjs")]}
VENDORS = ("squash", "workiva", "huawei", "rillsoft")
SIZES = {
    "login.png": 1,
    "größe ü.txt": 70_000,
    "100% (sure), it's; a+b.txt": 0,
    "日本語.csv": 3,
    "large.zip": (1 << 20) + 1,
}


def login(sandbox: Sandbox, vendor: str) -> Mapping[str, str]:
    """Return what a client needs to know to log in, by names of our own."""
    exports, system = sandbox.exports(), sandbox.systems[vendor]
    if vendor == "squash":
        return {"TOKEN": exports["PYTEST_EVIDENCE_SQUASH_TOKEN"]}
    if vendor == "workiva":
        names = ("CLIENT_ID", "CLIENT_SECRET")
        return {name: exports[f"PYTEST_EVIDENCE_WORKIVA_{name}"] for name in names}
    if vendor == "rillsoft":
        user = next(iter(ACCOUNTS))
        return {"LOGIN": json.dumps({"username": user, "password": ACCOUNTS[user]})}
    return _huawei(system)


def _huawei(system: Any) -> Mapping[str, str]:
    ours, options = system.access.credentials, system.options()
    user = {"name": ours.user, "password": ours.password, "domain": {"name": ours.domain}}
    auth = {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"name": options["evidence_huawei_region"]}},
    }
    return {"LOGIN": json.dumps({"auth": auth}), "PROJECT": options["evidence_huawei_project"]}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_foreign_client_sends_is_stored(tmp_path: Path, client: str, vendor: str) -> None:
    """Names and bytes are the same by their hashes: the look-alike reads requests as a server does."""
    if shutil.which(client) is None:
        pytest.skip(f"{client} is not on this machine")
    folder = tmp_path / "files"
    folder.mkdir()
    chance = random.Random(f"{client} {vendor}")
    for name, size in SIZES.items():
        (folder / name).write_bytes(chance.randbytes(size))

    with Sandbox(tmp_path / "servers") as sandbox:
        done = subprocess.run(
            [
                *CLIENTS[client],
                vendor,
                sandbox.roots[vendor],
                *map(str, map(folder.joinpath, SIZES)),
            ],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **login(sandbox, vendor)},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        stored = {
            file.name: hashlib.sha256(file.path.read_bytes())
            for file in sandbox.store.files(vendor)
        }
        assert [] == sandbox.crashes

    assert 0 == done.returncode, done.stdout + done.stderr
    sent = {path.name: hashlib.sha256(path.read_bytes()) for path in folder.iterdir()}
    assert {name: one.hexdigest() for name, one in sent.items()} == {
        name: one.hexdigest() for name, one in stored.items()
    }
