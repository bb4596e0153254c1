"""A project outside the repository, with a plain pytest.ini, and the four look-alike systems."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A pytest run that is over: its exit status, its output, the numbers of the last line."""

    status: int
    output: str
    counts: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Project:
    """A folder with tests and a pytest.ini that leads to a sandbox."""

    folder: Path
    sandbox: Sandbox

    def run(self, destinations: str, *words: str) -> Ended:
        """Run the tests with upload, as a person does; return what came of it."""
        lines = ["[pytest]", f"evidence_destinations = {destinations}", "evidence_log = off"]
        lines += [f"{name} = {value}" for name, value in self.sandbox.options().items()]
        (self.folder / "pytest.ini").write_text("\n".join(lines) + "\n", encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:asyncio", "--evidence=upload", *words],
            cwd=self.folder,
            env={**os.environ, **self.sandbox.exports()},
            capture_output=True,
            text=True,
            check=False,
        )
        last = re.findall(r"^evidence: pieces=.*$", done.stdout, re.MULTILINE)
        assert 1 == len(last), done.stdout + done.stderr
        counts = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+) ", last[0])}
        return Ended(status=done.returncode, output=done.stdout, counts=counts)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty project and fresh servers."""
    (tmp_path / "project").mkdir()
    (tmp_path / "servers").mkdir()
    with Sandbox(tmp_path / "servers") as sandbox:
        yield Project(folder=tmp_path / "project", sandbox=sandbox)
        assert [] == sandbox.crashes
