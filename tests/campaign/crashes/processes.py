"""Work in a process of its own: forked, waited for, and never allowed to hang."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass


LONGEST_S = 60.0
FAILED = 99


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended. `said` is the traceback of what it raised."""

    status: int
    killed: bool
    hung: bool
    said: str


def in_child(work: Callable[[], None], *, after_s: float | None = None) -> Ending:
    """Fork, do the work there, and tell how that ended; `after_s`: kill it then from outside.

    The caller has no other thread, so that a fork is sound.
    """
    return _ended(*_forked(work), after_s)


def both_in_children(work: Callable[[], None]) -> tuple[Ending, Ending]:
    """Do the same work in two processes at once."""
    first, second = _forked(work), _forked(work)
    return _ended(*first, None), _ended(*second, None)


def _forked(work: Callable[[], None]) -> tuple[int, int]:
    """Return the process that does the work, and where it says what it raised."""
    reader, writer = os.pipe()
    process = os.fork()
    if process:
        os.close(writer)
        return process, reader
    os.close(reader)
    status = 0
    try:
        work()
    except BaseException:  # noqa: BLE001  # the parent reports it
        status = FAILED
        os.write(writer, traceback.format_exc()[-6000:].encode())
    os._exit(status)


def _ended(process: int, reader: int, after_s: float | None) -> Ending:
    hung, how = _waited(process, after_s)
    said = b""
    while block := os.read(reader, 65536):
        said += block
    os.close(reader)
    killed = os.WIFSIGNALED(how)
    status = 128 + os.WTERMSIG(how) if killed else os.WEXITSTATUS(how)
    return Ending(status, killed, hung, said.decode(errors="replace"))


def _waited(process: int, after_s: float | None) -> tuple[bool, int]:
    """Wait for a child, or end it when its time has come; a hang is what nobody wanted."""
    begun = time.monotonic()
    pause, limit = 0.0005, LONGEST_S if after_s is None else after_s
    while True:
        ended, how = os.waitpid(process, os.WNOHANG)
        if ended:
            return False, how
        if time.monotonic() - begun >= limit:
            os.kill(process, signal.SIGKILL)
            return after_s is None, os.waitpid(process, 0)[1]
        time.sleep(pause)
        pause = min(pause * 1.5, 0.003)
