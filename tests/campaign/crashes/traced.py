"""Trials in which the kernel ends a process at its n-th system call, by way of strace."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .trials import Ground
from .trials import Tally
from .trials import pushed_to_the_end
from .world import World


DISK = ("rename", "fsync", "mkdir", "unlink")
NETWORK = ("sendto", "recvfrom", "connect")
PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a session in another process needs to know of the servers."""

    options: dict[str, str]
    exports: dict[str, str]


def can_trace() -> bool:
    """Tell whether this machine has strace and lets it trace."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(["strace", "-qq", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def traced(ground: Ground, name: str, call: str, number: int) -> Tally:
    """Kill a session at its n-th call of one kind, then push to the end."""
    tally = Tally(trials=1)
    with ground.world(name) as world:
        servers = world.servers
        facts = [servers.options, servers.exports] if servers else [{}, {}]
        inject = f"inject={call}:signal=KILL:when={number}"
        begin = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]
        words = [sys.executable, "-m", "tests.campaign.crashes.traced", str(world.folder), name]
        ended = subprocess.run(
            [*begin, *words, json.dumps(facts)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        tally.struck += ended.returncode in (-9, 137)
        found = [] if ended.returncode in (0, -9, 137) else [ended.stderr[-2000:]]
        if servers is not None:
            servers.quiet()
        found += pushed_to_the_end(world)
        tally.red += [f"{name} killed at {call} {number}: {violation}" for violation in found]
    return tally


if __name__ == "__main__":
    folder, destination, told = sys.argv[1:]
    World(folder=Path(folder), name=destination, servers=Elsewhere(*json.loads(told))).session()
