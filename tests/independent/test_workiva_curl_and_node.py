"""Clients that are not ours use the Workiva look-alike as the vendor's guides show it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox


SAMPLE = "/testForms/f1/testPhases/p1/matrices/m1/samples/s1"
CONTENT = bytes(range(256)) * 4099
NAME = 'größe "x".bin'
CURL = r"""
set -euo pipefail
bearer=$(curl -sSf "$ROOT/oauth2/token" -H 'X-Version: 2026-01-01' -d grant_type=client_credentials \
    --data-urlencode "client_id=$ID" --data-urlencode "client_secret=$SECRET" | field access_token)
call() { curl -sSf -H "Authorization: Bearer $bearer" -H 'X-Version: 2026-01-01' "$@"; }
begun() { call -D headers.txt "$@"; }
location() { tr -d '\r' < headers.txt | sed -n 's/^[Ll]ocation: //p'; }

url=$(begun "$ROOT$SAMPLE/attachmentUpload" --json "$(cat name.json)" | field uploadUrl)
curl -sSf -X PUT "$url" -H "Authorization: Bearer $bearer" -H 'Content-Type: application/octet-stream' \
    --data-binary @content.bin
test "$(call "$(location)" | field status)" = completed
id=$(call "$ROOT$SAMPLE/attachments" | field data.0.id)
call "$ROOT$SAMPLE/attachments/$id" | field fileName > name.txt
begun -X POST "$ROOT$SAMPLE/attachments/$id/download"
curl -sSf -H "Authorization: Bearer $bearer" -o again.bin "$(call "$(location)" | field resourceUrl)"
begun "$ROOT$SAMPLE/attachments/$id/export" --json '{"format": "pdf"}'
curl -sSf -H "Authorization: Bearer $bearer" -o export.pdf "$(call "$(location)" | field resourceUrl)"
"""
FIELD = r"""
field() { "$PYTHON" -c '
import json, sys
found = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    found = found[int(name) if name.isdigit() else name]
print(found)' "$1"; }
"""
NODE = r"""
const { readFileSync, writeFileSync } = require("fs");
const { ROOT, ID, SECRET, SAMPLE } = process.env;
const version = { "X-Version": "2026-01-01" };
const sound = async (answer) => {
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer;
};
(async () => {
  const form = { grant_type: "client_credentials", client_id: ID, client_secret: SECRET };
  const token = await sound(await fetch(`${ROOT}/oauth2/token`, {
    method: "POST", headers: version, body: new URLSearchParams(form),
  }));
  const bearer = { Authorization: `Bearer ${(await token.json()).access_token}` };
  const call = async (url, more) => {
    const headers = { ...version, ...bearer, ...more?.headers };
    return sound(await fetch(url, { ...more, headers }));
  };
  const post = (path, body) => call(ROOT + SAMPLE + path, {
    method: "POST", ...(body && { headers: { "Content-Type": "application/json" }, body }),
  });
  const ended = async (begun) => {
    const operation = await (await call(begun.headers.get("location"))).json();
    if (operation.status !== "completed") throw new Error(operation.status);
    return operation;
  };
  const read = async (begun) => {
    const answer = await sound(await fetch((await ended(begun)).resourceUrl, { headers: bearer }));
    return Buffer.from(await answer.arrayBuffer());
  };

  const begun = await post("/attachmentUpload", readFileSync("name.json"));
  const { uploadUrl } = await begun.json();
  const headers = { ...bearer, "Content-Type": "application/octet-stream" };
  await sound(await fetch(uploadUrl, { method: "PUT", headers, body: readFileSync("content.bin") }));
  await ended(begun);
  const list = await (await call(`${ROOT}${SAMPLE}/attachments`)).json();
  const { id, fileName } = list.data[0];
  writeFileSync("name.txt", `${fileName}\n`);
  writeFileSync("again.bin", await read(await post(`/attachments/${id}/download`)));
  writeFileSync("export.pdf", await read(await post(`/attachments/${id}/export`, '{"format": "pdf"}')));
})().catch((error) => { console.error(error); process.exit(1); });
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A look-alike that settles at once."""
    switches = {"workiva": {"settle_s": 0.0}}
    with Sandbox(tmp_path / "servers", switches=switches) as started:
        yield started
        assert [] == started.crashes


@pytest.mark.parametrize(
    ("program", "words"), [("curl", ["bash", "-c", FIELD + CURL]), ("node", ["node", "-e", NODE])]
)
def test_upload_list_download_and_export(
    sandbox: Sandbox, tmp_path: Path, program: str, words: list[str]
) -> None:
    """The two documented flows, by a program that knows nothing of us, end with the same bytes."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    (tmp_path / "content.bin").write_bytes(CONTENT)
    (tmp_path / "name.json").write_text(json.dumps({"fileName": NAME}), encoding="utf-8")
    login = [sandbox.exports()[f"PYTEST_EVIDENCE_WORKIVA_CLIENT_{one}"] for one in ("ID", "SECRET")]
    variables = {"ROOT": sandbox.roots["workiva"], "ID": login[0], "SECRET": login[1]}
    variables["SAMPLE"] = SAMPLE

    done = run(words, tmp_path, variables)

    assert (0, "") == (done.returncode, done.stderr)
    [stored] = sandbox.store.files("workiva")
    assert (SAMPLE[1:], NAME, hashlib.sha256(CONTENT).hexdigest()) == (
        stored.object,
        stored.name,
        stored.sha256,
    )
    assert f"{NAME}\n" == (tmp_path / "name.txt").read_text(encoding="utf-8")
    assert CONTENT == (tmp_path / "again.bin").read_bytes()
    assert (tmp_path / "export.pdf").read_bytes().startswith(b"%PDF-")


def run(
    words: list[str], folder: Path, variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder."""
    environment = {**os.environ, **variables, "PYTHON": sys.executable}
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
