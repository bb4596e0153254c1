"""Pushes runs one by one in a process of its own, and tells what each push came to, as JSON.

Arguments: a folder of a project, the longest that one push may take, and the runs' folders.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from pytest_attach_evidence.commands import push
from pytest_attach_evidence.commands import status

from ...peak import peak_kib


class HangError(Exception):
    """A push did not come to an end."""


def told(command: Any, words: list[str], seconds: int) -> dict[str, Any]:
    """Return exit status, output and time of one command; a crash and a hang are a status too."""
    out, errors, started = io.StringIO(), io.StringIO(), time.monotonic()
    signal.alarm(seconds)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            ended: object = command.main(words)
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is the finding
            ended = f"{type(error).__name__}: {error}"
        finally:
            signal.alarm(0)
    return {
        "status": ended,
        "out": out.getvalue(),
        "errors": errors.getvalue(),
        "seconds": time.monotonic() - started,
        "peak": peak_kib(),
    }


def hang(number: int, frame: FrameType | None) -> None:
    """End what takes too long."""
    raise HangError


def main(project: str, seconds: str, *runs: str) -> None:
    """Push every run, and ask for its status before."""
    os.chdir(project)
    signal.signal(signal.SIGALRM, hang)
    found = {}
    for run in runs:
        name = str(Path(project) / run)
        asked = told(status, [name], int(seconds))
        found[run] = {"asked": asked, **told(push, [name], int(seconds))}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
