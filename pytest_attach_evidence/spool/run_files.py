"""The files of a run beside its blobs and journals: summary, group, which journals there were."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from ..clocks import CLOCK
from ..errors import SpoolError
from . import disk


SUMMARY = "evidence-summary.json"
GROUP = "group"
MOST_OF_A_GROUP = 1 << 20
MOST_OF_A_SUMMARY = 1 << 26
MOST_NOTES = 20
LONGEST = 1000
NUMBERED = re.compile(r"([0-9]{6})-[0-9a-f]{12}\.jsonl")
Kind = Literal["delivery", "collecting"]
BEGUN = re.compile(r"(delivery|collecting)-((?:[0-9]{6,12}-)?[0-9a-f]{12})")


def write_summary(run: Path, document: Mapping[str, object]) -> None:
    """Write or replace the summary for programs; what the one before noted about clocks stays in it.

    A crash leaves the old one or the new one. Raises SpoolError where it cannot be written; the
    old one is still there then.
    """
    if isinstance(notes := document.get("notes"), list):
        document = {**document, "notes": list(dict.fromkeys([*_about_clocks(run), *notes]))}
    parts = (f"{_json(name)}: {_lines_of(value)}" for name, value in document.items())
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    with _told(run / SUMMARY):
        disk.remove_leftovers(run)
        disk.write_file(run / SUMMARY, text.encode("utf-8", "replace"))


def _about_clocks(run: Path) -> list[str]:
    """Return the newest notes about clocks of the summary that is there, which a spool may have damaged."""
    try:
        with disk.open_plain(run / SUMMARY) as file:
            notes = json.loads(file.read(MOST_OF_A_SUMMARY))["notes"]
        found = [note[:LONGEST] for note in notes if note.startswith(CLOCK)]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []
    return found[-MOST_NOTES:]


def write_group(run: Path, ids: Iterable[str]) -> None:
    """Add to the ids of the runs that this one is delivered together with. Raises SpoolError."""
    known = group(run)
    found = known | set(ids) - {run.name}
    if found != known:
        with _told(run / GROUP):
            disk.write_file(run / GROUP, "".join(f"{id}\n" for id in sorted(found)).encode())


def group(run: Path) -> frozenset[str]:
    """Return the ids of the other runs that this one was ever delivered together with."""
    try:
        with disk.open_plain(run / GROUP) as file:
            return frozenset(file.read(MOST_OF_A_GROUP).decode("utf-8", "replace").split())
    except OSError:
        return frozenset()


def note_begun(run: Path, kind: Kind, journal: str) -> None:
    """Note that a journal is there, before its first line: from now on it would be missed.

    The name of the journal is on the disk already. The note says it, too, since some programs drop empty
    files. Raises OSError.
    """
    with contextlib.suppress(FileExistsError):  # the sync that comes next may have failed before
        descriptor = disk.create(run / f"{kind}-{journal.removesuffix('.jsonl')}")
        try:
            disk.write(descriptor, f"{journal}\n".encode())
        finally:
            os.close(descriptor)
    disk.sync_folder(run)


def begun(kind: Kind, names: Iterable[str]) -> set[str]:
    """Return the names of the journals of a kind that there were, from those of a run's files."""
    found = (BEGUN.fullmatch(name) for name in names)
    return {f"{match[2]}.jsonl" for match in found if match and match[1] == kind}


def numbers(run: Path) -> Iterator[int]:
    """Yield the numbers of the delivery journals that are there or that were begun."""
    notes = begun("delivery", (path.name for path in run.glob("delivery-*")))
    for name in {*notes, *(path.name for path in (run / "deliveries").glob("*.jsonl"))}:
        if match := NUMBERED.fullmatch(name):
            yield int(match[1])


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Raise SpoolError where a file cannot be written."""
    try:
        yield
    except OSError as error:
        msg = f"{path} cannot be written ({error.strerror or error})"
        raise SpoolError(msg) from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines_of(value: object) -> str:
    """Return JSON with a line for each element of a list, which reads well and is fast to make."""
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_json, value)) + "\n]"
    return _json(value)
