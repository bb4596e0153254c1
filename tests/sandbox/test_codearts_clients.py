"""Clients that nobody here wrote upload to the CodeArts Req look-alike: curl, and Node's FormData."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from codearts_client import SUCCESS
from codearts_client import UPLOAD
from codearts_client import get_token
from lookalike_server import starting

from pytest_attach_evidence.sandbox.codearts import CodeArtsSystem


NODE = """
const { readFileSync } = require("fs");
const [url, token, path, name] = process.argv.slice(1);
const form = new FormData();
form.append("attachment", new Blob([readFileSync(path)], { type: "image/png" }), name);
fetch(url, { method: "POST", body: form, headers: { "X-Auth-Token": token } })
  .then((answer) => answer.text())
  .then((text) => process.stdout.write(text));
"""


def curl(url: str, token: str, path: Path, name: str) -> list[str]:
    """Return the command of curl."""
    form = f'attachment=@{path};filename="{name}";type=image/png'
    return ["curl", "-sS", "--form", form, "--header", f"X-Auth-Token: {token}", url]


def node(url: str, token: str, path: Path, name: str) -> list[str]:
    """Return the command of Node."""
    return ["node", "-e", NODE, url, token, str(path), name]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[CodeArtsSystem]:
    """A look-alike on a socket."""
    with starting(CodeArtsSystem, tmp_path / "servers") as start:
        yield start(token_length=3000)


@pytest.mark.parametrize("client", [curl, node])
@pytest.mark.parametrize("size", [0, 1_000_000])
def test_others_upload_too(
    system: CodeArtsSystem,
    tmp_path: Path,
    client: Callable[[str, str, Path, str], list[str]],
    size: int,
) -> None:
    """Name and bytes arrive, whoever builds the form."""
    if shutil.which(client.__name__) is None:
        pytest.skip(f"{client.__name__} is not installed")
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * (size // 256))
    token = get_token(system).headers["X-Subject-Token"]
    command = client(system.root + UPLOAD, token, path, "größe 1.png")

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert SUCCESS == json.loads(done.stdout)
    [stored] = system.store.ledger()
    assert ("größe 1.png", path.read_bytes()) == (stored.name, stored.path.read_bytes())
