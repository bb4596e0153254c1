"""Disks that are small, full or read-only: a tmpfs of its own for a shell script, where that is allowed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pytest_attach_evidence.sandbox import Sandbox

from ...commands.project import Project
from ...commands.project import commits
from ..faults.invariants import no_secret_is_shown


PYTEST = "python -m pytest -p attach-evidence -p no:cacheprovider --evidence=upload"
PUSH = "python -m pytest_attach_evidence push"
HEAD = ("import os, pathlib, pytest, resource, signal", "content = os.urandom(900_000)")
MARK = '@pytest.mark.evidence(squash="executions/1042")'
FILL = "cat /dev/zero > .evidence/ballast 2>/dev/null"


def can_mount() -> bool:
    """Tell whether this machine lets a process have a small disk of its own."""
    if sys.platform != "linux":
        return False
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return 0 == subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one command of a script printed and ended with."""

    status: int
    out: str

    def numbers(self, *names: str) -> tuple[int, ...]:
        """Return some of the numbers of the last line."""
        (line,) = re.findall(r"^evidence: (pieces=.*)$", self.out, re.MULTILINE)
        counts = dict(re.findall(r"(\w+)=(\d+) ", line))
        return tuple(int(counts[name]) for name in names)


def run_on(project: Project, options: str, *commands: str) -> list[Step]:
    """Run shell commands in a project whose spool is a tmpfs of its own; return what each came to.

    The tmpfs is gone when this returns: the archive has to be elsewhere.
    """
    project.spool.mkdir(exist_ok=True)
    lines = [f"mount -t tmpfs -o mode=700,{options} none .evidence"]
    lines += [f"({command}) 2>&1\necho STEP $?" for command in commands]
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", "\n".join(lines)],
        cwd=project.folder,
        env=environment(project),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    parts = re.split(r"^STEP (\d+)\n", done.stdout, flags=re.MULTILINE)
    outs, statuses = parts[0:-1:2], parts[1::2]
    assert len(commands) == len(statuses), done.stdout + done.stderr
    return [Step(status=int(s), out=o) for s, o in zip(statuses, outs, strict=True)]


def environment(project: Project) -> dict[str, str]:
    """Return the environment of processes in a project."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
    own = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return {**inherited, **own, **project.variables}


def sizes_stored(sandbox: Sandbox) -> list[int]:
    """Return the sizes of what the look-alike stored, each commit once."""
    return sorted(file.size for file in sandbox.store.ledger())


def sizes_archived(project: Project) -> list[int]:
    """Return the sizes of the archived pieces."""
    folder = project.folder.parent / "archive"
    return sorted(path.stat().st_size for path in folder.glob("*/data/*/*"))


def check_left(project: Project, sandbox: Sandbox) -> None:
    """What every case leaves: no key twice in a ledger, and no secret in the spool."""
    for system in ("squash", "workiva", "huawei"):
        assert {1} >= set(commits(sandbox, system).values()), system
    secrets = [value for one in sandbox.systems.values() for value in one.exports().values()]
    no_secret_is_shown([], [project.spool], secrets)
