"""How `attach-evidence remote` shows objects and attachments: as tables, and as JSON has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..destinations.remote import Attached
from ..destinations.remote import Place
from ..redact import harmless
from ..report.table import table
from ..spool import readable_size


def place_document(destination: str, place: Place, depth: int) -> dict[str, Any]:
    """Return an object as JSON has it."""
    facts = {**asdict(place), "depth": depth}
    return {**facts, "text": f"{destination}={place.text}" if place.text else None}


def places_table(
    destination: str, found: Sequence[tuple[int, Place]], above: str | None
) -> tuple[list[str], list[list[str]]]:
    """Return columns and rows of objects with their depths.

    `above` is the text of what they lie in, '' for the beginning: then a text that continues that of the
    object above it stands as what it adds (`/p1`), so that four levels fit on a screen. None: each
    stands whole, as it can be pasted.
    """
    texts = _whole(destination, found) if above is None else _added(destination, found, above)
    names = list(dict.fromkeys(name for _, place in found for name in place.facts))
    rows = [
        [
            "  " * depth + text,
            place.kind,
            place.name,
            *(place.facts.get(name, "") for name in names),
        ]
        for text, (depth, place) in zip(texts, found, strict=True)
    ]
    return ["target", "kind", "name", *names], rows


def _whole(destination: str, found: Sequence[tuple[int, Place]]) -> list[str]:
    return [f"{destination}={place.text}" if place.text else "-" for _, place in found]


def _added(destination: str, found: Sequence[tuple[int, Place]], above: str) -> list[str]:
    path: list[str] = [above]
    texts = _whole(destination, found)
    for number, (depth, place) in enumerate(found):
        del path[depth + 1 :]
        if path[-1] and place.text.startswith(f"{path[-1]}/"):
            texts[number] = place.text.removeprefix(path[-1])
        path.append(place.text)
    return texts


def attachment_lines(files: Sequence[Attached], *, terminal: bool) -> list[str]:
    """Return a table of attachments."""
    names = list(dict.fromkeys(name for one in files for name in one.facts))
    rows = [
        [one.id, one.name, size_of(one), *(one.facts.get(name, "") for name in names)]
        for one in files
    ]
    return lines_of(["attachment", "name", "size", *names], rows, terminal=terminal)


def lines_of(columns: Sequence[str], rows: Sequence[Sequence[str]], *, terminal: bool) -> list[str]:
    """Return a table whose cells hold foreign text."""
    shown = [[harmless(cell) for cell in row] for row in rows]
    return [*table(columns, shown, terminal=terminal), ""]


def size_of(one: Attached) -> str:
    """Return the size of an attachment for people, '' where it is not known."""
    return "" if one.size is None else readable_size(one.size)
