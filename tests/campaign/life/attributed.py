"""Which pieces belong to which test."""

from __future__ import annotations

from .scene import Life


def names(life: Life) -> dict[str, list[str]]:
    """Return the sorted names of the wanted pieces by test."""
    record = life.record()
    found: dict[str, list[str]] = {}
    for piece in record.pieces:
        item = record.items[piece.item_id]
        if item.nodeid and piece.id not in record.unwanted:
            found.setdefault(item.nodeid.partition("::")[2], []).append(piece.name)
    return {name: sorted(found[name]) for name in found}
