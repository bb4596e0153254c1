"""Whatever tool shows it, in whatever phase and way: the picture arrives, and shows what was there."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import RunAndRead
from .looked_at import Pixel
from .looked_at import looked_at
from .reading import Run
from .shown_suites import CLAIMS
from .shown_suites import COLOURS
from .shown_suites import PHASES
from .shown_suites import SIZE
from .shown_suites import TOOLS
from .shown_suites import WAYS
from .shown_suites import Tool


BROWSERS = Path(__file__).parents[1] / "capture"
TOLERANCE = 3


@pytest.fixture
def no_orphans(pytester: pytest.Pytester) -> Iterator[None]:
    """End the browsers of a worker that died: a chromedriver outlives the process that started it."""
    yield
    drivers = pytester.path / "drivers.txt"
    for driver in drivers.read_text().split() if drivers.exists() else ():
        for process in _family(driver):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)


def _family(driver: str) -> list[str]:
    """Return the process ids of a chromedriver that is still there, and of its browsers."""
    process = Path(f"/proc/{driver}")
    if not process.exists() or b"chromedriver" not in (process / "cmdline").read_bytes():
        return []
    children = [path.read_text().split() for path in process.glob("task/*/children")]
    return [driver, *(child for found in children for child in found)]


@pytest.mark.usefixtures("no_orphans")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tool", TOOLS)
def test_pictures_arrive_and_show_what_was_there(
    pytester: pytest.Pytester,
    run_and_read_spool: RunAndRead,
    monkeypatch: pytest.MonkeyPatch,
    tool: str,
    way: str,
) -> None:
    """Failures in setup, call and teardown, repeated tests and those of a worker that dies: all are there."""
    monkeypatch.setenv("PYTHONPATH", f"{BROWSERS}:{pytester.path}")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    for name, text in TOOLS[tool].files().items():
        (pytester.path / name).write_text(text)
    plugins = [word for name in TOOLS[tool].plugins for word in ("-p", name)]
    words = (
        "-p",
        "pytest_rerunfailures",
        *plugins,
        *WAYS[way],
        "--evidence-screenshot-teardown=on",
    )

    run = run_and_read_spool("", *words, apart=True)

    expected = _expected(TOOLS[tool], way)
    assert expected == {test: _pictures(run, test) for test in expected}, run.output
    assert [] == run.refused
    ids = TOOLS[tool].ids
    phases = [run.pieces(f"test_{phase}{ids}")[0].phase for phase in PHASES]
    assert [*PHASES] == phases


def _expected(tool: Tool, way: str) -> dict[str, list[tuple[str, str]]]:
    """Return name and colour of every picture by test."""
    return {
        claim.test + tool.ids: [
            (name.format(gives=tool.gives), colour) for name, colour in claim.pictures
        ]
        for claim in CLAIMS
        if way in claim.ways
    }


def _pictures(run: Run, test: str) -> list[tuple[str, str]]:
    """Return the name of every picture of a test, and what it shows."""
    seen = []
    for piece in run.pieces(test):
        if piece.kind == "screenshot":
            with run.folder.open_content(piece) as file:
                size, corner = looked_at(file.read())
            assert SIZE == size
            seen.append((piece.name, _named(corner)))
    return seen


def _named(pixel: Pixel) -> str:
    """Return which of the colours a pixel has."""
    for name, colour in COLOURS.items():
        wanted = bytes.fromhex(colour[1:])
        if all(abs(one - other) <= TOLERANCE for one, other in zip(pixel, wanted, strict=True)):
            return name
    return repr(pixel)
