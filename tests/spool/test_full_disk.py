"""A full disk costs what does not fit: earlier pieces stay, and the next line is sound."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


PROJECT = Path(__file__).parents[2]
MOUNTED = 'mount -t tmpfs -o size=256k none "$1" && exec "$2" -c "$3" "$1" tmpfs'
FILL = """
import json, os, resource, signal, sys
from pathlib import Path
from tests.spool.runs import begin, recorder

folder, how = Path(sys.argv[1]), sys.argv[2]
if how == "limit":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
run = begin(folder)
one = recorder(run)
kept = [one.attach(os.urandom(30_000), name="first.bin")]
if how == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
kept.append(one.attach(os.urandom(900_000), name="too-large.bin"))
kept.append(one.attach(os.urandom(1_000), name="small.bin"))
if how != "limit":
    ballast = os.open(folder / "ballast", os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(ballast, b"x" * 512)
    except OSError:
        pass
    for number in range(40):
        one.refuse("line", "x" * 250)
    kept.append(one.attach(b"no room", name="no-room.txt"))
    os.close(ballast)
    (folder / "ballast").unlink()
else:
    for number in range(200):
        one.refuse("line", "x" * 250)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
one.end()
record = run.read()
for piece in record.pieces:
    run.blobs.verify(piece.digest, piece.size)
print(json.dumps({
    "kept": [piece and piece.name for piece in kept],
    "read": [piece.name for piece in record.pieces],
    "problems": [str(problem) for problem in record.problems],
    "refused": [problem.seen for problem in record.refused][:1],
    "broken": len(one._keeper.broken),
    "left": [p.name for p in run.blobs.folder.iterdir() if p.name.startswith(".")],
    "outcome": [str(item.outcome) for item in record.items.values()],
}))
"""


def can_mount() -> bool:
    """Tell whether this machine lets a process have a small disk of its own."""
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return 0 == subprocess.run(command, capture_output=True, check=False).returncode


def filled(folder: Path, how: str) -> dict[str, list[str]]:
    """Return what a process tells that attached to a disk until it was full."""
    command = [sys.executable, "-c", FILL, str(folder), "limit"]
    if how == "tmpfs":
        command = ["unshare", "-rm", "sh", "-c", MOUNTED, "sh", str(folder), sys.executable, FILL]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    told: dict[str, list[str]] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("how", ["limit", *(["tmpfs"] if can_mount() else [])])
def test_a_full_disk_costs_only_what_does_not_fit(tmp_path: Path, how: str) -> None:
    """The test goes on, the reason is recorded, nothing half is left, and what was kept is intact."""
    told = filled(tmp_path, how)

    kept = ["first.bin", None, "small.bin"] + ([None] if how == "tmpfs" else [])
    assert kept == told["kept"]
    assert ["first.bin", "small.bin"] == told["read"]
    assert ([], [], ["passed"]) == (told["problems"], told["left"], told["outcome"])
    reason = "the disk of the spool is full" if how == "tmpfs" else "File too large"
    assert reason in told["refused"][0]
    assert told["broken"]
