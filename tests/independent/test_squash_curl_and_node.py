"""Clients that are not ours do at the look-alike what ours does: curl, and Node's FormData and fetch."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.apis.squash_tm import SquashTm
from pytest_attach_evidence.rest.auth import bearer
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.squash_access import READ_WRITE
from pytest_attach_evidence.secrets import Secret


NAMES = ("Bericht ü & Co (1).png", "schnöde=a;b.txt")
NODE = """
import fs from "node:fs";
import path from "node:path";

const [url, token, ...files] = process.argv.slice(1);
const form = new FormData();
for (const file of files) {
  form.append("files", new Blob([fs.readFileSync(file)]), path.basename(file));
}
const headers = { Authorization: `Bearer ${token}` };
const answer = await fetch(url, { method: "POST", body: form, headers });
console.log(JSON.stringify({ status: answer.status, body: await answer.json() }));
"""
CURL = ("curl", "--silent", "--show-error", "--header", f"Authorization: Bearer {READ_WRITE}")


def tool(name: str) -> pytest.MarkDecorator:
    """Skip where a program is not installed."""
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")


def run(*words: str | Path) -> str:
    """Return what a program prints; it has to end well."""
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=60, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


def by_curl(url: str, *files: Path) -> tuple[int, str]:
    """Upload as people do who read the vendor's page."""
    parts = [word for file in files for word in ("--form", f'files=@"{file}"')]
    body, _, status = run(*CURL, "--write-out", "\n%{http_code}", *parts, url).rpartition("\n")
    return int(status), body


def by_node(url: str, *files: Path) -> tuple[int, str]:
    """Upload with the FormData of every browser."""
    said = json.loads(run("node", "--input-type=module", "--eval", NODE, url, READ_WRITE, *files))
    return said["status"], json.dumps(said["body"])


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A look-alike."""
    with Sandbox(tmp_path / "servers", switches={"squash": {}}) as started:
        yield started
        assert [] == started.crashes


@pytest.fixture
def ours(sandbox: Sandbox) -> Iterator[SquashTm]:
    """Our own client of it."""
    root = sandbox.roots["squash"]
    session = Session(Origins(root), Budget.lasting(30))
    client = SquashTm(session, root, bearer(Secret(READ_WRITE, "the sandbox")))
    yield client
    client.close()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files with names that have to be quoted, one of them larger than any buffer."""
    made = [tmp_path / name for name in NAMES]
    made[0].write_bytes(bytes(range(256)) * 2000)
    made[1].write_bytes(b"")
    return made


@pytest.mark.parametrize(
    "upload",
    [
        pytest.param(by_curl, id="curl", marks=tool("curl")),
        pytest.param(by_node, id="node", marks=tool("node")),
    ],
)
def test_what_others_upload_is_what_ours_reads(
    sandbox: Sandbox,
    ours: SquashTm,
    files: list[Path],
    upload: Callable[..., tuple[int, str]],
) -> None:
    """Names, sizes and bytes are the files', in one request of two parts."""
    url = f"{sandbox.roots['squash']}/api/rest/latest/execution-steps/75/attachments"

    status, body = upload(url, *files)

    listed = ours.attachments("execution-steps", "75")
    assert 201 == status
    assert 2 == body.count('"file_type"')
    assert sorted(NAMES) == sorted(one.name for one in listed)
    for file in files:
        [one] = [one for one in listed if one.name == file.name]
        into = io.BytesIO()
        ours.download(one.id, into)
        assert file.read_bytes() == into.getvalue()
        assert file.stat().st_size == one.size


@tool("curl")
def test_the_other_operations_by_curl(sandbox: Sandbox, ours: SquashTm, files: list[Path]) -> None:
    """Download, rename and delete, as the vendor's page shows them."""
    api = f"{sandbox.roots['squash']}/api/rest/latest"
    by_curl(f"{api}/iterations/4/attachments", *files)
    large, empty = sorted(ours.attachments("iterations", "4"), key=lambda one: -(one.size or 0))
    copy = files[0].with_name("copy")

    run(*CURL, "--output", copy, f"{api}/attachments/{large.id}/content")
    renamed = run(*CURL, "--request", "PATCH", f"{api}/attachments/{large.id}?name=report")
    ids = f"attachmentIds={empty.id}"
    run(*CURL, "--fail", "--request", "DELETE", f"{api}/iterations/4/attachments?{ids}")

    assert files[0].read_bytes() == copy.read_bytes()
    assert "report.png" == json.loads(renamed)["name"]
    assert ["report.png"] == [one.name for one in ours.attachments("iterations", "4")]
