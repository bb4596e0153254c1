"""Files that other plugins name in the properties of a test's report."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..recorder import Recorder


PLAYWRIGHT = "playwright_"
KINDS = {"screenshot": "screenshot", "trace": "trace", "video": "video"}
LONGEST_PATH = 4096
Properties = Iterable[tuple[str, object]]


def take_playwright(recorder: Recorder, properties: Properties, here: Path) -> None:
    """Attach the pictures, films and traces that pytest-playwright (from 0.10) names.

    Their paths are relative to the folder in which pytest was started.
    """
    for name, value in properties:
        kind = KINDS.get(str(name).removeprefix(PLAYWRIGHT))
        if kind and str(name).startswith(PLAYWRIGHT) and value:
            path = file_of(value, here)
            if path is not None:
                recorder.attach(path, kind=kind, remark="pytest-playwright")
            else:
                recorder.refuse(str(value), "pytest-playwright names it, and there is no such file")


def take_properties(recorder: Recorder, properties: Properties, here: Path) -> None:
    """Attach the files whose paths a test gave to `record_property`."""
    for name, value in properties:
        path = None if str(name).startswith(PLAYWRIGHT) else file_of(value, here)
        if path is not None and not recorder.holds(path):
            recorder.attach(path, remark=f"record_property {name}")


def file_of(value: object, here: Path) -> Path | None:
    """Return the file that a property names from a folder, None where it names none."""
    text = str(value)
    if not text or len(text) > LONGEST_PATH or "\n" in text or "\0" in text:
        return None
    path = here / text
    try:
        return path if path.is_file() else None
    except OSError:
        return None
