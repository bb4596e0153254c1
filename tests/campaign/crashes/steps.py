"""Steps that count, kill, or fail: what a trial puts into the product's seam."""

from __future__ import annotations

import inspect
import os
import signal
import threading
from collections.abc import Callable
from typing import IO
from typing import Any

from pytest_attach_evidence.steps import Steps


PLACES = [name for name, _ in inspect.getmembers(Steps, inspect.isfunction)]
HALVED = ("write", "send")
Take = Callable[..., Any]


class Watched(Steps):
    """Lets every step pass `around`, one at a time: its name, the call, its arguments."""

    def __init__(self) -> None:
        self.lock = threading.RLock()

    def around(self, name: str, take: Take, *arguments: Any) -> Any:
        """Take a step."""
        return take(*arguments)


def _watched(name: str) -> Callable[..., Any]:
    def step(self: Watched, *arguments: Any) -> Any:
        return self.around(name, getattr(super(Watched, self), name), *arguments)

    return step


for _name in PLACES:
    setattr(Watched, _name, _watched(_name))


class Killing(Watched):
    """Ends the process with signal 9 at the n-th point: before a step, after it, or half-way.

    A write and a send have a point between their halves. Points are counted from 0; `seen` tells how
    many there were in a process that survived.
    """

    def __init__(self, point: int | None = None) -> None:
        super().__init__()
        self.point = point
        self.seen = 0

    def around(self, name: str, take: Take, *arguments: Any) -> Any:
        """Take a step between two points."""
        self._point()
        if name in HALVED:
            self._point(lambda: take(arguments[0], arguments[1][: len(arguments[1]) // 2]))
        done = take(*arguments)
        self._point()
        return done

    def _point(self, last: Callable[[], object] = lambda: None) -> None:
        with self.lock:
            if self.seen == self.point:
                last()
                os.kill(os.getpid(), signal.SIGKILL)
            self.seen += 1


class Failing(Watched):
    """Lets the n-th step fail with an error number, once or from then on.

    Reading fails too: a file that was opened counts a step for each block. `struck` is called when it
    happens.
    """

    def __init__(
        self,
        number: int | None,
        error: int = 0,
        *,
        for_ever: bool = False,
        struck: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__()
        self._struck = struck
        self.number = number
        self.error = error
        self.for_ever = for_ever
        self.seen = 0

    def around(self, name: str, take: Take, *arguments: Any) -> Any:
        """Take a step, or fail."""
        self.judge()
        done = take(*arguments)
        return _FailingFile(done, self) if name == "open" else done

    def judge(self) -> None:
        """Raise OSError where this step is to fail."""
        with self.lock:
            self.seen += 1
            number = self.number or 0
            if self.seen == number or (self.for_ever and 0 < number < self.seen):
                self._struck()
                raise OSError(self.error, os.strerror(self.error))


class _FailingFile:
    """A file for reading whose blocks are steps."""

    def __init__(self, file: IO[bytes], steps: Failing) -> None:
        self._file = file
        self._steps = steps

    def read(self, size: int = -1) -> bytes:
        self._steps.judge()
        return self._file.read(size)

    def readinto(self, buffer: Any) -> int:
        self._steps.judge()
        return self._file.readinto(buffer)  # type: ignore[attr-defined,no-any-return]

    def readline(self, size: int = -1) -> bytes:
        self._steps.judge()
        return self._file.readline(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _FailingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
