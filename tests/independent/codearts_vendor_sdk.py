"""The vendor's SDK in an environment of its own, made once and kept with pytest's cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock


VERSION = "3.1.219"
PACKAGES = (f"huaweicloudsdkcore=={VERSION}", f"huaweicloudsdkprojectman=={VERSION}")
UNREACHABLE = ("Retrying (", "NameResolutionError", "ConnectTimeoutError", "NewConnectionError")
PROGRAM = Path(__file__).parent / "codearts_sdk_program.py"


def python_with_sdk(folder: Path) -> Path:
    """Return a Python that has the SDK, below a folder; installs it if it is not there.

    Skips the test where the package index cannot be reached; in CI (`CI_RUN`) that is a failure.
    """
    place = folder / f"{sys.implementation.cache_tag}-{VERSION}"
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = place / "installed"
    with FileLock(f"{place}.lock"):
        if not done.exists():
            venv.create(place, clear=True, with_pip=False)
            _install(python)
            done.touch()
    return python


def _install(python: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    how = ["--quiet", "--no-input", "--only-binary", ":all:", "--retries", "1", "--timeout", "15"]
    ended = subprocess.run(
        [*pip, "install", *how, *PACKAGES], capture_output=True, text=True, check=False
    )
    if ended.returncode and any(words in ended.stderr for words in UNREACHABLE):
        give_up = pytest.fail if os.environ.get("CI_RUN") else pytest.skip
        give_up("the package index with the vendor's SDK cannot be reached")
    assert 0 == ended.returncode, ended.stderr


class Sdk:
    """A running program with the SDK."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, do: str, **asked: Any) -> Any:
        """Let the SDK do something; return what it returned, or `(status, code)` of its exception."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **asked}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the program with the SDK ended; its errors are above"
        answer = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        return tuple(answer["refused"]) if "refused" in answer else answer["done"]


@contextmanager
def running(python: Path, home: Path) -> Iterator[Sdk]:
    """Start the program; the SDK keeps a file in its user's home, which is this folder here."""
    keep = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL")
    environ = {name: value for name, value in os.environ.items() if name in keep}
    with subprocess.Popen(
        [str(python), str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**environ, "HOME": str(home), "USERPROFILE": str(home)},
    ) as process:
        try:
            yield Sdk(process)
        finally:
            process.kill()
