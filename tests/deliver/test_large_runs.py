"""Large runs: the engine's work grows with the pieces, not with their square. Counted in lines run."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from .scene import Scene
from .scene import states
from .scripted import LOST
from .scripted import answer_lost
from .scripted import raised


FEW, MANY = 20, 80


class Lines:
    """Counts the lines of the package that run, those of its data classes included."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Count a line, or say whether the lines of a new frame are to be counted."""
        if event == "line":
            self.count += 1
            return self
        return self if str(frame.f_globals.get("__name__")).startswith("pytest_attach") else None


@contextmanager
def counted() -> Iterator[Lines]:
    """Give the lines that run meanwhile, in new threads too; then let go on what traced before."""
    before, in_threads = sys.gettrace(), threading.gettrace()
    lines = Lines()
    sys.settrace(lines)
    threading.settrace(lines)
    try:
        yield lines
    finally:
        sys.settrace(before)
        threading.settrace(in_threads)  # type: ignore[arg-type]


def waiting(scene: Scene, number: int) -> None:
    """Leave pieces that wait for one target."""
    scene.attach(*(f"{piece}.txt" for piece in range(number)))


def lost(scene: Scene, number: int) -> None:
    """Leave pieces for one target that takes all at once and whose answer will be lost."""
    scene.add(pieces_per_call=None).script = [answer_lost]
    waiting(scene, number)


def uncertain(scene: Scene, number: int) -> None:
    """Leave pieces that an earlier process sent in vain, without an answer."""
    scene.add(pieces_per_call=None).script = [raised(LOST)]
    waiting(scene, number)
    seconds, scene.seconds = scene.seconds, 1.0
    assert {"uncertain"} == set(states(scene.deliver()).values())
    scene.seconds = seconds


def concluding(scene: Scene, number: int) -> None:
    """Leave pieces for as many targets, each of which is to be told the outcome."""
    scene.add(concludes=True)
    for target in range(number):
        scene.attach(f"{target}.txt", to=f"t{target}")


def half_done(scene: Scene, number: int) -> None:
    """Leave pieces for as many targets, half of which were sent in vain, without an answer."""
    scene.parallel = 1
    concluding(scene, number)
    scene.one.script = [raised(LOST)] * (number // 2)
    seconds, scene.seconds = scene.seconds, 1.0
    scene.deliver()
    scene.seconds, scene.one.script = seconds, []


PREPARED = [waiting, lost, uncertain, concluding, half_done]


@pytest.mark.parametrize("prepare", PREPARED)
def test_four_times_the_pieces_are_no_more_than_four_times_the_work(
    make_scene: Callable[[], Scene], prepare: Callable[[Scene, int], None]
) -> None:
    """No step looks at every delivery for each delivery, or for each target."""
    work = {}
    for number in (FEW, MANY):
        scene = make_scene()
        prepare(scene, number)
        with counted() as lines:
            results = scene.deliver()
        assert (number, 0) == (len(results.receipts), len(results.failures))
        work[number] = lines.count

    assert 0 < work[MANY] <= work[FEW] * MANY / FEW
